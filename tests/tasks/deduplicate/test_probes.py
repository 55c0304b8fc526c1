"""Made-up pairs of files in twenty languages, of all kinds that were merged or missed, as one run decides them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow.dataset as ds
import pytest

from tests.builders import Desk

PROBES: Final[list[dict[str, Any]]] = [
    json.loads(line) for line in Path("benchmarks/probes.jsonl").read_text("utf-8").splitlines()
]
KINDS: Final = sorted({(probe["label"], probe["kind"]) for probe in PROBES})


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The story of each file after one run over all of them."""
    desk = Desk(tmp_path_factory.mktemp("probes"))
    for number, probe in enumerate(PROBES):
        for side in "ab":
            desk.write(f"{number:03}/{side}.md", probe[side].encode())
    desk.run()
    table = ds.dataset(desk.warehouse.root / "current" / "sources", partitioning=None).to_table()
    yield dict(zip(table["source_path"].to_pylist(), table["canonical_article_id"].to_pylist(), strict=True))


@pytest.mark.parametrize(("label", "kind"), KINDS)
def test_pairs_of_a_kind(stories: dict[str, str], label: str, kind: str) -> None:
    mine = [(n, probe) for n, probe in enumerate(PROBES) if (probe["label"], probe["kind"]) == (label, kind)]
    merged = {probe["name"]: stories[f"{n:03}/a.md"] == stories[f"{n:03}/b.md"] for n, probe in mine}
    wrong = {name for name, is_one in merged.items() if is_one != (label == "same")}
    assert wrong == {probe["name"] for _, probe in mine if probe["hard"]}


def test_no_story_is_merged_with_that_of_another_pair(stories: dict[str, str]) -> None:
    pairs: dict[str, set[str]] = {}
    for path, story in stories.items():
        pairs.setdefault(story, set()).add(path.partition("/")[0])
    together = {tuple(sorted(numbers)) for numbers in pairs.values() if len(numbers) > 1}
    kinds = {PROBES[int(number)]["kind"] for numbers in together for number in numbers}
    # Those that share an address on purpose, or one text under several addresses.
    assert kinds <= {"address", "portal", "reissued", "new-slug"}
