"""presslake up to validated Arrow: discover, parse, validate, and then stop.

    python -m benchmarks.read_to_arrow SOURCE OUTPUT

The stages are those of a run by hand, with the same worker processes; nothing is published.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from config.settings import load_settings
from flows.engine import Engine
from flows.run import execute
from tasks.deduplicate.stage import deduplicate_records
from tasks.runs.run import Run
from tasks.runs.staging import read_arrow

R = TypeVar("R")


class _ReadEnough(Exception):
    """Ends the run after the stages that are measured; holds the numbers of records and quarantined files."""


class _Reading(Engine):
    """Runs the stages up to where deduplication would begin."""

    def call(self, run: Run, stage: Callable[..., R], *arguments: Any, name: str = "") -> R:
        """Run the first stage; at the next one count what there is, and stop."""
        if stage is not deduplicate_records:
            return super().call(run, stage, *arguments, name=name)
        (batches,) = arguments
        raise _ReadEnough(*(_rows(batches, table) for table in ("records", "quarantine")))


def _rows(batches: Sequence[Path], name: str) -> int:
    tables: list[pa.Table] = [read_arrow(batch / f"{name}.arrow") for batch in batches]
    return sum(len(table) for table in tables)


def main(source: Path, output: Path) -> None:
    """Read, and print the number of validated records and of rejected files as JSON."""
    settings = load_settings(None, {"warehouse": {"path": str(output)}})
    try:
        execute([str(source)], settings, _Reading())
    except _ReadEnough as enough:
        rows, rejected = enough.args
        print(json.dumps({"rows": rows, "rejected": rejected}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
