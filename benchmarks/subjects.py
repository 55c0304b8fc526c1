"""What is compared: each subject's command, and the counts that it must print.

Belongs here: presslake, the peers, and which files each of them cannot read. Does not belong here: when
they run (`parts`).
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.environment import REPOSITORY
from benchmarks.generate import load_expected
from benchmarks.measure import Cost, measure
from benchmarks.plan import Expected

Counts = dict[str, int]

#: Broken files that every reader of YAML refuses; the peers load the other kinds as if they were good.
NOT_YAML: Final = frozenset({"unclosed_fence", "unclosed_quote", "tab_indent", "unquoted_colon", "invalid_utf8"})
#: Environment of every command: a run by hand, and nobody's telemetry. Modules are compiled once, as wherever
#: presslake and the peers are installed, also where this process was told to leave no bytecode behind.
ENVIRONMENT: Final = {
    "PYTHONPATH": str(REPOSITORY),
    "PYTHONDONTWRITEBYTECODE": "",
    "PRESSLAKE_RUN__ENGINE": "local",
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "DO_NOT_TRACK": "1",
}


#: The module of the command line.
CLI: Final = "flows"


def cli(*arguments: str) -> list[str]:
    """A command of presslake's."""
    return [sys.executable, "-m", CLI, *arguments]


class WrongCountsError(Exception):
    """A subject did not give the rows that it must; its times mean nothing."""


@dataclass(frozen=True)
class Subject:
    """One of those compared.

    Attributes:
        name: as the report calls it.
        module: what `python -m` runs, and arguments before source and output.
        is_peer: whether it runs in the peers' environment.
        expected: the counts that a tree must give.
        counts: reads the counts off what it prints.
    """

    name: str
    module: tuple[str, ...]
    is_peer: bool
    expected: Callable[[Expected], Counts]
    counts: Callable[[str], Counts]

    def command(self, python: Path, source: Path, output: Path) -> list[str]:
        """The command; `python` is that of the peers' environment."""
        if self.module[0] == CLI:
            return cli(*self.module[1:], str(source), "--warehouse", str(output), "--json")
        return [str(python if self.is_peer else sys.executable), "-m", *self.module, str(source), str(output)]


@dataclass(frozen=True)
class Workplace:
    """Where a benchmark is run: the tree, the peers' interpreter, a folder for outputs.

    Attributes:
        loaded: a subject's module to the tree whose files its output has, as far as this process knows.
    """

    tree: Path
    python: Path
    outputs: Path
    loaded: dict[tuple[str, ...], Expected] = field(default_factory=dict)

    @property
    def source(self) -> Path:
        """The folder that is loaded."""
        return self.tree / "site"

    def output(self, subject: Subject) -> Path:
        """Where a subject writes."""
        return self.outputs / "-".join(subject.module)

    def run(self, subject: Subject, expected: Counts, *, fresh: bool, interval: float | None = None) -> Cost:
        """Measure one run of a subject.

        Args:
            subject: who runs.
            expected: the counts that it must print.
            fresh: whether its output is deleted before.
            interval: see `measure`.

        Raises:
            WrongCountsError: it printed other counts.
        """
        output = self.output(subject)
        if fresh:
            shutil.rmtree(output, ignore_errors=True)
        command = subject.command(self.python, self.source, output)
        cost = measure(command, interval=interval, environment=ENVIRONMENT)
        counts = subject.counts(cost.output)
        if counts != expected:
            raise WrongCountsError(f"{subject.name} gave {counts}, must give {expected}.")
        self.loaded[subject.module] = load_expected(self.tree)
        return cost


def _last_line(output: str) -> Counts:
    counts: Counts = json.loads(output.strip().splitlines()[-1])
    return counts


def _records(output: str) -> Counts:
    outcome = json.loads(output)
    records, files = outcome["records"], outcome["files"]
    read = {name: files[name] for name in ("new", "changed")}
    return {name: records[name] for name in ("loaded", "duplicate", "quarantined")} | read


def _statuses(tree: Expected) -> Counts:
    statuses = {"loaded": tree.loaded, "duplicate": tree.duplicate, "quarantined": tree.quarantined}
    return statuses | {"new": tree.files, "changed": 0}


def _read(tree: Expected) -> Counts:
    return {"rows": tree.loaded + tree.duplicate, "rejected": tree.quarantined}


def _refused(tree: Expected) -> Counts:
    """Counts of a peer that keeps every file but those that are not YAML."""
    rejected = sum(tree.broken[kind] for kind in NOT_YAML)
    return {"rows": tree.files - rejected, "rejected": rejected}


def _without_repeats(tree: Expected) -> Counts:
    """Counts of a peer that also drops rows with an address that it has seen, spelled the same."""
    counts = _refused(tree)
    return counts | {"rows": counts["rows"] - tree.duplicates["same_address"]}


PRESSLAKE: Final = Subject("presslake", (CLI, "run"), False, _statuses, _records)
READING: Final = Subject("presslake", ("benchmarks.read_to_arrow",), False, _read, _last_line)
PANDAS: Final = Subject(
    "python-frontmatter + pandas", ("benchmarks.peers.frontmatter_pandas",), True, _without_repeats, _last_line
)
PYYAML: Final = Subject(
    "PyYAML + multiprocessing + pyarrow", ("benchmarks.peers.pyyaml_processes",), True, _without_repeats, _last_line
)
DLT: Final = Subject("dlt merge", ("benchmarks.peers.dlt_merge",), True, _refused, _last_line)
FAST: Final = Subject("yaml-rs + msgspec + Arrow", ("benchmarks.peers.read_bounds", "fast"), True, _refused, _last_line)
PLAIN: Final = Subject("CSafeLoader + Arrow", ("benchmarks.peers.read_bounds", "plain"), True, _refused, _last_line)


def expected_again(subject: Subject, tree: Expected, changed: int = 0) -> Counts:
    """Counts of a second run of presslake or dlt, which does not look at the broken files again."""
    again = {"new": 0, "changed": changed} if subject is PRESSLAKE else {"rejected": 0}
    return subject.expected(tree) | again


#: Short names for the command line.
PEERS: Final = {"pandas": PANDAS, "pyyaml": PYYAML, "dlt": DLT, "fast": FAST, "plain": PLAIN}
