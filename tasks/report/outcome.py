"""What a run did, as one value, and the row of the table `runs` that keeps it.

Belongs here: the shape of the outcome, which `--json` and the journal have as it is. Does not belong here: how an
outcome is made (`summary`) and shown (`terminal`, `markdown`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

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

    @property
    def changes(self) -> dict[str, int]:
        """The files that are not as they were, by what changed."""
        return {"new": self.new, "changed": self.changed, "removed": self.removed}


class Records(msgspec.Struct, frozen=True):
    """Live files of all sources by status after the run; with `Files.ignored` they add up to all live files."""

    loaded: int = 0
    duplicate: int = 0
    quarantined: int = 0
    removed: int = 0


class Changes(msgspec.Struct, frozen=True):
    """Changes for readers: articles that are `new`, `corrected` (different text or fields) and `withdrawn` (deleted).

    And files that went to quarantine (`quarantined`) or left it as records (`mended`), and articles that live on while
    their id is not that of an article any more (`new_ids`); those are among the new and the withdrawn ones, too.
    """

    new: int = 0
    corrected: int = 0
    withdrawn: int = 0
    quarantined: int = 0
    mended: int = 0
    new_ids: int = 0


class GuardCheck(msgspec.Struct, frozen=True):
    """A limit of the settings, held against what the run found.

    Attributes:
        setting: the limit's, such as `guards.max_removed_share`.
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
    """All that is known of a run.

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
        rails: the limits (`guards`) that the run was held against.
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
    rails: list[GuardCheck] = []
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
    def start(self) -> datetime:
        """When the run started, UTC."""
        return datetime.fromisoformat(self.started_at)

    @property
    def took(self) -> float:
        """Seconds from start to end by the clock."""
        return (datetime.fromisoformat(self.ended_at) - self.start).total_seconds()

    @property
    def duration(self) -> float:
        """Seconds that the run took: by the clock, or of all stages where that is more."""
        return max(self.took, sum(self.seconds.values()))


def run_row(outcome: Outcome) -> dict[str, Any]:
    """The outcome as a row of the table `runs`."""
    parameters: dict[str, Any] = {"sources": outcome.sources, "warehouse": outcome.warehouse}
    if outcome.versions:
        parameters["versions"] = outcome.versions
    row: dict[str, Any] = {
        "run_id": outcome.run_id,
        "status": outcome.status,
        "started_at": outcome.start,
        "ended_at": datetime.fromisoformat(outcome.ended_at),
        "snapshot": outcome.snapshot,
        "parameters": msgspec.json.encode(parameters).decode(),
        "violations": [{"code": code, "count": count} for code, count in outcome.violations.items()],
        "duplicates": [{"match": match, "count": count} for match, count in outcome.duplicates.items()],
        "unknown_fields": [
            {"field": name, "count": entry.count, "example": entry.example}
            for name, entry in outcome.unknown_fields.items()
        ],
        "stages": [
            {"stage": stage, "seconds": seconds, "bytes": outcome.bytes.get(stage, 0)}
            for stage, seconds in outcome.seconds.items()
        ],
        "contract_version": outcome.contract_version,
        "code_version": outcome.code_version,
        "message": outcome.message,
    }
    for prefix, counts in (("files_", outcome.files), ("records_", outcome.records)):
        row |= {prefix + name: getattr(counts, name) for name in counts.__struct_fields__}
    return row


def outcome_of(row: Mapping[str, Any]) -> Outcome:
    """The outcome that a row of the table `runs` keeps; `run_row` is the way there."""
    parameters = msgspec.json.decode(row["parameters"])
    return Outcome(
        status=row["status"],
        run_id=row["run_id"],
        started_at=row["started_at"].isoformat(),
        ended_at=row["ended_at"].isoformat(),
        message=row["message"],
        warehouse=parameters.get("warehouse") or "",
        snapshot=row["snapshot"],
        sources=parameters.get("sources") or {},
        files=Files(**{name: row[f"files_{name}"] for name in Files.__struct_fields__}),
        records=Records(**{name: row[f"records_{name}"] for name in Records.__struct_fields__}),
        unknown_fields={one["field"]: UnknownField(one["count"], one["example"]) for one in row["unknown_fields"]},
        seconds={stage["stage"]: stage["seconds"] for stage in row["stages"]},
    )
