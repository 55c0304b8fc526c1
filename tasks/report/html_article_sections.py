"""What the HTML report says of articles and duplicates: sentences, charts, and tables that say the same.

Belongs here: numbers of `html_articles` turned into words, figures and rows. Does not belong here:
runs and quarantine (`html_run_sections`), drawing (`html_charts`), and HTML (`page.html.j2`, which
escapes every text).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from tasks.report.html_articles import NO_PROVIDER, ArticleNumbers, Freshness, Months, Story
from tasks.report.html_charts import Axis, Series, ranked, stacked
from tasks.report.html_shapes import Figure, Section, Table, Told, colours, cut
from tasks.report.words import counted, printable

#: Longest title of a story, in characters.
_TITLE: Final = 140


def article_sections(numbers: ArticleNumbers, now: datetime) -> Iterator[Section]:
    """Articles by month, freshness, topics and duplicates; `now` is the time that ages count from.

    Raises:
        UsageError: the charting library is not installed.
    """
    if not numbers.articles:
        yield Section("articles", "Articles", ["There is none."])
        return
    yield _months(numbers.months, numbers.articles)
    yield _freshness(numbers, now)
    if numbers.topics:
        yield _topics(numbers)
    yield _duplicates(numbers)


def _months(months: Months, articles: int) -> Section:
    names = [printable(name, 60) for name in months.providers]
    names += [counted(months.others, "other provider")] if months.others else []
    series = [Series(name, counts) for name, counts in zip(names, months.counts, strict=True)]
    shades = colours(len(months.providers), bool(months.others))
    axis = Axis(months.months, "articles", lambda number: counted(int(number), "article"))
    rows = [
        [month, *(f"{number:,}" for number in column), f"{sum(column):,}"]
        for month, column in zip(months.months, zip(*months.counts, strict=True), strict=True)
    ]
    shown = articles - months.earlier - months.later
    caption = "Articles by month of publication and provider"
    first, last = months.months[0], months.months[-1]
    span = f"in {last}" if first == last else f"from {first} to {last}"
    figure = Figure(
        name="articles-by-month",
        caption=caption,
        said=f"Bar chart: {counted(shown, 'article')} {span}; the table below has the numbers.",
        drawings=stacked(axis, series, shades),
        table=Table(["Month, UTC", *names, "All"], rows[::-1], set(range(1, len(names) + 2)), {0}),
        legend=list(zip(shades, names, strict=True)),
    )
    out = {"earlier": months.earlier, "later": months.later}
    left = " and ".join(f"{number:,} {word}" for word, number in out.items() if number)
    sentence = f"{counted(shown, 'article')} {span}" + (f"; {left} ones are not drawn." if left else ".")
    return Section("articles", "Articles", [sentence], [figure])


def _freshness(numbers: ArticleNumbers, now: datetime) -> Section:
    dated = [(one, one.newest) for one in numbers.freshness if one.newest is not None]
    ages = {one.provider: (now - newest).total_seconds() / 86_400 for one, newest in dated}
    rows = [_fresh_row(one, ages.get(one.provider)) for one in numbers.freshness]
    figure = Figure(
        name="freshness",
        caption="Days since the newest article, by provider",
        said=f"Bar chart: days since the newest article of {counted(len(ages), 'provider')}, longest first.",
        drawings=ranked(ages, _days),
        table=Table(["Provider", "Newest article, UTC", "Age", "Articles"], rows, {2, 3}, {1}),
    )
    sentences = [cut(len(rows), numbers.providers, "providers of most articles")]
    return Section("fresh", "Freshness", list(filter(None, sentences)), [figure] if ages else [])


def _fresh_row(one: Freshness, age: float | None) -> list[str]:
    newest = "" if one.newest is None else f"{one.newest:%Y-%m-%d %H:%M}"
    return [printable(one.provider, 60), newest, "" if age is None else _days(age), f"{one.articles:,}"]


def _days(days: float) -> str:
    return "today" if days < 1 else counted(int(days), "day")


def _topics(numbers: ArticleNumbers) -> Section:
    rows = [[printable(name, 80), f"{number:,}"] for name, number in numbers.topics.items()]
    figure = Figure(
        name="articles-by-topic",
        caption="Articles by topic",
        said=f"Bar chart: articles of {counted(len(rows), 'topic')}, most first.",
        drawings=ranked(numbers.topics),
        table=Table(["Topic", "Articles"], rows, {1}),
    )
    without = f"{counted(numbers.without_topic, 'article')} without a topic." if numbers.without_topic else ""
    sentences = ["An article counts once for each of its topics.", without]
    sentences.append(cut(len(rows), numbers.topics_in_all, "topics of most articles"))
    return Section("topics", "Topics", list(filter(None, sentences)), [figure])


def _duplicates(numbers: ArticleNumbers) -> Section:
    total = sum(numbers.duplicates.values())
    if not total:
        return Section("duplicates", "Duplicates", ["No file tells a story that another one tells, too."])
    figure = Figure(
        name="duplicates-by-kind",
        caption="Duplicates by kind of match",
        said=f"Bar chart: {counted(total, 'duplicate')} by kind of match, most first.",
        drawings=ranked(numbers.duplicates),
        table=Table(["Match", "Duplicates"], [[name, f"{count:,}"] for name, count in numbers.duplicates.items()], {1}),
    )
    stories = counted(numbers.stories_in_all, "story", "stories")
    told = f"{counted(total, 'file')} told again what others tell better, of {stories}."
    listed = cut(len(numbers.stories), numbers.stories_in_all, "stories of most copies are listed")
    sentences = list(filter(None, [told, listed]))
    return Section("duplicates", "Duplicates", sentences, [figure], list(map(_told, numbers.stories)))


def _told(story: Story) -> Told:
    tellers = ", ".join(printable(name, 60) for name in story.told_by if name != NO_PROVIDER)
    first = "" if story.first_published_at is None else f"first on {story.first_published_at:%Y-%m-%d}"
    by = f" by {printable(story.first_published_by, 60)}" if first and story.first_published_by else ""
    about = [counted(story.copies, "file"), counted(story.outlets, "outlet"), first + by, tellers]
    # Canonical URLs are http(s) by their making; a link must not depend on that.
    link = story.url if story.url.startswith(("https://", "http://")) else ""
    return Told(printable(story.title, _TITLE), link, " · ".join(filter(None, about)))
