"""The evidence of a site's files: for each file its values, where they come from, and its findings.

Belongs here: the sample, reading it through the stages parse and validate, and what it says of a column. Does not
belong here: what follows from it (`flows.site_overlay`, `flows.init`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from config.contract_types import Column, folded
from config.settings import Settings
from config.url_rules import load_url_rules
from flows.check import in_processes
from tasks.discover.batches import make_batches
from tasks.front_matter.document import Reader
from tasks.parse.batch import ParseJob, read_listed
from tasks.report.progress import Progress
from tasks.report.words import format_message
from tasks.runs.source import Source
from tasks.validate.batch import validate_batch

#: Columns that a person checks, in the order of the table.
SHOWN: Final = (
    *("title", "published_at", "updated_at", "excerpt", "topics", "category", "authors", "language", "is_published"),
    *("original_url", "permalink", "images"),
)
#: Files that are read; of more every so many-th, and some of every folder.
_MOST: Final = 4_000

#: What a file says: `source`, `source_path`, `status`, the values of `SHOWN`, `extra`, `origins` (column to the place
#: of its value, and whether that is a key) and `findings`.
Row = dict[str, Any]


class Origin(msgspec.Struct, frozen=True):
    """A place that a column's values come from.

    Attributes:
        where: a key as the contract has it, or the place of a derivation, such as `file name`.
        is_key: whether it is a key.
        files: that have the value from there.
    """

    where: str
    is_key: bool
    files: int


class ColumnEvidence(msgspec.Struct, frozen=True):
    """What a sample says of a column.

    Attributes:
        column: its name.
        origins: most files first.
        files: that have a value.
        example: of a value.
        unusual: number of findings, and the first of them with file and line; empty where there is none.
    """

    column: str
    origins: list[Origin]
    files: int
    example: str
    unusual: str = ""


def sample_of(listing: pa.Table) -> pa.Table:
    """The files that are read: all, or some thousands: the first of each folder, and every so many-th."""
    if len(listing) <= _MOST:
        return listing
    every = pa.arange(0, len(listing), -(-len(listing) // (_MOST // 2)))
    folders = pc.replace_substring_regex(listing["source_path"], r"[^/]*$", "").combine_chunks()
    firsts = pc.index_in(pc.unique(folders), folders)[: _MOST // 2].cast(pa.int64())
    return listing.take(pc.unique(pa.concat_arrays([every, firsts])).sort())


def read_evidence(
    sources: Sequence[Source],
    settings: Settings,
    sample: pa.Table,
    contract: Contract,
    stage: str,
    *,
    progress: Progress,
) -> list[Row]:
    """What each file of a sample says under a contract, see `_evidence`."""
    rules = load_url_rules(settings.contract.url_rules)
    job = ParseJob.of(settings, contract, rules, {source.name: source for source in sources})
    progress.start(stage, len(sample), "files")
    rows: list[Row] = []
    batches = make_batches(sample, settings.run.batch_bytes)
    for found in in_processes(batches, partial(_evidence, job=job), settings.run.workers):
        rows += found
        progress.advance(stage, len(found))
    progress.finish(stage)
    return rows


def _evidence(files: pa.Table, job: ParseJob) -> list[Row]:
    """What each file of a batch says: its status, values, where they come from, and its findings."""
    parsed = read_listed(files, job)
    found, _, read = validate_batch(parsed, job.contract, job.policy, locate_warnings=True)
    reader = Reader(job.policy)
    names = [*SHOWN, "derived", "extra", "read_from"]
    rows: list[Row] = parsed.table.select(["source", "source_path", *names]).to_pylist()
    for number, (row, status) in enumerate(zip(rows, read["status"].to_pylist(), strict=True)):
        raw = parsed.raw(number) if status == "record" else None
        document = reader.read(raw) if raw is not None else None
        tree = (document.tree if document else None) or {}
        row |= {"status": status, "findings": [], "origins": _origins(row, tree, job.contract)}
    for finding in found.to_pylist():
        rows[finding["row"]]["findings"].append(finding)
    return rows


def _origins(row: Row, tree: Mapping[str, Any], contract: Contract) -> dict[str, tuple[str, bool]]:
    """Where the columns of a file come from, and whether that is a key."""
    pairs = (entry.split(": ", 1) for entry in row["derived"] or ())
    origins = {column: (where, False) for column, where in pairs}
    chosen = {tuple(first): tuple(path) for first, path in msgspec.json.decode(row["read_from"] or b"[]")}
    for column in contract.source_columns:
        if column.name not in SHOWN or column.name in origins or row[column.name] in (None, []):
            continue
        path = chosen.get(column.sources[0], column.sources[0])
        if column.combine != "first":
            present = (source for source in column.sources if _has(tree, source))
            path = next(present, path)
        origins[column.name] = (".".join(map(str, path)), True)
    return origins


def _has(tree: Any, path: Sequence[str | int]) -> bool:
    for step in path:
        if not isinstance(tree, dict):
            return False
        tree = {folded((key,)): value for key, value in tree.items()}.get(folded((step,)))
    return tree not in (None, "", [])


def evidence_of(column: Column, rows: Sequence[Row]) -> ColumnEvidence:
    """What the articles of a sample say of a column."""
    articles = [row for row in rows if row["status"] == "record"]
    origins = Counter(row["origins"][column.name] for row in articles if column.name in row["origins"])
    example = next((row[column.name] for row in articles if column.name in row["origins"]), "")
    keys = {".".join(map(str, path)) for path in column.sources}
    findings = [(row, found) for row in articles for found in row["findings"] if found["field"] in keys]
    unusual = ""
    if findings:
        row, found = findings[0]
        place = f"{row['source_path']}:{found['line'] or 1}"
        files = f"{len(findings):,} files, such as {place}" if len(findings) > 1 else place
        unusual = f"{format_message('', found['message'], found['value'])}: {files}"
    return ColumnEvidence(
        column.name,
        [Origin(origin[0], origin[1], files) for origin, files in origins.most_common()],
        origins.total(),
        _example(example),
        unusual,
    )


def _example(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item.get("url", "") if isinstance(item, dict) else item) for item in value)
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)
