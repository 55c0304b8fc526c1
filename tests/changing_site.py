"""A site whose files change by chance, and the history that this makes, worked out without presslake.

Belongs here: a model of states and of the rows that tell them, for backfills over many commits. Every
file tells a story of its own; what deduplication does is not modelled.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.builders import article, page
from tests.git_past import START

#: Address, time, changed columns, whether it is gone, title, heat, and the time of the next row.
Row = tuple[str, datetime, tuple[str, ...], bool, str, int, datetime | None]


@dataclass
class ChangingSite:
    """States of a site, one a step of an hour.

    Attributes:
        seed: of all chances.
        files: how many there are at most.
        changes: steps so far in which a file changed.
    """

    seed: int
    files: int
    changes: int = 0
    _steps: int = 0
    _state: dict[str, bytes] = field(default_factory=dict)
    _said: dict[int, tuple[str, int]] = field(default_factory=dict)
    _rows: dict[int, list[list[Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.seed)

    def step(self) -> dict[str, bytes]:
        """Change a few files by chance; the state after it, path to content."""
        now, before = START + timedelta(hours=self._steps), dict(self._state)
        self._steps += 1
        ways = [self._warm, self._warm, self._warm, self._retitle, self._edit, self._remove, self._break]
        for number in self._chance.sample(range(self.files), self._chance.randint(0, 2)):
            self._chance.choice(ways)(number, now)
        self.changes += self._state != before
        return dict(self._state)

    def expected(self) -> list[Row]:
        """The rows that tell the steps so far, by address and time."""
        rows: list[Row] = []
        for number, told in self._rows.items():
            ends = [*(row[0] for row in told[1:]), None]
            rows += [
                (page(number), at, changed, gone, title, heat, end)
                for (at, changed, gone, title, heat), end in zip(told, ends, strict=True)
            ]
        return sorted(rows)

    def rows_of(self, versions: list[dict[str, Any]]) -> list[Row]:
        """Rows of `article_versions` in the form of `expected`."""
        names = ("is_deleted", "title", "heat", "valid_to")
        return sorted(
            (row["url"], row["valid_from"], tuple(row["changed"]), *(row[name] for name in names)) for row in versions
        )

    def _warm(self, number: int, now: datetime) -> None:
        title, heat = self._said.get(number, (f"Story {number}", 0))
        self._say(number, now, title, heat + self._chance.randint(-3, 5) if heat > 3 else heat + 1)

    def _retitle(self, number: int, now: datetime) -> None:
        _, heat = self._said.get(number, ("", 0))
        self._say(number, now, f"Story {number} {self._chance.choice('abc')}", heat)

    def _edit(self, number: int, now: datetime) -> None:
        """Another body, which nobody watches."""
        title, heat = self._said.get(number, (f"Story {number}", 0))
        self._say(number, now, title, heat)

    def _say(self, number: int, now: datetime, title: str, heat: int) -> None:
        body = f"Edition {self._steps}."
        self._state[f"{number}.md"] = article(title, body, heat=heat, originalUrl=page(number))
        self._note(number, now, gone=False, said=(title, heat))
        self._said[number] = (title, heat)

    def _remove(self, number: int, now: datetime) -> None:
        if self._state.pop(f"{number}.md", None) is not None:
            self._note(number, now, gone=True, said=self._said[number])

    def _break(self, number: int, now: datetime) -> None:
        """A file that goes to quarantine: its article is gone."""
        if f"{number}.md" in self._state:
            self._state[f"{number}.md"] = b"---\ntitle: [\n---\n"
            self._note(number, now, gone=True, said=self._said[number])

    def _note(self, number: int, now: datetime, *, gone: bool, said: tuple[str, int]) -> None:
        told = self._rows.setdefault(number, [])
        if not told:
            told.append([now, (), gone, *said])
            return
        _, _, was_gone, *before = told[-1]
        flags = {"title": before[0] != said[0], "heat": before[1] != said[1], "is_deleted": was_gone != gone}
        if changed := tuple(name for name, is_other in flags.items() if is_other):
            told.append([now, changed, gone, *said])
