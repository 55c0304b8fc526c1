"""The sections of the HTML report: sentences, charts, and tables that say the same.

Belongs here: numbers of `html_data`, `html_articles` and `status` turned into words, figures and rows. Does not
belong here: drawing (`html_charts`), and HTML (`page.html.j2`, which escapes every text).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

import msgspec

from tasks.report.html_articles import ArticleNumbers, Freshness, Months, Story
from tasks.report.html_charts import COLOURS, Axis, Figure, Series, Table, ranked, stacked
from tasks.report.html_data import QuarantineAt, Report
from tasks.report.outcome import Outcome
from tasks.report.status import Status
from tasks.report.words import (
    counted,
    format_location,
    format_message,
    format_seconds,
    format_size,
    join_counts,
    printable,
)

#: Longest message of a run, and name of a provider, in characters.
_MESSAGE: Final = 300
_NAME: Final = 60
#: How many topics, kinds of duplicates and kinds of errors are drawn.
_DRAWN: Final = 15
_UNTIMED: Final = "A run's own row is part of what it publishes, so these times end just before that."


class Section(msgspec.Struct, frozen=True):
    """One part of the page."""

    name: str
    title: str
    sentences: list[str] = []
    figures: list[Figure] = []
    stories: list[Story] = []
    tables: list[Table] = []


def sections(report: Report) -> Iterator[Section]:
    """The parts of the page below the state, in their order; a part without content is left out.

    Raises:
        UsageError: the charting library is not installed.
    """
    if report.articles is not None:
        yield from _article_sections(report.articles, report.made_at)
    yield from _quarantine_sections(report.status, report.quarantine)
    if report.runs:
        yield _run_section(report.runs, report.runs_in_all)
    if report.status.tables:
        sizes = report.status.tables.items()
        rows = [[name, f"{size.rows:,}", f"{size.files:,}", format_size(size.bytes)] for name, size in sizes]
        columns = ["Table", "Rows", "Files", "Size"]
        yield Section("tables", "Tables", tables=[Table(columns, rows, {1, 2, 3}, label="Tables of the snapshot")])


def _article_sections(numbers: ArticleNumbers, now: datetime) -> Iterator[Section]:
    """Articles by month, freshness, topics and duplicates; `now` is the time that ages count from."""
    if not numbers.articles:
        yield Section("articles", "Articles", ["There is none."])
        return
    if numbers.months.months:
        yield _months(numbers.months, numbers.articles)
    yield _freshness(numbers, now)
    if numbers.topics:
        yield _topics(numbers)
    yield _duplicates(numbers)


def _months(months: Months, articles: int) -> Section:
    names = [printable(name, _NAME) for name in months.providers]
    series = [Series(name, months.counts[number], number) for number, name in enumerate(names)]
    if months.others:
        series.append(Series(counted(months.others, "other provider"), months.counts[-1], COLOURS - 1))
    shown = articles - months.earlier - months.later
    first, last = months.months[0], months.months[-1]
    span = f"in {last}" if first == last else f"from {first} to {last}"
    figure = _stacked_figure(
        "articles-by-month",
        "Articles by month of publication and provider",
        f"Bar chart: {counted(shown, 'article')} {span}; the table below has the numbers.",
        Axis(months.months, "articles", lambda number: counted(int(number), "article")),
        series,
        {"Month, UTC": months.months},
        {"All": [sum(column) for column in zip(*months.counts, strict=True)]},
    )
    left = join_counts({"earlier": months.earlier, "later": months.later}, " and ")
    sentence = f"{counted(shown, 'article')} {span}" + (f"; {left} ones are not drawn." if left else ".")
    return Section("articles", "Articles", [sentence], [figure])


def _freshness(numbers: ArticleNumbers, now: datetime) -> Section:
    dated = [(one, one.newest) for one in numbers.freshness if one.newest is not None]
    ages = {one.provider: (now - newest).total_seconds() / 86_400 for one, newest in dated}
    rows = [_fresh_row(one, ages.get(one.provider)) for one in numbers.freshness]
    figure = Figure(
        "freshness",
        "Days since the newest article, by provider",
        f"Bar chart: days since the newest article of {counted(len(ages), 'provider')}, longest first.",
        ranked(ages, _days),
        Table(["Provider", "Newest article, UTC", "Age", "Articles"], rows, {2, 3}, {1}),
    )
    sentences = _sentences(_cut(len(rows), numbers.providers, "providers of most articles"))
    return Section("fresh", "Freshness", sentences, [figure] if ages else [])


def _fresh_row(one: Freshness, age: float | None) -> list[str]:
    newest = "" if one.newest is None else f"{one.newest:%Y-%m-%d %H:%M}"
    return [printable(one.provider, _NAME), newest, "" if age is None else _days(age), f"{one.articles:,}"]


def _days(days: float) -> str:
    return "today" if days < 1 else counted(int(days), "day")


def _topics(numbers: ArticleNumbers) -> Section:
    description = f"Bar chart: articles of {counted(len(numbers.topics), 'topic')}, most first."
    columns = ["Topic", "Articles"]
    figure = _counts_figure("articles-by-topic", "Articles by topic", description, columns, numbers.topics)
    without = f"{counted(numbers.without_topic, 'article')} without a topic." if numbers.without_topic else ""
    left = _cut(len(numbers.topics), numbers.topics_in_all, "topics of most articles")
    sentences = _sentences("An article counts once for each of its topics.", without, left)
    return Section("topics", "Topics", sentences, [figure])


def _duplicates(numbers: ArticleNumbers) -> Section:
    total = sum(numbers.duplicates.values())
    if not total:
        return Section("duplicates", "Duplicates", ["No file tells a story that another one tells, too."])
    description = f"Bar chart: {counted(total, 'duplicate')} by kind of match, most first."
    columns = ["Match", "Duplicates"]
    caption = "Duplicates by kind of match"
    figure = _counts_figure("duplicates-by-kind", caption, description, columns, numbers.duplicates)
    stories = counted(numbers.stories_in_all, "story", "stories")
    copies = f"{counted(total, 'file')} told again what others tell better, of {stories}."
    listed = _cut(len(numbers.stories), numbers.stories_in_all, "stories of most copies are listed")
    return Section("duplicates", "Duplicates", _sentences(copies, listed), [figure], numbers.stories)


def _quarantine_sections(status: Status, versions: Sequence[QuarantineAt]) -> Iterator[Section]:
    """The quarantine now and after each run (oldest first), where anything is published."""
    if status.snapshot is None:
        return
    if not status.quarantined and not any(version.files for version in versions):
        yield Section("quarantine", "Quarantine", ["It is empty."])
        return
    files = counted(status.quarantined, "file")
    sentences = _sentences(
        f"{files} could not become rows. A file counts for each kind of its errors.",
        _cut(min(_DRAWN, len(status.reasons)), len(status.reasons), "kinds of most files are drawn"),
    )
    figures = [_reasons(status)] if status.reasons else []
    figures += [_over_runs(versions)] if len(versions) > 1 else []
    rows = [
        [format_location(one, status.sources), reason.code, format_message(one.field, one.message, one.value)]
        for reason in status.reasons
        for one in [reason.example]
    ]
    table = Table(["Where", "Kind", "What to mend"], rows, unbroken={1}, title="The first file of each kind")
    yield Section("quarantine", "Quarantine", sentences, figures, [], [table] if rows else [])


def _reasons(status: Status) -> Figure:
    files = {reason.code: reason.files for reason in status.reasons}
    description = f"Bar chart: {counted(status.quarantined, 'file')} by kind of error, most first."
    caption = "Files in quarantine now, by kind of error"
    return _counts_figure("quarantine-now", caption, description, ["Kind", "Files"], files)


def _over_runs(versions: Sequence[QuarantineAt]) -> Figure:
    """Kinds of errors after each run: those of most files have a colour of their own."""
    totals: dict[str, int] = {}
    for version in versions:
        for code, files in version.reasons.items():
            totals[code] = totals.get(code, 0) + files
    kinds = sorted(totals, key=lambda code: (-totals[code], code))
    listed, rest = kinds[: COLOURS - 1], kinds[COLOURS - 1 :]
    series = [
        Series(code, [version.reasons.get(code, 0) for version in versions], colour)
        for colour, code in enumerate(listed)
    ]
    if rest:
        others = [sum(version.reasons.get(code, 0) for code in rest) for version in versions]
        series.append(Series(counted(len(rest), "other kind"), others, COLOURS - 1))
    times = [version.published_at[:16].replace("T", " ") for version in versions]
    return _stacked_figure(
        "quarantine-over-runs",
        "Files in quarantine after each run that published, by kind of error",
        f"Bar chart: kinds of errors in the last {counted(len(versions), 'snapshot')}.",
        Axis([time[5:] for time in times], "files", lambda number: counted(int(number), "file")),
        series,
        {"Published, UTC": times, "Snapshot": [str(version.snapshot) for version in versions]},
        {"All files": [version.files for version in versions]},
    )


def _run_section(runs: Sequence[Outcome], in_all: int) -> Section:
    """How long the last runs (oldest first, of `in_all`) took, and what they did."""
    stages = list(dict.fromkeys(stage for run in runs for stage in run.seconds))[:COLOURS]
    figure = _stacked_figure(
        "run-durations",
        "Seconds by stage of each run",
        f"Bar chart: seconds by stage of the last {counted(len(runs), 'run')}.",
        Axis([f"{run.start:%m-%d %H:%M}" for run in runs], "seconds", format_seconds, ",.2~f", 0.01),
        [Series(stage, [run.seconds.get(stage, 0.0) for run in runs], colour) for colour, stage in enumerate(stages)],
        {"Start, UTC": [f"{run.start:%Y-%m-%d %H:%M:%S}" for run in runs]},
        {"Whole run": [run.took for run in runs]},
        "{:.2f}",
    )
    columns = ["Start, UTC", "Status", "Took", "New", "Changed", "Removed", "Quarantine", "Message"]
    history = Table(columns, list(map(_run_row, reversed(runs))), {2, 3, 4, 5, 6}, {0, 1}, "What they did")
    shown = _cut(len(runs), in_all, "last runs") or f"{counted(len(runs), 'run')} so far."
    return Section("runs", "Runs", [f"{shown} {_UNTIMED}"], [figure] if stages else [], [], [history])


def _counts_figure(name: str, caption: str, description: str, columns: list[str], counts: Mapping[str, int]) -> Figure:
    """A chart of the first `_DRAWN` counts, and a table of all."""
    rows = [[printable(name, 80), f"{number:,}"] for name, number in counts.items()]
    drawn = dict(islice(counts.items(), _DRAWN))
    return Figure(name, caption, description, ranked(drawn), Table(columns, rows, {1}))


def _stacked_figure(
    name: str,
    caption: str,
    description: str,
    axis: Axis,
    series: Sequence[Series],
    leads: Mapping[str, Sequence[str]],
    totals: Mapping[str, Sequence[float]],
    form: str = "{:,}",
) -> Figure:
    """A stacked chart with its legend and a table, the last position first.

    Args:
        axis, series: see `stacked`.
        leads, totals: columns of the table before and after those of the series.
        form: of the numbers in the table.
    """
    header = [*leads, *(one.name for one in series), *totals]
    numbers = [map(form.format, values) for values in (*(one.values for one in series), *totals.values())]
    rows = [list(cells) for cells in zip(*leads.values(), *numbers, strict=True)]
    table = Table(header, rows[::-1], set(range(1, len(header))), {0})
    return Figure(name, caption, description, stacked(axis, series), table, list(series))


def _run_row(run: Outcome) -> list[str]:
    counts = [run.files.new, run.files.changed, run.files.removed, run.records.quarantined]
    # A failed run may not have come to counting.
    numbers = ["" if run.status == "failed" else f"{count:,}" for count in counts]
    message = printable(" ".join(filter(None, [run.message, run.hint])), _MESSAGE)
    return [f"{run.start:%Y-%m-%d %H:%M:%S}", run.status, format_seconds(run.took), *numbers, message]


def _cut(shown: int, in_all: int, what: str) -> str:
    """How much a list leaves out, such as `The 10 topics of most articles, of 90.`; empty where nothing."""
    return f"The {shown:,} {what}, of {in_all:,}." if shown < in_all else ""


def _sentences(*sentences: str) -> list[str]:
    return [sentence for sentence in sentences if sentence]
