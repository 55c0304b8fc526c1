"""Every run of a comparison as soon as it is over, so that one that was interrupted goes on where it was.

Belongs here: the file of costs, and not running again what stands in it. Does not belong here: medians
of finished parts (`results`).
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import Cost

_Key = tuple[str, str, int]  # part, subject, number of the run


class Journal:
    """The runs of one comparison.

    Args:
        path: JSON lines: the setup, then a line a run. A file of another setup is started again.
        setup: all that the costs depend on, such as sizes and versions.
    """

    def __init__(self, path: Path, setup: Mapping[str, Any]) -> None:
        self._path = path
        self._costs: dict[_Key, Cost] = {}
        lines = _whole_lines(path)
        if lines and lines[0] == json.loads(json.dumps(setup)):
            for line in lines[1:]:
                self._costs[line["part"], line["subject"], line["number"]] = Cost(**line["cost"])
            print(f"Going on: {len(self._costs)} runs stand in {path}.", file=sys.stderr)
        else:
            lines = [dict(setup)]
            path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))

    def knows(self, part: str, subject: str, number: int) -> bool:
        """Whether a run is over."""
        return (part, subject, number) in self._costs

    def cost(self, part: str, subject: str, number: int, run: Callable[[], Cost], *, again: bool = False) -> Cost:
        """What a run cost; it is run only if that is not known yet.

        Args:
            part, subject, number: name the run.
            run: runs it.
            again: run it whatever is known: the runs after it need what it leaves behind.
        """
        key = (part, subject, number)
        if again or key not in self._costs:
            cost = self._costs[key] = run()
            entry = {"part": part, "subject": subject, "number": number, "cost": dataclasses.asdict(cost)}
            with self._path.open("a") as file:
                file.write(json.dumps(entry) + "\n")
            memory = "" if cost.peak is None else f", {cost.peak / 2**20:,.0f} MiB"
            print(f"  {part} {number} {subject}: {cost.wall:.2f} s, CPU {cost.cpu:.2f} s{memory}", file=sys.stderr)
        return self._costs[key]

    def close(self) -> None:
        """The comparison is done: the next one measures again."""
        self._path.unlink(missing_ok=True)


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """The entries of a file; a last line that was cut off is none."""
    if not path.exists():
        return []
    lines = path.read_text().split("\n")[:-1]
    return [json.loads(line) for line in lines]
