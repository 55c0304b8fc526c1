"""The contract for its readers: docs/tables.md for people, docs/contract/articles.odcs.yaml for tools.

Belongs here: how tables, columns and rules are put into words (`python -m config.contract_docs`), and how the
working contract becomes one that every published table keeps and that datacontract-cli and dbt can run
(`python -m config.contract_docs published`). Does not belong here: what the contract says (`config.contract`),
and the exports that those tools make of it.

The working contract says what presslake does with a value that breaks a rule; under `severity: warning` the row
stays. A rule of that kind is no promise to a consumer, so the published contract leaves it out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from msgspec.structs import replace

from config.contract import (
    PACKAGED,
    TABLES,
    VERSION_COLUMNS,
    VERSIONS,
    Contract,
    Table,
    contract_document,
    load_contract,
)
from config.contract_types import Column, Rules, SourcePath
from config.yaml_files import format_yaml

_INTRODUCTION: Final = """\
# Tables

{tables} tables and, with a history, `article_versions`, published together as one snapshot, a folder a table
(`presslake path` prints where). Times are UTC. A type with `?` may be null; lists are never null, but may be empty.
`[]` in a name stands for the items of a list.

*From* names the front-matter fields of a column in order of trust, of which the first that reads as its type counts;
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
_PUBLISHED: Final = """\
# What the published tables keep: the promises of config/articles.odcs.yaml to those who read them, without the rules
# that only warn. Printed by `make docs`; docs/consumers.md says how to test tables against it.
"""
#: What a promise can be broken by; under `severity: warning` such rows stay in the tables.
_CONSTRAINTS: Final = ("enum", "logicalTypeOptions")
#: Names of struct fields that datacontract-cli 1.2 writes into SQL without quotation marks.
_RESERVED: Final = frozenset({"column"})


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
    return _section(own, contract["articles"]) + _WATCHED.format(names=_code(contract.watched))


def _section(table: Table, articles: Table) -> str:
    own: Sequence[Column] = table.columns
    shared = ""
    if table.name == "duplicates":
        own = [column for column in table.columns if column not in articles.columns]
        present = {column.name for column in table.columns}
        absent = _code(column.name for column in articles.columns if column.name not in present)
        shared = _SHARED.format(without=f" (without {absent})" if absent else "")
    return f"\n## {table.name}\n\n{table.description}\n\n{_markdown(_rows(own))}{shared}"


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
        sources = [origin + path.removeprefix(".") for path in map(_source, column.sources)]
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
    if not column.sources:
        return
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


def published_contract(path: Path = PACKAGED) -> dict[str, Any]:
    """The contract at `path` as consumers test it.

    Without the table that not every warehouse has, rules that only warn, and service levels, which need a clock.
    64-bit integers are marked in a way that SQL tools understand.
    """
    contract: dict[str, Any] = contract_document(path)
    contract.pop("slaProperties", None)
    if rules := contract.pop("rules", None):  # ODCS has no such key
        contract["customProperties"] = [*contract.get("customProperties", []), {"property": "rules", "value": rules}]
    contract["schema"] = [table for table in contract["schema"] if table["name"] != VERSIONS]
    for table in contract["schema"]:
        for column in table["properties"]:
            for field in _fields(column):
                _promise(field)
    return contract


def published_page(path: Path = PACKAGED) -> str:
    """The text of docs/contract/articles.odcs.yaml."""
    return _PUBLISHED + format_yaml(published_contract(path), width=118)


def _fields(column: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A column and all fields within it."""
    yield column
    items = [column["items"]] if "items" in column else []
    for field in [*items, *column.get("properties", [])]:
        yield from _fields(field)


def _promise(field: dict[str, Any]) -> None:
    """Leave of one field's rules what holds for every row, in the form that others read."""
    ours = {entry["property"]: entry["value"] for entry in field.pop("customProperties", [])}
    if field.get("logicalTypeOptions", {}).get("format") == "i64":
        field["physicalType"] = "BIGINT"
    is_read = bool(field.get("transformSourceObjects"))
    default = "warning" if is_read and not field.get("required") else "error"
    if ours.get("severity", default) == "warning":
        for rule in _CONSTRAINTS:
            field.pop(rule, None)
    items = field.get("items", {})
    if _RESERVED & {inner["name"] for inner in items.get("properties", [])}:
        del field["items"]


if __name__ == "__main__":
    sys.stdout.write(published_page() if sys.argv[1:] == ["published"] else tables_page(load_contract()))
