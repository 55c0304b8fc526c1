"""Does a warehouse keep a history of its articles, of which columns, and since when do runs observe it?

Belongs here: what settings, contract and the current snapshot say of `article_versions`. Does not belong
here: what its rows say (`tasks.write.article_versions`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from config.contract import VERSIONS, Contract
from config.settings import History
from tasks.warehouse.snapshots import Snapshot

#: Where `snapshot.json` tells it, in its summary.
SUMMARY: Final = "history"
#: What tells the rows of the table apart, and their order.
KEY: Final = ("article_id", "valid_from")
BY_TIME: Final = [(name, "ascending") for name in KEY]


class Observed(msgspec.Struct, frozen=True):
    """Since when runs observe the articles.

    Attributes:
        since: time of the first observation, ISO 8601, UTC; what was before comes from Git alone.
        run_id: the run that made it.
        columns: the watched columns of `articles`, in the table's order.
        commit: the newest commit that a backfill has read; empty where there was none.
    """

    since: str
    run_id: str
    columns: tuple[str, ...] = ()
    commit: str = ""

    @property
    def moment(self) -> datetime:
        """`since` as a time."""
        return datetime.fromisoformat(self.since)


def observed(snapshot: Snapshot | None) -> Observed | None:
    """What a snapshot says of its history; None where it has none."""
    if snapshot is None or VERSIONS not in snapshot.tables():
        return None
    return msgspec.convert(snapshot.info.summary[SUMMARY], Observed)


def watched_columns(snapshot: Snapshot | None) -> tuple[str, ...]:
    """The columns of `articles` that a snapshot's history has; none where it has no history."""
    known = observed(snapshot)
    return known.columns if known else ()


def history_summary(
    contract: Contract, parent: Snapshot | None, run_id: str, started_at: datetime
) -> dict[str, object]:
    """What the summary of the next snapshot says of its history; nothing where it has none.

    Args:
        contract: of the next snapshot.
        parent: the snapshot before: a history that is there goes on.
        run_id, started_at: the run, which is the first observation where there is no history yet.
    """
    if VERSIONS not in contract.tables:
        return {}
    known = observed(parent) or Observed(started_at.isoformat(), run_id)
    return {SUMMARY: msgspec.to_builtins(msgspec.structs.replace(known, columns=contract.watched))}


def with_history(contract: Contract, settings: History, parent: Snapshot | None) -> Contract:
    """The contract with `article_versions`, if the next snapshot has that table.

    Args:
        contract: as it was loaded.
        settings: `history` of the settings: on, off, or as the warehouse has it.
        parent: the snapshot before.

    Raises:
        ContractError: `history.columns` names a column that cannot be watched.
    """
    known = watched_columns(parent)
    if not (bool(known) if settings.enabled is None else settings.enabled):
        return contract
    there = {column.name for column in contract["articles"].columns}
    return contract.with_versions(settings.columns or tuple(name for name in known if name in there))
