"""Edges, components, survivor: what becomes of every record.

Belongs here: turning relations between records into the decision columns of the manifest. Does not
belong here: how relations are found (`ties`), what a duplicate says of its own (`relations`), and the
order of records (`survivors`).

Decisions are a pure function of the set of records: same records, same decisions, whatever the
order of files, batches or runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules, load_match_rules
from tasks.deduplicate.clusters import clusters
from tasks.deduplicate.components import chained
from tasks.deduplicate.crowds import represented
from tasks.deduplicate.index import INDEX, index_column, unknown
from tasks.deduplicate.manifest import DECIDED
from tasks.deduplicate.merging import in_order
from tasks.deduplicate.near import FEATURES, stories
from tasks.deduplicate.origins import spread
from tasks.deduplicate.outcome import all_loaded, with_decisions, with_index
from tasks.deduplicate.pair_rule import PairRule
from tasks.deduplicate.relations import Suspects, by_row, partners, relation_columns
from tasks.deduplicate.survivors import CRITERIA, rank
from tasks.deduplicate.ties import Ties, find_ties
from tasks.deduplicate.unstirred import stirred
from tasks.tables.columns import whole
from tasks.tables.memory import give_back

#: Statuses of rows that are records, before and after deciding.
_RECORDS: Final = pa.array(["record", "loaded", "duplicate"])
#: Records that are clustered at a time: some 10 kB each in Python.
_AT_ONCE: Final = 5_000
_KEYS: Final = tuple(dict.fromkeys(["article_id", "alias_ids", "content_key", *FEATURES, *INDEX, *CRITERIA]))


def decide(
    manifest: pa.Table,
    rules: MatchRules | None = None,
    version: str = "",
    previous: pa.Table | None = None,
    before: pa.Array | None = None,
) -> pa.Table:
    """Fill in the decision columns, and the index of related pairs.

    Args:
        manifest: (n,) one row a file, sorted by source and path, statuses `record`, `loaded` or
            `duplicate` for records.
        rules: when two records tell one story; by default those that presslake comes with.
        version: names rules and code; rows indexed under it are not compared again.
        previous: the decided manifest of the parent snapshot, whose decisions stand where nothing they
            depend on has changed; without one all are taken anew, which comes to the same.
        before: (n,) each file's row in `previous`, null where it has none; goes with it.

    Returns:
        The manifest with every record `loaded` (the survivor of its cluster) or `duplicate`, its
        `canonical_article_id`, `copies`, and for duplicates the relation; other rows unchanged.
    """
    is_record = pc.is_in(whole(manifest["status"]), _RECORDS)
    rows = pc.indices_nonzero(is_record).cast(pa.int64())
    records, rules = _records(manifest, rows), rules or load_match_rules()
    fresh = unknown(records, version)
    ties = find_ties(records, fresh, rules)
    compared = pc.invert(represented(ties.bundles, len(records)))
    manifest = with_index(manifest, is_record, index_column(records, ties.pairs), pc.if_else(compared, version, None))
    manifest = all_loaded(manifest, is_record)
    if previous is None or before is None or pc.all(fresh, min_count=0).as_py():
        moved = ties.stories
    else:
        news = stirred(records, pc.or_(fresh, pc.invert(compared)), previous, before.take(rows))
        kept, moved = _by_news(ties.stories, news)
        settled = rows.take(pa.array(kept, pa.int64()))
        earlier = previous.select(["status", *DECIDED]).take(before.take(settled))
        manifest = with_decisions(manifest, settled, earlier)
    schema = pa.schema([manifest.schema.field(name) for name in ("status", *DECIDED)])
    chosen, decided = _decided_anew(records, ties, moved, rules, schema)
    give_back()
    return with_decisions(manifest, rows.take(chosen), decided)


def _records(manifest: pa.Table, rows: pa.Int64Array) -> pa.Table:
    """What decisions look at in these rows, ascending; the shingles, most of it, are not copied if they need not be."""
    if len(rows) == len(manifest):
        return manifest.select(_KEYS).combine_chunks()
    lists = whole(manifest["shingles"])
    records = in_order(manifest.select([name for name in _KEYS if name != "shingles"]), rows)
    return records.append_column("shingles", _lists_at(lists, rows))


def _lists_at(lists: pa.ListArray, rows: pa.Int64Array) -> pa.ListArray:
    """The lists at these rows, without a copy if all others are empty, as those of files without a record are."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0).take(rows)
    bounds = pc.take(lists.offsets, pa.concat_arrays([rows, pa.array([len(lists)], pa.int64())]))
    if not pc.subtract(bounds[1:], bounds[:-1]).equals(lengths):
        return lists.take(rows)
    return pa.ListArray.from_arrays(bounds, lists.values)


def _by_news(found: Sequence[list[int]], news: pa.BooleanArray) -> tuple[list[int], list[list[int]]]:
    """Rows of the stories that nothing stirred, ascending, and the other stories."""
    stirred_rows = frozenset(pc.indices_nonzero(news).to_pylist())
    kept, moved = list[int](), list[list[int]]()
    for story in found:
        if stirred_rows.isdisjoint(story):
            kept += story
        else:
            moved.append(story)
    return sorted(kept), moved


def _decided_anew(
    records: pa.Table, ties: Ties, moved: Sequence[list[int]], rules: MatchRules, schema: pa.Schema
) -> tuple[pa.Int64Array, pa.Table]:
    """Rows of the stories, ascending, and the decisions on them, taken some stories at a time."""
    numbers, decided = list[int](), [schema.empty_table()]
    for rows in _parts(moved):
        found = _suspects(records.take(pa.array(rows, pa.int64())), ties.among(rows), rules)
        decided.append(pa.Table.from_pylist(_decided(found), schema))
        numbers += rows
    chosen = pa.array(numbers, pa.int64())
    order = pc.sort_indices(chosen)
    return chosen.take(order), pa.concat_tables(decided).combine_chunks().take(order)


def _parts(moved: Iterable[list[int]]) -> Iterator[list[int]]:
    """Rows of whole stories, ascending, `_AT_ONCE` or somewhat more together."""
    rows = list[int]()
    for story in moved:
        rows += story
        if len(rows) >= _AT_ONCE:
            yield sorted(rows)
            rows = []
    if rows:
        yield sorted(rows)


def _suspects(records: pa.Table, ties: Ties, rules: MatchRules) -> Suspects:
    """Cluster the records that are tied to others."""
    places, told, rule = rank(records), stories(records.select(FEATURES)), PairRule(rules)
    urls, contents = (
        {key: sorted(group, key=places.__getitem__) for key, group in groups.items()}
        for groups in (ties.urls, ties.contents)
    )
    pairs = ties.pairs.edges()
    bound, related = [*urls.values(), *ties.bundles], [*contents.values(), *pairs]
    found = clusters(places, bound, related, lambda a, b: rule.conflicting(told[a], told[b]))
    rows = records.select(["article_id", "outlet", *CRITERIA]).to_pylist()
    near = partners([*pairs, *chained(ties.bundles)])
    return Suspects(rows, told, places, found, by_row(urls), by_row(contents), near, rule)


def _decided(suspects: Suspects) -> list[dict[str, Any]]:
    """(s,) the decision columns of the suspects: each is in exactly one cluster."""
    decided: list[dict[str, Any]] = [{} for _ in suspects.rows]
    alone = set(range(len(suspects.rows))).difference(*suspects.clusters)
    for cluster in [*suspects.clusters, *([row] for row in sorted(alone))]:
        survivor = cluster[0]
        told, members = [suspects.rows[row] for row in cluster], frozenset(cluster)
        shared = {"canonical_article_id": told[0]["article_id"], "copies": len(cluster), **spread(told)}
        decided[survivor] = {"status": "loaded", **shared}
        for row in cluster[1:]:
            decided[row] = {"status": "duplicate", **shared, **relation_columns(suspects, row, survivor, members)}
    return decided
