"""Files of the parent snapshot: opened to copy from, with what records said in them.

Belongs here: opening a file, and reading some rows of one of `articles`, ahead of the write stage where a core is
idle until then. Does not belong here: what is copied (`patches`), and what the records are to say.

A run that reads few files spends most of writing on what their records said before: row groups are decoded
whole for a handful of rows. Which rows that will be is known once the sources are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.tables.columns import whole
from tasks.tables.donors import Donor, mapped
from tasks.tables.parquet import digest_of
from tasks.tables.snapshots import DataFile


@dataclass(frozen=True)
class ParentFile:
    """A file of `articles` whose bytes are those published: page checksums would tell nothing new of them.

    Attributes:
        metadata: its footer as pyarrow has it, which is read once.
        donor: its bytes, mapped.
        ids: (m,) `article_id` of its rows.
        said: by row group and row in it, what a record says there; of rows that were read ahead.
    """

    metadata: pq.FileMetaData
    donor: Donor
    ids: pa.StringArray
    said: dict[int, dict[int, dict[str, Any]]] = field(default_factory=dict)

    @property
    def bounds(self) -> list[int]:
        """First row of each row group, and the number of rows."""
        return [0, *accumulate(self.donor.rows)]

    def read(self, groups: Sequence[int], columns: Sequence[str] | None = None, *, brief: bool = False) -> pa.Table:
        """Rows of some row groups; with `brief`, texts in lists as dictionaries, which takes a third of the time."""
        texts = [".".join(leaf) for paths in self.donor.leaves.values() for leaf in paths if "list" in leaf]
        options = {"metadata": self.metadata, "read_dictionary": texts if brief else None}
        with pq.ParquetFile(pa.BufferReader(self.donor.file), **options) as file:
            return file.read_row_groups(groups, columns=columns, use_threads=False)

    def rows(self, group: int, numbers: Sequence[int]) -> list[dict[str, Any]]:
        """What records say in a row group, by their rows in it: all columns, whatever they are encoded as."""
        known = self.said.get(group, {})
        if not known.keys() >= set(numbers):
            found: list[dict[str, Any]] = self.read([group], brief=True).take(pa.array(numbers, pa.int64())).to_pylist()
            return found
        return [known[number] for number in numbers]


def parent_file(path: Path, listed: DataFile, schema: pa.Schema) -> ParentFile | None:
    """A file of `articles`, if its bytes are those published and it has the columns that it must have.

    Args:
        path: the file.
        listed: what the snapshot says of it.
        schema: of the table.

    Raises:
        WarehouseError: the file is missing, or its footer is damaged.
        NotCopyable: it has what this project does not know.
    """
    return _opened(path, listed, schema)


def published(path: Path, listed: DataFile) -> Donor | None:
    """A file of the parent to copy from; None if its bytes are not those published.

    Raises:
        WarehouseError: the file is missing, or its footer is damaged.
        NotCopyable: it has what this project does not know.
    """
    content = mapped(path)
    # Before its footer is looked at: what is damaged is told of where the file is read as a whole, if it is needed.
    return Donor(content, str(path)) if listed.digest == digest_of(content) else None


def _opened(path: Path, listed: DataFile, schema: pa.Schema) -> ParentFile | None:
    donor = published(path, listed)
    if donor is None:
        return None
    with pq.ParquetFile(pa.BufferReader(donor.file)) as file:
        if not file.schema_arrow.equals(schema):
            return None
        metadata, ids = file.metadata, whole(file.read(columns=["article_id"], use_threads=False)["article_id"])
    return ParentFile(metadata, donor, ids)
