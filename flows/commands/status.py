"""`presslake status` and `presslake path`: what readers of a warehouse ask for.

Does not belong here: the numbers (`tasks.report.status`) and their layout
(`tasks.report.terminal_status`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from flows.commands.options import chosen_warehouse, print_json

STATUS_EXAMPLES: Final = """\
Examples:
  presslake status --warehouse warehouse
  presslake status --json | jq '.runs[0]'"""
PATH_EXAMPLES: Final = """\
Example:
  cd "$(presslake path --warehouse warehouse)" && ls articles
  presslake path --json | jq .tables.articles"""


def status(*, warehouse: Path | None = None, config: Path | None = None, json: bool = False) -> None:
    """Show the tables, the last runs, and what is in quarantine and why.

    Args:
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
        json: Print one JSON object.
    """
    root = chosen_warehouse(warehouse, config)
    from tasks.report.status import read_status  # noqa: PLC0415

    state = read_status(root)
    if json:
        print_json(state)
        return
    from tasks.report.terminal import make_console  # noqa: PLC0415
    from tasks.report.terminal_status import show_status  # noqa: PLC0415

    show_status(make_console(sys.stdout), state)


def path(*, warehouse: Path | None = None, config: Path | None = None, json: bool = False) -> None:
    """Print the folder of the current snapshot, which no later run changes.

    Readers that take long resolve it once and then see one version of all tables.

    Args:
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
        json: Print one JSON object, with where each table is.
    """
    root = chosen_warehouse(warehouse, config)
    from tasks.report.status import current_place  # noqa: PLC0415

    place = current_place(root)
    if json:
        print_json(place)
    else:
        sys.stdout.write(f"{place.path}\n")
