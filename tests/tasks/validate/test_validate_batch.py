"""Good records on the one side, quarantine with its reasons and locations on the other."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.contract import PACKAGED, Contract, load_contract
from config.errors import ContractError
from tasks.arrow.schemas import FILES
from tasks.front_matter.policy import ReadPolicy
from tasks.runs.parsed import read_parsed, write_parsed
from tasks.runs.staging import fresh_folder, read_arrow, read_json
from tasks.validate.batch import QUARANTINED, validate_parsed
from tests.batches import MISSING, parsed


@dataclass
class Validated:
    """What the two stages leave of a batch."""

    folder: Path

    def rows(self, table: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = read_arrow(self.folder / f"{table}.arrow").to_pylist()
        return rows

    @property
    def violations(self) -> list[tuple[str, str | None, int | None]]:
        """Code, field and line of all that is wrong with the quarantined files."""
        return [(v["code"], v["field"], v["line"]) for row in self.rows("quarantine") for v in row["violations"]]

    @property
    def warnings(self) -> list[tuple[str, str | None, int | None]]:
        """Code, field and line of all findings that keep their files."""
        found = self.rows("findings")
        return [(f["code"], f["field"], f["line"]) for f in found if f["severity"] == "warning"]


def article(*lines: str, title: str = "title: A", time: str = "publishedDateTime: 2026-03-02T09:30:00Z") -> str:
    """An article whose first line of its own is line 4 of the file."""
    return "\n".join(["---", title, time, *lines, "---", "Text."])


def run(folder: Path, files: dict[str, str], contract: Contract | None = None, *gone: str) -> Validated:
    batch, policy, contract = fresh_folder(folder / "batch"), ReadPolicy(), contract or load_contract()
    read = parsed({path: text.encode() for path, text in files.items()} | dict.fromkeys(gone, MISSING), contract)
    write_parsed(batch, read)
    return Validated(validate_parsed(batch, read, contract, policy, locate_warnings=True))


def test_a_good_record_has_the_columns_of_articles(tmp_path: Path) -> None:
    batch = run(tmp_path, {"_news/a.md": article()})
    schema = read_arrow(batch.folder / "records.arrow").schema
    assert schema.names == load_contract().record_schema.names
    (record,) = batch.rows("records")
    assert (record["title"], record["body"], record["collection"], record["warnings"]) == ("A", "Text.", "_news", [])
    assert batch.rows("quarantine") == []
    assert batch.rows("files")[0]["status"] == "record"


def test_records_are_sorted_by_time_then_id_then_path(tmp_path: Path) -> None:
    same = article("originalUrl: https://example.com/a")
    earlier = article(time="publishedDateTime: 2024-12-31T23:59:59Z")
    files = {"c.md": article(), "b.md": same, "a.md": same, "d.md": earlier}
    rows = run(tmp_path, files).rows("records")
    assert rows[0]["source_path"] == "d.md"
    order = [(row["article_id"], row["source_path"]) for row in rows[1:]]
    assert len(order) == 3
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("related: 7",), ("field/type", "related", 4)),
        (("provider: Microsoft",), ("field/type", "provider", 4)),
        (("related: [[1]]",), ("field/type", "related[0]", 4)),
        (("quality: high",), ("field/type", "quality", 4)),
        (("x: y", "originalUrl: /a"), ("url/invalid", "originalUrl", 5)),
        (("related:", "  -", "  - quality: 1", "    images: [null, x]"), ("field/type", "related[1].images[1]", 7)),
    ],
)
def test_what_is_wrong_is_said_once_with_its_line(tmp_path: Path, lines: tuple[str, ...], expected: Any) -> None:
    batch = run(tmp_path, {"a.md": article(*lines)})
    assert [found for found in batch.warnings if found[0] != "field/null-item"] == [expected]
    assert batch.rows("quarantine") == []


@pytest.mark.parametrize(
    ("name", "line", "code"),
    [
        ("title", "title: [a]", "field/type"),
        ("title", "title: {a: b}", "field/type"),
        ("title", 'title: ""', "field/missing"),
        ("title", 'title: "   "', "field/missing"),
        ("title", "title:", "field/missing"),
        ("title", "other: x", "field/missing"),
    ],
)
def test_a_required_field_has_one_finding(tmp_path: Path, name: str, line: str, code: str) -> None:
    assert run(tmp_path, {"a.md": article(**{name: line})}).violations == [(code, "title", 2)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30T00:00:00Z", "time/invalid"),
        ("0000-01-01T00:00:00Z", "time/invalid"),
        ("0001-01-01T00:00:00Z", "field/range"),
        ("9999-12-31T23:59:59Z", "field/range"),
        ("9999-12-31T23:59:59-05:00", "time/invalid"),
        ('""', None),
    ],
)
def test_a_wrong_time_leaves_the_article_without_one(tmp_path: Path, text: str, code: str | None) -> None:
    batch = run(tmp_path, {"a.md": article(time=f"publishedDateTime: {text}")})
    (record,) = batch.rows("records")
    assert record["published_at"] is None
    assert batch.warnings == ([(code, "publishedDateTime", 3)] if code else [])
    assert record["extra"] == (json.dumps({"publishedDateTime": text}, separators=(",", ":")) if code else None)


def test_quarantine_keeps_the_bytes_and_everything_that_is_wrong_in_order(tmp_path: Path) -> None:
    text = article("quality: high", "webUrl: x", title="title: ")
    batch = run(tmp_path, {"good.md": article(), "bad.md": text, "broken.md": "---\na: [\n---\n"})
    bad, broken = batch.rows("quarantine")
    assert (bad["source_path"], bad["raw"]) == ("bad.md", text.encode())
    assert [v["code"] for v in bad["violations"]] == ["field/missing", "field/type", "url/invalid"]
    assert [v["code"] for v in broken["violations"]] == ["yaml/syntax"]
    statuses = {row["source_path"]: row["status"] for row in batch.rows("files")}
    assert statuses == {"good.md": "record", "bad.md": "quarantined", "broken.md": "quarantined"}
    assert [row["article_id"] is None for row in batch.rows("files")] == [False, True, True]


def test_warnings_are_sorted_distinct_and_without_positions(tmp_path: Path) -> None:
    lines = (
        "updatedDateTime: 2026-03-02 09:30",
        "topics: [a, null, null]",
        "heat: -5",
        "images: [{width: -1}, {width: w}]",
    )
    (record,) = run(tmp_path, {"a.md": article(*lines)}).rows("records")
    assert record["warnings"] == [
        "field/null-item topics[]",
        "field/range heat",
        "field/range images[].width",
        "field/type images[].width",
        "time/no-zone updatedDateTime",
    ]
    assert (record["topics"], record["heat"]) == (["a"], -5)
    assert json.loads(record["extra"]) == {"images": [{}, {"width": "w"}]}


def test_positions_and_lines_count_the_items_that_were_left_out(tmp_path: Path) -> None:
    images = ("images:", "  -", "  - width: -1")
    related = ("related:", "  -", "  - images:", "      -", "      - height: -2", "    webUrl: x")
    batch = run(tmp_path, {"a.md": article(*images, *related)})
    found = [(f["code"], f["field"], f["line"]) for f in batch.rows("findings") if f["code"] != "field/null-item"]
    assert sorted(found) == [
        ("field/range", "images[1].width", 6),
        ("field/range", "related[1].images[1].height", 11),
        ("url/invalid", "related[1].webUrl", 12),
    ]
    (record,) = batch.rows("records")
    assert [image["width"] for image in record["images"]] == [-1]
    assert [len(entry["images"]) for entry in record["related"]] == [1]


def test_a_rule_names_the_field_that_was_read(tmp_path: Path) -> None:
    batch = run(tmp_path, {"a.md": article("x: y", "modifiedDateTime: 1800-01-01T00:00:00Z")})
    assert [(f["code"], f["field"], f["line"]) for f in batch.rows("findings")] == [
        ("field/range", "modifiedDateTime", 5)
    ]


def test_sentinels_are_null_without_a_warning(tmp_path: Path) -> None:
    (record,) = run(tmp_path, {"a.md": article("heat: -1", 'ampWebUrl: ""')}).rows("records")
    assert (record["heat"], record["amp_url"], record["warnings"], record["extra"]) == (None, None, [], None)


def test_every_file_has_one_status(tmp_path: Path) -> None:
    files = {"a.md": article(), "b.md": article("removed: true"), "c.md": "plain", "d.md": "---\nx: y\n---\n"}
    batch = run(tmp_path, files, None, "gone.md")
    assert [row["status"] for row in batch.rows("files")] == ["record", "removed", "ignored", "quarantined", "missing"]
    assert [row["source_path"] for row in batch.rows("records")] == ["a.md"]
    assert read_json(batch.folder / "numbers.json")["files"] == 5


@pytest.mark.parametrize("files", [{}, {"a.md": "plain"}, {"a.md": "---\nx: y\n---\n"}, {"a.md": "---\n- x\n---\n"}])
def test_batches_without_records_have_all_tables(tmp_path: Path, files: dict[str, str]) -> None:
    folder = run(tmp_path, files).folder
    assert read_arrow(folder / "files.arrow").schema.equals(FILES)
    assert read_arrow(folder / "quarantine.arrow").schema.equals(QUARANTINED)
    good = run(tmp_path / "good", {"a.md": article()}).folder
    assert read_arrow(folder / "records.arrow").schema.equals(read_arrow(good / "records.arrow").schema)


def test_equal_input_gives_equal_tables(tmp_path: Path) -> None:
    files = {"a.md": article("x: y", "topics: [null, b]"), "b.md": article("quality: q"), "c.md": article()}
    one, two = (run(tmp_path / name, files).folder for name in ("one", "two"))
    for table in ("records", "quarantine", "files", "findings"):
        assert read_arrow(one / f"{table}.arrow").equals(read_arrow(two / f"{table}.arrow"))


def test_an_interrupted_validation_can_be_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a.md": article("type: poem"), "b.md": article(title="x: y")}
    once = run(tmp_path / "once", files)

    class Killed(Exception):
        pass

    def kill(*arguments: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("tasks.validate.batch.write_json", kill)
        with pytest.raises(Killed):
            run(tmp_path / "twice", files)
    batch, contract = tmp_path / "twice" / "batch", load_contract()
    twice = Validated(validate_parsed(batch, read_parsed(batch), contract, ReadPolicy(), locate_warnings=True))
    for table in ("records", "quarantine", "files", "findings"):
        assert twice.rows(table) == once.rows(table)


def contract_with(folder: Path, *properties: dict[str, Any], rules: Sequence[dict[str, Any]] = ()) -> Contract:
    """The packaged contract with more columns in `articles` and rules of a site's own."""
    document = yaml.safe_load(PACKAGED.read_text())
    document["schema"][0]["properties"] += properties
    document["rules"] = list(rules)
    path = folder / "contract.yaml"
    path.write_text(yaml.safe_dump(document))
    return load_contract(path)


def test_a_field_is_added_by_the_contract_alone(tmp_path: Path) -> None:
    def column(name: str, logical: str, path: str, **more: Any) -> dict[str, Any]:
        return {"name": name, "logicalType": logical, "transformSourceObjects": [path]} | more

    person = {"logicalType": "object", "properties": [column("name", "string", "fullName")]}
    contract = contract_with(
        tmp_path,
        column("price", "number", "offer.price", logicalTypeOptions={"minimum": 0}),
        column("marks", "array", "marks", items={"logicalType": "integer"}),
        column("people", "array", "people", items=person),
    )
    good = article("offer: {price: 4.5, unit: EUR}", "marks: [1, null, 2]", "people: [{fullName: Ann, age: 3}]")
    bad = article("offer: {price: -1}", "marks: [x]", "people: [Ann]")
    batch = run(tmp_path, {"good.md": good, "bad.md": bad}, contract)
    other, record = sorted(batch.rows("records"), key=lambda row: str(row["source_path"]))
    assert (record["price"], record["marks"], record["people"]) == (4.5, [1, 2], [{"name": "Ann"}])
    assert json.loads(record["extra"]) == {"offer": {"unit": "EUR"}, "people": [{"age": "3"}]}
    assert json.loads(other["extra"]) == {"marks": ["x"], "people": ["Ann"]}
    assert sorted(found for found in batch.warnings if found[0] != "field/null-item") == [
        ("field/range", "offer.price", 4),
        ("field/type", "marks[0]", 5),
        ("field/type", "people[0]", 6),
    ]


def test_a_rule_of_the_site_has_its_own_severity_and_message(tmp_path: Path) -> None:
    contract = contract_with(
        tmp_path,
        rules=[
            {"column": "title", "not_pattern": "^[^a-z]+$", "severity": "warning", "message": "Not all capitals."},
            {"column": "title", "max_length": 20, "message": "Shorten the title."},
            {"column": "topics", "one_of": ["sea", "land"], "severity": "warning"},
        ],
    )
    loud = article("topics: [sea, sky]", title="title: FERRY LATE")
    batch = run(tmp_path, {"loud.md": loud, "long.md": article(title="title: " + "The ferry is late " * 3)}, contract)
    assert batch.warnings == [("field/pattern", "title", 2), ("field/enum", "topics[1]", 4)]
    (rejected,) = batch.rows("quarantine")
    assert [(v["code"], v["message"]) for v in rejected["violations"]] == [("field/length", "Shorten the title.")]


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"column": "titel", "pattern": "a"}, "'titel' is no column"),
        ({"column": "title"}, "a rule has one check"),
        ({"column": "title", "pattern": "a", "max_length": 3}, "a rule has one check"),
        ({"column": "title", "pattern": "("}, "not a regular expression"),
        ({"column": "title", "max_length": "long"}, "max_length is 'long'"),
        ({"column": "title", "pattern": "a", "severity": "bad"}, "severity is 'bad'"),
        ({"column": "title", "pattern": "a", "mesage": "b"}, "unknown key 'mesage'"),
    ],
)
def test_a_rule_that_is_none_is_refused(tmp_path: Path, rule: dict[str, Any], message: str) -> None:
    with pytest.raises(ContractError, match=re.escape(message)):
        contract_with(tmp_path, rules=[rule])
