"""Checks of `article_versions`: the states of an article follow one another, and the last ones are the articles.

Belongs here: checks of that table against itself and `articles`. Does not belong here: columns and
required values, which are checked as in every file (`contents`).
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSION_COLUMNS, VERSIONS
from tasks.arrow.comparison import rows_differ
from tasks.maintain.outcome import some
from tasks.warehouse.history import BY_TIME
from tasks.warehouse.snapshots import Snapshot


def check_past(snapshot: Snapshot) -> list[str]:
    """Make every check of the table; a snapshot without it is sound.

    Returns:
        One sentence a finding, naming the first articles; empty where all is well.

    Raises:
        WarehouseError: a file cannot be read.
    """
    if VERSIONS not in snapshot.tables():
        return []
    rows = snapshot.read(VERSIONS).sort_by(BY_TIME).combine_chunks()
    return [*_broken_chains(rows), *_other_articles(snapshot, rows)]


def _broken_chains(rows: pa.Table) -> Iterator[str]:
    """Each row ends where the article's next one begins, and only the last has no end."""
    if not len(rows):
        return
    ids = rows["article_id"].combine_chunks()
    has_next = pc.equal(ids.slice(0, len(ids) - 1), ids.slice(1))
    begins, ends = rows["valid_from"].combine_chunks(), rows["valid_to"].combine_chunks()
    next_begins = pc.if_else(has_next, begins.slice(1), pa.scalar(None, begins.type))
    wrong = rows_differ(ends, pa.concat_arrays([next_begins, pa.nulls(1, begins.type)]))
    wrong = pc.or_(wrong, pc.fill_null(pc.greater_equal(begins, ends), False))
    if broken := pc.unique(ids.filter(wrong)).to_pylist():
        yield f"{VERSIONS}: states do not follow one another in {some(broken)}."


def _other_articles(snapshot: Snapshot, rows: pa.Table) -> Iterator[str]:
    """The last rows that are not deletions are the articles, value for value."""
    watched = rows.schema.names[len(VERSION_COLUMNS) :]
    articles = snapshot.read("articles", ["article_id", *watched]).sort_by("article_id").combine_chunks()
    is_live = pc.and_(pc.is_null(rows["valid_to"]), pc.invert(rows["is_deleted"]))
    last = rows.filter(is_live).combine_chunks()
    ids, known = articles["article_id"].combine_chunks(), last["article_id"].combine_chunks()
    if missing := ids.filter(pc.invert(pc.is_in(ids, known))).to_pylist():
        yield f"{VERSIONS} does not have the articles {some(missing)}."
    if extra := known.filter(pc.invert(pc.is_in(known, ids))).to_pylist():
        yield f"{VERSIONS} has as the last state of {some(extra)} an article that is not there."
    if missing or extra or len(last) != len(articles):
        return
    for name in watched:
        differ = rows_differ(last[name].combine_chunks(), articles[name].combine_chunks())
        if wrong := ids.filter(differ).to_pylist():
            yield f"{VERSIONS}: the last `{name}` is not that of articles in {some(wrong)}."
