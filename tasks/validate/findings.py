"""The findings of one batch: those of the rules, the locations of all, and their numbers for the run's report.

Belongs here: from a rule's position (column and row) to a file's field, line and column, and counting. Does
not belong here: the rules (`tasks.arrow.rules`), reading a file again (`tasks.front_matter.document.locate`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from tasks.arrow.nested import format_json_path, parse_json_path, read_path
from tasks.arrow.rules import check_rules
from tasks.arrow.schemas import FINDINGS
from tasks.front_matter.document import Locations, locate, location_of
from tasks.front_matter.findings import Path, format_path
from tasks.front_matter.policy import ReadPolicy

#: Longest example of an unknown field's value, in characters.
_EXAMPLE: Final = 80


def broken_rules(parsed: pa.Table, contract: Contract, found: pa.Table) -> pa.Table:
    """`FINDINGS` of the contract's rules on the readable records, but for fields with a finding of the parser.

    Args:
        parsed: (n,) the table of a parsed batch.
        contract: the rules.
        found: the parser's `FINDINGS`.
    """
    rows = pc.indices_nonzero(pc.fill_null(parsed["readable"], False))
    columns = parsed.select([column.name for column in contract.source_columns])
    broken = check_rules(contract.source_columns, columns if len(rows) == len(parsed) else columns.take(rows))
    broken = broken.set_column(0, FINDINGS.field("row"), rows.take(broken["row"]).cast(pa.int32()))
    broken = _at_fields_read(broken, parsed["read_from"])
    if not len(broken) or not len(found):
        return broken
    # A value that the parser could not read is null here: it needs no second finding that it is missing.
    known = set(zip(found["row"].to_pylist(), found["path"].to_pylist(), strict=True))
    texts = (broken[name].to_pylist() for name in ("row", "path", "code"))
    keep = [code != "field/missing" or not _is_known(row, path, known) for row, path, code in zip(*texts, strict=True)]
    return broken.filter(pa.array(keep, pa.bool_()))


def _is_known(row: int, path: str, known: set[tuple[int, str | None]]) -> bool:
    """Whether there is a finding on the path or on one that encloses it."""
    steps = parse_json_path(path)
    return any((row, format_json_path(steps[:n])) in known for n in range(1, len(steps) + 1))


def _at_fields_read(broken: pa.Table, read_from: pa.ChunkedArray) -> pa.Table:
    """The findings with the field that was read, where a column has several sources.

    Args:
        broken: `FINDINGS` on the first source of each column.
        read_from: (rows,) JSON pairs of the first source and the one that was read; mostly null.
    """
    if read_from.null_count == len(read_from) or not len(broken):
        return broken
    choices: dict[int, Mapping[Path, Path]] = {}
    for row in pc.indices_nonzero(pc.is_valid(read_from)).to_pylist():
        choices[row] = {tuple(first): tuple(read) for first, read in msgspec.json.decode(read_from[row].as_py())}
    paths, fields = broken["path"].to_pylist(), broken["field"].to_pylist()
    for i, row in enumerate(broken["row"].to_pylist()):
        if row in choices:
            path = read_path(parse_json_path(paths[i]), choices[row])
            paths[i], fields[i] = format_json_path(path), format_path(path)
    return _replaced(_replaced(broken, "path", paths), "field", fields)


def with_locations(
    found: pa.Table, rejected: set[int], raw: Callable[[int], bytes | None], policy: ReadPolicy, *, everywhere: bool
) -> pa.Table:
    """The findings with line and column where a person will look: in rejected files, and once a code elsewhere.

    Args:
        found: `FINDINGS` of a batch.
        rejected: rows of files that go to quarantine.
        raw: gives the bytes of the file in a row.
        policy: the policy by which they were read.
        everywhere: every finding gets its line.
    """
    shown: set[str] = set()
    locations: dict[int, Locations] = {}
    lines, columns = found["line"].to_pylist(), found["column"].to_pylist()
    texts = (found[name].to_pylist() for name in ("row", "path", "code"))
    for i, (row, path, code) in enumerate(zip(*texts, strict=True)):
        if path is None or not (everywhere or row in rejected or code not in shown):
            continue
        shown.add(code)
        if row not in locations:
            locations[row] = locate(raw(row) or b"", policy)
        lines[i], columns[i] = location_of(locations[row], parse_json_path(path))
    return _replaced(_replaced(found, "line", lines), "column", columns)


def _replaced(found: pa.Table, name: str, values: list[Any]) -> pa.Table:
    index = FINDINGS.get_field_index(name)
    return found.set_column(index, FINDINGS.field(index), pa.array(values, FINDINGS.field(index).type))


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
    # Many files have equal ones, such as an outlet's additions to its own description.
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
            # `{}` stands for an item without unmapped fields.
            if item != {}:
                yield from _leaves(item, f"{path}[]")
    else:
        yield path, node[:_EXAMPLE] if isinstance(node, str) else ""
