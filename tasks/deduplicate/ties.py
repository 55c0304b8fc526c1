"""What ties records together: addresses, contents, related pairs, and bundles of crowds.

Belongs here: gathering the ties of all kinds. Does not belong here: how those of one kind are found
(`exact`, `near`, `crowds`), and what they lead to (`clusters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from config.match_rules import MatchRules
from tasks.deduplicate.candidates import Pairs
from tasks.deduplicate.components import chained, components
from tasks.deduplicate.crowds import bundles, represented
from tasks.deduplicate.exact import Groups, content_groups, url_groups
from tasks.deduplicate.index import related_pairs
from tasks.tables.memory import give_back


@dataclass(frozen=True)
class Ties:
    """All that ties records together, by their row numbers.

    Attributes:
        urls, contents: groups of rows with a key in common.
        pairs: those that the pair rule relates.
        bundles: rows of a crowd that count as one page, of which the first stands for the others.
    """

    urls: Groups
    contents: Groups
    pairs: Pairs
    bundles: list[list[int]]

    @cached_property
    def stories(self) -> list[list[int]]:
        """The connected components of two records or more."""
        groups = [*self.urls.values(), *self.contents.values(), *self.bundles]
        return components([*self.pairs.edges(), *chained(groups)])

    def among(self, rows: Sequence[int]) -> Ties:
        """The same in numbers of these rows, ascending, which are whole components."""
        number = {row: i for i, row in enumerate(rows)}
        urls, contents = (
            {key: [number[row] for row in group] for key, group in groups.items() if group[0] in number}
            for groups in (self.urls, self.contents)
        )
        sides = [pc.index_in(side, pa.array(rows, pa.int64())).cast(pa.int64()).drop_null() for side in self.pairs]
        crowds = [[number[row] for row in bundle] for bundle in self.bundles if bundle[0] in number]
        return Ties(urls, contents, Pairs(*sides), crowds)


def find_ties(records: pa.Table, fresh: pa.BooleanArray, rules: MatchRules) -> Ties:
    """All ties of records, comparing only those with fresh ones that the index does not know.

    Args:
        records: (n,) manifest rows of records, sorted by source and path.
        fresh: (n,) what the index does not know.
        rules: parameters of the pair rule.
    """
    urls, contents = url_groups(records), content_groups(records, rules.same_content_days)
    crowds = bundles(records, rules)
    give_back()
    pairs = related_pairs(records, fresh, represented(crowds, len(records)), rules)
    return Ties(urls, contents, pairs, crowds)
