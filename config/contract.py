"""The data contract as presslake uses it: columns, Arrow schemas and rules, derived once.

Belongs here: reading `articles.odcs.yaml` (Open Data Contract Standard v3) and everything that
follows from it alone. Does not belong here: applying rules to data (`tasks.validate`) and
reading source files (`tasks.parse`).

A front-matter field is added by adding a property to the table `articles`, nothing else: its
column, its position in the file, its rules, its description in Parquet and in docs/ come from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import yaml
from msgspec.structs import replace

from config.contract_keys import OF_CONTRACT, OF_TABLE, custom_properties, refuse_unknown
from config.contract_types import Column, parse_check, parse_column
from config.errors import ContractError
from config.overlay import is_overlay, laid_over
from config.yaml_files import read_yaml

PACKAGED: Final = Path(__file__).with_name("articles.odcs.yaml")

#: The tables that presslake writes; a contract names them all.
TABLES: Final = ("articles", "related", "duplicates", "quarantine", "sources", "runs")

#: The table that a warehouse has only if it keeps a history; its first columns are always these.
VERSIONS: Final = "article_versions"
VERSION_COLUMNS: Final = ("article_id", "valid_from", "valid_to", "changed", "is_deleted", "commit", "run_id")

#: Columns of `articles` that say something of the cluster, so `duplicates` does not have them.
CLUSTER_COLUMNS: Final = ("copies", "outlets", "first_published_at", "first_published_by")

#: Columns of `articles` and `duplicates` that the manifest gives.
LINEAGE: Final = ("first_seen_at", "loaded_at", "run_id", *CLUSTER_COLUMNS)

#: Columns of `articles` that presslake computes; a contract cannot name others.
COMPUTED: Final = frozenset(
    "article_id url body derived related_digest outlet outlet_name word_count extra repaired warnings copies outlets "
    "first_published_at first_published_by collection source source_path source_hash first_seen_at loaded_at run_id "
    "published_year".split()
)

#: Columns of `articles` that come from several records, or name the run that read one: no use for a history.
_NOT_WATCHED: Final = frozenset({*CLUSTER_COLUMNS, *VERSION_COLUMNS, "first_seen_at", "loaded_at", "published_year"})


class Table(msgspec.Struct, frozen=True, dict=True):
    """One table of the contract: its columns in file order, partition columns last."""

    name: str
    description: str
    columns: tuple[Column, ...]

    @cached_property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the table's files: without partition columns, descriptions as metadata."""
        return pa.schema([column.arrow_field for column in self.columns if not column.partitioned])

    @property
    def names(self) -> list[str]:
        """Names of the columns in the files, in order."""
        return list(self.schema.names)


class Contract(msgspec.Struct, frozen=True, dict=True):
    """The whole contract.

    Attributes:
        version: `version` of the file, as its owner writes it.
        tables: name to table; always all of `TABLES`, with `VERSIONS` see `with_versions`.
        removed_field: front-matter field that marks an article as withdrawn.
        versions: the table `VERSIONS`, with the columns that it watches where nobody says otherwise.
    """

    version: str
    tables: dict[str, Table]
    removed_field: str
    versions: Table | None = None

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    @property
    def watched(self) -> tuple[str, ...]:
        """The columns of `articles` whose changes make a row in `VERSIONS`."""
        table = self.tables.get(VERSIONS, self.versions)
        return tuple(column.name for column in table.columns[len(VERSION_COLUMNS) :]) if table else ()

    def with_versions(self, watched: Sequence[str] = ()) -> Contract:
        """The contract of a warehouse that keeps a history.

        Args:
            watched: columns of `articles`; none takes those that the contract names.

        Raises:
            ContractError: a column is not one of `articles`, or not one to be watched.
        """
        versions = self.versions or load_contract().versions
        assert versions is not None
        own, others = versions.columns[: len(VERSION_COLUMNS)], versions.columns[len(VERSION_COLUMNS) :]
        names = dict.fromkeys(watched or [column.name for column in others])
        known = {column.name: column for column in self["articles"].columns if column.name not in _NOT_WATCHED}
        if unknown := [name for name in names if name not in known]:
            raise ContractError(f"history.columns: {unknown[0]!r} cannot be watched.", f"Valid: {', '.join(known)}.")
        # They may be null, as they were not always watched.
        columns = (*own, *(replace(known[name], required=False) for name in names))
        return replace(self, tables=self.tables | {VERSIONS: replace(versions, columns=columns)})

    @cached_property
    def source_columns(self) -> tuple[Column, ...]:
        """The columns that are read from the front matter: of `articles`, then the list `related` of `duplicates`."""
        articles = {column.name: column for column in self["articles"].columns}
        others = (column for column in self["duplicates"].columns if column.name not in articles)
        return tuple(column for column in (*articles.values(), *others) if column.sources)

    @cached_property
    def record_schema(self) -> pa.Schema:
        """The columns that a source file alone gives a record: all of `articles` and `duplicates` but lineage."""
        names = {*self["articles"].names, *(column.name for column in self.source_columns)} - {*LINEAGE}
        return pa.schema([field for field in self["duplicates"].schema if field.name in names])

    @cached_property
    def tag(self) -> str:
        """Version plus a hash of everything that changes what a record is (descriptions do not)."""
        computed = (column for column in self["articles"].columns if not column.sources)
        meaning = repr([self.removed_field, [column.meaning for column in (*self.source_columns, *computed)]])
        return f"{self.version}+{hashlib.sha256(meaning.encode()).hexdigest()[:8]}"


def load_contract(path: Path | str | None = None) -> Contract:
    """Read a contract.

    Args:
        path: an ODCS v3 file; None for the one that comes with presslake.

    Raises:
        ContractError: the file cannot be read, is not ODCS v3, or asks for what presslake cannot do.
    """
    path = Path(path or PACKAGED)
    try:
        return _contract(contract_document(path))
    except ContractError as error:
        raise ContractError(f"{path}: {error.message}", error.hint) from None


def contract_document(path: Path = PACKAGED) -> Any:
    """The whole contract in a file as YAML gives it; an overlay is laid over the packaged one.

    Raises:
        ContractError: the file cannot be read, or an overlay says what it cannot mean.
    """
    try:
        document = read_yaml(path)
        source = path.read_bytes() if is_overlay(document) else b""
    except OSError as error:
        raise ContractError(f"cannot read the contract: {error.strerror}.", "Name an existing file.") from None
    except yaml.YAMLError as error:
        mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or error
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise ContractError(f"the contract is not valid YAML: {place}{problem}.") from None
    return laid_over(read_yaml(PACKAGED), document, source) if is_overlay(document) else document


def _contract(document: Any) -> Contract:
    if not isinstance(document, dict) or document.get("kind") != "DataContract":
        raise ContractError("this is not a data contract.", "It starts with `kind: DataContract` (ODCS v3).")
    if not str(document.get("apiVersion", "")).startswith("v3."):
        raise ContractError(
            f"`apiVersion` is {document.get('apiVersion')!r}, presslake reads v3.", "Convert the contract to ODCS v3."
        )
    if "columns" in document or "overlay" in document:
        hint = "An overlay has `overlay: 1` and no `kind`; a whole contract has `schema`."
        raise ContractError("this is half an overlay and half a whole contract.", hint)
    refuse_unknown(document, OF_CONTRACT, "unknown key")
    for key in document.keys() - {"schema"}:
        _refuse_columns(document[key], key)
    custom = custom_properties(document.get("customProperties") or [], "the contract")
    tables = {table.name: table for table in map(_table, document.get("schema") or [])}
    if missing := [name for name in TABLES if name not in tables]:
        raise ContractError(f"`schema` has no table {missing[0]!r}.", f"presslake writes {', '.join(TABLES)}.")
    _check_computed(tables["articles"])
    tables["articles"] = _with_checks(tables["articles"], document.get("rules") or custom.get("rules") or [])
    versions = tables.pop(VERSIONS, None)
    if versions and tuple(column.name for column in versions.columns[: len(VERSION_COLUMNS)]) != VERSION_COLUMNS:
        raise ContractError(f"{VERSIONS} must start with the columns {', '.join(VERSION_COLUMNS)}.", "Put them back.")
    for table in tables.values():
        _check_sources(table, tables["articles"])
    tables["duplicates"] = _with_columns_of(tables["articles"], tables["duplicates"])
    tables["related"] = _with_entry_fields(tables["related"], tables["duplicates"])
    return Contract(
        version=str(document.get("version", "0")),
        tables=tables,
        removed_field=str(custom.get("removedField", "removed")),
        versions=versions,
    )


def _with_checks(articles: Table, rules: list[dict[str, Any]]) -> Table:
    """`articles` with the site's own rules at their columns; in a list, checks of texts are for its items."""
    columns = {column.name: column for column in articles.columns}
    for rule in rules:
        name = str(rule.get("column"))
        if name not in columns or not columns[name].sources:
            valid = [column.name for column in articles.columns if column.sources]
            raise ContractError(f"rules: {name!r} is no column that is read from files.", f"Valid: {', '.join(valid)}.")
        column, check = columns[name], parse_check(rule, f"rules: {name}")
        if column.item is not None and "length" not in check.kind:
            item = replace(column.item, checks=(*column.item.checks, check))
            columns[name] = replace(column, item=item)
        else:
            columns[name] = replace(column, checks=(*column.checks, check))
    return replace(articles, columns=tuple(columns.values()))


def _refuse_columns(node: Any, where: str) -> None:
    """Refuse a property that stands where no table is: it would be read past."""
    if isinstance(node, dict):
        if "transformSourceObjects" in node:
            raise ContractError(
                f"{node.get('name', 'a column')} stands under `{where}`.",
                "Move it to `schema`, table `articles`, under its `properties`.",
            )
        node = list(node.values())
    for child in node if isinstance(node, list) else ():
        _refuse_columns(child, where)


def _check_sources(table: Table, articles: Table) -> None:
    """Refuse columns that say a front-matter field in a table that is not read from files."""
    known = {column.name for column in articles.columns} | ({"related"} if table.name == "duplicates" else set())
    for column in table.columns:
        if column.sources and column.name not in known and table.name in (*TABLES, VERSIONS):
            raise ContractError(
                f"{table.name}.{column.name} is a front-matter field, and none of `articles`.",
                "Move the property to the table `articles`; the other tables take it from there.",
            )


def _table(entry: dict[str, Any]) -> Table:
    name = str(entry.get("name"))
    refuse_unknown(entry, OF_TABLE, f"table {name!r}: unknown key")
    custom_properties(entry.get("customProperties") or [], f"table {name!r}")
    columns = tuple(parse_column(prop, f"{name}.") for prop in entry.get("properties") or [])
    names = [column.name for column in columns]
    if twice := {n for n in names if names.count(n) > 1}:
        raise ContractError(f"table {name!r} has the column {min(twice)!r} twice.", "Rename one of them.")
    return Table(name, str(entry.get("description", "")), columns)


def _check_computed(articles: Table) -> None:
    computed = {column.name for column in articles.columns if not column.sources}
    if unknown := computed - COMPUTED:
        raise ContractError(
            f"articles.{min(unknown)} says neither which front-matter field it is nor is it one presslake computes.",
            "Add `transformSourceObjects: [fieldInTheFrontMatter]`.",
        )
    if any(column.name == "related" for column in articles.columns):
        raise ContractError(
            "articles.related: related entries are stored once, in the table `related`.",
            "Move the property to the table `duplicates`, see the packaged contract.",
        )
    if missing := COMPUTED - computed:
        raise ContractError(f"articles.{min(missing)} is missing.", "presslake cannot work without it; put it back.")


def _with_columns_of(articles: Table, duplicates: Table) -> Table:
    """`duplicates` with every column of `articles`, so that adding a field takes one edit."""
    own = {column.name: column for column in duplicates.columns}
    shared = [own.pop(c.name, c) for c in articles.columns if c.name not in CLUSTER_COLUMNS]
    return _with_columns(duplicates, [*shared, *own.values()])


def _with_entry_fields(related: Table, duplicates: Table) -> Table:
    """`related` with every field of an entry, so that adding a field to the list of `duplicates` takes one edit."""
    entry = next((column.item for column in duplicates.columns if column.name == "related"), None)
    if entry is None or not entry.fields:
        raise ContractError("duplicates.related is missing.", "presslake cannot work without it; put it back.")
    known = {column.name for column in related.columns}
    new = [replace(field, sources=()) for field in entry.fields if field.name not in known]
    return _with_columns(related, [*related.columns, *new])


def _with_columns(table: Table, columns: list[Column]) -> Table:
    """A table with other columns; those that are no part of the files come last."""
    return replace(table, columns=tuple(sorted(columns, key=lambda column: column.partitioned)))
