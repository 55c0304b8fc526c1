"""docs/tables.md, printed from the data contract: `python -m config.contract_docs`.

Belongs here: how tables, columns and rules are put into words. Does not belong here: what they are
(`config.contract`), and anything that the contract does not say.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final

import pyarrow as pa
from msgspec.structs import replace

from config.contract import TABLES, VERSION_COLUMNS, Contract, Table, load_contract
from config.contract_types import Column, Rules, SourcePath

_INTRODUCTION: Final = """\
# Tables

{tables} tables and, with a history, `article_versions`, published together as one snapshot under
`warehouse/current/<table>/`. Times are UTC. A type with `?` may be null; lists are never null, but may be empty. `[]`
in a name stands for the items of a list.

*From* is the front-matter field that a column is read from, the first present one where there are several;
columns without one are computed. A column marked *partition* stands in the folders' names, not in the files.
A value that breaks a rule puts its file into `quarantine`, except where the rule says *warning*: then the row
stays, and its `warnings` name the rule. Front matter with `{removed}: true` withdraws the article.

This page is printed by `python -m config.contract_docs` from the contract, version {version}; the meaning of each
column is in the metadata of the Parquet files, too.
"""
_HEADER: Final = ("column", "type", "from", "rules", "meaning")
_SHARED: Final = "\nThe other columns are those of `articles`{without}, with the same meaning.\n"
_WATCHED: Final = """
The other columns are watched ones of `articles`: those of the setting `history.columns`, by default
{names}. They are null (lists are empty) in rows from before they were watched.
"""
_TYPES: Final = {"timestamp[us, tz=UTC]": "timestamp", "bool": "boolean", "double": "float64"}


def tables_page(contract: Contract) -> str:
    """The text of docs/tables.md: every table of the contract with every column."""
    introduction = _INTRODUCTION.format(
        tables=len(contract.tables), removed=contract.removed_field, version=contract.version
    )
    sections = [_section(contract[name], contract["articles"]) for name in TABLES]
    return introduction + "".join([*sections, _versions(contract)])


def _versions(contract: Contract) -> str:
    """The table of the warehouses that keep a history: its own columns, and which of the articles it watches."""
    if contract.versions is None:
        return ""
    own = replace(contract.versions, columns=contract.versions.columns[: len(VERSION_COLUMNS)])
    return _section(own, contract["articles"]) + _WATCHED.format(names=", ".join(f"`{n}`" for n in contract.watched))


def _section(table: Table, articles: Table) -> str:
    own: Sequence[Column] = table.columns
    shared = ""
    if table.name == "duplicates":
        own = [column for column in table.columns if column not in articles.columns]
        shared = _SHARED.format(without=_absent(table, articles))
    return f"\n## {table.name}\n\n{table.description}\n\n{_markdown(_rows(own))}{shared}"


def _absent(table: Table, articles: Table) -> str:
    present = {column.name for column in table.columns}
    absent = [f"`{column.name}`" for column in articles.columns if column.name not in present]
    return f" (without {', '.join(absent)})" if absent else ""


def _markdown(rows: Iterable[Sequence[str]]) -> str:
    """A table without the columns that are empty in every row."""
    columns = [cells for cells in zip(_HEADER, *rows, strict=True) if any(cells[1:])]
    header, *body = zip(*columns, strict=True)
    lines = [header, ["---"] * len(header), *body]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _rows(columns: Iterable[Column], name: str = "", origin: str = "") -> Iterator[Sequence[str]]:
    """One row a column, each followed by the fields that it holds; `name` and `origin` lead to `columns`."""
    for column in columns:
        here = name + column.name
        sources = [origin + spelt.removeprefix(".") for spelt in map(_source, column.sources)]
        cells = (f"`{here}`", _type(column), _code(sources), "; ".join(_rules(column)), column.description)
        yield [cell.replace("|", "\\|") for cell in cells]
        source = sources[0] if sources else ""
        if column.item is not None:
            yield from _rows(column.item.fields, f"{here}[].", f"{source}[].")
        yield from _rows(column.fields, f"{here}.", f"{source}.")


def _source(path: SourcePath) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _code(texts: Iterable[str]) -> str:
    return ", ".join(f"`{text}`" for text in texts)


def _type(column: Column) -> str:
    nullable = not column.required and not pa.types.is_list(column.type)
    return _plain_type(column.type) + ("?" if nullable else "")


def _plain_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"list of {_plain_type(kind.value_type)}"
    return "struct" if pa.types.is_struct(kind) else _TYPES.get(str(kind), str(kind))


def _rules(column: Column) -> Iterator[str]:
    if column.partitioned:
        yield "*partition*"
    yield from _bounds(column.rules)
    if column.rules.is_url:
        yield "an absolute http(s) address"
    if column.rules.pattern is not None:
        yield f"matches `{column.rules.pattern}`"
    if column.rules.enum:
        yield f"one of {_code(column.rules.enum)}"
    if column.sentinels:
        quoted = [f'"{text}"' for text in sorted(column.sentinels)]
        yield f"null where it is {_code(quoted)}"
    if column.severity == "warning":
        yield "*warning*"
    elif column.type_severity == "warning":
        yield "*warning* for another type"


def _bounds(rules: Rules) -> Iterator[str]:
    ranges = (
        (rules.minimum, rules.maximum, ""),
        (rules.min_length, rules.max_length, " characters"),
        (rules.min_items, rules.max_items, " items"),
    )
    for low, high, unit in ranges:
        if low is not None and high is not None:
            yield f"{_bound(low)} to {_bound(high)}{unit}"
        elif low is not None:
            yield f"at least {_bound(low)}{unit}"
        elif high is not None:
            yield f"at most {_bound(high)}{unit}"


def _bound(value: float | datetime) -> str:
    return value.strftime("%Y-%m-%d") if isinstance(value, datetime) else f"{value:,}"


if __name__ == "__main__":
    sys.stdout.write(tables_page(load_contract()))
