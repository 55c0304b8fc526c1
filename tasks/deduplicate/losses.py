"""Articles that readers would lose by a run, and why: the parent's manifest against the next one.

Belongs here: which articles of the parent live on, and the reasons why others do not. Does not belong here: how many
may be lost (`flows.guards`).

An article lives on in the record that its source file has now, under whatever id; or in that of another file with its
id, its bytes, or of its old cluster. Where several of the parent's articles live on in one, that is one story now: the
others were merged away and are lost. So are, but for one, articles that all got one new title: a placeholder.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from tasks.arrow.columns import whole
from tasks.arrow.keys import file_keys
from tasks.deduplicate import changes
from tasks.runs.run import Loss

#: Columns of the manifest that changes and losses follow from.
COMPARED: Final = (*changes.COMPARED, "canonical_article_id", "title_words", "size", "violations")
_RECORDS: Final = pa.array(["loaded", "duplicate"])


class Reason(NamedTuple):
    """Why an article is lost: the first entry of `REASONS` that holds for what its source file is now.

    Attributes:
        name: of the reason, which messages show.
        holds: (n,) rows of the next manifest to (n,) whether it is this.
        has_codes: whether the findings in the file say more.
        accepted_by: the key of `guards` that lets such losses pass.
    """

    name: str
    holds: Callable[[pa.Table], pa.ChunkedArray]
    has_codes: bool = False
    accepted_by: str = "accept_removals"


REASONS: Final = (
    Reason("given the title of another article", lambda rows: rows["overwritten"]),
    Reason("whose file is deleted", lambda rows: rows["deleted"]),
    Reason("in quarantine", lambda rows: pc.equal(rows["status"], "quarantined"), True, "accept_quarantine"),
    Reason("withdrawn by their file", lambda rows: pc.equal(rows["status"], "removed")),
    Reason("whose file is empty", lambda rows: pc.and_(pc.equal(rows["status"], "ignored"), pc.equal(rows["size"], 0))),
    Reason("whose file has no front matter any more", lambda rows: pc.equal(rows["status"], "ignored"), has_codes=True),
    Reason("merged into another article", lambda rows: pc.is_in(rows["status"], _RECORDS)),
)


def find_losses(before: pa.Table, after: pa.Table) -> tuple[tuple[Loss, ...], int]:
    """The articles of the parent that are lost, and how many live on under another id.

    Args:
        before: (n,) rows of the parent's manifest with the columns `COMPARED`; rows that the next one has as they are
            may be left out.
        after: (m,) rows of the next manifest, with those of all files of `before`.

    Returns:
        The losses by source, reason and findings, and the number of articles whose id is not loaded any more.
    """
    articles = before.filter(_is(before, "loaded"))
    records = after.filter(_is(after, *_RECORDS.to_pylist()))
    rows = after.take(pc.index_in(file_keys(articles), file_keys(after)))
    ids, now = whole(articles["article_id"]), _lives_on_as(articles, before, records)
    is_own = pc.fill_null(pc.equal(now, ids), False)
    # Of several articles that live on in one, that with its id stays, else that whose file tells it.
    rank = pc.if_else(is_own, 0, pc.if_else(_is(rows, "loaded"), 1, 2))
    order = pc.sort_indices(pa.table({"rank": rank}), [("rank", "ascending")])
    is_first = _is_first(now.take(order)).take(pc.sort_indices(order))
    # A survivor that did not change stands for an article of its own.
    survivors = records.filter(_is(records, "loaded"))["canonical_article_id"]
    lives = pc.and_(is_first, pc.is_in(now, whole(survivors), skip_nulls=True))
    rows = rows.append_column("overwritten", pc.and_(lives, _share_a_new_title(articles, rows)))
    lost = pc.or_(pc.invert(lives), rows["overwritten"])
    return _summed(articles.filter(lost), rows.filter(lost)), pc.and_not(lives, is_own).true_count


def _share_a_new_title(articles: pa.Table, rows: pa.Table) -> pa.BooleanArray:
    """Which articles now have the title that another of a different title has now, too: all but the first of them."""
    old, new = whole(articles["title_words"]), whole(rows["title_words"])
    new = pc.if_else(pc.and_(_is(rows, "loaded"), pc.not_equal(old, new)), new, None)
    return pc.and_not(_is_first(pc.binary_join_element_wise(new, old, "\0")), _is_first(new))


def _is_first(values: pa.Array) -> pa.BooleanArray:
    """Which values are the first of their kind; nulls are not."""
    return pc.and_(values.is_valid(), pc.equal(pc.index_in(values, values), pa.arange(0, len(values)).cast(pa.int32())))


def _lives_on_as(articles: pa.Table, before: pa.Table, records: pa.Table) -> pa.Array:
    """(n,) the id of the article that each article lives on in, null where no record is left.

    Args:
        articles: (n,) rows of the parent's manifest.
        before: all of its rows.
        records: rows of the next manifest.
    """
    survivors = records.filter(_is(records, "loaded"))
    twins = before.filter(_is(before, "duplicate"))
    twins = twins.append_column("now", _look_up(file_keys(twins), file_keys(records), records["canonical_article_id"]))
    twins = twins.filter(pc.is_valid(twins["now"]))
    ways = [
        (articles["article_id"], survivors["article_id"], survivors["canonical_article_id"]),
        (file_keys(articles), file_keys(records), records["canonical_article_id"]),
        (articles["article_id"], records["article_id"], records["canonical_article_id"]),
        (articles["source_hash"], records["source_hash"], records["canonical_article_id"]),
        (articles["article_id"], twins["canonical_article_id"], twins["now"]),
    ]
    return pc.coalesce(*(_look_up(*way) for way in ways))


def _look_up(wanted: pa.ChunkedArray, keys: pa.ChunkedArray, values: pa.ChunkedArray) -> pa.Array:
    """For each wanted key the value of the first equal one, null where there is none."""
    return whole(values).take(pc.index_in(whole(wanted), whole(keys), skip_nulls=True))


def _summed(articles: pa.Table, rows: pa.Table) -> tuple[Loss, ...]:
    """Lost articles by source, reason and findings.

    Args:
        articles: (n,) rows of the parent's manifest.
        rows: (n,) what the next manifest says of their files.
    """
    holds = pc.make_struct(*(whole(reason.holds(rows)) for reason in REASONS))
    names = pc.case_when(holds, *(pa.scalar(reason.name) for reason in REASONS))
    with_codes = pc.is_in(names, pa.array([reason.name for reason in REASONS if reason.has_codes]))
    codes = pc.if_else(with_codes, pc.binary_join(whole(rows["violations"]), ", "), "")
    lost = pa.table({"source": articles["source"], "reason": names, "codes": codes, "path": articles["source_path"]})
    found = lost.group_by(["source", "reason", "codes"]).aggregate([("path", "count"), ("path", "min")])
    accepted_by = {reason.name: reason.accepted_by for reason in REASONS}
    return tuple(
        Loss(row["source"], row["reason"], row["codes"], row["path_count"], row["path_min"], accepted_by[row["reason"]])
        for row in found.sort_by([("path_count", "descending"), ("path_min", "ascending")]).to_pylist()
    )


def _is(rows: pa.Table, *statuses: str) -> pa.ChunkedArray:
    """Which rows are of files that are there and have one of the statuses."""
    return whole(pc.and_(pc.is_in(rows["status"], pa.array(statuses)), pc.invert(rows["deleted"])))
