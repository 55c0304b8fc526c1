"""Documents become rows of records: columns from front matter, body, path and bytes."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.url_rules import load_url_rules
from tasks.front_matter.document import Document
from tasks.front_matter.findings import Problem
from tasks.parse.records import Records, build_records, collections

CONTRACT = load_contract()
RULES = load_url_rules()


def document(body: str = "", **tree: Any) -> Document:
    return Document(tree, body, (), ())


def build(*documents: Document) -> Records:
    names = [f"_news/{i}.md" for i in range(len(documents))]
    columns = {"source": ["s"] * len(names), "source_path": names, "source_hash": ["h"] * len(names)}
    files = pa.table(columns, pa.schema([(name, pa.string()) for name in columns]))
    return build_records(files, list(documents), CONTRACT, RULES)


def row(**tree: Any) -> dict[str, Any]:
    (record,) = build(document(**tree)).table.to_pylist()
    return dict(record)


def found(records: Records) -> list[tuple[int, str, str, str]]:
    return [(f["row"], f["code"], f["field"], f["severity"]) for f in records.findings.to_pylist()]


def test_entries_that_recur_come_to_the_same_as_copies_of_them() -> None:
    good = {"title": "A", "webUrl": "https://a.example/1", "images": [{"url": " x "}], "more": "y"}
    bad = {"title": "B", "webUrl": "a.example", "images": [{"url": "mailto:a@a.example"}, {"url": "x"}]}
    lists = [[good, bad, None, good], [], [bad, bad], [None]]
    shared = build(*(document(related=items) for items in lists))
    copied = build(*(document(related=json.loads(json.dumps(items))) for items in lists))
    assert shared.table.to_pylist() == copied.table.to_pylist()
    assert shared.findings.to_pylist() == copied.findings.to_pylist()
    assert {(row, "url/invalid", "related[1].webUrl", "warning") for row in (0, 2)} <= set(found(shared))


@pytest.mark.parametrize(
    ("path", "collection"),
    [
        ("_news/x.md", "_news"),
        ("a/_news/x.md", "_news"),
        ("a/b/_c/_d/x.md", "_c"),
        ("a/b/x.md", "a"),
        ("x.md", ""),
        ("_x.md", ""),
        ("a/_x.md", "a"),
        ("./%ff.md", ""),
        ("./_news/%ff.md", "_news"),
        ("a b/ü\n/x.md", "a b"),
    ],
)
def test_collection(path: str, collection: str) -> None:
    assert collections(pa.array([path])).to_pylist() == [collection]


def test_body_is_kept_as_it_is_and_null_where_it_is_blank() -> None:
    bodies = build(*(document(body=body) for body in ("", " \n", "\n Text. \n"))).table["body"]
    assert bodies.to_pylist() == [None, None, "\n Text. \n"]


def test_extra_and_repaired_are_json_by_path() -> None:
    record = row(title=" A", price=None, images=[{"alt": "ü"}])
    assert json.loads(record["extra"]) == {"price": None, "images": [{"alt": "ü"}]}
    assert json.loads(record["repaired"]) == {"title": " A"}
    assert (row(title="A")["extra"], row(title="A")["repaired"]) == (None, None)


@pytest.mark.parametrize(
    ("text", "removed"), [("true", True), (" YES ", True), ("false", False), ("soon", False), (None, False)]
)
def test_a_file_can_say_that_it_is_removed(text: str | None, removed: bool) -> None:
    assert row(removed=text)["removed"] is removed


def test_addresses_that_are_none() -> None:
    records = build(
        document(originalUrl="ftp://x", ampWebUrl="/amp", webUrl=""), document(related=[None, {"webUrl": "x"}])
    )
    assert found(records)[1:] == [
        (0, "url/invalid", "originalUrl", "warning"),
        (0, "url/invalid", "ampWebUrl", "warning"),
        (1, "url/invalid", "related[1].webUrl", "warning"),
    ]


def test_related_entries_have_the_id_of_their_address() -> None:
    page = row(originalUrl="https://example.com/a?utm_source=x")
    related = row(related=[{"webUrl": "http://www.example.com/a/"}, None, {"title": "no address"}])["related"]
    assert related[0]["related_article_id"] == page["article_id"]
    assert related[1] is None
    assert related[2]["related_article_id"] is None


def test_a_document_without_a_tree_is_a_row_of_nulls_with_its_problem() -> None:
    broken = Document(None, "", (Problem("yaml/syntax", "", 3, 0, "no YAML"),), ())
    records = build(document(title="A"), broken)
    assert records.table["readable"].to_pylist() == [True, False]
    assert records.table["title"].to_pylist() == ["A", None]
    (finding,) = records.findings.to_pylist()
    assert (finding["row"], finding["line"], finding["column"], finding["severity"]) == (1, 3, None, "error")


def test_no_documents_have_the_same_columns() -> None:
    assert build().table.schema.equals(build(document(title="A")).table.schema)
    assert build().findings.schema.equals(build(document(title=[])).findings.schema)


def test_which_of_several_sources_was_read() -> None:
    tables = build(
        document(modifiedDateTime="2026-03-02T00:00:00Z"), document(updatedDateTime="2026-03-02T00:00:00Z")
    ).table
    assert tables["read_from"].to_pylist() == ['[[["updatedDateTime"],["modifiedDateTime"]]]', None]
