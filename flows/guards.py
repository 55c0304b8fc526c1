"""Guard rails: a run that looks like a disaster publishes nothing.

Belongs here: the limits of the settings, held against what a run found, before anything is written.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from config.errors import GuardRailError
from config.settings import Guards
from tasks.report.outcome import GuardCheck
from tasks.runs.run import Decisions, Plan, Run


def check_contract(run: Run) -> None:
    """Stop before anything is read if readers of the published tables would lose columns or values.

    Raises:
        GuardRailError: the contract drops, renames or narrows a column, or requires one that has nulls.
    """
    parent = run.parent_snapshot()
    if run.settings.guards.accept_contract or parent is None or parent.info.summary.get("form") == run.table_form:
        return
    from tasks.warehouse.contract_change import breaking_changes  # noqa: PLC0415  (it reads footers of Parquet)

    if changes := breaking_changes(parent, run.contract):
        raise GuardRailError(
            f"The contract {run.contract.tag} breaks what readers of snapshot {parent.number}"
            f" ({parent.info.contract_version}) rely on: {'; '.join(changes)}.",
            "Nothing was published. Put back what is missing (docs/contract.md says how to change a column without "
            "breaking it); if the readers are ready for it, run again with `--accept-contract`.",
        )


def check_listing(plan: Plan, guards: Guards) -> None:
    """Stop before anything is read if files are missing in a way that deletions are not.

    Raises:
        GuardRailError: a source lost all its files, too large a share of files is gone, or there
            are fewer files than `guards.min_files`.
    """
    if plan.discovered < guards.min_files:
        raise GuardRailError(
            f"The sources list {plan.discovered:,} files; `guards.min_files` wants {guards.min_files:,} at least.",
            "Nothing was published. Check that the sources are mounted and complete, or lower the setting.",
        )
    if guards.accept_removals or not plan.deleted:
        return
    if plan.emptied:
        raise GuardRailError(
            f"Source {plan.emptied[0]!r} has no file any more; it looks unmounted or emptied by accident.",
            "Nothing was published. Check it. If its files are really gone, run again with `--accept-removals`.",
        )
    # New files may turn out to be the missing ones under other names; only reading them tells.
    _check_removed(plan.deleted - plan.new, plan.known, guards)


def _check_removed(removed: int, known: int, guards: Guards) -> None:
    check = _removals(removed, known, guards)
    if check.state == "hit":
        raise GuardRailError(
            f"{removed:,} of {known:,} known files ({check.found:.0%}) are gone; "
            f"`guards.max_removed_share` is {check.limit:.0%}.",
            "Nothing was published. Check the sources. If they are really gone, run again with `--accept-removals`.",
        )


def check_decisions(
    plan: Plan, decisions: Decisions, guards: Guards, explained: Callable[[], str] | None = None
) -> None:
    """Stop before anything is written if too many files are bad or gone, or went while they were to be read.

    Args:
        plan, decisions: what the stages returned.
        guards: the limits.
        explained: gives the cause of a large quarantine and the way out.

    Raises:
        GuardRailError: too large a share of the files is in quarantine, removed or missing.
    """
    # A disk that is unmounted after it was listed must not make tombstones of its files.
    missing = _removals(decisions.missing, decisions.live + decisions.missing, guards)
    if missing.state == "hit":
        raise GuardRailError(
            f"{decisions.missing:,} files ({missing.found:.0%}) were listed and gone when they were to be read; "
            f"`guards.max_removed_share` is {missing.limit:.0%}.",
            "Nothing was published. Check that the sources stay mounted and are not being replaced, then run again.",
        )
    _check_removed(decisions.removed - decisions.renamed, plan.known, guards)
    quarantined = _quarantined(decisions, guards)
    if quarantined.state == "hit":
        raise GuardRailError(
            f"{decisions.quarantined:,} of {decisions.live:,} files ({quarantined.found:.0%}) would be quarantined; "
            f"`guards.max_quarantined_share` is {quarantined.limit:.0%}.",
            f"Nothing was published. {explained()}"
            if explained
            else "Nothing was published. `presslake check SOURCE` says what is wrong with them; "
            "if that is to be expected, run again with `--accept-quarantine`.",
        )


def limits_met(plan: Plan | None, decisions: Decisions | None, guards: Guards) -> list[GuardCheck]:
    """How near a run came to each limit, as far as it got; for the report.

    Args:
        plan, decisions: what the stages returned, None where they did not.
        guards: the limits.
    """
    if plan is None:
        return []
    checks = []
    if guards.min_files:
        checks.append(GuardCheck("guards.min_files", plan.discovered, guards.min_files, "files"))
        if plan.discovered < guards.min_files:
            checks[0] = msgspec.structs.replace(checks[0], state="hit")
    deleted = decisions.removed - decisions.renamed if decisions else plan.deleted - plan.new
    removals = _removals(deleted, plan.known, guards)
    is_hit = plan.emptied and not guards.accept_removals
    checks.append(msgspec.structs.replace(removals, state="hit") if is_hit else removals)
    return [*checks, _quarantined(decisions, guards)] if decisions else checks


def _removals(removed: int, known: int, guards: Guards) -> GuardCheck:
    accepted = guards.accept_removals
    return _share("guards.max_removed_share", removed, known, guards.max_removed_share, accepted, guards.few_files)


def _quarantined(decisions: Decisions, guards: Guards) -> GuardCheck:
    limit, accepted = guards.max_quarantined_share, guards.accept_quarantine
    counts = decisions.quarantined, decisions.live
    return _share("guards.max_quarantined_share", *counts, limit, accepted, guards.few_files)


def _share(setting: str, count: int, of: int, limit: float, accepted: bool, few_files: int) -> GuardCheck:
    share = max(count, 0) / of if of else 0.0
    if share <= limit:
        return GuardCheck(setting, share, limit)
    if accepted:
        return GuardCheck(setting, share, limit, "share", "accepted")
    return GuardCheck(setting, share, limit, "share", "few" if count < few_files else "hit")
