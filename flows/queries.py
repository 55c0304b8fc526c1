"""The example queries, answered: `python -m flows.queries docs/queries warehouse`.

Belongs here: running every SQL file of a folder with DuckDB on the views of one snapshot (as
`presslake path --sql` prints them), and showing question and answer in a terminal. Does not belong here:
anything a run needs. DuckDB is one reader of many (it comes with the extra `sql`), so nothing else in
presslake imports this module.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from rich import box
from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table
from rich.text import Text

from config.errors import PresslakeError, UsageError, WarehouseError
from tasks.report.status import views_sql

#: Widest line that is printed, in characters: fits a code block on a page.
WIDTH: Final = 110

_WHY: Final = "why a warehouse user asks this: "


class Query(NamedTuple):
    """One question: its two leading comments, and SQL that asks the views of the tables."""

    title: str
    why: str
    sql: str


class Answer(NamedTuple):
    """The answer of DuckDB: names of the columns, and rows of as many values."""

    columns: list[str]
    rows: list[tuple[Any, ...]]


def read_queries(folder: Path) -> list[Query]:
    """The queries of a folder, in the order of their file names.

    Raises:
        UsageError: the folder has no SQL file.
    """
    files = sorted(folder.glob("*.sql"))
    if not files:
        raise UsageError(f"{folder}: no queries here.", "Name a folder with .sql files.")
    return [parse_query(file.read_text(encoding="utf-8")) for file in files]


def parse_query(text: str) -> Query:
    """A query from the text of its file: first comment the title, second the reason, then the SQL."""
    lines = text.splitlines()
    comments = [line.removeprefix("--").strip() for line in lines[:2] if line.startswith("--")]
    title, why = (*comments, "", "")[:2]
    return Query(title, why.removeprefix(_WHY), "\n".join(lines[len(comments) :]).strip())


def answer(query: Query, views: str) -> Answer:
    """Run a query.

    Args:
        query: asks views by the names of the tables.
        views: SQL that makes them, see `tasks.report.status.views_sql`.

    Raises:
        UsageError: DuckDB is not installed, or cannot run the query.
        WarehouseError: a file of the tables cannot be read.
    """
    try:
        import duckdb  # noqa: PLC0415  (an extra; everything else works without it)
    except ImportError:
        raise UsageError("DuckDB is not installed.", "Install it: pip install 'presslake[sql]'.") from None
    try:
        with duckdb.connect() as connection:
            connection.execute(views)
            cursor = connection.execute(query.sql)
            return Answer([column[0] for column in cursor.description], cursor.fetchall())
    except duckdb.IOException as error:
        reason = str(error).splitlines()[0]
        raise WarehouseError(f"{query.title}: {reason}.", "Check the tables: presslake verify.") from None
    except duckdb.Error as error:
        raise UsageError(f"{query.title}: {error}.", "Correct the query.") from None


def show(query: Query, found: Answer, console: Console) -> None:
    """Print a question, its reason, its SQL and its answer, no line wider than the console."""
    console.print()
    console.rule(Text(query.title, style="bold"), align="left", characters="─")
    console.print(Text(f"{query.why[:1].upper()}{query.why[1:]}."), end="\n\n")
    console.print(Syntax("", "sql", background_color="default").highlight(query.sql))
    table = Table(box=box.ROUNDED, header_style="bold")
    for name, values in zip(found.columns, _transposed(found), strict=True):
        is_number = any(isinstance(value, int | float) for value in values)
        table.add_column(name, justify="right" if is_number else "left", overflow="fold")
    for row in found.rows:
        # Text: a title may hold square brackets, which would be markup.
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    console.print(table)


def _transposed(found: Answer) -> Iterator[list[Any]]:
    return ([row[place] for row in found.rows] for place in range(len(found.columns)))


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer every query of a folder; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m flows.queries", description="Answer the example queries.")
    parser.add_argument("queries", type=Path, help="folder of .sql files")
    parser.add_argument("warehouse", type=Path, help="folder of the warehouse")
    chosen = parser.parse_args(arguments)
    console = Console(width=WIDTH)
    try:
        queries = read_queries(chosen.queries)
        views = views_sql(chosen.warehouse)
        for query in queries:
            show(query, answer(query, views), console)
    except PresslakeError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
