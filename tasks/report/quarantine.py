"""The quarantine of a snapshot: reasons by code, and files as rows that people read.

Belongs here: counting, choosing and ordering them. Warnings stand beside the errors in `quarantine.violations`,
but keep no file out, so they are no reasons. Does not belong here: how files get into quarantine
(`tasks.validate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.report.escaping import cell
from tasks.report.outcome import Example, Outcome
from tasks.report.words import counted, finding_location, printable, with_field
from tasks.runs.staging import read_arrow
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse

#: Rows that the artifact holds at most: the UI shows them all at once.
MAX_ROWS: Final = 100
_COLUMNS: Final = ["source", "source_path", "violations"]
#: Longest message of a row, in characters.
_MAX_MESSAGE: Final = 300


class Reason(msgspec.Struct, frozen=True):
    """Why files are in quarantine: `files` of them have an error of `code`, the example is the first."""

    code: str
    files: int
    example: Example


def quarantine_reasons(snapshot: Snapshot) -> list[Reason]:
    """The codes of the errors in quarantined files, those of most files first, each with its first error.

    Raises:
        WarehouseError: the table `quarantine` is missing or damaged.
    """
    rows = snapshot.read("quarantine", _COLUMNS)
    errors = _errors(rows)
    by_code = errors.group_by("code").aggregate([("file", "count_distinct"), ("at", "min")])
    ranked = by_code.sort_by([("file_count_distinct", "descending"), ("code", "ascending")]).to_pylist()
    return [Reason(row["code"], row["file_count_distinct"], _example(rows, errors, row["at_min"])) for row in ranked]


def _errors(rows: pa.Table) -> pa.Table:
    """One row an error: `code`, `file` (its row in `rows`), `at` (its own row here) and the whole `finding`."""
    lists = rows["violations"].combine_chunks()
    found, files = pc.list_flatten(lists), pc.list_parent_indices(lists)
    if found.type.get_field_index("severity") >= 0:
        # Rows from before severity was noted have null: all that they say counts.
        is_error = pc.fill_null(pc.not_equal(pc.struct_field(found, "severity"), "warning"), True)
        found, files = found.filter(is_error), files.filter(is_error)
    names = ["code", "file", "at", "finding"]
    return pa.table([pc.struct_field(found, "code"), files, pa.array(range(len(found)), pa.int64()), found], names)


def _example(rows: pa.Table, errors: pa.Table, at: int) -> Example:
    file, finding = errors["file"][at].as_py(), errors["finding"][at].as_py()
    source, path = (rows[name][file].as_py() for name in ("source", "source_path"))
    field, value = finding["field"] or "", finding["value"] or ""
    return Example(source, path, finding["line"], finding["column"], field, finding["message"], value)


def quarantined_files(outcome: Outcome, batches: Sequence[Path]) -> tuple[list[dict[str, str]], str]:
    """The files in quarantine after a run; of a run that published nothing, those that would be there.

    Args:
        outcome: of the run.
        batches: folders of the batches that the run read; a failed run leaves them.

    Returns:
        One row a file, this run's first, at most `MAX_ROWS`, with `place` (`source/path:line:column`), `what to mend`
        and `kind`, escaped; and a sentence that says how many there are.

    Raises:
        WarehouseError: the table cannot be read.
        OSError: a batch cannot.
    """
    table = _of_batches(batches) if outcome.status == "failed" else _published(outcome)
    rows = [_row(row) for row in table.slice(0, MAX_ROWS).to_pylist()]
    return rows, _sentence(outcome, len(table), len(rows))


def _of_batches(batches: Sequence[Path]) -> pa.Table:
    found = [path for path in (batch / "quarantine.arrow" for batch in batches) if path.exists()]
    tables = [read_arrow(path).select(_COLUMNS) for path in found]
    return pa.concat_tables(tables) if tables else pa.table({name: pa.array([], pa.null()) for name in _COLUMNS})


def _published(outcome: Outcome) -> pa.Table:
    """The table of the run's snapshot, what the run put there first, in the order of paths."""
    assert outcome.snapshot is not None
    table = Warehouse(outcome.warehouse).snapshot(outcome.snapshot).read("quarantine", [*_COLUMNS, "run_id"])
    earlier = pc.not_equal(table["run_id"], outcome.run_id)
    order = [("earlier", "ascending"), ("source", "ascending"), ("source_path", "ascending")]
    return table.append_column("earlier", earlier.cast(pa.int8())).sort_by(order)


def _row(row: dict[str, Any]) -> dict[str, str]:
    first, *others = row["violations"]
    location = finding_location(row["source"], row["source_path"], first["line"], first["column"])
    more = f" (and {counted(len(others), 'more finding')})" if others else ""
    repair = cell(printable(with_field(first["field"], first["message"]), _MAX_MESSAGE)) + more
    return {"place": cell(location), "what to mend": repair, "kind": cell(first["code"])}


def _sentence(outcome: Outcome, total: int, shown: int) -> str:
    if not total:
        return "No file is in quarantine."
    sentence = counted(total, "file is", "files are") + " in quarantine"
    if outcome.status == "failed":
        sentence = f"{counted(total, 'file')} of this run would have gone to quarantine"
    rest = "" if shown == total else f"; these are the first {shown:,}. `presslake check` lists all"
    return f"{sentence}{rest}."
