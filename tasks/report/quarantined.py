"""The files that are in quarantine, as rows that people read: where, and why.

Belongs here: picking and ordering them, for the artifact in the UI. Does not belong here: how they
are put into quarantine (`tasks.validate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.report.escaping import cell
from tasks.report.outcome import Outcome
from tasks.report.words import counted, printable, source_place, with_field
from tasks.tables.staging import read_arrow
from tasks.tables.warehouse import Warehouse

#: Rows that the artifact holds at most: the UI shows them all at once.
MOST: Final = 100
_COLUMNS: Final = ["source", "source_path", "violations"]
_LONGEST: Final = 300


def quarantined_files(outcome: Outcome, batches: Sequence[Path]) -> tuple[list[dict[str, str]], str]:
    """What is in quarantine after a run, or would be after one that published nothing.

    Args:
        outcome: of the run.
        batches: folders of the batches that it read; they are there still if it failed.

    Returns:
        One row a file, this run's first, at most `MOST`, with `place` (`source/path:line:column`), `what to mend`
        and `kind`, escaped; and a sentence that says how many there are.

    Raises:
        WarehouseError: the table cannot be read.
        OSError: a batch cannot.
    """
    table = _of_batches(batches) if outcome.status == "failed" else _published(outcome)
    rows = [_row(row) for row in table.slice(0, MOST).to_pylist()]
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
    place = source_place(row["source"], row["source_path"], first["line"], first["column"])
    said = with_field(first["field"], first["message"])
    more = f" (and {counted(len(others), 'more finding')})" if others else ""
    mend = cell(printable(said, _LONGEST)) + more
    return {"place": cell(place), "what to mend": mend, "kind": cell(first["code"])}


def _sentence(outcome: Outcome, total: int, shown: int) -> str:
    if not total:
        return "No file is in quarantine."
    if outcome.status == "failed":
        said = f"{counted(total, 'file')} of this run would have gone to quarantine"
    else:
        said = f"{counted(total, 'file')} {'is' if total == 1 else 'are'} in quarantine"
    return f"{said}." if shown == total else f"{said}; these are the first {shown:,}. `presslake check` lists all."
