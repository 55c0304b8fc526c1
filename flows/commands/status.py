"""`presslake status`, `path`, `explain` and `report`: what a warehouse says of itself.

Does not belong here: the numbers, the page, and how they look (`tasks.report`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from config.errors import UsageError
from flows.commands.options import ConfigFile, Json, WarehousePath, chosen_warehouse, print_json

STATUS_EXAMPLES: Final = """\
Examples:
  presslake status --warehouse warehouse
  presslake status --json | jq '.runs[0]'"""
PATH_EXAMPLES: Final = """\
Examples:
  cd "$(presslake path --warehouse warehouse)" && ls articles
  presslake path --json | jq .tables.articles
  duckdb -init <(presslake path --sql)"""
EXPLAIN_EXAMPLES: Final = """\
Examples:
  presslake explain _news/2026-03-02-night-ferry.md --warehouse warehouse
  presslake explain https://example.com/night-ferry
  presslake explain 0f3c… --json | jq '.files[0].cluster'"""
REPORT_EXAMPLES: Final = """\
Examples:
  presslake report --warehouse warehouse
  presslake report --warehouse warehouse -o /srv/www/presslake.html

The page loads nothing and runs no script. It needs: pip install 'presslake[report]'."""


def status(*, warehouse: WarehousePath = None, config: ConfigFile = None, json: Json = False) -> None:
    """Show the tables, the last runs, and what is in quarantine and why."""
    root = chosen_warehouse(warehouse, config)
    from tasks.report.status import read_status  # noqa: PLC0415

    state = read_status(root)
    if json:
        print_json(state)
        return
    from tasks.report.terminal import make_console, show_status  # noqa: PLC0415

    show_status(make_console(sys.stdout), state)


def path(*, warehouse: WarehousePath = None, config: ConfigFile = None, json: bool = False, sql: bool = False) -> None:
    """Print the folder of the current snapshot, which no later run changes.

    Readers resolve it once and then see one version of all tables, whatever is published meanwhile.

    Args:
        json: Print one JSON object, with the folder of each table.
        sql: Print SQL for DuckDB instead, a view for each table.

    Raises:
        UsageError: both --json and --sql are given.
    """
    if json and sql:
        raise UsageError("--json and --sql exclude each other.", "Give one of them.")
    root = chosen_warehouse(warehouse, config)
    from tasks.report.status import published_tables, views_sql  # noqa: PLC0415

    if sql:
        sys.stdout.write(views_sql(root))
    elif json:
        print_json(published_tables(root))
    else:
        sys.stdout.write(f"{published_tables(root).path}\n")


def explain(subject: str, /, *, warehouse: WarehousePath = None, config: ConfigFile = None, json: Json = False) -> None:
    """Show what is known of a file or article: status, findings, and why which records are one story.

    Args:
        subject: An article_id, a URL, or a path as its source has it.
    """
    root = chosen_warehouse(warehouse, config)
    from tasks.report.explain import explain as explained  # noqa: PLC0415
    from tasks.report.explain import format_explanation  # noqa: PLC0415

    known = explained(root, subject, _ids(subject, config))
    if json:
        print_json({"files": known})
        return
    sys.stdout.write("\n\n".join(format_explanation(file) for file in known) + "\n")


def _ids(subject: str, config: Path | None) -> list[str]:
    """The article id of a URL under the settings' URL rules; none for other subjects."""
    import pyarrow as pa  # noqa: PLC0415

    from config.settings import load_settings  # noqa: PLC0415
    from config.url_rules import load_url_rules  # noqa: PLC0415
    from tasks.parse.urls import article_ids, canonical_urls  # noqa: PLC0415

    rules = load_url_rules(load_settings(config).contract.url_rules)
    keys = canonical_urls(pa.array([subject], pa.string()), rules).key
    return [article_id for article_id in article_ids(keys).to_pylist() if article_id]


def report(
    *,
    warehouse: WarehousePath = None,
    output: Annotated[Path, Parameter(name=["--output", "-o"])] = Path("report.html"),
    config: ConfigFile = None,
) -> None:
    """Write an HTML page that shows how it goes: last run, quarantine, freshness, and charts.

    Args:
        output: The file to write, report.html by default; one of that name is replaced in one step.
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
