"""Links between records: common addresses, equal contents, related pairs, and leader clusters.

Belongs here: exact keys, all links of a set of records, and the records that a change reaches through
them. Does not belong here: the rule for pairs (`pair_rule`), and clusters (`clustering`).

URL keys come with the records as ids (docs/identity.md); a record is known by its own id and its aliases.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import microseconds
from config.match_rules import Bodies, MatchRules
from tasks.arrow.columns import is_numbered, whole
from tasks.arrow.keys import file_keys
from tasks.arrow.memory import give_back
from tasks.deduplicate.candidate_pairs import Pairs
from tasks.deduplicate.clustering import components, leader_clusters, represented
from tasks.deduplicate.pair import body_similarity
from tasks.deduplicate.related_pairs import partner_keys, related_pairs
from tasks.deduplicate.titles import Titles

#: Key to the rows (two or more, ascending) that have it.
Groups = dict[str, list[int]]

#: Columns by which records are linked to one another.
LINKING: Final = (
    "source",
    "source_path",
    "article_id",
    "alias_ids",
    "content_key",
    "title_words",
    "near",
    "match_version",
)
_DECIDED: Final = pa.array(["loaded", "duplicate"])


@dataclass(frozen=True)
class Links:
    """All links between records, by their row numbers.

    Attributes:
        urls, contents: groups of rows with a key in common.
        pairs: those that the pair rule relates.
        leaders: leader clusters, which count as one page; the first row stands for the others.
    """

    urls: Groups
    contents: Groups
    pairs: Pairs
    leaders: list[list[int]]

    @cached_property
    def components(self) -> list[list[int]]:
        """The connected components of two records or more."""
        return components([*self.urls.values(), *self.contents.values(), *self.leaders, *self.pairs.edges()])

    def among(self, rows: Sequence[int]) -> Links:
        """The same in numbers of these rows, ascending, which are whole components."""
        number = {row: i for i, row in enumerate(rows)}
        urls, contents = (
            {key: [number[row] for row in group] for key, group in groups.items() if group[0] in number}
            for groups in (self.urls, self.contents)
        )
        sides = [pc.index_in(side, pa.array(rows, pa.int64())).cast(pa.int64()).drop_null() for side in self.pairs]
        leaders = [[number[row] for row in cluster] for cluster in self.leaders if cluster[0] in number]
        return Links(urls, contents, Pairs(*sides), leaders)


def find_links(records: pa.Table, fresh: pa.BooleanArray, rules: MatchRules) -> Links:
    """All links of records, comparing only those whose related pairs are not stored.

    Args:
        records: (n,) manifest rows of records, sorted by source and path.
        fresh: (n,) whether the record's related pairs are not stored.
        rules: parameters of the pair rule.
    """
    urls, contents = url_groups(records), content_groups(records, rules)
    leaders = leader_clusters(records, rules)
    give_back()
    pairs = related_pairs(records, fresh, represented(leaders, len(records)), rules)
    return Links(urls, contents, pairs, leaders)


def url_groups(records: pa.Table) -> Groups:
    """The rows that have a key as their id or among their aliases."""
    aliases, rows = whole(records["alias_ids"]), pa.arange(0, len(records))
    keys = pa.concat_arrays([whole(records["article_id"]), aliases.flatten()])
    return _sharing(keys, pa.concat_arrays([rows, pc.list_parent_indices(aliases).cast(pa.int64())]))


def content_groups(records: pa.Table, rules: MatchRules) -> Groups:
    """The rows that have a content key, in groups that are close in time and whose media and bodies agree.

    A group spans at most `same_content_days` from its earliest record; the next one begins with the next record. Where
    the title tells no story, as that of a daily programme, it spans at most `reposted.hours`, and only records with
    one whole body are grouped over days. A record joins the first group with whose first record it agrees. Groups have
    numbers after the key. Records without a date are in the first span.
    """
    groups = _sharing(whole(records["content_key"]), pa.arange(0, len(records)))
    rows = pa.array([row for group in groups.values() for row in group], pa.int64())
    columns = [whole(records[name]) for name in ("published_at", "title_words", "medium", "body_sketch")]
    columns[0] = columns[0].cast(pa.int64())
    taken = (column.take(rows).to_pylist() for column in columns)
    times, titles, media, bodies = (dict(zip(rows.to_pylist(), column, strict=True)) for column in taken)
    contents = {row: (media[row], frozenset(bodies[row] or ())) for row in times}
    names_one, found = Titles(rules).names_one, Groups()
    days, hours = microseconds(rules.same_content_days), microseconds(rules.reposted.hours / 24)
    for key, members in groups.items():
        spans = _spans(members, times, hours)
        if len(spans) > 1 and names_one(titles[members[0]], rules.reposted.later):
            spans = _spans(members, times, days)
        elif len(spans) > 1:
            alike = _of_one_body(members, contents, rules.bodies.whole)
            spans += (span for same in alike for span in _spans(same, times, days))
        agreeing = (group for span in spans for group in _agreeing(sorted(span), contents, rules.bodies))
        for number, group in enumerate((group for group in agreeing if len(group) > 1), 1):
            found[key if number == 1 else f"{key} #{number}"] = group
    return found


#: Of a row its medium and the sketch of its body.
_Contents = dict[int, tuple[str | None, frozenset[int]]]


def _of_one_body(rows: Sequence[int], contents: _Contents, whole_body: int) -> list[list[int]]:
    """Groups of rows with one body that is long enough."""
    groups: dict[frozenset[int], list[int]] = {}
    for row in rows:
        if len(contents[row][1]) >= whole_body:
            groups.setdefault(contents[row][1], []).append(row)
    return list(groups.values())


def _agreeing(rows: Sequence[int], contents: _Contents, bodies: Bodies) -> list[list[int]]:
    """Groups of rows of one medium whose bodies do not differ from that of the first one."""

    def agree(first: int, other: int) -> bool:
        (medium, body), (other_medium, other_body) = contents[first], contents[other]
        similarity = body_similarity(body, other_body, bodies)
        return medium == other_medium and (similarity is None or similarity >= bodies.different)

    groups = list[list[int]]()
    for row in rows:
        group = next((group for group in groups if agree(group[0], row)), None)
        if group is None:
            groups.append([row])
        else:
            group.append(row)
    return groups


def _spans(rows: Sequence[int], time_of: dict[int, int | None], width: int) -> list[list[int]]:
    """Groups of at most `width` microseconds, each begun by the earliest row left; undated rows are in the first."""
    spans = [[row for row in rows if time_of[row] is None]]
    start: int | None = None
    for time, row in sorted((time, row) for row in rows if (time := time_of[row]) is not None):
        start = time if start is None else start
        if time - start > width:
            spans.append([])
            start = time
        spans[-1].append(row)
    return spans


def _sharing(keys: pa.Array, rows: pa.Array) -> Groups:
    """Rows by key, in the order of keys; only keys that occur twice leave the columns."""
    # Texts are hashed once: what follows is about their numbers.
    numbers = keys.dictionary_encode().indices
    counts = numbers.drop_null().value_counts()
    repeated = pc.is_in(numbers, counts.field("values").filter(pc.greater(counts.field("counts"), 1)))
    groups: dict[str, set[int]] = {}
    for key, row in zip(keys.filter(repeated).to_pylist(), rows.filter(repeated).to_pylist(), strict=True):
        groups.setdefault(key, set()).add(row)
    return {key: sorted(members) for key, members in sorted(groups.items()) if len(members) > 1}


def affected_records(
    records: pa.Table, fresh: pa.BooleanArray, parent: pa.Table, parent_rows: pa.Array
) -> pa.BooleanArray:
    """(n,) whether a record is new, or was or is linked to one that is new, changed or gone.

    Decisions on a component are a pure function of its records. Those of the last run hold if no record of
    it is affected. An affected record too many costs time, never a wrong decision.

    Args:
        records: (n,) rows with the columns `LINKING`.
        fresh: (n,) whether the record is new or changed, or was represented by another.
        parent: (m,) the manifest of the parent snapshot, decided.
        parent_rows: (n,) each record's row in `parent`, null where it has none.
    """
    unchanged = is_numbered(len(parent), parent_rows.filter(pc.invert(fresh)))
    was_record = pc.is_in(whole(parent["status"]), _DECIDED)
    lost = parent.select(LINKING).filter(pc.and_(was_record, pc.invert(unchanged)))
    ids = pa.concat_arrays([whole(lost["article_id"]), pc.list_flatten(whole(lost["alias_ids"]))])
    contents = pa.concat_arrays(
        [whole(table["content_key"]) for table in (lost, records.select(LINKING).filter(fresh))]
    )
    # Only a represented record has no version; all of its leader cluster have its title, or none has one.
    titles = pc.fill_null(whole(lost.filter(pc.is_null(lost["match_version"]))["title_words"]), "")
    files = file_keys(lost)
    near, aliases = whole(records["near"]), whole(records["alias_ids"])
    reached = [
        fresh,
        pc.is_in(records["article_id"], ids.drop_null()),
        pc.is_in(records["content_key"], contents.drop_null()),
        pc.is_in(pc.fill_null(records["title_words"], ""), titles),
        pc.is_in(file_keys(records), pa.concat_arrays([files, partner_keys(whole(lost["near"]))])),
        _has_item(aliases, pc.is_in(pc.list_flatten(aliases), ids)),
        _has_item(near, pc.is_in(partner_keys(near), files)),
    ]
    return reduce(pc.or_, (whole(part) for part in reached))


def _has_item(lists: pa.ListArray, chosen: pa.BooleanArray) -> pa.BooleanArray:
    """(n,) whether one of a list's items is chosen."""
    rows = pc.unique(pc.list_parent_indices(lists).cast(pa.int64()).filter(chosen))
    return pc.is_in(pa.arange(0, len(lists)), rows)
