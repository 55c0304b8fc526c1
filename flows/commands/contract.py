"""`presslake contract`: the contract that runs work with, and what could be added to it.

Does not belong here: what a contract means (`config`), and how it and its suggestions look (`tasks.report`).
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclopts import App, Parameter

from config.errors import UsageError
from config.settings import Settings, load_settings
from flows.commands.options import ConfigFile, Json, WarehousePath, chosen_settings, chosen_sources, print_json

if TYPE_CHECKING:
    from tasks.report.field_shapes import Shape

_EXAMPLES: Final = """\
Examples:
  presslake contract show
  presslake contract suggest content

docs/contract.md says how a field becomes a column, and which changes break readers."""
_SHOW_EXAMPLES: Final = """\
Examples:
  presslake contract show
  presslake contract show --full > contract.odcs.yaml
  presslake contract show --published > promises.yaml && datacontract lint promises.yaml
  presslake contract show --json | jq '.columns[] | select(.differs != "as packaged")'

`contract.path` in presslake.yaml names the contract: an overlay, or a whole one (ODCS)."""

_SUGGEST_EXAMPLES: Final = """\
Examples:
  presslake contract suggest content > site.yaml     an overlay; then `contract: {path: site.yaml}` in presslake.yaml
  presslake contract suggest --warehouse warehouse
  presslake contract suggest --full                  lines for a whole contract (ODCS)

Paste what fits into the overlay that `contract.path` names, and run."""

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
def show(*, full: bool = False, published: bool = False, config: ConfigFile = None, json: Json = False) -> None:
    """Print the contract that runs work with: each column, the fields that fill it, and what the site changed.

    Args:
        full: Print the whole contract instead, as YAML of the Open Data Contract Standard.
        published: Print what the tables keep for those who read them: the same without rules that only warn.

    Raises:
        UsageError: two of --json, --full and --published are given.
    """
    if json + full + published > 1:
        raise UsageError("--json, --full and --published exclude each other.", "Give one of them.")
    path = load_settings(config).contract.path
    from config.contract import PACKAGED, contract_document, load_contract  # noqa: PLC0415

    known = load_contract(path)
    if published:
        from config.contract_docs import published_page  # noqa: PLC0415

        sys.stdout.write(published_page(Path(path or PACKAGED)))
        return
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


@contract.command(help_epilogue=_SUGGEST_EXAMPLES, usage="Usage: presslake contract suggest [OPTIONS] [SOURCE...]")
def suggest(*source: str, warehouse: WarehousePath = None, full: bool = False, config: ConfigFile = None) -> None:
    """Print the contract's lines for front-matter fields that it does not know yet.

    The fields are those of the files: of the sources that are given, else of the published tables and the
    quarantine, else of the sources in the settings. Types are guessed from all values seen.

    Args:
        source: Folders, single files, archives or URLs (see `run`).
        full: Print lines for a whole contract (ODCS), not for an overlay.
    """
    settings = chosen_settings(warehouse, config)
    from config.contract import load_contract  # noqa: PLC0415
    from config.overlay import is_overlay  # noqa: PLC0415
    from config.yaml_files import read_yaml  # noqa: PLC0415
    from tasks.report.suggestion import suggest as suggested  # noqa: PLC0415

    path = settings.contract.path
    known = load_contract(path)
    own = read_yaml(Path(path)) if path else None
    whole = full or not (own is None or is_overlay(own))
    seen, where = _seen_fields(source, settings)
    found = suggested(seen, known, whole=whole)
    if found.is_empty and not found.left:
        sys.stderr.write(f"The contract knows every field of {where}.\n")
        return
    sys.stderr.write(f"From {where}:\n")
    sys.stdout.write(found.whole() if whole else found.overlay(own and (own.get("columns") or {})))


def _seen_fields(specs: Sequence[str], settings: Settings) -> tuple[Shape, str]:
    """The unknown fields of the given sources, else of the tables, else of the settings' sources; and which it was."""
    from flows.unknown_fields import fields_of_sources, fields_of_tables  # noqa: PLC0415
    from tasks.report.words import counted  # noqa: PLC0415
    from tasks.warehouse.warehouse import Warehouse  # noqa: PLC0415

    root = Path(settings.warehouse.path)
    current = None if specs else Warehouse(root).current()
    if current is not None:
        seen = fields_of_tables(current, settings)
        return seen, f"{counted(seen.count, 'file')} in the tables of {root}"
    seen = fields_of_sources(chosen_sources(specs, settings), settings)
    return seen, counted(seen.count, "file")
