"""Guard rails: what stops a run, and what lets it through."""

from __future__ import annotations

from typing import Any

import pytest

from config.errors import GuardRailError
from config.settings import Guards
from flows.guards import check_decisions, check_listing, limits_met
from tasks.runs.run import Decisions, Loss, Plan


def plan(**numbers: Any) -> Plan:
    counts = {"discovered": 100, "new": 0, "changed": 0, "unchanged": 100, "deleted": 0, "known": 100, **numbers}
    return Plan(batches=(), **{"emptied": (), **counts})


def decisions(**numbers: Any) -> Decisions:
    counts: dict[str, Any] = {"affected": 1, "same_content": 0, "missing": 0, "renamed": 0, "removed": 0, **numbers}
    return Decisions(**counts)


def losing(*losses: Loss, articles: int = 100, **more: Any) -> Decisions:
    return decisions(articles=articles, live=articles, losses=losses, **more)


def gone(number: int, source: str = "news") -> Loss:
    return Loss(source, "whose file is deleted", "", number, "a.md", "accept_removals")


def broken(number: int, codes: str = "yaml/syntax", path: str = "b.md") -> Loss:
    return Loss("news", "in quarantine", codes, number, path, "accept_quarantine")


def test_a_usual_run_passes() -> None:
    check_listing(plan(deleted=20), Guards())
    check_decisions(losing(gone(12), broken(8), quarantined=20), Guards())


def test_too_few_files() -> None:
    with pytest.raises(GuardRailError, match=r"list 9 files; `guards\.min_files` wants 10"):
        check_listing(plan(discovered=9), Guards(min_files=10, accept_removals=True))


def test_an_emptied_source_by_name() -> None:
    emptied = plan(deleted=1, emptied=("news",))
    with pytest.raises(GuardRailError, match="Source 'news' has no file any more"):
        check_listing(emptied, Guards())
    check_listing(emptied, Guards(accept_removals=True))


def test_losses_for_all_reasons_together() -> None:
    lost = losing(gone(9), broken(7), broken(5, "text/control-character, yaml/syntax", "c.md"))
    with pytest.raises(GuardRailError) as caught:
        check_decisions(lost, Guards())
    assert caught.value.message == (
        "21 of 100 articles (21%) would be lost: 12 in quarantine (yaml/syntax 12, text/control-character 5), such as"
        " news/b.md; 9 whose file is deleted, such as news/a.md; `guards.max_removed_share` is 20%."
    )
    check_decisions(lost, Guards(accept_quarantine=True))
    check_decisions(lost, Guards(accept_removals=True))


def test_only_what_is_not_accepted_counts() -> None:
    lost = losing(gone(30), broken(30))
    with pytest.raises(GuardRailError, match=r"30 of 100 .*: 30 whose file is deleted, .* `--accept-removals` "):
        check_decisions(lost, Guards(accept_quarantine=True))
    with pytest.raises(GuardRailError, match=r"30 of 100 articles .*: 30 in quarantine .* `--accept-quarantine` "):
        check_decisions(lost, Guards(accept_removals=True))
    accepted = Guards(accept_removals=True, accept_quarantine=True)
    check_decisions(lost, accepted)
    assert [check.state for check in limits_met(plan(), lost, accepted)] == ["accepted", "kept"]


def test_a_small_source_that_loses_all_its_articles() -> None:
    lost = losing(gone(5, "blog"), gone(1), silent=("blog",))
    with pytest.raises(GuardRailError, match="Source 'blog' would have none any more"):
        check_decisions(lost, Guards())
    check_decisions(lost, Guards(accept_removals=True))
    check_decisions(lost, Guards(few_files=6))


def test_a_handful_is_no_disaster_unless_settings_say_so() -> None:
    lost = losing(gone(4), articles=6, quarantined=4)
    check_decisions(lost, Guards())
    assert [check.state for check in limits_met(plan(), lost, Guards())] == ["few", "few"]
    with pytest.raises(GuardRailError, match="4 of 6 articles"):
        check_decisions(lost, Guards(few_files=1))


def test_too_many_quarantined_files() -> None:
    bad = decisions(live=100, quarantined=21)
    with pytest.raises(GuardRailError, match=r"21 of 100 files \(21%\) would be quarantined"):
        check_decisions(bad, Guards())
    check_decisions(bad, Guards(accept_quarantine=True))


def test_a_disk_that_goes_while_it_is_read() -> None:
    lost = decisions(live=10, missing=90)
    with pytest.raises(GuardRailError, match=r"90 files \(90%\) were listed and gone when they were to be read"):
        check_decisions(lost, Guards(accept_quarantine=True))
    check_decisions(lost, Guards(accept_removals=True))
    assert [check.state for check in limits_met(plan(), lost, Guards())] == ["hit", "kept"]
