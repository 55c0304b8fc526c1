"""The decisions on a sequence of states of a source, one after another, without a run for each.

Belongs here: taking the manifest from state to state in memory, and the changes of articles on the way.
Does not belong here: where the states come from (`tasks.discover.git_history`).

Each step does the same as the deduplicate stage in a run, so the articles after a step are those that a
run over that state would have published.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.arrow.columns import whole
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.manifest import RunStamp, next_manifest

#: Lineage without a use: a replay publishes no manifest.
_STAMP: Final = RunStamp("", datetime(1970, 1, 1, tzinfo=UTC), "", "")
_KEY: Final = ("article_id", "source_path", "source_hash")


class Step(NamedTuple):
    """The changes of a source: `FILES` rows of files that are new or changed, and source and path of deleted ones."""

    files: pa.Table
    deleted: pa.Table


class Moved(NamedTuple):
    """The changes of articles in a step.

    Attributes:
        there: (n,) `article_id`, `source_path` and `source_hash` of articles that are new or have another survivor.
        deleted: (m,) `article_id` of articles that are no longer there.
    """

    there: pa.Table
    deleted: pa.Array


def replay(steps: Iterable[Step], schema: pa.Schema, rules: MatchRules, version: str) -> Iterator[Moved]:
    """Decide after each step.

    Args:
        steps: the changes, oldest first.
        schema: of the manifest.
        rules: when two records tell one story; `version` names them.
    """
    manifest = schema.empty_table()
    articles = manifest.select(_KEY)
    for step in steps:
        merged = next_manifest(manifest, step.deleted, step.files.select, _STAMP)
        manifest = decide(merged.table, rules, version, manifest, merged.before)
        if len(step.deleted):
            manifest = manifest.filter(pc.invert(manifest["deleted"]))
        manifest = manifest.combine_chunks()
        before, articles = articles, manifest.filter(pc.equal(manifest["status"], "loaded")).select(_KEY)
        is_new = pc.invert(pc.is_in(_joined(articles), _joined(before)))
        ids = whole(articles["article_id"])
        deleted = before["article_id"].filter(pc.invert(pc.is_in(before["article_id"], ids)))
        yield Moved(articles.filter(is_new), deleted.combine_chunks())


def _joined(articles: pa.Table) -> pa.Array:
    """(n,) the key of each row as one text; ids and hashes hold no NUL."""
    joined = pc.binary_join_element_wise(*(articles[name] for name in _KEY), "\0")
    return whole(joined)
