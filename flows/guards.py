"""Guard rails: a run that looks like a disaster publishes nothing.

Belongs here: the limits of the settings, held against what a run found, before anything is written. Does not belong
here: which articles readers would lose, and why (`tasks.deduplicate.losses`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from config.errors import GuardRailError
from config.settings import Guards
from tasks.report.outcome import GuardCheck
from tasks.report.words import printable
from tasks.runs.run import Decisions, Loss, Plan, Run

#: How many kinds of findings an error names, and characters of an example's path.
_MOST_CODES: Final = 3
_LONGEST: Final = 120


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
            f"breaking it); if the readers are ready for it, {run_again('accept_contract')}.",
        )


def check_listing(plan: Plan, guards: Guards) -> None:
    """Stop before anything is read if the listing looks incomplete.

    Raises:
        GuardRailError: a source lost all its files, or there are fewer files than `guards.min_files`.
    """
    if plan.discovered < guards.min_files:
        raise GuardRailError(
            f"The sources list {plan.discovered:,} files; `guards.min_files` wants {guards.min_files:,} at least.",
            "Nothing was published. Check that the sources are mounted and complete, or lower the setting.",
        )
    if plan.emptied and not guards.accept_removals:
        raise GuardRailError(
            f"Source {plan.emptied[0]!r} has no file any more; it looks unmounted or emptied by accident.",
            f"Nothing was published. Check it. If its files are really gone, {run_again('accept_removals')}.",
        )


def check_decisions(decisions: Decisions, guards: Guards, explained: Callable[[], str] | None = None) -> None:
    """Stop before anything is written if readers would lose too many articles, or too many files are bad or missing.

    Args:
        decisions: what a run found.
        guards: the limits.
        explained: gives the cause of a large quarantine and the way out.

    Raises:
        GuardRailError: too large a share of the articles would be lost, or of the files is new in quarantine or went
            while they were to be read.
    """
    # A disk that is unmounted after it was listed must not make tombstones of its files.
    missing = _missing(decisions, guards)
    if missing.state == "hit":
        raise GuardRailError(
            f"{decisions.missing:,} files ({missing.found:.0%}) were listed and gone when they were to be read; "
            f"`guards.max_removed_share` is {missing.limit:.0%}.",
            "Nothing was published. Check that the sources stay mounted and are not being replaced, then run again.",
        )
    if _lost(decisions, guards).state == "hit":
        raise _losses_error(decisions, guards)
    quarantined = _quarantined(decisions, guards)
    if quarantined.state == "hit":
        raise GuardRailError(
            f"{decisions.quarantined:,} of {decisions.live:,} files ({quarantined.found:.0%}) would be quarantined; "
            f"`guards.max_quarantined_share` is {quarantined.limit:.0%}.",
            f"Nothing was published. {explained()}"
            if explained
            else "Nothing was published. `presslake check SOURCE` says what is wrong with them; "
            f"if that is to be expected, {run_again('accept_quarantine')}.",
        )


def run_again(*keys: str) -> str:
    """The way on where a guard is wrong, by the command line and by the form of the flow, for a hint."""
    options = " ".join(f"--{key.replace('_', '-')}" for key in keys)
    return f"run again with `{options}` (in the Prefect UI with {' and '.join(f'`{key}`' for key in keys)} ticked)"


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
        state: Literal["hit", "kept"] = "hit" if plan.discovered < guards.min_files else "kept"
        checks.append(GuardCheck("guards.min_files", plan.discovered, guards.min_files, "files", state))
    if decisions:
        lost = max(_lost(decisions, guards), _missing(decisions, guards), key=lambda check: check.state == "hit")
        return [*checks, lost, _quarantined(decisions, guards)]
    if plan.emptied and not guards.accept_removals:
        share = plan.deleted / plan.known
        checks.append(GuardCheck("guards.max_removed_share", share, guards.max_removed_share, "share", "hit"))
    return checks


def _missing(decisions: Decisions, guards: Guards) -> GuardCheck:
    count, of = decisions.missing, decisions.live + decisions.missing
    accepted = count if guards.accept_removals else 0
    return _share("guards.max_removed_share", count, accepted, of, guards.max_removed_share, guards.few_files)


def _lost(decisions: Decisions, guards: Guards) -> GuardCheck:
    count = sum(loss.articles for loss in decisions.losses)
    kept_out = _not_accepted(decisions, guards)
    accepted = count - sum(loss.articles for loss in kept_out)
    limit = guards.max_removed_share
    check = _share("guards.max_removed_share", count, accepted, decisions.articles, limit, guards.few_files)
    # As a source without files, one without articles is a disaster, however small beside others.
    return msgspec.structs.replace(check, state="hit") if _silent(decisions, guards) else check


def _quarantined(decisions: Decisions, guards: Guards) -> GuardCheck:
    count, limit = decisions.quarantined, guards.max_quarantined_share
    accepted = count if guards.accept_quarantine else 0
    return _share("guards.max_quarantined_share", count, accepted, decisions.live, limit, guards.few_files)


def _share(setting: str, count: int, accepted: int, of: int, limit: float, few_files: int) -> GuardCheck:
    """A share held against its limit: what is accepted does not count, and fewer than `few_files` stop nothing."""
    share = count / of if of else 0.0
    if share <= limit:
        return GuardCheck(setting, share, limit)
    if (count - accepted) / of <= limit:
        return GuardCheck(setting, share, limit, "share", "accepted")
    return GuardCheck(setting, share, limit, "share", "few" if count - accepted < few_files else "hit")


def _not_accepted(decisions: Decisions, guards: Guards) -> list[Loss]:
    return [loss for loss in decisions.losses if not getattr(guards, loss.accepted_by)]


def _silent(decisions: Decisions, guards: Guards) -> list[str]:
    """The sources that lose all that they had, unless that is accepted or few."""
    lost = Counter[str]()
    for loss in _not_accepted(decisions, guards):
        lost[loss.source] += loss.articles
    return [source for source in decisions.silent if lost[source] >= guards.few_files]


def _losses_error(decisions: Decisions, guards: Guards) -> GuardRailError:
    """The error for articles that readers would lose: how many, for which reasons, and the way on."""
    losses = _not_accepted(decisions, guards)
    lost, known = sum(loss.articles for loss in losses), decisions.articles
    silent = _silent(decisions, guards)
    no_more = f" Source {silent[0]!r} would have none any more." if silent else ""
    return GuardRailError(
        f"{lost:,} of {known:,} articles ({lost / known:.0%}) would be lost: {_reasons(losses)};"
        f" `guards.max_removed_share` is {guards.max_removed_share:.0%}.{no_more}",
        "Nothing was published. Check what writes the files; `presslake check SOURCE` says what is wrong in them."
        f" If readers are to lose these articles, {run_again(*sorted({loss.accepted_by for loss in losses}))}.",
    )


def _reasons(losses: Sequence[Loss]) -> str:
    """The reasons with numbers, most frequent findings, and the first file: `28 in quarantine (yaml/syntax 28, …)`."""
    totals, codes, examples = Counter[str](), defaultdict[str, Counter[str]](Counter), dict[str, str]()
    for loss in losses:
        totals[loss.reason] += loss.articles
        examples.setdefault(loss.reason, f"{loss.source}/{loss.example}")
        for code in filter(None, loss.codes.split(", ")):
            codes[loss.reason][code] += loss.articles
    said = []
    for reason, number in totals.most_common():
        found = ", ".join(f"{code} {count:,}" for code, count in codes[reason].most_common(_MOST_CODES))
        about = f" ({found})" if found else ""
        said.append(f"{number:,} {reason}{about}, such as {printable(examples[reason], _LONGEST)}")
    return "; ".join(said)
