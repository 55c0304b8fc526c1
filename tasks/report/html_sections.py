"""The sections of the HTML report, in their order.

Belongs here: which there are. Does not belong here: what they say (`html_article_sections`,
`html_run_sections`) but for the list of tables.
"""

from __future__ import annotations

from collections.abc import Iterator

from tasks.report.html_article_sections import article_sections
from tasks.report.html_data import Report
from tasks.report.html_run_sections import quarantine_sections, run_sections
from tasks.report.html_shapes import Section, Table
from tasks.report.status import Status
from tasks.report.words import spell_size


def sections(report: Report) -> Iterator[Section]:
    """The parts of the page below the state; a part without anything to say is left out.

    Raises:
        UsageError: the charting library is not installed.
    """
    if report.articles is not None:
        yield from article_sections(report.articles, report.made_at)
    yield from quarantine_sections(report.status, report.quarantine)
    yield from run_sections(report.runs, report.runs_in_all)
    if report.status.tables:
        yield Section("tables", "Tables", tables=[_tables(report.status)])


def _tables(status: Status) -> Table:
    rows = [[name, f"{t.rows:,}", f"{t.files:,}", spell_size(t.bytes)] for name, t in status.tables.items()]
    return Table(["Table", "Rows", "Files", "Size"], rows, {1, 2, 3}, label="Tables of the snapshot")
