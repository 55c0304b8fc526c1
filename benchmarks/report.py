"""The report `docs/benchmarks.md`: tables, goals, and where a peer is better.

Belongs here: text made from results. Does not belong here: measuring, judging (`goals`), the plot (`plot`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from benchmarks.goals import TITLES, better_peers, row_of, verdicts
from benchmarks.parts import Row
from benchmarks.results import Part, Results
from benchmarks.subjects import PRESSLAKE

_INTRODUCTION: Final = """\
# Benchmarks

Made by `make bench` from `benchmarks/results.json`; do not edit. Each program runs in a fresh process, in turn with
the others (A B A B), on the same generated files, which were read once before. **Time** is wall-clock, **CPU** is
user and system seconds of all its processes, both medians; **memory** is the most that all its processes held
together (proportional set size), seen four times a second, in short runs twenty times in a run of its own. Every run
must give exactly the counts in the tables, or there is no report.

![Time and CPU seconds by program](benchmarks.svg)
"""

_ABOUT: Final = {
    "start": """\
Fresh processes, no Prefect server: what a look at a few files costs. `presslake` is `presslake run` into an empty
place.""",
    "full": """\
Files to Parquet, into an empty place. presslake also holds every file against the contract, repairs text, finds
duplicates by canonical URL and content, keeps broken files with their reasons, records lineage, and waits for the disk
(`fsync`). The peers drop rows with an address that is spelled exactly like an earlier one (dlt: only the same path),
load half of the kinds of broken files as if they were good, and forget the rest.""",
    "read": """\
Files to Arrow files, nothing more. presslake's rows are validated. `yaml-rs + msgspec + Arrow` is the lower bound: the
fastest YAML library for Python, without checks; it reads a quoted `"2021-05-11"` as a date, so it is not an option.
`CSafeLoader + Arrow` is the usual way.""",
    "unchanged": """\
The same command again. presslake runs without Prefect here, as it does by hand; `find` lists path, size and time of
every file and is what any incremental loader has to do at least. dlt notices newer files only, no removed ones.""",
    "changed": """\
Some files have another excerpt than before, other files each time; then the same command again. The files are spread
over all years, so most files of `articles` have a changed row and are written again, whole; the others are kept.
dlt's warehouse, a DuckDB file, changes rows in place.""",
    "scale": """\
presslake's full load at several sizes, once each; its memory was looked at during the run.""",
}


def render(results: Results) -> str:
    """The whole page."""
    sections = [
        _INTRODUCTION,
        *(_goals(results)),
        *(_section(name, results[name]) for name in TITLES if name in results),
    ]
    return "\n".join([*sections, _better(results), _places(results)])


def _goals(results: Results) -> Iterator[str]:
    lines = [f"| {v.goal} | {v.limit} | {v.measured} | {'yes' if v.holds else '**no**'} |" for v in verdicts(results)]
    if lines:
        yield "## Goals\n"
        yield from _table(("presslake's", "goal", "measured", "reached"), "lrrl", lines)
        yield ""


def _section(name: str, part: Part) -> str:
    first = part.rows[0]
    size = "" if name == "scale" else f" {first.files:,} files, {first.bytes / 1e6:,.0f} MB."
    head = ("program", "time, s", "CPU, s", "memory, MiB", "files/s", "time ÷ presslake's", "counts")
    rows = part.rows
    if name == "scale":
        head, lines = ("files", *head[1:5], "MB/s", "counts"), [_scale_line(row) for row in rows]
    else:
        ours = row_of(part, PRESSLAKE)
        lines = [_line(row, ours or row) for row in rows]
    runs = f"Medians of {first.runs} runs" if first.runs > 1 else "One run"
    return "\n".join(
        [f"## {TITLES[name]}\n", f"{_ABOUT[name]}{size}\n", *_table(head, "lrrrrrl", lines), f"\n{runs}; {part.day}.\n"]
    )


def _line(row: Row, ours: Row) -> str:
    cells = [f"**{row.subject}**" if row.subject == PRESSLAKE.name else row.subject, *_costs(row)]
    return _cells([*cells, f"{row.wall / ours.wall:.2f}×", _counts(row)])


def _scale_line(row: Row) -> str:
    return _cells([f"{row.files:,}", *_costs(row), f"{row.bytes / 1e6 / row.wall:,.1f}", _counts(row)])


def _costs(row: Row) -> list[str]:
    return [
        f"{row.wall:,.2f}",
        f"{row.cpu:,.2f}",
        f"{row.peak / 2**20:,.0f}" if row.peak else "–",
        f"{row.files / row.wall:,.0f}",
    ]


def _counts(row: Row) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in row.counts.items())


def _better(results: Results) -> str:
    compared = {name: part for name, part in results.items() if name != "start"}
    lines = [f"- {TITLES[name]}: {sentence}." for name, part in compared.items() for sentence in better_peers(part)]
    text = "\n".join(lines) or "In none of these measurements."
    return f"## Where a peer is better\n\n{text}\n"


def _places(results: Results) -> str:
    """Machines and versions, each with the parts that were measured there."""
    parts: dict[str, list[str]] = {}
    for name, part in results.items():
        parts.setdefault(f"{part.machine}; {part.versions}", []).append(TITLES[name])
    lines = [f"- {', '.join(titles)}: {place}." for place, titles in parts.items()]
    return "\n".join(["## Machine and versions\n", *lines, ""])


def _table(head: Sequence[str], alignment: str, lines: Iterable[str]) -> list[str]:
    rule = "|" + "|".join("---:" if side == "r" else "---" for side in alignment[: len(head)]) + "|"
    return [_cells(head), rule, *lines]


def _cells(texts: Sequence[str]) -> str:
    return f"| {' | '.join(texts)} |"
