"""A parsed batch on its way from the parse stage to the validate stage: in memory, or through files of its folder.

Belongs here: the parsed batch, and its files where the two stages are calls of their own, maybe in different
processes. Does not belong here: the meaning of the columns (`tasks.parse`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.nested import plain_lists
from tasks.arrow.schemas import FINDINGS, LISTING
from tasks.runs.staging import read_arrow, write_arrow

_TABLE: Final = "parsed.arrow"
_FOUND: Final = "noticed.arrow"
#: Columns that a file has whatever is in it.
_OF_FILE: Final = frozenset({*LISTING.names, "source_hash", "state"})


class Parsed(NamedTuple):
    """n files after reading.

    Attributes:
        table: (n,) one row a file: listing, `source_hash`, `state` and, in rows of state `record`, the record.
        found: the parser's findings (`FINDINGS`).
        raw: gives the bytes of the file in a row, None where its state is not `record` or it was not read.
        seconds: that reading took.
        bytes: number of bytes that were read.
    """

    table: pa.Table
    found: pa.Table
    raw: Callable[[int], bytes | None]
    seconds: float
    bytes: int

    def take(self, rows: Sequence[int]) -> Parsed:
        """Some of the files, by their numbers, in that order."""
        numbers = pa.array(rows, pa.int32())
        found = self.found.filter(pc.is_in(self.found["row"], numbers))
        found = found.set_column(0, FINDINGS.field("row"), pc.index_in(found["row"], numbers))
        return self._replace(table=self.table.take(numbers), found=found, raw=lambda row: self.raw(rows[row]))

    def without(self, refused: Mapping[int, str]) -> Parsed:
        """The files with nothing but a finding in those that cannot be processed.

        Args:
            refused: their numbers, with the reason.
        """
        if not refused:
            return self
        numbers = pa.array(refused, pa.int32())
        kept = pc.invert(pc.is_in(pa.array(range(len(self.table)), pa.int32()), numbers))
        rows = pc.if_else(kept, pa.array(range(len(self.table)), pa.int32()), None)
        columns = {
            name: column if name in _OF_FILE else column.take(rows)
            for name, column in zip(self.table.column_names, self.table.columns, strict=True)
        }
        found = self.found.filter(pc.invert(pc.is_in(self.found["row"], numbers)))
        reasons = pa.Table.from_pylist([_refusal(row, reason) for row, reason in refused.items()], FINDINGS)
        return self._replace(table=pa.table(columns), found=pa.concat_tables([found, reasons]))


def refusal(reason: str) -> str:
    """The message of the finding `file/unprocessable`."""
    return f"the file could not be processed ({reason}): simplify it, or leave it out with `discover.exclude`"


def _refusal(row: int, reason: str) -> dict[str, object]:
    texts = {"code": "file/unprocessable", "field": "", "severity": "error", "message": refusal(reason), "value": ""}
    return {"row": row, **texts}


def write_parsed(batch: Path, parsed: Parsed) -> None:
    """Put a parsed batch into its folder: `parsed.arrow`, with the bytes in a column `raw`, and `noticed.arrow`."""
    write_arrow(batch / _FOUND, parsed.found)
    raw = pa.array(map(parsed.raw, range(len(parsed.table))), pa.large_binary())
    metadata = {"seconds": str(parsed.seconds), "bytes": str(parsed.bytes)}
    # In a file columns have the types that the contract gives them.
    plain = {
        name: plain_lists(whole(column))
        for name, column in zip(parsed.table.column_names, parsed.table.columns, strict=True)
    }
    write_arrow(batch / _TABLE, pa.table(plain | {"raw": raw}).replace_schema_metadata(metadata))


def read_parsed(batch: Path) -> Parsed:
    """The batch that `write_parsed` put into a folder; unused bytes are not read."""
    table = read_arrow(batch / _TABLE)
    raw, about = table["raw"], table.schema.metadata
    return Parsed(
        table.drop_columns(["raw"]),
        read_arrow(batch / _FOUND),
        lambda row: raw[row].as_py(),
        float(about[b"seconds"]),
        int(about[b"bytes"]),
    )


def remove_parsed(batch: Path) -> None:
    """Remove the files of `write_parsed` from a folder, if they are there."""
    for name in (_TABLE, _FOUND):
        (batch / name).unlink(missing_ok=True)
