"""From the documents of a batch to the table of its records, with the findings.

Belongs here: putting together the columns that front matter, body, path and bytes give. Does not
belong here: reading files (`batch`), single values (`casts`, `trees`) and rules (`tasks.validate`).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from config.contract_types import Column
from config.url_rules import UrlRules
from tasks.front_matter.document import Document
from tasks.front_matter.problems import Problem, excerpt, spell_path
from tasks.parse.identity import Identity, completeness, content_keys, identify, invalid_urls, related_ids
from tasks.parse.trees import Finding, Level, build_level
from tasks.tables.staging import FINDINGS

_TRUE: Final = frozenset({"true", "yes", "on"})
_INVALID_URL: Final = "expected an absolute address that starts with http:// or https://"


class Records(NamedTuple):
    """n records as a table (see `parsed_schema`), and what is wrong in which row (`FINDINGS`)."""

    table: pa.Table
    findings: pa.Table


def build_records(files: pa.Table, documents: list[Document], contract: Contract, rules: UrlRules) -> Records:
    """The records that n documents are.

    Args:
        files: (n,) rows with at least `source`, `source_path` and `source_hash`.
        documents: (n,) what was read; a document without a tree gives a row of nulls.
        contract: says which columns there are.
        rules: URL rules.

    Returns:
        One row a document, in order. Nothing is left out: rows with findings of severity `error`
        are for the validate stage to reject.
    """
    trees = [document.tree or {} for document in documents]
    level = build_level(contract.source_columns, trees)
    _check_urls(level, contract.source_columns, rules)
    _name_related(level, contract, rules)
    source, path = (_flat(files[name]) for name in ("source", "source_path"))
    identity = identify(level.columns, source, path, rules)
    columns = level.columns | _own_columns(documents, level, path) | identity._asdict()
    columns |= {
        "removed": pa.array([_says_removed(tree, contract.removed_field) for tree in trees], pa.bool_()),
        "content_key": content_keys(columns, len(trees)),
        "completeness": completeness(columns, contract.source_columns, len(trees)),
        "readable": pa.array([document.tree is not None for document in documents], pa.bool_()),
    }
    names = [name for name in (*contract["articles"].names, *_BESIDES) if name in columns]
    table = pa.table([columns[name] for name in names], names=names)
    return Records(table, _findings_table(documents, level.findings))


#: Columns of the staged table that no published table of records has.
_BESIDES: Final = ("alias_ids", "content_key", "completeness", "removed", "readable")


def _flat(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks()


def _own_columns(documents: list[Document], level: Level, path: pa.StringArray) -> dict[str, pa.Array]:
    """Columns that come from the file as a whole."""
    count = len(documents)
    return {
        "body": pa.array([d.body if d.body and not d.body.isspace() else None for d in documents], pa.string()),
        "extra": _json_column(level.extra, count),
        "repaired": _json_column(_originals(level), count),
        "collection": collections(path),
    }


def collections(paths: pa.StringArray) -> pa.StringArray:
    """The folder that says what a file is: the first that starts with `_`, else the first, else empty."""
    marked = pc.extract_regex(paths, r"^(?:[^_/][^/]*/)*?(?P<folder>_[^/]*)/").field("folder")
    first = pc.extract_regex(paths, r"^(?P<folder>[^/]+)/").field("folder")
    return pc.coalesce(marked, first, pa.scalar(""))


def _originals(level: Level) -> dict[int, dict[str, str]]:
    originals: dict[int, dict[str, str]] = {}
    for node, path, original in level.repaired:
        originals.setdefault(node, {})[spell_path(path)] = original
    return originals


def _json_column(values: dict[int, Any], length: int) -> pa.StringArray:
    texts: list[str | None] = [None] * length
    for row, value in values.items():
        texts[row] = msgspec.json.encode(value).decode()
    return pa.array(texts, pa.string())


def _says_removed(tree: dict[str, Any], field: str) -> bool:
    value = tree.get(field)
    return isinstance(value, str) and value.strip().lower() in _TRUE


def _check_urls(level: Level, columns: tuple[Column, ...], rules: UrlRules) -> None:
    """Report addresses that are none: of the records themselves and of the items in their lists."""
    for column in columns:
        if column.rules.is_url:
            texts = level.columns[column.name]
            for row in pc.indices_nonzero(invalid_urls(texts, rules)).to_pylist():
                _add_invalid_url(level, column, row, column.sources[0], texts[row].as_py())
        if column.item is not None and column.item.fields:
            _check_item_urls(level, column, rules)


def _check_item_urls(level: Level, column: Column, rules: UrlRules) -> None:
    assert column.item is not None
    lists = level.columns[column.name]
    for inner in column.item.fields:
        if inner.rules.is_url:
            texts = lists.values.field(inner.name)
            wrong = pc.indices_nonzero(invalid_urls(texts, rules))
            for index in wrong.to_pylist():
                row = pc.list_parent_indices(lists)[index].as_py()
                position = index - lists.offsets[row].as_py()
                path = (*column.sources[0], position, *inner.sources[0])
                _add_invalid_url(level, inner, row, path, texts[index].as_py())


def _add_invalid_url(level: Level, column: Column, row: int, path: Any, value: str) -> None:
    level.findings.append(Finding(row, path, "url/invalid", column.severity, _INVALID_URL, excerpt(value)))


def _name_related(level: Level, contract: Contract, rules: UrlRules) -> None:
    """Give each related entry the id that its address has."""
    column = next((c for c in contract.source_columns if c.name == "related"), None)
    lists = level.columns.get("related")
    if column is None or column.item is None or lists is None:
        return
    items = lists.values
    ids = related_ids(items, rules)
    arrays = [ids if f.name == "related_article_id" else items.field(f.name) for f in items.type]
    named = pa.StructArray.from_arrays(arrays, fields=list(items.type))
    level.columns["related"] = pa.ListArray.from_arrays(lists.offsets, named)


def _findings_table(documents: list[Document], findings: list[Finding]) -> pa.Table:
    rows = [_row_of_problem(i, p, "error") for i, d in enumerate(documents) for p in d.problems]
    rows += [_row_of_problem(i, p, "warning") for i, d in enumerate(documents) for p in d.warnings]
    for f in findings:
        path = msgspec.json.encode(f.path).decode()
        row = (f.node, path, f.code, spell_path(f.path), f.severity, f.message, f.value, None, None)
        rows.append(dict(zip(FINDINGS.names, row, strict=True)))
    return pa.Table.from_pylist(rows, FINDINGS)


def _row_of_problem(row: int, problem: Problem, severity: str) -> dict[str, Any]:
    place = (problem.line or None, problem.column or None)
    values = (row, None, problem.code, problem.field, severity, problem.message, problem.value, *place)
    return dict(zip(FINDINGS.names, values, strict=True))


__all__ = ["Identity", "Records", "build_records", "collections"]
