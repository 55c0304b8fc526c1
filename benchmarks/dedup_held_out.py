"""Whether the pair rule's numbers hold at outlets that had no say in choosing them.

    python -m benchmarks.dedup_held_out CORPUS LABELS.jsonl... [PROBES.jsonl]

A line of labels names two files of the corpus; a line of probes holds the texts of two files.

For each outlet in turn the numbers are chosen again, from a grid, on the pairs without it: those of the
best recall at a precision of 0.98, of several the strictest. Then they decide the pairs of that outlet.
Belongs here: that experiment. Does not belong here: how right the rule as it stands is (`dedup_quality`).
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations, product
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import pyarrow as pa

from benchmarks.dedup_quality import corpus_records, records_of
from config.match_rules import MatchRules, load_match_rules
from tasks.deduplicate.links import content_groups
from tasks.deduplicate.pair import Story
from tasks.deduplicate.pair_rule import PairRule
from tasks.deduplicate.related_pairs import stories

_LEAST_PRECISION: Final = 0.98


class Pair(NamedTuple):
    """Two labelled records: `exact` is whether address or content makes them one already."""

    a: Story
    b: Story
    exact: bool
    label: str


def main(corpus: Path, labels: Sequence[Path]) -> None:
    """Print how many labelled pairs are decided rightly by numbers chosen without their outlets."""
    pairs = [pair for records, lines in _labelled(corpus, labels) for pair in _pairs(records, lines)]
    verdicts = [_merged(pairs, rules) for rules in _grid(load_match_rules())]
    outlets = sorted({story.outlet for pair in pairs for story in pair[:2]})
    decided: dict[int, bool] = {}
    for outlet in outlets:
        held_out = {n for n, pair in enumerate(pairs) if outlet in (pair.a.outlet, pair.b.outlet)}
        chosen = _best(pairs, verdicts, [n for n in range(len(pairs)) if n not in held_out])
        # A pair of two outlets is held out twice, and merged only if it is both times.
        decided |= {n: chosen[n] and decided.get(n, True) for n in held_out}
    labelled = Counter(pair.label for pair in pairs)
    merged = Counter(pairs[n].label for n, verdict in decided.items() if verdict)
    right, wrong = merged["same"], merged["different"]
    print(f"{len(pairs)} pairs of {len(outlets)} outlets, {len(verdicts)} sets of numbers to choose from")
    precision, recall = right / ((right + wrong) or 1), right / (labelled["same"] or 1)
    print(f"  precision {precision:.3f}  recall {recall:.3f}  ({right} of {labelled['same']}, {wrong} wrong)")


def _merged(pairs: Sequence[Pair], rules: MatchRules) -> list[bool]:
    rule = PairRule(rules)
    return [pair.exact or rule.relation(pair.a, pair.b) is not None for pair in pairs]


def _best(pairs: Sequence[Pair], verdicts: Sequence[Sequence[bool]], known: Sequence[int]) -> Sequence[bool]:
    """The verdicts with the best recall on the known pairs among those that are precise enough there."""

    def right(verdict: Sequence[bool]) -> int:
        count = Counter(pairs[n].label for n in known if verdict[n])
        precise = count["same"] >= _LEAST_PRECISION * (count["same"] + count["different"])
        return count["same"] if precise else -1

    return max(verdicts, key=right)


def _labelled(corpus: Path, labels: Sequence[Path]) -> Iterator[tuple[pa.Table, list[dict[str, str]]]]:
    """The records that each file of labels or probes speaks of, and its lines, in which they are named."""
    articles = corpus_records(corpus)
    for file in labels:
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        if not lines[0]["a"].startswith("---"):
            yield articles, lines
            continue
        named = [
            {"label": line["label"], **{side: f"{n:06}/{side}.md" for side in "ab"}} for n, line in enumerate(lines)
        ]
        texts = ((name[side], line[side].encode()) for name, line in zip(named, lines, strict=True) for side in "ab")
        yield records_of(texts), named


def _pairs(records: pa.Table, lines: Sequence[dict[str, str]]) -> Iterator[Pair]:
    paths = records["source_path"].to_pylist()
    told = stories(records)
    row_of = {path: row for row, path in enumerate(paths)}
    ids = records["article_id"].to_pylist()
    together = {
        frozenset(pair)
        for group in content_groups(records, load_match_rules()).values()
        for pair in combinations(group, 2)
    }
    for line in lines:
        a, b = row_of[line["a"]], row_of[line["b"]]
        exact = ids[a] == ids[b] or frozenset((a, b)) in together
        yield Pair(told[a], told[b], exact, line["label"])


def _grid(rules: MatchRules) -> Iterator[MatchRules]:
    """The rules under other numbers, stricter ones first."""
    for similarity, retitled, words, overlap, days in product(
        (0.5, 0.4, 0.3), (0.8, 0.6, 0.4), (10, 8, 6), (0.8, 0.6, 0.4), (0.0, 30.0, 60.0, 120.0, 365.0)
    ):
        first, last = rules.reissued[0], rules.reissued[-1]
        reissued = (
            msgspec.structs.replace(first, words=words, overlap=overlap / 2, days=min(first.days, days)),
            msgspec.structs.replace(last, words=words, overlap=overlap, days=days),
        )
        titles = tuple(msgspec.structs.replace(rule, similarity=max(retitled, similarity)) for rule in rules.retitled)
        yield msgspec.structs.replace(rules, similarity=similarity, retitled=titles, reissued=reissued)


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
