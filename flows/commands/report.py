"""`presslake report`: the state of a warehouse as one HTML page.

Does not belong here: its numbers (`tasks.report.html_data`) and the page (`tasks.report.html_page`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from config.errors import UsageError
from flows.commands.options import chosen_warehouse

REPORT_EXAMPLES: Final = """\
Examples:
  presslake report --warehouse warehouse
  presslake report --warehouse warehouse -o /srv/www/presslake.html

The page loads nothing and runs no script. It needs: pip install 'presslake[report]'."""


def report(
    *,
    warehouse: Path | None = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("report.html"),
    config: Path | None = None,
) -> None:
    """Write an HTML page that shows how it goes: last run, quarantine, freshness, and charts.

    Args:
        warehouse: Folder of the tables; by default that of the settings.
        output: The file to write, report.html by default; one of that name is replaced in one step.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
    """
    root = chosen_warehouse(warehouse, config)
    _require_apart(output, root)
    from tasks.report.html_data import read_report  # noqa: PLC0415
    from tasks.report.html_page import render_page, write_page  # noqa: PLC0415
    from tasks.report.words import format_size, near, printable  # noqa: PLC0415

    page = render_page(read_report(root))
    write_page(output, page)
    sys.stdout.write(f"{printable(near(str(output)))}: {format_size(len(page.encode(errors='replace')))}\n")


def _require_apart(output: Path, warehouse: Path) -> None:
    """Refuse a place where the page would not be a file of its own.

    Raises:
        UsageError: it is a folder, or lies among the tables.
    """
    if output.is_dir():
        raise UsageError(f"{output} is a folder.", f"Name a file: -o {output / 'report.html'}")
    if output.resolve().is_relative_to((warehouse / "snapshots").resolve()):
        raise UsageError(f"{output} lies among the tables.", "Name a file elsewhere: readers would read it along.")
