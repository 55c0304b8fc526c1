"""The example queries, answered: `python -m flows.queries docs/queries warehouse`.

Belongs here: running every SQL file of a folder with DuckDB on the views of one snapshot (as
`presslake path --sql` prints them), and showing question and answer in a terminal. Does not belong here:
anything a run needs. DuckDB is one reader of many (it comes with the extra `sql`), so nothing else in
presslake imports this module.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from config.errors import PresslakeError, UsageError, WarehouseError
from tasks.report.status import views_sql

#: Widest line that is printed, in characters: fits a code block on a page. Rows are never left out.
WIDTH: Final = 110
_ALL_ROWS: Final = 10_000

_WHY: Final = "why a warehouse user asks this: "


def parse_query(text: str) -> tuple[str, str, str]:
    """Title, reason and SQL of a query, from the text of its file: two leading comments come first."""
    lines = text.splitlines()
    comments = [line.removeprefix("--").strip() for line in lines[:2] if line.startswith("--")]
    title, why = (*comments, "", "")[:2]
    return title, why.removeprefix(_WHY), "\n".join(lines[len(comments) :]).strip()


def answer(text: str, views: str) -> None:
    """Print a question, its reason, its SQL, and DuckDB's answer, no line wider than `WIDTH`.

    Args:
        text: of the query's file; the SQL asks views by the names of the tables.
        views: SQL that makes them, see `tasks.report.status.views_sql`.

    Raises:
        UsageError: DuckDB is not installed, or cannot run the query.
        WarehouseError: a file of the tables cannot be read.
    """
    try:
        import duckdb  # noqa: PLC0415  (an extra; everything else works without it)
    except ImportError:
        raise UsageError("DuckDB is not installed.", "Install it: pip install 'presslake[sql]'.") from None
    title, why, sql = parse_query(text)
    sys.stdout.write(f"\n{f'{title} '.ljust(WIDTH, '─')}\n{why[:1].upper()}{why[1:]}.\n\n{sql}\n\n")
    try:
        with duckdb.connect() as connection:
            connection.execute(views)
            connection.sql(sql).show(max_width=WIDTH, max_rows=_ALL_ROWS, null_value="")
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0]
        raise WarehouseError(f"{title}: {reason}.", "Check the tables: presslake verify.") from None
    except duckdb.Error as error:
        raise UsageError(f"{title}: {error}.", "Correct the query.") from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer every query of a folder, in the order of the file names; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.queries", description="Answer the example queries.")
    parser.add_argument("queries", type=Path, help="folder of .sql files")
    parser.add_argument("warehouse", type=Path, help="folder of the warehouse")
    chosen = parser.parse_args(arguments)
    try:
        files = sorted(chosen.queries.glob("*.sql"))
        if not files:
            raise UsageError(f"{chosen.queries}: no queries here.", "Name a folder with .sql files.")
        views = views_sql(chosen.warehouse)
        for file in files:
            answer(file.read_text(encoding="utf-8"), views)
    except PresslakeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
