"""Why files are in quarantine: the errors of one snapshot, by code.

Belongs here: counting them, and the first example of each. Warnings stand beside the errors in
`quarantine.violations`, but kept no file out, so they are not counted. Does not belong here: how
reasons are shown.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.report.outcome import Example
from tasks.tables.snapshots import Snapshot


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
    rows = snapshot.read("quarantine", ["source", "source_path", "violations"])
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
    return Example(
        source=rows["source"][file].as_py(),
        source_path=rows["source_path"][file].as_py(),
        line=finding["line"],
        column=finding["column"],
        field=finding["field"] or "",
        message=finding["message"],
        value=finding["value"] or "",
    )
