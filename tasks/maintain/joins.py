"""Checks of the tables of a snapshot against one another: sums, keys, joins, and the history of the articles.

Belongs here: checks over whole columns of more than one table; texts and bodies are read for the history only.
Does not belong here: checks of one file (`contents`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSION_COLUMNS, VERSIONS
from config.errors import WarehouseError
from tasks.arrow.columns import whole
from tasks.arrow.comparison import rows_differ
from tasks.arrow.keys import file_keys
from tasks.maintain.outcome import named, some
from tasks.warehouse.history import BY_TIME
from tasks.warehouse.snapshots import INDEX, Snapshot

_FILE: Final = ["source", "source_path"]
#: The status that `sources` gives the files behind each table.
_STATUS_OF: Final = {"articles": "loaded", "duplicates": "duplicate", "quarantine": "quarantined"}
_STATUSES: Final = pa.array(["loaded", "duplicate", "quarantined", "removed", "ignored"])


class KeyColumns:
    """The columns by which the tables of a snapshot join; each is read at its first use.

    Args:
        snapshot: published.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot

    @cached_property
    def articles(self) -> pa.Table:
        """Articles: file, id, copies, run."""
        return self.snapshot.read("articles", [*_FILE, "article_id", "copies", "run_id"])

    @cached_property
    def duplicates(self) -> pa.Table:
        """Duplicates: file, id, survivor, what it matched, run."""
        names = ["article_id", "canonical_article_id", "matched_source", "matched_source_path", "run_id"]
        return self.snapshot.read("duplicates", [*_FILE, *names])

    @cached_property
    def quarantine(self) -> pa.Table:
        """Quarantine: file, and its findings."""
        return self.snapshot.read("quarantine", [*_FILE, "violations", "run_id"])

    @cached_property
    def sources(self) -> pa.Table:
        """The manifest: file, status, whether it is gone, id."""
        return self.snapshot.read("sources", [*_FILE, "status", "deleted", "article_id", "canonical_article_id"])

    @cached_property
    def runs(self) -> pa.Table:
        """Runs: id, and the counts at their end."""
        names = [f"records_{status}" for status in ("loaded", "duplicate", "quarantined")]
        return self.snapshot.read("runs", ["run_id", *names])

    @cached_property
    def versions(self) -> pa.Table | None:
        """The history, each article's states by time; None where there is none."""
        if VERSIONS not in self.snapshot.tables():
            return None
        return self.snapshot.read(VERSIONS).sort_by(BY_TIME).combine_chunks()


def check_joins(snapshot: Snapshot) -> list[str]:
    """Make every check between tables.

    Args:
        snapshot: published.

    Returns:
        One sentence a finding, naming tables and rows; empty where all is well.
    """
    tables = KeyColumns(snapshot)
    findings: list[str] = []
    for check in CHECKS:
        try:
            findings.extend(check(tables))
        except WarehouseError as error:
            # A damaged file is in the way of more than one check, and says the same each time.
            if error.message not in findings:
                findings.append(error.message)
    return findings


def _statuses(tables: KeyColumns) -> Iterator[str]:
    """G1: one row a file in `sources`, with one of the statuses; a deleted file has no record."""
    sources = tables.sources
    yield from _twice("sources", file_keys(sources))
    strange = _strangers(sources, sources["status"], _STATUSES)
    yield from named("sources: unknown status of", _files(strange))
    deleted = sources.filter(pc.and_(sources["deleted"], pc.not_equal(sources["status"], "removed")))
    yield from named("sources: marked as gone, but not with status `removed`:", _files(deleted))


def _index(tables: KeyColumns) -> Iterator[str]:
    """The private index has the rows of `sources`, in the same order."""
    if not tables.snapshot.read(INDEX, _FILE).equals(tables.sources.select(_FILE)):
        yield "index: its rows are not those of sources; `presslake run --full-refresh` writes both again."


def _sums(tables: KeyColumns) -> Iterator[str]:
    """G1: the files of each status are the rows of its table, no more and no fewer."""
    sources = tables.sources
    for table, status in _STATUS_OF.items():
        rows, expected = getattr(tables, table), sources.filter(pc.equal(sources["status"], status))
        yield from _twice(table, file_keys(rows))
        missing = _strangers(expected, file_keys(expected), file_keys(rows))
        yield from named(f"{table}: no row for", _files(missing), f", whose status in sources is `{status}`.")
        extra = _strangers(rows, file_keys(rows), file_keys(expected))
        yield from named(f"{table}: rows for", _files(extra), f", whose status in sources is not `{status}`.")


def _ids(tables: KeyColumns) -> Iterator[str]:
    """`article_id` is unique in `articles` and the same in `sources`."""
    articles, sources = tables.articles, tables.sources
    yield from _twice("articles", articles["article_id"], " article_id")
    for table in (articles, tables.duplicates):
        known = pc.index_in(file_keys(table), file_keys(sources))
        other = pc.not_equal(sources["article_id"].combine_chunks().take(known), table["article_id"])
        wrong = table.filter(pc.fill_null(other, False))
        yield from named("sources: not the article_id of the record:", _files(wrong))


def _survivors(tables: KeyColumns) -> Iterator[str]:
    """Every duplicate names an article, and every article counts its duplicates."""
    articles, duplicates = tables.articles, tables.duplicates
    lost = _strangers(duplicates, duplicates["canonical_article_id"], articles["article_id"])
    ids = pc.unique(lost["canonical_article_id"]).to_pylist()
    yield from named(f"duplicates: no article has the canonical_article_id {some(ids)} of", _files(lost))
    counts = duplicates["canonical_article_id"].value_counts()
    counted = pc.index_in(articles["article_id"], counts.field("values"))
    expected = pc.add(pc.fill_null(counts.field("counts").take(counted.combine_chunks()), 0), 1)
    wrong = articles["article_id"].filter(pc.not_equal(articles["copies"], expected))
    yield from named("articles: copies is not 1 + the number of duplicates in", wrong.to_pylist())


def _matches(tables: KeyColumns) -> Iterator[str]:
    """Every duplicate matched a record that exists."""
    duplicates, sources = tables.duplicates, tables.sources
    records = sources.filter(pc.is_in(sources["status"], pa.array(["loaded", "duplicate"])))
    matched = duplicates.select(["matched_source", "matched_source_path"]).rename_columns(_FILE)
    lost = _strangers(matched, file_keys(matched), file_keys(records))
    yield from named("duplicates: what they match is no record:", _files(lost))


def _reasons(tables: KeyColumns) -> Iterator[str]:
    """No file is in quarantine without a reason."""
    quarantine = tables.quarantine
    bare = quarantine.filter(pc.equal(pc.fill_null(pc.list_value_length(quarantine["violations"]), 0), 0))
    yield from named("quarantine: no violation in", _files(bare))


def _runs(tables: KeyColumns) -> Iterator[str]:
    """The run of the snapshot is in `runs` with the counts of the tables, and so is every other run."""
    runs, info = tables.runs, tables.snapshot.info
    yield from _twice("runs", runs["run_id"], " run_id")
    own = runs.filter(pc.equal(runs["run_id"], info.run_id)).to_pylist()
    if not own:
        yield f"runs has no row for {info.run_id}, the run that published snapshot {info.number}."
    for table, status in _STATUS_OF.items() if own else ():
        if own[0][f"records_{status}"] != (rows := tables.snapshot.rows(table)):
            yield f"runs: {info.run_id} counted {own[0][f'records_{status}']} {status}, {table} has {rows:,} rows."
    for table in _STATUS_OF:
        ids = pc.unique(getattr(tables, table)["run_id"])
        unknown = _strangers(ids, ids, runs["run_id"]).to_pylist()
        yield from named(f"{table}: run_id", unknown, " has no row in runs.")


def _chains(tables: KeyColumns) -> Iterator[str]:
    """Each state of an article ends where its next one begins, and only the last has no end."""
    rows = tables.versions
    if rows is None or not len(rows):
        return
    ids = rows["article_id"].combine_chunks()
    has_next = pc.equal(ids.slice(0, len(ids) - 1), ids.slice(1))
    begins, ends = rows["valid_from"].combine_chunks(), rows["valid_to"].combine_chunks()
    next_begins = pc.if_else(has_next, begins.slice(1), pa.scalar(None, begins.type))
    wrong = rows_differ(ends, pa.concat_arrays([next_begins, pa.nulls(1, begins.type)]))
    wrong = pc.or_(wrong, pc.fill_null(pc.greater_equal(begins, ends), False))
    yield from named(f"{VERSIONS}: states do not follow one another in", pc.unique(ids.filter(wrong)).to_pylist())


def _last_states(tables: KeyColumns) -> Iterator[str]:
    """The last states that are not deletions are the articles, value for value."""
    rows = tables.versions
    if rows is None:
        return
    watched = rows.schema.names[len(VERSION_COLUMNS) :]
    articles = tables.snapshot.read("articles", ["article_id", *watched]).sort_by("article_id").combine_chunks()
    is_live = pc.and_(pc.is_null(rows["valid_to"]), pc.invert(rows["is_deleted"]))
    last = rows.filter(is_live).combine_chunks()
    ids, known = articles["article_id"].combine_chunks(), last["article_id"].combine_chunks()
    missing, extra = _strangers(ids, ids, known).to_pylist(), _strangers(known, known, ids).to_pylist()
    yield from named(f"{VERSIONS} does not have the articles", missing)
    yield from named(f"{VERSIONS} has as the last state of", extra, " an article that is not there.")
    if missing or extra or len(last) != len(articles):
        return
    for name in watched:
        differ = rows_differ(last[name].combine_chunks(), articles[name].combine_chunks())
        yield from named(f"{VERSIONS}: the last `{name}` is not that of articles in", ids.filter(differ).to_pylist())


def _twice(table: str, keys: pa.Array | pa.ChunkedArray, what: str = "") -> Iterator[str]:
    counts = keys.value_counts()
    repeated = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
    names = [str(key).replace("\0", ":") for key in repeated.to_pylist()]
    yield from named(f"{table}: more than once:{what}", names)


def _strangers(rows: Any, keys: pa.Array | pa.ChunkedArray, known: pa.Array | pa.ChunkedArray) -> Any:
    """The rows of a table or array whose key is not among those that are known."""
    return rows.filter(pc.invert(pc.is_in(keys, whole(known))))


def _files(rows: pa.Table) -> list[str]:
    return [f"{row['source']}:{row['source_path']}" for row in rows.select(_FILE).to_pylist()]


#: All checks, in the order of their findings.
CHECKS: Final[tuple[Callable[[KeyColumns], Iterator[str]], ...]] = (
    _statuses,
    _index,
    _sums,
    _ids,
    _survivors,
    _matches,
    _reasons,
    _runs,
    _chains,
    _last_states,
)
