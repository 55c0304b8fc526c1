"""The numbers of a batch for the run's report."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from tasks.arrow.schemas import FILES, FINDINGS
from tasks.validate.findings import batch_numbers


def files(*paths: str) -> pa.Table:
    empty: dict[str, Any] = dict.fromkeys(FILES.names)
    return pa.Table.from_pylist([empty | {"source": "s", "source_path": path} for path in paths], FILES)


def findings(*found: tuple[int, str]) -> pa.Table:
    rows = [{"row": row, "code": code, "severity": "error", "field": "title", "line": 2} for row, code in found]
    return pa.Table.from_pylist(rows, FINDINGS)


def unknown_fields(*extras: Any) -> dict[str, Any]:
    texts = [None if extra is None else json.dumps(extra) for extra in extras]
    numbers = batch_numbers(files(), findings(), pa.chunked_array([texts], pa.string()))
    return dict(numbers["unknown_fields"])


def test_violations_are_counted_by_code_with_the_first_as_example() -> None:
    numbers = batch_numbers(
        files("a.md", "b.md"),
        findings((0, "field/type"), (1, "field/type"), (1, "field/missing")),
        pa.chunked_array([[None, None]], pa.string()),
    )
    assert numbers["files"] == 2
    counts = {code: entry["count"] for code, entry in numbers["violations"].items()}
    assert counts == {"field/type": 2, "field/missing": 1}
    example = numbers["violations"]["field/type"]["example"]
    assert (example["source"], example["source_path"], example["field"], example["line"]) == ("s", "a.md", "title", 2)


def test_unknown_fields_are_counted_once_a_file() -> None:
    numbers = unknown_fields(
        {"price": "3"}, {"images": [{"alt": "a"}, {}, {"alt": "b"}]}, {"price": "4", "a": {"b": "c"}}, None
    )
    assert numbers == {
        "a.b": {"count": 1, "example": "c"},
        "images[].alt": {"count": 1, "example": "b"},
        "price": {"count": 2, "example": "3"},
    }


def test_unknown_fields_without_a_text_count_too_and_examples_are_short() -> None:
    fields = unknown_fields({"a": None, "b": {}, "c": []})
    assert fields == {name: {"count": 1, "example": ""} for name in "abc"}
    assert unknown_fields({"a": "x" * 500})["a"]["example"] == "x" * 80


def test_an_empty_batch() -> None:
    none = pa.chunked_array([], pa.string())
    assert batch_numbers(files(), findings(), none) == {"files": 0, "violations": {}, "unknown_fields": {}}
