"""Which column types every engine reads alike.

Belongs here: the types that a published Parquet file may have. Eight engines were tried (DuckDB,
Polars, pandas, PyArrow, PySpark, chdb, DataFusion, Daft); Spark refuses nanoseconds, times of day
and half floats, others the view types.
Does not belong here: which columns a table has, and the writer's options.
"""

from __future__ import annotations

import pyarrow as pa

from config.errors import AuditError


def require_portable(schema: pa.Schema) -> None:
    """Check that all eight engines that were tested read columns of these types alike.

    Raises:
        AuditError: naming the first column that they do not, and what to make of it.
    """
    for field in schema:
        if (trouble := _unportable(field.type)) is not None:
            raise AuditError(
                f"Column `{field.name}` is {field.type}: {trouble} is not read by every engine.",
                "Use timestamp[us, tz=UTC], string, binary, date32, bool, int, float, double, list or struct.",
            )


def _unportable(kind: pa.DataType) -> str | None:
    """The part of a type that is not portable, as text; None where all of it is."""
    types = pa.types
    if types.is_struct(kind):
        return next((trouble for inner in kind if (trouble := _unportable(inner.type))), None)
    if types.is_list(kind):
        return _unportable(kind.value_type)
    plain = (
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_float32(kind)
        or types.is_float64(kind)
        or types.is_string(kind)
        or types.is_binary(kind)
        or types.is_date32(kind)
        or kind == pa.timestamp("us", "UTC")
    )
    return None if plain else str(kind)
