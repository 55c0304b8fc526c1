"""What a batch adds to the run's report: findings with an example each, unknown fields, bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

#: Longest example of an unknown field's value, in characters.
_EXAMPLE: Final = 80


def batch_numbers(files: pa.Table, found: pa.Table, extra: pa.ChunkedArray) -> dict[str, Any]:
    """The numbers of one batch, ready for JSON.

    Args:
        files: the batch's `FILES`.
        found: its `FINDINGS`, with lines.
        extra: the `extra` column of its records.

    Returns:
        `files` (number), `violations` (code to `count`, `severity` and an `example` with source, path,
        line, column, field and message), `unknown_fields` (path to `count` and `example`).
    """
    return {
        "files": len(files),
        "violations": _violations(files, found),
        "unknown_fields": _unknown_fields(extra),
    }


def _violations(files: pa.Table, found: pa.Table) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    for i, code in enumerate(found["code"].to_pylist()):
        if code not in numbers:
            finding = found.slice(i, 1).to_pylist()[0]
            example = {name: finding[name] for name in ("field", "line", "column", "message", "value")}
            example |= {name: files[name][finding["row"]].as_py() for name in ("source", "source_path")}
            numbers[code] = {"count": 0, "severity": finding["severity"], "example": example}
        numbers[code]["count"] += 1
    return numbers


def _unknown_fields(extra: pa.ChunkedArray) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    examples: dict[str, str] = {}
    # Many files have the same: what an outlet adds to its own description, say.
    for distinct in pc.value_counts(pc.drop_null(extra)).to_pylist():
        fields = dict(_leaves(msgspec.json.decode(distinct["values"]), ""))
        counts.update(dict.fromkeys(fields, distinct["counts"]))
        for name in fields.keys() - examples.keys():
            examples[name] = fields[name]
    return {name: {"count": count, "example": examples[name]} for name, count in sorted(counts.items())}


def _leaves(node: Any, path: str) -> Iterator[tuple[str, str]]:
    """Path and text of every value below a node; the items of a list share their path."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _leaves(value, f"{path}.{key}" if path else key)
    elif isinstance(node, list) and node:
        for item in node:
            # `{}` stands for an item of which nothing is left.
            if item != {}:
                yield from _leaves(item, f"{path}[]")
    else:
        yield path, node[:_EXAMPLE] if isinstance(node, str) else ""
