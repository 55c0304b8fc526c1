"""Files of the parent snapshot: opened to copy from, with what records said in them.

Belongs here: opening a file, and reading some rows of one of `articles`, ahead of the write stage where a core is
idle until then. Does not belong here: what is copied (`patches`), and what the records are to say.

A run that reads few files spends most of writing on what their records said before: row groups are decoded
whole for a handful of rows. Which rows that will be is known once the sources are listed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import accumulate, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.tables.columns import whole
from tasks.tables.donors import Donor, mapped
from tasks.tables.keys import file_keys
from tasks.tables.parquet import digest_of
from tasks.tables.previous import is_small, previous_manifest
from tasks.tables.run import Plan, Run
from tasks.tables.snapshots import DataFile, Snapshot
from tasks.tables.staging import read_arrow
from tasks.write.layout import layout_of

if TYPE_CHECKING:
    from concurrent.futures import Future

#: More rows than this of a file are not worth being read before anyone asks for them.
_MOST_ROWS: Final = 200
_ARTICLES: Final = ("source", "source_path", "article_id", "published_at", "status")


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


#: What is opened ahead, by the file's path: no other file ever has that of one in a snapshot.
_ahead: Final[dict[Path, Future[ParentFile | None]]] = {}


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
    begun = _ahead.pop(path, None)
    return _opened(path, listed, schema) if begun is None or begun.cancel() else begun.result()


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


@contextmanager
def files_ahead(run: Run, plan: Plan) -> Iterator[None]:
    """Open the files in which few changed records stand, and read what these say there, in a thread of its own.

    Args:
        run: the run.
        plan: what it has to do.
    """
    parent = run.parent_snapshot()
    if parent is None or not is_small(run, plan) or run.writes_anew:
        yield
        return
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  (most runs have nothing to do)

    opened: list[Path] = []

    def begin() -> None:
        schema = run.contract["articles"].schema
        for file, ids in _to_read(run, plan, parent).items():
            path = parent.path / file.path
            opened.append(path)
            _ahead[path] = threads.submit(_with_rows, path, file, schema, ids)

    threads = ThreadPoolExecutor(1, "files")
    try:
        # What goes wrong in it goes wrong again where the file is asked for, and is told of there.
        threads.submit(begin)
        yield
    finally:
        threads.shutdown(cancel_futures=True)
        for path in opened:
            _ahead.pop(path, None)


def _to_read(run: Run, plan: Plan, parent: Snapshot) -> Mapping[DataFile, list[str]]:
    """The files that have articles which the run reads again, each with the ids of these."""
    read = pa.concat_tables([read_arrow(b.path / "input.arrow").select(_ARTICLES[:2]) for b in plan.batches])
    known = previous_manifest(run, _ARTICLES)
    is_read = pc.and_(pc.is_in(file_keys(known), file_keys(read)), pc.equal(whole(known["status"]), "loaded"))
    articles = known.filter(is_read).combine_chunks()
    layout = layout_of(parent.info.files, str(parent.info.summary["partition_by"]))
    places = layout.places(articles).cast(pa.string()).to_pylist()
    files = {file.path: file for file in parent.files("articles")}
    pairs = sorted(zip(places, articles["article_id"].to_pylist(), strict=True))
    found = {place: [key for _, key in group] for place, group in groupby(pairs, key=lambda pair: pair[0])}
    paths = {f"articles/{place.lstrip('/')}": ids for place, ids in found.items() if len(ids) <= _MOST_ROWS}
    return {files[path]: ids for path, ids in paths.items() if path in files}


def _with_rows(path: Path, listed: DataFile, schema: pa.Schema, ids: Sequence[str]) -> ParentFile | None:
    """The file with what some of its articles say; those that are not in it are left out."""
    file = _opened(path, listed, schema)
    if file is None:
        return None
    at = pc.index_in(pa.array(ids, pa.string()), file.ids).drop_null().sort().to_pylist()
    for group, start in enumerate(file.bounds[:-1]):
        numbers = [row - start for row in at if start <= row < file.bounds[group + 1]]
        if numbers:
            file.said[group] = dict(zip(numbers, file.rows(group, numbers), strict=True))
    return file
