"""A batch comes to the same whether its stages are one step in memory or two with files between them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.url_rules import load_url_rules
from flows.engine import read_and_validate
from tasks.arrow.recurring import plain_table
from tasks.discover.source import open_source
from tasks.parse.stage import parse_files
from tasks.runs.run import Run
from tasks.runs.staging import fresh_folder, read_arrow, read_json, write_arrow
from tasks.validate.stage import validate_records
from tests.builders import article
from tests.newsroom import settings_for

FILES = {
    "good.md": article(
        "Ferry &amp; pier", originalUrl="https://paper.example/1", related=[{"title": "A", "x": 1}, None]
    ),
    "same.md": article("Other", related=[{"title": "A", "x": 1}], provider={"name": "Desk", "y": "z"}),
    "warned.md": article("Warned", type="poem", topics=["a", None]),
    "rejected.md": article(None, related=[{"webUrl": "no address"}]),
    "damaged.md": b"---\ntitle: \xff\n---\n",
    "broken.md": b'---\ntitle: "A\n---\n',
    "removed.md": article("Away", removed="yes"),
    "plain.md": b"No front matter.\n",
    "bare.md": b"Title: Ferry\nDate: 2026-03-02\n\nText.\n",
}
TABLES = ("records", "quarantine", "files", "findings")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The staging folder of a run over `news`."""
    news = tmp_path / "news"
    news.mkdir()
    for name, raw in FILES.items():
        (news / name).write_bytes(raw)
    sources = {"news": open_source(str(news), "news", ["*.md"], [])}
    settings, moment = settings_for(tmp_path / "warehouse"), datetime(2026, 3, 2, tzinfo=UTC)
    where = {"news": str(news)}
    return Run("run-1", moment, settings, load_contract(), load_url_rules(), sources, where, False, None).save()


def planned(folder: Path, name: str) -> Path:
    """A batch of all files and of one that is gone, ready to be parsed."""
    source = open_source(str(folder.parents[2] / "news"), "news", ["*.md"], [])
    listing = source.list()
    gone = listing.slice(0, 1).set_column(1, "source_path", pa.array(["zz-gone.md"]))
    files = pa.concat_tables([listing, gone.cast(listing.schema)])
    batch = fresh_folder(folder / name)
    write_arrow(batch / "input.arrow", files.append_column("known_hash", pa.nulls(len(files), pa.string())))
    return batch


def staged(batch: Path, table: str) -> pa.Table:
    """A table of a batch; entries that recur are held once in memory, and in full in a file between the stages."""
    found = read_arrow(batch / f"{table}.arrow")
    return plain_table(found, load_contract().record_schema) if table == "records" else found


def test_one_step_in_memory_gives_what_two_with_files_give(folder: Path) -> None:
    one = read_and_validate(folder, planned(folder, "one"))
    two = validate_records(folder, parse_files(folder, planned(folder, "two")))
    for table in TABLES:
        assert staged(one, table).equals(staged(two, table), check_metadata=True)
    numbers = [read_json(batch / "numbers.json") for batch in (one, two)]
    assert [number.pop("seconds").keys() for number in numbers] == [{"parse", "validate"}] * 2
    assert numbers[0] == numbers[1]
    assert numbers[0]["bytes"] == sum(map(len, FILES.values()))
    assert {path.name for path in one.iterdir()} == {path.name for path in two.iterdir()}


def test_every_kind_of_file_is_among_those_compared(folder: Path) -> None:
    files = read_arrow(read_and_validate(folder, planned(folder, "one")) / "files.arrow").to_pylist()
    assert {row["source_path"]: row["status"] for row in files} == {
        "good.md": "record",
        "same.md": "record",
        "warned.md": "record",
        "rejected.md": "quarantined",
        "damaged.md": "quarantined",
        "broken.md": "quarantined",
        "removed.md": "removed",
        "plain.md": "ignored",
        "bare.md": "ignored",
        "zz-gone.md": "missing",
    }


def test_a_validation_that_was_stopped_finds_what_was_parsed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = parse_files(folder, planned(folder, "one"))

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("tasks.validate.batch.write_json", stopped)
        with pytest.raises(KeyboardInterrupt):
            validate_records(folder, batch)
    assert validate_records(folder, batch) == batch
    assert read_json(batch / "numbers.json")["files"] == len(FILES) + 1
