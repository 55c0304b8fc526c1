"""Numbers of the HTML report that come from articles and their duplicates.

Belongs here: counting on whole columns of one snapshot. Does not belong here: runs and quarantine
(`html_data`), and how numbers look (`html_sections`). A million articles become a few hundred
numbers; texts are read of the listed stories alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.warehouse.snapshots import Snapshot

#: How many months, providers, topics and stories are listed; what is left out is counted.
MONTHS: Final = 60
PROVIDERS: Final = 7
FRESH: Final = 15
TOPICS: Final = 15
STORIES: Final = 10
#: The provider of articles that name none.
NO_PROVIDER: Final = "(no provider)"
_STORY: Final = ["article_id", "title", "url", "copies", "outlets", "first_published_at", "first_published_by"]
_PROVIDER: Final = ["provider_name", "provider_domain"]


class Months(msgspec.Struct, frozen=True):
    """Articles by month of publication (UTC) and provider.

    Attributes:
        months: `2026-03`, oldest first, without gaps, at most `MONTHS`.
        providers: those of most articles first, at most `PROVIDERS`.
        counts: a row a provider, then one for all others; a number a month.
        others: how many providers the last row stands for.
        earlier, later: articles before and after these months.
    """

    months: list[str]
    providers: list[str]
    counts: list[list[int]]
    others: int
    earlier: int
    later: int


class Freshness(msgspec.Struct, frozen=True):
    """A provider's newest article that is not dated in the future; None where there is only such."""

    provider: str
    articles: int
    newest: datetime | None


class Story(msgspec.Struct, frozen=True):
    """A story of several files; `providers` of the files, that of the article first."""

    title: str
    url: str
    copies: int
    outlets: int
    providers: list[str]
    first_published_at: datetime | None
    first_published_by: str


class ArticleNumbers(msgspec.Struct, frozen=True):
    """Counts of the tables `articles` and `duplicates` of a snapshot.

    Attributes:
        articles: rows; `in_future` of them are dated after the report.
        newest: time of the newest article that is not dated in the future.
        freshness: the `FRESH` providers of most articles, the one that is silent longest first.
        providers: how many there are.
        topics: topic to articles, most first, at most `TOPICS` of `topics_in_all`.
        without_topic: articles that have none.
        duplicates: match to rows, most first.
        stories: the most-copied, at most `STORIES` of `stories_in_all`.
    """

    articles: int
    in_future: int
    newest: datetime | None
    months: Months
    freshness: list[Freshness]
    providers: int
    topics: dict[str, int]
    topics_in_all: int
    without_topic: int
    duplicates: dict[str, int]
    stories: list[Story]
    stories_in_all: int


def article_numbers(snapshot: Snapshot, now: datetime) -> ArticleNumbers:
    """Count the articles of a snapshot.

    Args:
        snapshot: has the tables `articles` and `duplicates`.
        now: the time from which articles are in the future, with a zone.

    Raises:
        WarehouseError: a table or column is missing or damaged.
    """
    dated = _dated(snapshot)
    is_past = pc.less_equal(dated["published_at"], pa.scalar(now, dated["published_at"].type))
    past = dated.filter(is_past)
    ranked = _ranked(dated["provider"])
    topics, without_topic = _topics(snapshot)
    stories, stories_in_all = _stories(snapshot)
    return ArticleNumbers(
        articles=len(dated),
        in_future=len(dated) - len(past) - is_past.null_count,
        newest=pc.max(past["published_at"]).as_py(),
        months=_months(dated.filter(pc.is_valid(is_past)), past, list(ranked)),
        freshness=_freshness(past, dict(list(ranked.items())[:FRESH])),
        providers=len(ranked),
        topics=dict(list(topics.items())[:TOPICS]),
        topics_in_all=len(topics),
        without_topic=without_topic,
        duplicates=_ranked(snapshot.read("duplicates", ["match"])["match"]),
        stories=stories,
        stories_in_all=stories_in_all,
    )


def _dated(snapshot: Snapshot) -> pa.Table:
    """Each article's `published_at`, `provider`, and `month` counted from the year 0."""
    rows = snapshot.read("articles", ["published_at", *_PROVIDER])
    times = rows["published_at"]
    month = pc.add(pc.multiply(pc.year(times), 12), pc.subtract(pc.month(times), 1))
    return pa.table({"published_at": times, "provider": _providers(rows), "month": month})


def _providers(rows: pa.Table) -> pa.ChunkedArray:
    return pc.coalesce(rows["provider_name"], rows["provider_domain"], pa.scalar(NO_PROVIDER))


def _ranked(values: pa.ChunkedArray) -> dict[str, int]:
    """Values to how often they occur, most first, then by name."""
    counted = pa.table({"value": values}).group_by("value").aggregate([([], "count_all")])
    counted = counted.sort_by([("count_all", "descending"), ("value", "ascending")])
    return dict(zip(counted["value"].to_pylist(), counted["count_all"].to_pylist(), strict=True))


def _months(dated: pa.Table, past: pa.Table, ranked: Sequence[str]) -> Months:
    """The last months up to the newest article that is not in the future, if there is one."""
    known = past if len(past) else dated
    if not len(known):
        return Months([], [], [], 0, 0, 0)
    last: int = pc.max(known["month"]).as_py()
    first: int = max(pc.min(known["month"]).as_py(), last - MONTHS + 1)
    listed = list(ranked[:PROVIDERS])
    rows = {provider: row for row, provider in enumerate(listed)}
    counts = [[0] * (last - first + 1) for _ in range(len(listed) + (len(ranked) > PROVIDERS))]
    earlier = later = 0
    groups = dated.group_by(["provider", "month"]).aggregate([([], "count_all")])
    for provider, month, number in zip(*(groups[name].to_pylist() for name in groups.column_names), strict=True):
        if month < first:
            earlier += number
        elif month > last:
            later += number
        else:
            counts[rows.get(provider, PROVIDERS)][month - first] += number
    months = [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, last + 1)]
    return Months(months, listed, counts, len(ranked) - len(listed), earlier, later)


def _freshness(past: pa.Table, ranked: dict[str, int]) -> list[Freshness]:
    newest = past.group_by("provider").aggregate([("published_at", "max")])
    times = dict(zip(newest["provider"].to_pylist(), newest["published_at_max"].to_pylist(), strict=True))
    fresh = [Freshness(provider, number, times.get(provider)) for provider, number in ranked.items()]
    return sorted(fresh, key=lambda one: (one.newest is not None, one.newest))


def _topics(snapshot: Snapshot) -> tuple[dict[str, int], int]:
    """Topics to the articles that have them, most first; and the articles that have none."""
    lists = snapshot.read("articles", ["topics"])["topics"].combine_chunks()
    pairs = pa.table({"topic": pc.list_flatten(lists), "article": pc.list_parent_indices(lists)})
    # An article may name a topic twice.
    pairs = pairs.group_by(["topic", "article"]).aggregate([])
    without = pc.sum(pc.equal(pc.list_value_length(lists), 0)).as_py()
    return _ranked(pairs["topic"]), without or 0


def _stories(snapshot: Snapshot) -> tuple[list[Story], int]:
    """The stories of most copies, and how many have any."""
    copied = snapshot.read("articles", ["article_id", "copies", "outlets"], pc.field("copies") > 1)
    order = [("copies", "descending"), ("outlets", "descending"), ("article_id", "ascending")]
    top = copied.take(pc.select_k_unstable(copied, min(STORIES, len(copied)), order))["article_id"].combine_chunks()
    rows = snapshot.read("articles", [*_STORY, *_PROVIDER], pc.field("article_id").isin(top))
    others = snapshot.read(
        "duplicates", ["canonical_article_id", *_PROVIDER], pc.field("canonical_article_id").isin(top)
    )
    providers: dict[str, list[str]] = {}
    for story, provider in zip(others["canonical_article_id"].to_pylist(), _providers(others).to_pylist(), strict=True):
        providers.setdefault(story, []).append(provider)
    rows = rows.append_column("provider", _providers(rows)).sort_by(order)
    return [_story(row, providers.get(row["article_id"], [])) for row in rows.to_pylist()], len(copied)


def _story(row: dict[str, Any], providers: list[str]) -> Story:
    return Story(
        title=row["title"],
        url=row["url"] or "",
        copies=row["copies"],
        outlets=row["outlets"],
        providers=list(dict.fromkeys([row["provider"], *sorted(providers)])),
        first_published_at=row["first_published_at"],
        first_published_by=row["first_published_by"] or "",
    )
