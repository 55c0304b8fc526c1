"""What each section of the HTML report says: sentences, charts, and the tables that say the same.

Belongs here: numbers turned into words, figures and rows. Does not belong here: reading numbers
(`html_data`), drawing (`html_charts`), and HTML (`page.html.j2`, which escapes every text).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec

from tasks.report.html_articles import NO_PROVIDER, ArticleNumbers, Months, Story
from tasks.report.html_charts import COLOURS, Axis, Series, ranked, stacked
from tasks.report.html_data import Report
from tasks.report.html_history import QuarantineAt, RunNumbers
from tasks.report.status import Status
from tasks.report.words import counted, printable, spell_message, spell_place, spell_seconds, spell_size

#: Longest title of a story and longest message of a run, in characters.
_TITLE = 140
_MESSAGE = 200


class Table(msgspec.Struct, frozen=True):
    """Rows of texts, the first of which names the row; `numbers` are the columns that stand right."""

    columns: list[str]
    rows: list[list[str]]
    numbers: set[int] = set()
    title: str = ""


class Figure(msgspec.Struct, frozen=True):
    """A chart in its widths; `said` is what assistive technology says of it, `table` has its numbers."""

    name: str
    caption: str
    said: str
    drawings: dict[str, str]
    table: Table
    legend: list[tuple[int, str]] = []


class Told(msgspec.Struct, frozen=True):
    """A story of the list; `link` is an http(s) address or empty."""

    title: str
    link: str
    about: str


class Section(msgspec.Struct, frozen=True):
    """One part of the page."""

    name: str
    title: str
    sentences: list[str] = []
    figures: list[Figure] = []
    stories: list[Told] = []
    tables: list[Table] = []


def sections(report: Report) -> list[Section]:
    """The parts of the page below the state; a part without anything to say is left out.

    Raises:
        UsageError: the charting library is not installed.
    """
    parts = [] if report.articles is None else list(_of_articles(report.articles, report.made_at))
    parts += [*_quarantine(report), *_runs(report.runs, report.runs_in_all)]
    return [*parts, *_tables(report.status)]


def _of_articles(numbers: ArticleNumbers, now: datetime) -> Iterator[Section]:
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
    colours = _colours(len(months.providers), bool(months.others))
    axis = Axis(months.months, "articles", lambda number: counted(int(number), "article"))
    rows = [
        [month, *(f"{number:,}" for number in column), f"{sum(column):,}"]
        for month, column in zip(months.months, zip(*months.counts, strict=True), strict=True)
    ]
    shown = articles - months.earlier - months.later
    caption = "Articles by month of publication and provider"
    span = f"{months.months[0]} to {months.months[-1]}"
    figure = Figure(
        name="articles-by-month",
        caption=caption,
        said=f"Bar chart: {counted(shown, 'article')} from {span}; the table below has the numbers.",
        drawings=stacked(axis, series, colours),
        table=Table(["Month, UTC", *names, "All"], rows[::-1], set(range(1, len(names) + 2))),
        legend=list(zip(colours, names, strict=True)),
    )
    out = {"earlier": months.earlier, "later": months.later}
    left = " and ".join(f"{number:,} {word}" for word, number in out.items() if number)
    sentence = f"{counted(shown, 'article')} from {span}" + (f"; {left} ones are not drawn." if left else ".")
    return Section("articles", "Articles", [sentence], [figure])


def _colours(listed: int, with_others: bool) -> list[int]:
    """A colour a series; the last one is kept for what stands for all others."""
    return [*range(listed), *([COLOURS - 1] if with_others else [])]


def _freshness(numbers: ArticleNumbers, now: datetime) -> Section:
    dated = [(one, one.newest) for one in numbers.freshness if one.newest is not None]
    ages = {one.provider: (now - newest).total_seconds() / 86_400 for one, newest in dated}
    rows = [
        [printable(one.provider, 60), "" if one.newest is None else f"{one.newest:%Y-%m-%d %H:%M}"]
        + ["" if one.newest is None else _days(ages[one.provider]), f"{one.articles:,}"]
        for one in numbers.freshness
    ]
    figure = Figure(
        name="freshness",
        caption="Days since the newest article, by provider",
        said=f"Bar chart: days since the newest article of {counted(len(ages), 'provider')}, longest first.",
        drawings=ranked(ages, _days),
        table=Table(["Provider", "Newest article, UTC", "Age", "Articles"], rows, {2, 3}),
    )
    sentences = [_cut(len(rows), numbers.providers, "provider", "of most articles")]
    return Section("fresh", "Freshness", list(filter(None, sentences)), [figure] if ages else [])


def _days(days: float) -> str:
    return "today" if days < 1 else counted(int(days), "day")


def _topics(numbers: ArticleNumbers) -> Section:
    rows = [[printable(name, 80), f"{number:,}"] for name, number in numbers.topics.items()]
    figure = Figure(
        name="topics",
        caption="Articles by topic",
        said=f"Bar chart: articles of {counted(len(rows), 'topic')}, most first.",
        drawings=ranked(numbers.topics),
        table=Table(["Topic", "Articles"], rows, {1}),
    )
    without = f"{counted(numbers.without_topic, 'article')} without a topic." if numbers.without_topic else ""
    sentences = ["An article counts once for each of its topics.", without]
    sentences.append(_cut(len(rows), numbers.topics_in_all, "topic", "of most articles"))
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
    told = f"{counted(total, 'file')} tell what another one tells better, of "
    told += counted(numbers.stories_in_all, "story", "stories") + "."
    sentences = [
        told,
        _cut(len(numbers.stories), numbers.stories_in_all, "story", "of most copies are listed", "stories"),
    ]
    return Section(
        "duplicates", "Duplicates", list(filter(None, sentences)), [figure], list(map(_told, numbers.stories))
    )


def _told(story: Story) -> Told:
    tellers = ", ".join(printable(name, 60) for name in story.told_by if name != NO_PROVIDER)
    first = "" if story.first_published_at is None else f"first on {story.first_published_at:%Y-%m-%d}"
    by = f" by {printable(story.first_published_by, 60)}" if first and story.first_published_by else ""
    about = [counted(story.copies, "copy", "copies"), counted(story.outlets, "outlet"), first + by, tellers]
    # Canonical URLs are http(s) by their making; a link must not depend on that.
    link = story.url if story.url.startswith(("https://", "http://")) else ""
    return Told(printable(story.title, _TITLE), link, " · ".join(filter(None, about)))


def _quarantine(report: Report) -> Iterator[Section]:
    status = report.status
    if status.snapshot is None:
        return
    if not status.quarantined and not any(version.files for version in report.quarantine):
        yield Section("quarantine", "Quarantine", ["It is empty."])
        return
    sentence = (
        f"{counted(status.quarantined, 'file')} could not become rows. A file counts for each kind of its errors."
    )
    figures = [_reasons(status)] if status.reasons else []
    figures += [_over_runs(report.quarantine)] if len(report.quarantine) > 1 else []
    places = Table(["Where", "Kind", "What to mend"], _places(status), title="The first file of each kind")
    yield Section("quarantine", "Quarantine", [sentence], figures, [], [places] if places.rows else [])


def _reasons(status: Status) -> Figure:
    listed = {reason.code: reason.files for reason in status.reasons[:15]}
    caption = "Files in quarantine now, by kind of error"
    if cut := _cut(len(listed), len(status.reasons), "kind", "of most files"):
        caption = f"{caption} ({cut.rstrip('.').lower()})"
    rows = [[reason.code, f"{reason.files:,}"] for reason in status.reasons]
    said = f"Bar chart: {counted(status.quarantined, 'file')} by kind of error, most first."
    return Figure("quarantine-now", caption, said, ranked(listed), Table(["Kind", "Files"], rows, {1}))


def _over_runs(versions: Sequence[QuarantineAt]) -> Figure:
    """Kinds of errors after each run: those of most files have a colour of their own."""
    totals: dict[str, int] = {}
    for version in versions:
        for code, files in version.reasons.items():
            totals[code] = totals.get(code, 0) + files
    kinds = sorted(totals, key=lambda code: (-totals[code], code))
    listed, rest = kinds[: COLOURS - 1], kinds[COLOURS - 1 :]
    names = [*listed, *([counted(len(rest), "other kind")] if rest else [])]
    columns = [[v.reasons.get(code, 0) for v in versions] for code in listed]
    columns += [[sum(v.reasons.get(code, 0) for code in rest) for v in versions]] if rest else []
    colours = _colours(len(listed), bool(rest))
    axis = Axis([v.published_at[5:16].replace("T", " ") for v in versions], "files", lambda n: counted(int(n), "file"))
    series = [Series(name, column) for name, column in zip(names, columns, strict=True)]
    rows = [
        [f"{v.published_at[:16].replace('T', ' ')}", str(v.snapshot), *(f"{n:,}" for n in numbers), f"{v.files:,}"]
        for v, numbers in zip(versions, zip(*columns, strict=True), strict=True)
    ]
    return Figure(
        name="quarantine-over-runs",
        caption="Files in quarantine after each run that published, by kind of error",
        said=f"Bar chart: kinds of errors in the last {counted(len(versions), 'snapshot')}.",
        drawings=stacked(axis, series, colours),
        table=Table(["Published, UTC", "Snapshot", *names, "All files"], rows[::-1], set(range(1, len(names) + 3))),
        legend=list(zip(colours, names, strict=True)),
    )


def _places(status: Status) -> list[list[str]]:
    return [
        [spell_place(one, status.sources), reason.code, spell_message(one.field, one.message, one.value)]
        for reason in status.reasons
        for one in [reason.example]
    ]


def _runs(runs: Sequence[RunNumbers], in_all: int) -> Iterator[Section]:
    if not runs:
        return
    stages = list(dict.fromkeys(stage for run in runs for stage in run.seconds))[:COLOURS]
    starts = [f"{run.started_at:%m-%d %H:%M}" for run in runs]
    columns = [Series(stage, [run.seconds.get(stage, 0.0) for run in runs]) for stage in stages]
    figure = Figure(
        name="run-durations",
        caption="Seconds by stage of each run",
        said=f"Bar chart: seconds by stage of the last {counted(len(runs), 'run')}.",
        drawings=stacked(Axis(starts, "seconds", spell_seconds), columns, list(range(len(stages)))),
        table=Table(["Start, UTC", *stages, "Whole run"], _durations(runs, stages), set(range(1, len(stages) + 2))),
        legend=list(enumerate(stages)),
    )
    columns_of_runs = ["Start, UTC", "Status", "Took", "New", "Changed", "Removed", "Quarantine", "Message"]
    history = Table(columns_of_runs, list(_history(runs)), {2, 3, 4, 5, 6}, "What they did")
    sentence = _cut(len(runs), in_all, "run", "are shown, newest last") or f"{counted(len(runs), 'run')} so far."
    yield Section("runs", "Runs", [sentence], [figure] if stages else [], [], [history])


def _durations(runs: Sequence[RunNumbers], stages: Iterable[str]) -> list[list[str]]:
    return [
        [f"{run.started_at:%Y-%m-%d %H:%M:%S}", *(f"{run.seconds.get(stage, 0.0):.2f}" for stage in stages)]
        + [f"{run.took:.2f}"]
        for run in reversed(runs)
    ]


def _history(runs: Sequence[RunNumbers]) -> Iterator[list[str]]:
    for run in reversed(runs):
        numbers: list[Any] = [run.new, run.changed, run.removed, run.quarantined]
        if run.status == "failed":
            numbers = [""] * 4
        yield [
            f"{run.started_at:%Y-%m-%d %H:%M:%S}",
            run.status,
            spell_seconds(run.took),
            *(f"{number:,}" if number != "" else "" for number in numbers),
            printable(" ".join(filter(None, [run.message, run.hint])), _MESSAGE),
        ]


def _tables(status: Status) -> Iterator[Section]:
    if status.tables:
        rows = [[name, f"{t.rows:,}", f"{t.files:,}", spell_size(t.bytes)] for name, t in status.tables.items()]
        yield Section("tables", "Tables", tables=[Table(["Table", "Rows", "Files", "Size"], rows, {1, 2, 3}, "Now")])


def _cut(shown: int, in_all: int, noun: str, which: str, plural: str = "") -> str:
    """What a list leaves out; empty where it leaves out nothing."""
    return f"The {shown:,} {which} of {counted(in_all, noun, plural)}." if shown < in_all else ""
