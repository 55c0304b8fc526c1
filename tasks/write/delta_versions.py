"""What a run changes in `article_versions` of a Delta warehouse.

Belongs here: the rows to put there, as one `Change`. Does not belong here: what the rows are
(`article_versions`), reading the parent's (`parent_versions`), and committing (`delta_commit`).

A run merges the rows that begin with it and those that it ends; all others stay in their files. The
table is written whole where it is new, has other columns, or was told by a backfill.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from config.contract_types import TIMESTAMP
from tasks.tables.snapshots import Snapshot
from tasks.write.article_versions import Observation, observe
from tasks.write.audit import check_required
from tasks.write.delta_change import Change, plain_change
from tasks.write.job import RunRecord
from tasks.write.parent_versions import ParentVersions


def version_change(before: ParentVersions, articles: Snapshot, run: RunRecord) -> Change:
    """The change of the table.

    Args:
        before: the table so far.
        articles: has the `articles` of the next snapshot.
        run: who saw them and when, or all rows that a backfill has put together.

    Raises:
        AuditError: a required column has nulls.
        WarehouseError: the parent's table or `articles` cannot be read, or not in the new types.
    """
    if run.versions is not None:
        rows, is_whole = run.versions, True
    elif before.is_same_form and before.has_articles(articles.files("articles")):
        rows, is_whole = before.schema.empty_table(), False
    else:
        rows, is_whole = _observed(before, articles, run), not before.is_same_form
    check_required(f"{VERSIONS}/", rows, before.contract)
    return plain_change(VERSIONS, before.schema, [rows], whole=is_whole)


def _observed(before: ParentVersions, articles: Snapshot, run: RunRecord) -> pa.Table:
    """The rows that begin or end with the run; all rows where the table has another form now."""
    last = before.last()
    seen = Observation(run.started_at, run.run_id).after(last)
    news = observe(last, articles.read("articles", ["article_id", *before.contract.watched]), seen)
    if before.is_same_form:
        begins = pc.equal(news.last["valid_from"], pa.scalar(seen.moment, TIMESTAMP))
        return pa.concat_tables([news.last.filter(begins), news.closed])
    rows = before.rows()
    return pa.concat_tables([news.last, news.closed, rows.filter(pc.is_valid(rows["valid_to"]))])
