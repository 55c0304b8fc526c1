"""presslake up to validated Arrow: discover, parse, validate, and then stop.

    python -m benchmarks.read_to_arrow SOURCE OUTPUT

The stages are those of a run by hand, with the same worker processes; nothing is published.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from config.settings import load_settings
from flows.local import LocalStages
from flows.run import execute
from tasks.tables.run import Decisions
from tasks.tables.staging import read_arrow


class _ReadEnough(Exception):
    """Ends the run after the stages that are measured; holds the numbers of records and quarantined files."""


class _Reading(LocalStages):
    """Stages of a run that ends where deduplication would begin."""

    def deduplicate(self, folder: Path, batches: Sequence[Path]) -> Decisions:
        """Count what there is, and stop."""
        counts = [_rows(batches, name) for name in ("records", "quarantine")]
        raise _ReadEnough(*counts)


def _rows(batches: Sequence[Path], name: str) -> int:
    tables: list[pa.Table] = [read_arrow(batch / f"{name}.arrow") for batch in batches]
    return sum(len(table) for table in tables)


def main(source: Path, output: Path) -> None:
    """Read, and print the number of validated records and of rejected files as JSON."""
    settings = load_settings(None, {"warehouse": {"path": str(output)}})
    try:
        execute([str(source)], settings, _Reading)
    except _ReadEnough as enough:
        rows, rejected = enough.args
        print(json.dumps({"rows": rows, "rejected": rejected}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
