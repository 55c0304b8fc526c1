"""What one property of the contract means to presslake: a `Column` with its type and rules.

Belongs here: the data classes and what follows from them alone. Reading them from YAML is
`config.contract_properties`.
"""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Final, Literal

import msgspec
import pyarrow as pa

Severity = Literal["error", "warning"]
SourcePath = tuple[str | int, ...]

#: The one time type in all tables: portable to every reader that was tested.
TIMESTAMP: Final = pa.timestamp("us", "UTC")
_MICROSECONDS_A_DAY: Final = 86_400_000_000


def microseconds(days: float) -> int:
    """A distance in time as columns of `TIMESTAMP` measure it."""
    return int(days * _MICROSECONDS_A_DAY)


class Rules(msgspec.Struct, frozen=True):
    """What values must satisfy; None where there is no such rule.

    `minimum` and `maximum` are numbers or UTC times, lengths are characters, items are counts.
    """

    minimum: int | float | datetime | None = None
    maximum: int | float | datetime | None = None
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    min_items: int | None = None
    max_items: int | None = None
    enum: tuple[str, ...] = ()
    is_url: bool = False


class Column(msgspec.Struct, frozen=True, dict=True):
    """One column, or one field of a struct in a column.

    Attributes:
        logical: ODCS type: string, integer, number, boolean, timestamp, array or object.
        type: Arrow type in the tables.
        sources: front-matter paths, the first present one counts; empty where computed.
        severity: what a broken rule does; `type_severity` the same for a wrong type.
        sentinels: source texts that mean "no value".
        repair: kind of text repair, or None.
        item: of an array, what its items are.
        fields: of an object, its fields.
    """

    name: str
    description: str
    logical: str
    type: pa.DataType
    sources: tuple[SourcePath, ...] = ()
    required: bool = False
    rules: Rules = Rules()
    severity: Severity = "error"
    type_severity: Severity = "error"
    sentinels: frozenset[str] = frozenset()
    repair: str | None = None
    item: Column | None = None
    fields: tuple[Column, ...] = ()
    partitioned: bool = False

    @property
    def arrow_field(self) -> pa.Field:
        """Arrow field with the description as metadata, where Parquet readers find it."""
        return pa.field(self.name, self.type, metadata={"description": self.description})

    @cached_property
    def meaning(self) -> tuple[object, ...]:
        """All that changes what the column holds, in a form whose `repr` is stable."""
        inner = (self.item.meaning if self.item else None, tuple(f.meaning for f in self.fields))
        flags = (self.required, self.severity, self.type_severity, sorted(self.sentinels), self.repair)
        return (self.name, str(self.type), self.sources, self.rules, flags, inner)
