"""The contract that a run would work with, as a table for people: `presslake contract show`.

Belongs here: each column with its origins, type and rules, and what is not as in the packaged contract. Does not
belong here: what a contract means (`config.contract`), and its whole text (`presslake contract show --full`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from config.contract import Contract
from config.contract_types import DERIVATIONS, Check, Column, SourcePath
from config.overlay import NO_KEY
from tasks.report.words import counted, printable

#: How many fields of a column a person sees; all that the packaged contract has not are among them.
_MOST_FIELDS: Final = 4
_MARKS: Final = {"new": ("+", "green"), "changed": ("*", "yellow"), "as packaged": (" ", "")}
_PLACES: Final = {"file_name": "the file name", "path": "the path", "heading": "the first heading"}


class ReadColumn(msgspec.Struct, frozen=True, rename={"origins": "from"}):
    """A column that is read from the files.

    Attributes:
        origins: front-matter fields in order of trust; `from` in JSON.
        derived_from: places that fill it where no field does, in the words of overlays.
        order, timezone: of times, as the contract has them.
        differs: from the packaged contract; `new_fields` are those of `origins` that the packaged column has not.
    """

    name: str
    type: str
    required: bool
    origins: list[str]
    new_fields: list[str]
    derived_from: list[str]
    order: str | None
    timezone: str | None
    differs: Literal["new", "changed", "as packaged"]


class SiteRule(msgspec.Struct, frozen=True):
    """A rule of the site's own."""

    column: str
    check: str
    value: Any
    severity: str
    message: str


class EffectiveContract(msgspec.Struct, frozen=True):
    """A contract at a glance.

    Attributes:
        contract: its file; None for the packaged one.
        version: as tables and runs name it.
        columns: of `articles`, read from the files; `dropped` those that only the packaged contract has.
        computed: names of the columns that presslake computes.
    """

    contract: str | None
    version: str
    columns: list[ReadColumn]
    dropped: list[str]
    rules: list[SiteRule]
    computed: list[str]


def effective_contract(path: str | None, contract: Contract, packaged: Contract) -> EffectiveContract:
    """The contract at a glance, held against the packaged one."""
    columns = contract["articles"].columns
    known = {column.name: column for column in packaged["articles"].columns}
    own = {(column.name, check) for column in known.values() for check in _checks(column)}
    return EffectiveContract(
        contract=path,
        version=contract.tag,
        columns=[_read_column(column, known.get(column.name)) for column in columns if column.sources],
        dropped=sorted(known.keys() - {column.name for column in columns}),
        rules=[
            SiteRule(column.name, check.kind, check.value, check.severity, check.message)
            for column in columns
            for check in _checks(column)
            if (column.name, check) not in own
        ],
        computed=[column.name for column in columns if not column.sources],
    )


def _checks(column: Column) -> tuple[Check, ...]:
    return (*column.checks, *(column.item.checks if column.item else ()))


def _read_column(column: Column, packaged: Column | None) -> ReadColumn:
    is_time = column.logical == "timestamp"
    known = packaged.sources if packaged else ()
    derived = DERIVATIONS.get(column.name, ()) if column.derive is None else column.derive
    same = packaged is not None and packaged.meaning == column.meaning
    return ReadColumn(
        name=column.name,
        type=_type(column),
        required=column.required,
        origins=[_field(source) for source in column.sources if source != (NO_KEY,)],
        new_fields=[_field(source) for source in column.sources if source not in known and source != (NO_KEY,)],
        derived_from=list(derived),
        order=column.order,
        timezone=column.zone if is_time else None,
        differs="as packaged" if same else "changed" if packaged else "new",
    )


def _type(column: Column) -> str:
    return f"list of {_type(column.item)}s" if column.item is not None else column.logical


def _field(source: SourcePath) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in source).removeprefix(".")


def show_contract(console: Console, shown: EffectiveContract) -> None:
    """Print the contract at a glance: what differs from the packaged one is marked."""
    name = "The packaged contract" if shown.contract is None else printable(shown.contract)
    console.print(Text.assemble((name, "bold"), f", version {shown.version}{_differences(shown)}"))
    console.print()
    table = Table.grid(padding=(0, 2))
    for _ in range(3):
        table.add_column(no_wrap=True, min_width=1)
    table.add_column(overflow="fold", min_width=1)
    for column in shown.columns:
        mark, style = _MARKS[column.differs]
        kind = f"{column.type}, required" if column.required else column.type
        table.add_row(Text(mark, style), Text(column.name, style), Text(kind, "dim"), Text(f"← {_origins(column)}"))
    console.print(table)
    if shown.rules:
        console.print(Text.assemble("\n", ("Rules of the site", "bold")))
        for rule in shown.rules:
            text = f"{rule.column}: {rule.check} {rule.value}, {rule.severity}. {rule.message}".rstrip()
            console.print(Padding(Text(printable(text)), (0, 0, 0, 2), expand=False))
    console.print(Text(f"\nComputed by presslake: {', '.join(shown.computed)}.", "dim"))
    console.print(Text("`presslake contract show --full` prints all tables and rules as ODCS.", "dim"))


def _differences(shown: EffectiveContract) -> str:
    counts = {kind: sum(column.differs == kind for column in shown.columns) for kind in ("new", "changed")}
    parts = [f"{mark} {counts[kind]} {kind}" for kind, mark in (("new", "+"), ("changed", "*")) if counts[kind]]
    if shown.dropped:
        parts.append(f"dropped: {', '.join(shown.dropped)}")
    if shown.rules:
        parts.append(counted(len(shown.rules), "rule"))
    if shown.contract is None:
        return "."
    return f"; not as in the packaged one: {', '.join(parts)}." if parts else "; it is the packaged one."


def _origins(column: ReadColumn) -> str:
    """`posted_on, publishedDateTime and 45 more; else the file name; order dmy`."""
    first = [printable(name) for name in column.origins[: max(_MOST_FIELDS, len(column.new_fields))]]
    rest = len(column.origins) - len(first)
    fields = ", ".join(first) + (f" and {rest} more" if rest else "")
    return "; ".join([fields or "nothing", *_remarks(column)])


def _remarks(column: ReadColumn) -> Iterator[str]:
    if column.derived_from:
        yield f"else {', '.join(_PLACES[place] for place in column.derived_from)}"
    if column.order:
        yield f"order {column.order}"
    if column.timezone not in (None, "Etc/UTC"):
        yield f"times without a zone are {column.timezone}"
