"""`presslake status` and `presslake path`: what readers of a warehouse ask for.

Does not belong here: the numbers (`tasks.report.status`) and their layout (`tasks.report.terminal`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from config.errors import UsageError
from flows.commands.options import chosen_warehouse, print_json

STATUS_EXAMPLES: Final = """\
Examples:
  presslake status --warehouse warehouse
  presslake status --json | jq '.runs[0]'"""
PATH_EXAMPLES: Final = """\
Examples:
  cd "$(presslake path --warehouse warehouse)" && ls articles
  presslake path --json | jq .tables.articles
  duckdb -init <(presslake path --sql)"""


def status(*, warehouse: Path | None = None, config: Path | None = None, json: bool = False) -> None:
    """Show the tables, the last runs, and what is in quarantine and why.

    Args:
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
        json: Print one JSON object.
    """
    root = chosen_warehouse(warehouse, config)
    from tasks.report.status import read_status  # noqa: PLC0415

    state = read_status(root)
    if json:
        print_json(state)
        return
    from tasks.report.terminal import make_console, show_status  # noqa: PLC0415

    show_status(make_console(sys.stdout), state)


def path(*, warehouse: Path | None = None, config: Path | None = None, json: bool = False, sql: bool = False) -> None:
    """Print the folder of the current snapshot, which no later run changes.

    Readers resolve it once and then see one version of all tables, whatever is published meanwhile.

    Args:
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
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
