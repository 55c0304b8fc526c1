"""Which changes of a contract break readers, and which they do not notice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from config.contract import PACKAGED, load_contract
from tasks.warehouse.contract_change import breaking_changes
from tests.builders import Desk, article

Property = dict[str, object]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = Desk(tmp_path_factory.mktemp("desk"))
    desk.write("a.md", article(heat=3))
    desk.run()
    return desk


def changed(folder: Path, edit: Callable[[dict[str, Property]], None]) -> Path:
    """A copy of the packaged contract with other properties in `articles`; `edit` gets them by name."""
    document = yaml.safe_load(PACKAGED.read_text(encoding="utf-8"))
    articles, duplicates = document["schema"][0], document["schema"][2]
    properties = {entry["name"]: entry for entry in articles["properties"]}
    before = list(properties)
    edit(properties)
    articles["properties"] = list(properties.values())
    gone = {name for name in before if name not in {entry["name"] for entry in properties.values()}}
    duplicates["properties"] = [entry for entry in duplicates["properties"] if entry["name"] not in gone]
    path = folder / "changed.odcs.yaml"
    path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")
    return path


def drop(properties: dict[str, Property]) -> None:
    del properties["heat"]


def rename(properties: dict[str, Property]) -> None:
    properties["heat"] = {**properties["heat"], "name": "warmth"}


def narrow(properties: dict[str, Property]) -> None:
    properties["heat"]["logicalTypeOptions"] = {"format": "i16"}


def retype(properties: dict[str, Property]) -> None:
    properties["heat"] |= {"logicalType": "string", "logicalTypeOptions": {}}


def drop_a_field(properties: dict[str, Property]) -> None:
    items = properties["images"]["items"]
    assert isinstance(items, dict)
    items["properties"] = [entry for entry in items["properties"] if entry["name"] != "width"]


def require(properties: dict[str, Property]) -> None:
    properties["excerpt"]["required"] = True


@pytest.mark.parametrize(
    ("edit", "clause"),
    [
        (drop, "`articles.heat` is gone"),
        (rename, "`articles.heat` was renamed to `warmth`"),
        (narrow, "`articles.heat` changes from int32 to int16"),
        (retype, "`articles.heat` changes from int32 to string"),
        (
            drop_a_field,
            "`articles.images[].width` is gone; `related.images[].width` is gone; "
            "`duplicates.related[].images[].width` is gone",
        ),
        (require, "`articles.excerpt` is required now, and 1 published rows have no value there"),
    ],
)
def test_what_takes_something_from_readers_is_named(
    desk: Desk, tmp_path: Path, edit: Callable[[dict[str, Property]], None], clause: str
) -> None:
    assert breaking_changes(desk.snapshot, load_contract(changed(tmp_path, edit))) == clause.split("; ")


def widen(properties: dict[str, Property]) -> None:
    properties["heat"]["logicalTypeOptions"] = {"format": "i64"}


def to_number(properties: dict[str, Property]) -> None:
    properties["quality"] |= {"logicalType": "number", "logicalTypeOptions": {}}


def add(properties: dict[str, Property]) -> None:
    properties["mood"] = {"name": "mood", "logicalType": "string", "transformSourceObjects": ["mood"]}


def require_what_all_have(properties: dict[str, Property]) -> None:
    properties["heat"]["required"] = True


@pytest.mark.parametrize("edit", [widen, to_number, add, require_what_all_have])
def test_what_readers_do_not_notice_passes(
    desk: Desk, tmp_path: Path, edit: Callable[[dict[str, Property]], None]
) -> None:
    assert breaking_changes(desk.snapshot, load_contract(changed(tmp_path, edit))) == []
