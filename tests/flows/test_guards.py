"""Guard rails: what stops a run, and what lets it through."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import GuardRailError
from config.settings import Guards
from flows.guards import check_decisions, check_listing
from tasks.runs.run import Decisions, Plan


def plan(**numbers: Any) -> Plan:
    counts = {"discovered": 100, "new": 0, "changed": 0, "unchanged": 100, "deleted": 0, "known": 100, **numbers}
    return Plan(batches=(), **{"emptied": (), **counts})


def decisions(**numbers: Any) -> Decisions:
    counts: dict[str, Any] = {"affected": 1, "same_content": 0, "missing": 0, "renamed": 0, "removed": 0, **numbers}
    return Decisions(**counts)


def test_a_usual_run_passes() -> None:
    check_listing(plan(deleted=20), Guards())
    check_decisions(plan(), decisions(live=100, quarantined=20), Guards())


def test_too_few_files() -> None:
    with pytest.raises(GuardRailError, match=r"list 9 files; `guards\.min_files` wants 10"):
        check_listing(plan(discovered=9), Guards(min_files=10, accept_removals=True))


def test_an_emptied_source_by_name() -> None:
    emptied = plan(deleted=1, emptied=("news",))
    with pytest.raises(GuardRailError, match="Source 'news' has no file any more"):
        check_listing(emptied, Guards())
    check_listing(emptied, Guards(accept_removals=True))


def test_too_many_gone_files() -> None:
    with pytest.raises(GuardRailError, match=r"21 of 100 known files \(21%\) are gone"):
        check_listing(plan(deleted=21), Guards())
    check_listing(plan(deleted=21), Guards(accept_removals=True))


def test_renamed_files_are_not_gone() -> None:
    moved = plan(deleted=60, new=60, unchanged=40)
    check_listing(moved, Guards())
    check_decisions(moved, decisions(live=100, removed=60, renamed=60), Guards())
    with pytest.raises(GuardRailError, match=r"30 of 100 known files \(30%\) are gone"):
        check_decisions(moved, decisions(live=100, removed=60, renamed=30), Guards())


def test_a_handful_is_no_disaster() -> None:
    check_listing(plan(deleted=4, known=6), Guards())
    check_decisions(plan(), decisions(live=4, quarantined=4), Guards())


def test_how_many_a_handful_is_can_be_set() -> None:
    with pytest.raises(GuardRailError, match="4 of 6 known files"):
        check_listing(plan(deleted=4, known=6), Guards(few_files=1))


def test_too_many_quarantined_files() -> None:
    bad = decisions(live=100, quarantined=21)
    with pytest.raises(GuardRailError, match=r"21 of 100 files \(21%\) would be quarantined"):
        check_decisions(plan(), bad, Guards())
    check_decisions(plan(), bad, Guards(accept_quarantine=True))


def test_a_disk_that_goes_while_it_is_read() -> None:
    lost = decisions(live=10, missing=90)
    with pytest.raises(GuardRailError, match=r"90 files \(90%\) were listed and gone when they were to be read"):
        check_decisions(plan(), lost, Guards(accept_quarantine=True))
    check_decisions(plan(), lost, Guards(accept_removals=True))
