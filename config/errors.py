"""The one tree of exceptions that presslake raises on purpose.

Belongs here: every error a user can meet, each with what happened and what to do next.
Does not belong here: problems *inside* source files. Those are data (`Problem` in
`tasks.front_matter.findings`), go to quarantine, and never raise.

    PresslakeError
    ├── UsageError               exit 2: the command line or a configuration file is wrong
    │   ├── SettingsError        a setting is unknown or has a wrong type
    │   └── ContractError        the data contract is not one that presslake can run
    └── RunError                 exit 1: the run failed; the tables are as they were
        ├── SourceError          a source is gone, empty by accident, or cannot be listed
        │   └── SourceRefused    it will not be otherwise next time: no permission, not safe to read
        ├── WarehouseError       the warehouse cannot be read or written, or is damaged
        │   └── WarehouseLocked  another run is writing
        ├── AuditError           the new snapshot broke a guarantee
        └── GuardRailError       the run would have quarantined or removed too much
"""

from __future__ import annotations

from collections.abc import Iterable


class PresslakeError(Exception):
    """Base of all: `str()` says what happened, `hint` says what to do about it.

    Args:
        message: what happened, naming the file, field or setting.
        hint: the way out, as an instruction; empty where there is none.

    `logged` is true where a log line has the error, so that the command line need not print it again.
    """

    exit_code = 1
    logged = False

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()

    def __reduce__(self) -> tuple[type[PresslakeError], tuple[str, str]]:
        # Worker processes pickle what they raise: the default would hand `hint` nothing.
        return type(self), (self.message, self.hint)


def message_and_hint(error: BaseException) -> tuple[str, str]:
    """Message and hint of any exception; one from elsewhere has no hint."""
    if isinstance(error, PresslakeError):
        return error.message, error.hint
    return f"{type(error).__name__}: {error}", ""


def nearest(word: str, known: Iterable[str]) -> str:
    """The name that a misspelt word most likely means, for a hint; empty where none is alike."""
    import difflib  # noqa: PLC0415  (only errors need it)

    by_lower = {name.lower(): name for name in known}
    near = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[near[0]] if near else ""


class UsageError(PresslakeError):
    """The command line or a configuration file is wrong; nothing was started."""

    exit_code = 2


class SettingsError(UsageError):
    """A setting is unknown, misspelt, or has a value of the wrong type."""


class ContractError(UsageError):
    """The data contract cannot be read, or says something presslake cannot do."""


class RunError(PresslakeError):
    """The run failed after it started; the published tables are as they were.

    `outcome` is the outcome until then (`tasks.report.outcome.Outcome`), if the run got that far.
    """

    outcome: object | None = None


class SourceError(RunError):
    """A source does not exist, cannot be listed, or stopped answering."""


class SourceRefused(SourceError):
    """A source refused, or must not be read: another try does not help, so there is none."""


class WarehouseError(RunError):
    """The warehouse cannot be read or written, or a file in it is damaged."""


class WarehouseLocked(WarehouseError):
    """Another run is writing to this warehouse."""


class AuditError(RunError):
    """The new snapshot broke a guarantee, so it was not published."""


class GuardRailError(RunError):
    """Readers would have lost more than the settings allow, or more files are bad or missing than they allow."""
