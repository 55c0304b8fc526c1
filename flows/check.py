"""The linter: what a run would say of the files, without a warehouse and without writing anything.

Belongs here: choosing the files, sending them through the stages parse and validate, and the lines that
editors understand. Does not belong here: any rule (the contract and the stages have them), Prefect (it
takes a second to import), and the command's options (`flows.commands.check`).
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, Literal, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.settings import Settings
from flows.listed_files import list_files, parse_job
from tasks.discover.batches import make_batches
from tasks.discover.left_out import name_left_out
from tasks.parse.batch import ParseJob, read_listed
from tasks.report.way_out import Fault
from tasks.report.words import counted, format_message, printable
from tasks.validate.batch import validate_batch

#: Bytes of source files from which on worker processes are worth their start.
PARALLEL_BYTES: Final = 16 * 2**20


Result = TypeVar("Result")


class Finding(msgspec.Struct, frozen=True):
    """One finding; `path` is relative to the working folder where it lies inside, 1-based `line` and
    `column` are null for the file as a whole."""

    path: str
    line: int | None
    column: int | None
    code: str
    field: str
    severity: str
    message: str
    value: str


class FileCounts(msgspec.Struct, frozen=True):
    """Files that were held against the rules, and files without front matter."""

    checked: int = 0
    ignored: int = 0


class CheckReport(msgspec.Struct, frozen=True):
    """All findings, sorted by path and place; `failed` if there is an error among them.

    `note` names files with front matter that the patterns leave out, `hint` says why most files fail and the way
    out, in lines; both are empty as a rule.
    """

    status: Literal["passed", "failed"]
    files: FileCounts
    errors: int
    warnings: int
    violations: list[Finding]
    note: str = ""
    hint: str = ""


def check_sources(specs: Sequence[str], settings: Settings) -> CheckReport:
    """Hold files against the contract.

    Args:
        specs: sources (with or without `name=` before them) and single files; a single file is checked
            whatever the patterns say, and a file that is named twice once.
        settings: patterns, reading policy, contract and workers.

    Raises:
        UsageError: a source, the contract or a setting cannot be understood.
        SourceError: a source is not there or cannot be listed.
    """
    files, sources, whole = list_files(specs, settings)
    batches = make_batches(files, settings.run.batch_bytes)
    checked = ignored = 0
    findings: list[Finding] = []
    faults: dict[tuple[str, str], Fault] = {}
    job = parse_job(sources, settings)
    for states, found in in_processes(batches, partial(_check_batch, job=job), settings.run.workers):
        ignored += states.get("ignored", 0)
        checked += sum(count for state, count in states.items() if state not in {"ignored", "missing"})
        rows = found.to_pylist()
        findings += map(_finding, rows)
        for row in rows:
            if row["severity"] == "error":
                faults.setdefault((row["source"], row["source_path"]), Fault.of(row["source_path"], row))
    findings.sort(key=lambda f: (f.path, f.line or 0, f.column or 0, f.code, f.field))
    errors = sum(finding.severity == "error" for finding in findings)
    status: Literal["passed", "failed"] = "failed" if errors else "passed"
    counts = FileCounts(checked, ignored)
    # A single file is checked alone, whatever is beside it.
    note = name_left_out(sources[name] for name in whole)
    hint = ""
    if len(faults) > 1 and len(faults) * 2 > checked:
        from flows.failure_help import help_for_check  # noqa: PLC0415  (few checks need it)

        failing = files.filter([(row["source"], row["source_path"]) in faults for row in _named(files)])
        hint = help_for_check(list(faults.values()), failing, job, checked, specs[0])
    return CheckReport(status, counts, errors, len(findings) - errors, findings, note, hint)


def format_finding(finding: Finding) -> str:
    """`path:line:column: code message`, one line, as compilers write it; warnings say so.

    A finding in the file as a whole is placed at 1:1, so that an editor can go there.
    """
    mark = "" if finding.severity == "error" else f"{finding.severity} "
    place = f"{printable(finding.path)}:{finding.line or 1}:{finding.column or 1}"
    return f"{place}: {mark}{finding.code} {format_message(finding.field, finding.message, finding.value)}"


def format_counts(report: CheckReport) -> str:
    """`12 errors, 3 warnings in 2,277 files`, and how many had no front matter."""
    counts = f"{counted(report.errors, 'error')}, {counted(report.warnings, 'warning')}"
    ignored = f" ({report.files.ignored:,} more without front matter)" if report.files.ignored else ""
    if not report.files.checked and not report.files.ignored:
        return f"{counts}: no file matches `discover.include` (`--include`)"
    return f"{counts} in {counted(report.files.checked, 'file')}{ignored}"


def in_processes(batches: Sequence[pa.Table], work: Callable[[pa.Table], Result], workers: int) -> Iterator[Result]:
    """What a function makes of every batch, in order; in this process where the input is small.

    Args:
        batches: files with their `size`.
        work: a function that can be pickled.
        workers: number of processes; 0 is one a core.
    """
    size = sum(pc.sum(batch["size"]).as_py() or 0 for batch in batches)
    processes = min(workers or os.cpu_count() or 1, len(batches))
    if size <= PARALLEL_BYTES or processes < 2:
        yield from map(work, batches)
        return
    # A few files are read before these are imported.
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    # Ctrl-C ends the main process alone, which ends the workers, and says so once.
    ignored = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(processes, get_context("forkserver"), signal.signal, ignored) as pool:
        yield from pool.map(work, batches)


def _check_batch(files: pa.Table, job: ParseJob) -> tuple[dict[str, int], pa.Table]:
    """Parse and validate one batch, and write nothing.

    Returns:
        How many files have each status, and the findings with `source` and `source_path`.
    """
    parsed = read_listed(files, job)
    found, _, read = validate_batch(parsed, job.contract, job.policy, locate_warnings=True)
    counts = pc.value_counts(read["status"]).to_pylist()
    states = {count["values"]: count["counts"] for count in counts}
    for name in ("source", "source_path"):
        found = found.append_column(name, read[name].take(found["row"]))
    return states, found


def _named(files: pa.Table) -> list[dict[str, Any]]:
    names: list[dict[str, Any]] = files.select(["source", "source_path"]).to_pylist()
    return names


def _finding(row: dict[str, Any]) -> Finding:
    folder = "" if row["source"] == "." else row["source"].rstrip("/") + "/"
    return Finding(
        path=folder + row["source_path"],
        line=row["line"] or None,
        column=row["column"] or None,
        code=row["code"],
        field=row["field"] or "",
        severity=row["severity"],
        message=row["message"],
        value=row["value"] or "",
    )
