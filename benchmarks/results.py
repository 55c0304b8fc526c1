"""Results of the comparison on disk, each part with the day, machine and versions of its measurement.

Belongs here: `benchmarks/results.json`. Does not belong here: what the numbers mean (`report`).
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.environment import machine, versions
from benchmarks.parts import Row


@dataclass(frozen=True)
class Part:
    """One part's measurement; `day` is an ISO date, UTC."""

    day: str
    machine: str
    versions: str
    rows: Sequence[Row]


Results = dict[str, Part]


def measured_now(rows: Sequence[Row], storage: str) -> Part:
    """A part that was just measured on this machine; `storage` says where files and tables are."""
    return Part(datetime.now(UTC).date().isoformat(), f"{machine()}, {storage}", versions(), rows)


def load_results(path: Path) -> Results:
    """All parts that were ever measured; none where the file does not exist."""
    if not path.exists():
        return {}
    stored = json.loads(path.read_text())
    return {name: Part(**(part | {"rows": [Row(**row) for row in part["rows"]]})) for name, part in stored.items()}


def save_results(path: Path, results: Mapping[str, Part]) -> None:
    """Write them, readable and with one line a row in a diff."""
    plain = {name: dataclasses.asdict(part) for name, part in results.items()}
    path.write_text(json.dumps(plain, indent=1) + "\n")
