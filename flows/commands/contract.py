"""`presslake contract`: what could be added to the data contract.

Does not belong here: what is suggested (`tasks.report.suggestion`), and what a run accepts (`flows.guards`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cyclopts import App, Parameter

from flows.commands.options import chosen_settings

if TYPE_CHECKING:
    from config.settings import Settings
    from tasks.report.suggestion import Suggestion

_EXAMPLES: Final = """\
Examples:
  presslake contract suggest --warehouse warehouse

docs/contract.md says how a field becomes a column, and which changes break readers."""
_SUGGEST_EXAMPLES: Final = """\
Examples:
  presslake contract suggest --warehouse warehouse
  presslake contract suggest > fields.yaml     only the lines to paste

Paste what fits into a copy of config/articles.odcs.yaml, name it in `contract.path`, and run."""

contract = App(
    name="contract",
    help="Ask what could be added to the data contract.",
    help_epilogue=_EXAMPLES,
    help_format="plaintext",
    sort_key=12,
    usage="Usage: presslake contract COMMAND",
    version_flags=(),
    default_parameter=Parameter(negative=(), show_default=False),
)


@contract.command(help_epilogue=_SUGGEST_EXAMPLES, usage="Usage: presslake contract suggest [OPTIONS]")
def suggest(*, warehouse: Path | None = None, config: Path | None = None) -> int:
    """Print the contract's lines for front-matter fields that it does not know yet.

    The fields are those that the tables hold in the column `extra`. A type is guessed from all
    values seen; counts and examples stand in comments.

    Args:
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
    """
    found = _suggestion(chosen_settings(warehouse, config))
    if found.is_empty and not found.left:
        sys.stderr.write("The contract knows every field of every article: `extra` is empty.\n")
    else:
        sys.stdout.write(found.text())
    return 0


def _suggestion(settings: Settings) -> Suggestion:
    from config.contract import load_contract  # noqa: PLC0415
    from tasks.report.status import existing_warehouse  # noqa: PLC0415
    from tasks.report.suggestion import shapes  # noqa: PLC0415
    from tasks.report.suggestion import suggest as suggested  # noqa: PLC0415

    known = load_contract(settings.contract.path)
    current = existing_warehouse(Path(settings.warehouse.path)).current()
    tables = [] if current is None else [current.read(table, ["extra"]) for table in ("articles", "duplicates")]
    extra = [text for table in tables for text in table["extra"].drop_null().to_pylist()]
    return suggested(shapes(extra), known)
