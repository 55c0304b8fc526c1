"""Related pairs as found on columns: those of the rule applied to every two records, and no others."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations
from typing import Any, Final

import pyarrow as pa
from hypothesis import example, given, settings
from hypothesis import strategies as st

from config.match_rules import load_match_rules
from tasks.deduplicate.related_pairs import near_pairs, stories
from tasks.deduplicate.pair_rule import PairRule
from tasks.tables.texts import normal_words, shingles
from tests.tasks.deduplicate.manifest_rows import MORNING

RULES: Final = load_match_rules()
TITLES: Final = (
    "How Merrow Bay is bringing its night ferry back",
    "Why 38 gates of the Merrow Bay lock stood ajar",
    "Four years late: horns sound over the harbour",
    "Reading a lock gate, part 2",
    None,
)
TEXT: Final = (
    "The night ferry came back to the bay on Sunday after four years of repairs and two broken promises. "
    "Its new engine runs on rapeseed oil pressed a mile from the quay."
).split()

RECORDS: Final = st.lists(
    st.tuples(
        st.sampled_from(TITLES),
        st.sampled_from([0, 14, 24, len(TEXT)]),
        st.sampled_from(["tides.example", "wire.example", "youtube.com", "msn.com"]),
        st.sampled_from([0, 2, 3, 3.5, 6, 7, 13, 120, 121, None]),
    ),
    min_size=2,
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(RECORDS)
@example([(TITLES[0], 24, "tides.example", 0), (TITLES[0], len(TEXT), "tides.example", 120)])
@example([(TITLES[1], 24, "tides.example", 0), (TITLES[1], len(TEXT), "tides.example", 6)])
@example([(TITLES[0], len(TEXT), "tides.example", 0), (TITLES[2], len(TEXT), "wire.example", 7)])
def test_what_is_found_on_columns_is_what_the_rule_relates(rows: list[tuple[Any, ...]]) -> None:
    titles, words, outlets, days = zip(*rows, strict=True)
    named = pa.array(titles, pa.string())
    moments = [None if day is None else MORNING + timedelta(days=day) for day in days]
    records = pa.table(
        {
            "title_words": normal_words(named),
            "outlet": pa.array(outlets, pa.string()),
            "published_at": pa.array(moments, pa.timestamp("us", "UTC")),
            "shingles": shingles(named, pa.array([" ".join(TEXT[:count]) for count in words])),
        }
    )
    told, rule = stories(records), PairRule(RULES)
    related = [(i, j) for i, j in combinations(range(len(rows)), 2) if rule.relation(told[i], told[j])]
    assert near_pairs(records, pa.repeat(pa.scalar(True), len(rows)), RULES).edges() == related
