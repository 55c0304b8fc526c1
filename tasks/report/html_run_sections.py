"""What the HTML report says of runs and the quarantine: sentences, charts, and tables that say the same.

Belongs here: numbers of `html_history` and `status` turned into words, figures and rows. Does not
belong here: articles (`html_article_sections`), drawing (`html_charts`), and HTML (`page.html.j2`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from tasks.report.html_charts import COLOURS, Axis, Series, ranked, stacked
from tasks.report.html_history import QuarantineAt, RunNumbers
from tasks.report.html_shapes import Figure, Section, Table, colours, cut
from tasks.report.status import Status
from tasks.report.words import counted, printable, spell_message, spell_place, spell_seconds

#: Longest message of a run, in characters, and most kinds of errors that are drawn.
_MESSAGE: Final = 300
_KINDS: Final = 15
_UNTIMED: Final = "A run's own row is part of what it publishes, so these times end just before that."


def quarantine_sections(status: Status, versions: Sequence[QuarantineAt]) -> Iterator[Section]:
    """The quarantine now and after each run, where anything is published.

    Args:
        status: has its reasons as they are now.
        versions: oldest first.

    Raises:
        UsageError: the charting library is not installed.
    """
    if status.snapshot is None:
        return
    if not status.quarantined and not any(version.files for version in versions):
        yield Section("quarantine", "Quarantine", ["It is empty."])
        return
    sentence = (
        f"{counted(status.quarantined, 'file')} could not become rows. A file counts for each kind of its errors."
    )
    sentences = [
        sentence,
        cut(min(_KINDS, len(status.reasons)), len(status.reasons), "kinds of most files are drawn"),
    ]
    figures = [_reasons(status)] if status.reasons else []
    figures += [_over_runs(versions)] if len(versions) > 1 else []
    places = Table(
        ["Where", "Kind", "What to mend"], _places(status), unbroken={1}, title="The first file of each kind"
    )
    yield Section(
        "quarantine", "Quarantine", list(filter(None, sentences)), figures, [], [places] if places.rows else []
    )


def _reasons(status: Status) -> Figure:
    listed = {reason.code: reason.files for reason in status.reasons[:_KINDS]}
    caption = "Files in quarantine now, by kind of error"
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
    shades = colours(len(listed), bool(rest))
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
        drawings=stacked(axis, series, shades),
        table=Table(
            ["Published, UTC", "Snapshot", *names, "All files"], rows[::-1], set(range(1, len(names) + 3)), {0}
        ),
        legend=list(zip(shades, names, strict=True)),
    )


def _places(status: Status) -> list[list[str]]:
    return [
        [spell_place(one, status.sources), reason.code, spell_message(one.field, one.message, one.value)]
        for reason in status.reasons
        for one in [reason.example]
    ]


def run_sections(runs: Sequence[RunNumbers], in_all: int) -> Iterator[Section]:
    """How long runs took and what they did, where there were any.

    Args:
        runs: the last ones, oldest first.
        in_all: how many are known.

    Raises:
        UsageError: the charting library is not installed.
    """
    if not runs:
        return
    stages = list(dict.fromkeys(stage for run in runs for stage in run.seconds))[:COLOURS]
    starts = [f"{run.started_at:%m-%d %H:%M}" for run in runs]
    columns = [Series(stage, [run.seconds.get(stage, 0.0) for run in runs]) for stage in stages]
    axis = Axis(starts, "seconds", spell_seconds, ",.2~f", 0.01)
    figure = Figure(
        name="run-durations",
        caption="Seconds by stage of each run",
        said=f"Bar chart: seconds by stage of the last {counted(len(runs), 'run')}.",
        drawings=stacked(axis, columns, list(range(len(stages)))),
        table=Table(
            ["Start, UTC", *stages, "Whole run"], _durations(runs, stages), set(range(1, len(stages) + 2)), {0}
        ),
        legend=list(enumerate(stages)),
    )
    columns_of_runs = ["Start, UTC", "Status", "Took", "New", "Changed", "Removed", "Quarantine", "Message"]
    history = Table(columns_of_runs, list(_history(runs)), {2, 3, 4, 5, 6}, {0, 1}, "What they did")
    shown = cut(len(runs), in_all, "last runs") or f"{counted(len(runs), 'run')} so far."
    yield Section("runs", "Runs", [f"{shown} {_UNTIMED}"], [figure] if stages else [], [], [history])


def _durations(runs: Sequence[RunNumbers], stages: Iterable[str]) -> list[list[str]]:
    return [
        [f"{run.started_at:%Y-%m-%d %H:%M:%S}", *(f"{run.seconds.get(stage, 0.0):.2f}" for stage in stages), whole]
        for run in reversed(runs)
        for whole in [f"{run.took:.2f}"]
    ]


def _history(runs: Sequence[RunNumbers]) -> Iterator[list[str]]:
    for run in reversed(runs):
        counts = [run.new, run.changed, run.removed, run.quarantined]
        # A failed run may not have come to counting.
        numbers = ["" if run.status == "failed" else f"{count:,}" for count in counts]
        message = printable(" ".join(filter(None, [run.message, run.hint])), _MESSAGE)
        yield [f"{run.started_at:%Y-%m-%d %H:%M:%S}", run.status, spell_seconds(run.took), *numbers, message]
