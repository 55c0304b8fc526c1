"""What a run did, as one value: the summary, `--json`, the table `runs` and the artifacts show it.

Belongs here: the shape of the outcome. Does not belong here: how it is shown.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec


class Files(msgspec.Struct, frozen=True):
    """Source files by what changed; `ignored` ones (no front matter) are among the others too."""

    discovered: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    renamed: int = 0
    removed: int = 0
    ignored: int = 0


class Records(msgspec.Struct, frozen=True):
    """Live files of all sources by status after the run; with `Files.ignored` they add up to all live files."""

    loaded: int = 0
    duplicate: int = 0
    quarantined: int = 0
    removed: int = 0


class Changes(msgspec.Struct, frozen=True):
    """What the run changed for readers: articles `new`, `corrected` (said otherwise) and `withdrawn` (gone).

    And files that went to quarantine (`quarantined`) or came out of it as records (`mended`).
    """

    new: int = 0
    corrected: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    mended: int = 0


class Rail(msgspec.Struct, frozen=True):
    """A guard rail as the run met it.

    Attributes:
        setting: its limit's, such as `guards.max_removed_share`.
        found, limit: a share of files, or a number of them where `unit` says so.
        state: `kept`, `hit`, or `accepted` where the settings let more pass; `few` files stop no run.
    """

    setting: str
    found: float
    limit: float
    unit: Literal["share", "files"] = "share"
    state: Literal["kept", "hit", "accepted", "few"] = "kept"


class Example(msgspec.Struct, frozen=True):
    """The first finding of a code in the files that the run read; `line` is null for whole files."""

    source: str
    source_path: str
    line: int | None
    column: int | None
    field: str
    message: str
    value: str


class Violation(msgspec.Struct, frozen=True):
    """Findings of one code in the files that the run read."""

    count: int
    severity: str
    example: Example


class UnknownField(msgspec.Struct, frozen=True):
    """A front-matter field outside the contract: in how many of the files read, and one value."""

    count: int
    example: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """All that is said of a run.

    Attributes:
        status: `completed` published a snapshot, `unchanged` found nothing to do.
        message: how the run ended, in one sentence; `hint` says what to do about a failure,
            `error` is its kind, such as `GuardRailError`.
        started_at, ended_at: ISO 8601, UTC.
        warehouse: folder of the warehouse; `snapshot` the number of what readers see after the run.
        versions: by source the commit or the like that the run read, where it has such a thing.
        violations: findings in all files after the run, by code; `found` those of the files it read.
        duplicates: rows in `duplicates` after the run, by match.
        new_fields: those of `unknown_fields` that no run in the table `runs` has met; none in the first run.
        rails: the guard rails that the run came to.
        seconds: wall-clock seconds by stage; `bytes` read (`parse`) and written (`write`).
        batches: units of parsing work, of which `resumed` were found finished from an earlier run.
    """

    status: Literal["completed", "unchanged", "failed"]
    run_id: str
    started_at: str
    ended_at: str
    message: str
    hint: str = ""
    error: str = ""
    warehouse: str = ""
    snapshot: int | None = None
    sources: dict[str, str] = {}
    versions: dict[str, str] = {}
    files: Files = Files()
    records: Records = Records()
    changes: Changes = Changes()
    rails: list[Rail] = []
    violations: dict[str, int] = {}
    found: dict[str, Violation] = {}
    duplicates: dict[str, int] = {}
    unknown_fields: dict[str, UnknownField] = {}
    new_fields: list[str] = []
    seconds: dict[str, float] = {}
    bytes: dict[str, int] = {}
    batches: int = 0
    resumed: int = 0
    contract_version: str = ""
    code_version: str = ""

    @property
    def duration(self) -> float:
        """Seconds that the run took: by the clock, or of all stages where that is more."""
        clock = datetime.fromisoformat(self.ended_at) - datetime.fromisoformat(self.started_at)
        return max(clock.total_seconds(), sum(self.seconds.values()))
