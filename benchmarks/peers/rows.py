"""What the peers share: listing files, cutting front matter off, the columns, batches, the counts.

Belongs here: what each peer would write in the same way. Does not belong here: a tool's own work. Peers
run in an environment of their own and never import presslake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

#: Files in one batch of a worker process.
BATCH: Final = 250

_PICTURE: Final = pa.struct(
    [("url", pa.string()), ("width", pa.int32()), ("height", pa.int32()), ("isCached", pa.bool_())]
)
_TIME: Final = pa.timestamp("us", "UTC")
_RELATED: Final = pa.struct(
    [
        ("title", pa.string()),
        ("excerpt", pa.string()),
        ("publishedDateTime", _TIME),
        ("webUrl", pa.string()),
        ("ampWebUrl", pa.string()),
        ("type", pa.string()),
        ("quality", pa.int32()),
        ("provider", pa.struct([("name", pa.string()), ("domain", pa.string())])),
        ("images", pa.list_(_PICTURE)),
    ]
)
#: One row a file: the front matter's fields as they are called there, path and body.
SCHEMA: Final = pa.schema(
    [
        ("path", pa.string()),
        ("body", pa.string()),
        ("category", pa.string()),
        ("title", pa.string()),
        ("excerpt", pa.string()),
        ("publishedDateTime", _TIME),
        ("originalUrl", pa.string()),
        ("webUrl", pa.string()),
        ("ampWebUrl", pa.string()),
        ("cdnAmpWebUrl", pa.string()),
        ("type", pa.string()),
        ("quality", pa.int32()),
        ("heat", pa.int32()),
        ("published", pa.bool_()),
        ("provider", pa.struct([("name", pa.string()), ("domain", pa.string()), ("images", pa.list_(_PICTURE))])),
        ("topics", pa.list_(pa.string())),
        ("images", pa.list_(_PICTURE)),
        ("related", pa.list_(_RELATED)),
        ("secured", pa.string()),
    ]
)


def article_files(root: Path) -> list[Path]:
    """All Markdown files below a folder, sorted."""
    return sorted(root.rglob("*.md"))


def batches(files: Sequence[Path]) -> Iterator[Sequence[Path]]:
    """The files in batches of `BATCH`."""
    for start in range(0, len(files), BATCH):
        yield files[start : start + BATCH]


def split(text: str) -> tuple[str, str] | None:
    """Front matter and body; None if there is no closed fence."""
    if not text.startswith("---\n"):
        return None
    end = text.find("\n---\n", 3)
    return None if end < 0 else (text[4 : end + 1], text[end + 5 :])


def read_text(file: Path) -> str:
    """A file's text with LF line ends.

    Raises:
        UnicodeDecodeError: it is not UTF-8.
    """
    return file.read_text(encoding="utf-8")


def in_utc(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields, with a date for publication made a time in UTC."""
    moment = fields.get("publishedDateTime")
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return {**fields, "publishedDateTime": moment.replace(tzinfo=UTC)}
    return dict(fields)


def drop_repeated_urls(table: pa.Table) -> pa.Table:
    """The first row of each `originalUrl`."""
    numbered = table.append_column("row", pa.array(range(len(table)), pa.int64()))
    first = numbered.group_by("originalUrl").aggregate([("row", "min")])["row_min"]
    return table.take(first.combine_chunks().sort())


def print_counts(rows: int, rejected: int) -> None:
    """What every peer prints at its end, as JSON: rows in its table, and files that it could not read."""
    print(json.dumps({"rows": rows, "rejected": rejected}))
