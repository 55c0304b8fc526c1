"""docs/contract/articles.odcs.yaml, the contract as consumers test it: `python -m config.contract_published`.

Belongs here: how the working contract becomes one that every published table keeps and that other
people's tools (datacontract-cli, dbt) can run. Does not belong here: what the contract says
(`articles.odcs.yaml`), and the exports that those tools make of it.

The working contract says what presslake does with a value that breaks a rule; under `severity:
warning` it keeps the row. So a rule of that kind is no promise to a consumer, and is left out here.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from config.contract import PACKAGED, VERSIONS

_INTRODUCTION: Final = """\
# What the published tables keep: the promises of config/articles.odcs.yaml to those who read them, without the rules
# that only warn. Printed by `make docs`; test tables against it with
#     datacontract test --server local docs/contract/articles.odcs.yaml
"""
#: What a promise can be broken by; under `severity: warning` such rows stay in the tables.
_CONSTRAINTS: Final = ("enum", "logicalTypeOptions")
#: Names of struct fields that datacontract-cli 1.2 writes into SQL without quotation marks.
_RESERVED: Final = frozenset({"column"})


def published_contract(path: Path = PACKAGED) -> dict[str, Any]:
    """The contract at `path` as consumers test it.

    The table that not every warehouse has and rules that only warn are gone, 64-bit integers say so in a way
    that SQL tools understand, and what is measured against the clock (service levels) stays with the working
    contract.
    """
    contract: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    contract.pop("slaProperties", None)
    contract["schema"] = [table for table in contract["schema"] if table["name"] != VERSIONS]
    for table in contract["schema"]:
        for column in table["properties"]:
            for field in _fields(column):
                _promise(field)
    return contract


def published_page(path: Path = PACKAGED) -> str:
    """The text of docs/contract/articles.odcs.yaml."""
    text = yaml.dump(published_contract(path), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=118)
    return _INTRODUCTION + text


class _Plain(yaml.SafeDumper):
    """Writes what several tables share once each: not every reader of YAML knows aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


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
    if ours.get("severity") == "warning":
        for rule in _CONSTRAINTS:
            field.pop(rule, None)
    items = field.get("items", {})
    if _RESERVED & {inner["name"] for inner in items.get("properties", [])}:
        del field["items"]


if __name__ == "__main__":
    sys.stdout.write(published_page())
