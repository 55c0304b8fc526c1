"""Where in its file a finding is: the field that was read, then line and column.

Belongs here: turning the places of rules (column and row) into places of a file. Does not belong
here: reading a file again to know them (`tasks.front_matter.locate`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.nested import read_path, spell_json
from tasks.arrow.schemas import FINDINGS
from tasks.front_matter.locate import Places, locate, place_of
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.problems import Path, spell_path


def at_fields_read(broken: pa.Table, read_from: pa.ChunkedArray) -> pa.Table:
    """Findings on the fields that were read, where a column has several sources.

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
            path = read_path(path_of(paths[i]), choices[row])
            paths[i], fields[i] = spell_json(path), spell_path(path)
    return _replaced(_replaced(broken, "path", paths), "field", fields)


def path_of(text: str) -> Path:
    """The path that a JSON list of keys and positions is."""
    return tuple(msgspec.json.decode(text))


def with_lines(
    found: pa.Table, rejected: set[int], raw: Callable[[int], bytes | None], policy: ReadPolicy, *, everywhere: bool
) -> pa.Table:
    """Fill in line and column where somebody will look: in rejected files, and once a code elsewhere.

    Args:
        found: `FINDINGS` of a batch.
        rejected: rows of files that go to quarantine.
        raw: gives the bytes of the file in a row.
        policy: how they were read.
        everywhere: every finding gets its line.
    """
    shown: set[str] = set()
    places: dict[int, Places] = {}
    lines, columns = found["line"].to_pylist(), found["column"].to_pylist()
    texts = (found[name].to_pylist() for name in ("row", "path", "code"))
    for i, (row, path, code) in enumerate(zip(*texts, strict=True)):
        if path is None or not (everywhere or row in rejected or code not in shown):
            continue
        shown.add(code)
        if row not in places:
            places[row] = locate(raw(row) or b"", policy)
        lines[i], columns[i] = place_of(places[row], path_of(path))
    return _replaced(_replaced(found, "line", lines), "column", columns)


def _replaced(found: pa.Table, name: str, values: list[Any]) -> pa.Table:
    index = FINDINGS.get_field_index(name)
    return found.set_column(index, FINDINGS.field(index), pa.array(values, FINDINGS.field(index).type))
