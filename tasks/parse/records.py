"""From the documents of a batch to the table of its records, with the findings.

Belongs here: putting together the columns that come from front matter, body, path and bytes. Does not
belong here: reading files (`batch`), single values (`casts`, `trees`) and rules (`tasks.validate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from config.contract_types import Column
from config.url_rules import UrlRules
from tasks.arrow.columns import whole
from tasks.arrow.nested import format_json_path, read_path, walk
from tasks.arrow.schemas import FINDINGS
from tasks.arrow.texts import normal_text, word_counts
from tasks.front_matter.document import Document
from tasks.front_matter.findings import Problem, excerpt, format_path
from tasks.parse.derive import derive
from tasks.parse.identity import Features, completeness, content_keys, features, identify, related_ids
from tasks.parse.levels import Finding, Level
from tasks.parse.times import read_time
from tasks.parse.trees import build_level
from tasks.parse.urls import canonical_urls, invalid_urls

#: Words that withdraw an article, and that do not.
_REMOVED: Final = frozenset({"true", "yes", "on", "y", "t", "1"})
_KEPT: Final = frozenset({"", "false", "no", "off", "n", "f", "0"})
_INVALID_URL: Final = "expected an absolute address that starts with http:// or https://"


class Records(NamedTuple):
    """n records as a table, and their findings by row (`FINDINGS`)."""

    table: pa.Table
    findings: pa.Table


def build_records(
    files: pa.Table, documents: list[Document], contract: Contract, rules: UrlRules, base_url: str | None = None
) -> Records:
    """The records of n documents.

    Args:
        files: (n,) rows with at least `source`, `source_path` and `source_hash`.
        documents: (n,) documents; one without a tree gives a row of nulls.
        contract: says which columns there are.
        rules: URL rules.
        base_url: address of the site, before permalinks.

    Returns:
        One row a document, in order. Nothing is left out: rows with findings of severity `error`
        are for the validate stage to reject.
    """
    trees = [document.tree or {} for document in documents]
    level = build_level(contract.source_columns, trees)
    _check_urls(level, contract.source_columns, rules)
    _name_related(level, rules)
    source, path = (whole(files[name]) for name in ("source", "source_path"))
    level.columns.update(derive(level.columns, documents, path.to_pylist(), contract.source_columns))
    identity = identify(level.columns, source, path, rules)
    columns = level.columns | _own_columns(documents, level, path) | identity._asdict()
    title, excerpt = (_normal(columns, name, len(trees)) for name in ("title", "excerpt"))
    columns |= features(columns, title, excerpt, identity.url)._asdict()
    if base_url:  # Only now: an address that is made from a permalink is no evidence of anything.
        columns |= _addressed(columns, base_url, rules)
    columns |= {
        "outlet_name": pc.coalesce(columns.get("provider_name", columns["outlet"]), columns["outlet"]),
        "word_count": word_counts(columns["body"]),
        "removed": _removed(level, trees, contract.removed_field),
        "content_key": content_keys(columns, title, excerpt),
        "completeness": completeness(columns, contract.source_columns, len(trees)),
        "readable": pa.array([document.tree is not None for document in documents], pa.bool_()),
        "read_from": _json_column({row: list(paths.items()) for row, paths in level.chosen.items()}, len(trees)),
    }
    # Deduplication compares languages, also where a contract has no such column.
    columns.setdefault("language", pa.nulls(len(trees), pa.string()))
    names = [name for name in dict.fromkeys((*contract.record_schema.names, *_BESIDES)) if name in columns]
    table = pa.table([columns[name] for name in names], names=names)
    return Records(table, findings_table(documents, level.findings))


#: Columns of the staged table that no published table of records has. `read_from` has, for columns with several
#: sources, the first path and the one that was read, where that is another: JSON pairs, null where there are none.
_BESIDES: Final = (
    "alias_ids",
    "page_key",
    "language",
    "content_key",
    *Features._fields,
    "completeness",
    "removed",
    "readable",
    "read_from",
)


def _addressed(columns: dict[str, pa.Array], base_url: str, rules: UrlRules) -> dict[str, pa.Array]:
    """`url` and `derived` with the address of the site before the permalink where an article states no address."""
    if "permalink" not in columns:
        return {}
    below = pc.utf8_ltrim(columns["permalink"], "/")
    made = canonical_urls(pc.binary_join_element_wise(base_url.rstrip("/"), below, "/"), rules).url
    is_made = pc.and_(pc.is_null(columns["url"]), pc.is_valid(made)).to_pylist()
    derived = [
        sorted([*names, "url: permalink"]) if new else names
        for names, new in zip(columns["derived"].to_pylist(), is_made, strict=True)
    ]
    return {
        "url": pc.coalesce(columns["url"], made),
        "derived": pa.array(derived, columns["derived"].type),
    }


def _normal(columns: dict[str, pa.Array], name: str, length: int) -> pa.StringArray:
    return normal_text(columns[name]) if name in columns else pa.nulls(length, pa.string())


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
    """The folder that names a file's collection: the first that starts with `_`, else the first, else empty.

    Args:
        paths: (n,) paths within the source; `./` in front, which marks a percent-encoded path, is no folder.
    """
    paths = pc.replace_substring_regex(paths, r"^(\./)+", "")
    marked = pc.struct_field(pc.extract_regex(paths, r"^(?:[^_/][^/]*/)*?(?P<folder>_[^/]*)/"), "folder")
    first = pc.struct_field(pc.extract_regex(paths, r"^(?P<folder>[^/]+)/"), "folder")
    return pc.coalesce(marked, first, pa.scalar(""))


def _originals(level: Level) -> dict[int, dict[str, str]]:
    originals: dict[int, dict[str, str]] = {}
    for node, path, original in level.repaired:
        # Of a divided text the whole one, which comes before its items.
        originals.setdefault(node, {}).setdefault(format_path(path), original)
    return originals


def _json_column(values: dict[int, Any], length: int) -> pa.StringArray:
    texts: list[str | None] = [None] * length
    for row, value in values.items():
        texts[row] = msgspec.json.encode(value).decode()
    return pa.array(texts, pa.string())


def _removed(level: Level, trees: Sequence[dict[str, Any]], field: str) -> pa.BooleanArray:
    """(n,) whether a file is withdrawn: it says so, or the time of it. What says neither is a finding."""
    says = []
    for row, tree in enumerate(trees):
        value = tree.get(field)
        word = value.strip().lower() if isinstance(value, str) else "" if value is None else None
        is_removed = word in _REMOVED or (bool(word) and word not in _KEPT and read_time(str(word)).moment is not None)
        if not is_removed and word not in _KEPT:
            message, text = "expected true or false, or the date of the withdrawal", excerpt(str(value)) if word else ""
            level.findings.append(Finding(row, (field,), "field/type", "warning", message, text))
        says.append(is_removed)
    return pa.array(says, pa.bool_())


def _check_urls(level: Level, columns: tuple[Column, ...], rules: UrlRules) -> None:
    """Report texts that are no addresses where one should be, at every depth."""
    for values in walk(columns, level.columns):
        column = values.column
        if column.rules.is_url:
            wrong = values.where(invalid_urls(values.array, rules))
            for index, text in zip(wrong.to_pylist(), values.take(wrong).to_pylist(), strict=True):
                node, path = values.position(index)
                path = read_path(path, level.chosen.get(node, {}))
                level.findings.append(Finding(node, path, "url/invalid", column.severity, _INVALID_URL, excerpt(text)))


def _name_related(level: Level, rules: UrlRules) -> None:
    """Give each related entry the id that its address has."""
    lists = level.columns.get("related")
    if lists is None:
        return
    items = lists.flatten()
    recur = pa.types.is_dictionary(items.type)
    distinct = items.dictionary if recur else items
    ids = related_ids(distinct, rules)
    arrays = [ids if f.name == "related_article_id" else distinct.field(f.name) for f in distinct.type]
    named = pa.StructArray.from_arrays(arrays, fields=list(distinct.type), mask=pc.is_null(distinct))
    named = pa.DictionaryArray.from_arrays(items.indices, named) if recur else named
    level.columns["related"] = pa.ListArray.from_arrays(lists.offsets, named)


def findings_table(documents: list[Document], findings: Sequence[Finding] = ()) -> pa.Table:
    """`FINDINGS` of documents, by their position: those of reading, and those of what was made of them."""
    rows = [_row_of_problem(i, p, "error") for i, d in enumerate(documents) for p in d.problems]
    rows += [_row_of_problem(i, p, "warning") for i, d in enumerate(documents) for p in d.warnings]
    for node, path, code, severity, message, value in findings:
        rows.append((node, format_json_path(path), code, format_path(path), severity, message, value, None, None))
    columns = zip(*rows, strict=True) if rows else [()] * len(FINDINGS)
    return pa.table(dict(zip(FINDINGS.names, columns, strict=True)), FINDINGS)


def _row_of_problem(row: int, problem: Problem, severity: str) -> tuple[Any, ...]:
    code, field, line, column, message, value = problem
    return row, None, code, field, severity, message, value, line or None, column or None
