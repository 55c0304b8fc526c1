"""`verify`: the checks of all guarantees that the tables of a warehouse can show.

Belongs here: the choice of checks, and their verdict. Files are checked against their list
(`tasks.warehouse.verify`) and against the contract (`contents`), tables and the history against one another
(`joins`), and the rest of the folder by `surroundings`. Nothing is written and no lock is taken.

Two things take the sources, so only a run can check them: that every file is known, and that the decisions
on duplicates are right.
"""

from __future__ import annotations

from contextlib import suppress

import msgspec

from config.contract import Contract, load_contract
from config.errors import WarehouseError
from config.settings import History, Settings
from tasks.maintain.contents import check_contents
from tasks.maintain.joins import check_joins
from tasks.maintain.surroundings import check_others, check_pointer, check_strays, remains
from tasks.warehouse.history import with_history
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.verify import Known, verify_files
from tasks.warehouse.warehouse import Warehouse, open_warehouse


class Verification(msgspec.Struct, frozen=True):
    """The verdict on a warehouse.

    Attributes:
        warehouse: its folder.
        sound: nothing is wrong.
        tables_sound: nothing is wrong with the snapshot that readers see; findings are on what is around it.
        snapshot: number of the one that readers see; None where there is none.
        files, rows, bytes: of that snapshot.
        digests: every byte of it was read.
        findings: one sentence for each violation, naming file, table or row.
        notes: remarks that break no guarantee.
    """

    warehouse: str
    sound: bool
    tables_sound: bool
    snapshot: int | None
    files: int
    rows: int
    bytes: int
    digests: bool
    findings: list[str]
    notes: list[str]


def verify_settings(settings: Settings, digests: bool = True, every: bool = False) -> Verification:
    """Verify the warehouse that the settings name, see `verify_warehouse`.

    Raises:
        ContractError: the contract cannot be read.
        WarehouseError: the folder cannot be listed.
    """
    return verify_warehouse(open_warehouse(settings), load_contract(settings.contract.path), digests, every)


def verify_warehouse(
    warehouse: Warehouse, contract: Contract, digests: bool = True, every: bool = False
) -> Verification:
    """Check everything that can be checked from the warehouse alone.

    Args:
        warehouse: an existing one; one without a snapshot is sound.
        contract: what the tables are held against, if they follow it.
        digests: read every byte of the current snapshot too.
        every: read every byte of the older ones as well.

    Raises:
        WarehouseError: its folder cannot be listed.
    """
    snapshot, findings = check_pointer(warehouse)
    notes: list[str] = []
    known = set[Known]() if every else None
    with suppress(WarehouseError):  # the pointer cannot be read: that is a finding already
        notes = remains(warehouse)
    if snapshot is not None:
        in_tables, more = _check_tables(snapshot, contract, digests, known)
        findings, notes = findings + in_tables, notes + more
    around = check_others(warehouse, snapshot.number if snapshot else None, known) + check_strays(warehouse)
    files = snapshot.info.files if snapshot else ()
    return Verification(
        warehouse=str(warehouse.root),
        sound=not findings and not around,
        tables_sound=not findings,
        snapshot=snapshot.number if snapshot else None,
        files=len(files),
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        digests=digests,
        findings=findings + around,
        notes=notes,
    )


def _check_tables(
    snapshot: Snapshot, contract: Contract, digests: bool, known: set[Known] | None
) -> tuple[list[str], list[str]]:
    """Findings and notes on the current snapshot; a damaged file is named once and not read any further."""
    findings, notes = verify_files(snapshot, digests, known), []
    damaged = {file for file in snapshot.info.files for finding in findings if finding.startswith(f"{file.path} ")}
    if snapshot.info.contract_version == contract.tag:
        findings += check_contents(snapshot, with_history(contract, History(), snapshot), damaged)
    else:
        notes.append(
            f"Snapshot {snapshot.number} follows contract {snapshot.info.contract_version}, the settings name"
            f" {contract.tag}: columns and values were not held against it. The next run writes the tables again."
        )
    if damaged:
        notes.append("The tables were not held against one another: damaged files are in the way.")
    else:
        findings += check_joins(snapshot)
    return findings, notes
