"""`presslake contract`: the contract that runs work with, and what could be added to it.

Does not belong here: what a contract means (`config`), and how it and its suggestions look (`tasks.report`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from config.errors import UsageError
from config.settings import load_settings
from flows.commands.options import ConfigFile, Json, WarehousePath, chosen_settings, print_json

_EXAMPLES: Final = """\
Examples:
  presslake contract show
  presslake contract suggest content

docs/contract.md says how a field becomes a column, and which changes break readers."""
_SHOW_EXAMPLES: Final = """\
Examples:
  presslake contract show
  presslake contract show --full > contract.odcs.yaml
  presslake contract show --json | jq '.columns[] | select(.differs != "as packaged")'

`contract.path` in presslake.yaml names the contract: an overlay, or a whole one (ODCS)."""

contract = App(
    name="contract",
    help="Show the data contract, and what could be added to it.",
    help_epilogue=_EXAMPLES,
    help_format="plaintext",
    usage="Usage: presslake contract COMMAND",
    version_flags=(),
    default_parameter=Parameter(negative=(), show_default=False),
)


@contract.command(help_epilogue=_SHOW_EXAMPLES, usage="Usage: presslake contract show [OPTIONS]")
def show(*, full: bool = False, config: ConfigFile = None, json: Json = False) -> None:
    """Print the contract that runs work with: each column, the fields that fill it, and what the site changed.

    Args:
        full: Print the whole contract instead, as YAML of the Open Data Contract Standard.

    Raises:
        UsageError: both --json and --full are given.
    """
    if json and full:
        raise UsageError("--json and --full exclude each other.", "Give one of them.")
    path = load_settings(config).contract.path
    from config.contract import PACKAGED, contract_document, load_contract  # noqa: PLC0415

    known = load_contract(path)
    if full:
        from config.yaml_files import format_yaml  # noqa: PLC0415

        sys.stdout.write(format_yaml(contract_document(Path(path or PACKAGED)), width=118))
        return
    from tasks.report.contract_columns import effective_contract, show_contract  # noqa: PLC0415

    shown = effective_contract(path, known, load_contract())
    if json:
        print_json(shown)
        return
    from tasks.report.terminal import make_console  # noqa: PLC0415

    show_contract(make_console(sys.stdout), shown)


@contract.command
def suggest(*, warehouse: WarehousePath = None, config: ConfigFile = None) -> int:
    """Print the contract's lines for front-matter fields that it does not know yet.

    The fields are those that the tables hold in the column `extra`. A type is guessed from all
    values seen; counts and examples stand in comments.
    """
    settings = chosen_settings(warehouse, config)
    from config.contract import load_contract  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415
    from tasks.report.suggestion import shapes  # noqa: PLC0415
    from tasks.report.suggestion import suggest as suggested  # noqa: PLC0415

    current = existing_warehouse(Path(settings.warehouse.path)).current()
    tables = [] if current is None else [current.read(table, ["extra"]) for table in ("articles", "duplicates")]
    extra = [text for table in tables for text in table["extra"].drop_null().to_pylist()]
    found = suggested(shapes(extra), load_contract(settings.contract.path))
    if found.is_empty and not found.left:
        sys.stderr.write("The contract knows every field of every article: `extra` is empty.\n")
    else:
        sys.stdout.write(found.text())
    return 0
