"""The record of one file or article in the tables: status, findings, cluster, and why it is one story.

Belongs here: finding the files that a name or id means, and the record as plain text that can be pasted into a
ticket. Does not belong here: how a URL becomes an id (the command computes ids), and decisions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.errors import UsageError
from tasks.arrow.keys import file_keys
from tasks.report.status import published_snapshot
from tasks.report.words import counted, printable
from tasks.warehouse.snapshots import INDEX, Snapshot

#: Line and column, as `check` and `status` print them after a path.
_LINE_AND_COLUMN: Final = re.compile(r"(:\d+){1,2}$")
_KNOWN: Final = [
    *("source", "source_path", "status", "article_id", "canonical_article_id", "copies", "outlets"),
    *("outlet", "published_at", "first_published_at", "first_published_by"),
    *("match", "matched_source", "matched_source_path", "similarity", "evidence", "violations", "erased_reason"),
]
_INDEXED: Final = ["alias_ids", "title_words"]


class Member(msgspec.Struct, frozen=True):
    """One record of a cluster; for duplicates with the record that it matches, and why."""

    file: str
    status: str
    outlet: str
    published_at: str
    match: str
    matched: str
    similarity: float | None
    evidence: dict[str, Any]


class Explanation(msgspec.Struct, frozen=True):
    """The record of one file.

    Attributes:
        file: source and path, `source:path`.
        status: its status; `findings` with line and column where they are known.
        article_id: its own id; `canonical_article_id` that of its story.
        title: its words; `outlets`, `first_published_at`, `first_published_by` of the cluster.
        cluster: the records of its story, the survivor first; empty where the file is no record.
    """

    file: str
    status: str
    title: str
    article_id: str
    canonical_article_id: str
    outlets: int
    first_published_at: str
    first_published_by: str
    findings: list[str]
    cluster: list[Member]


def explain(root: Path, subject: str, ids: Sequence[str]) -> list[Explanation]:
    """Explain the files that a subject names.

    Args:
        root: folder of the warehouse.
        subject: an article id, a URL, or a path: as the source has it, its end, `source:path`, or as other
            commands print it, below the source's folder and with line and column.
        ids: article ids that the subject has if it is a URL.

    Returns:
        One explanation a file, by source and path.

    Raises:
        UsageError: no file is known by that name.
        WarehouseError: there is no warehouse, nothing is published, or it is damaged.
    """
    snapshot = published_snapshot(root)
    files = _files(snapshot)
    found = files.filter(_is_meant(files, subject, [subject, *ids]))
    if not len(found):
        raise UsageError(f"No file is known by {subject!r}.", "Give an article_id, a URL, or a path in its source.")
    findings = _findings(snapshot, found)
    findings |= {_file(row): [f"erased: {row['erased_reason']}"] for row in found.to_pylist() if row["erased_reason"]}
    return [_explanation(files, row, findings.get(_file(row))) for row in found.to_pylist()]


def _files(snapshot: Snapshot) -> pa.Table:
    """What is known of every file; names and words by which it is found are in the private index."""
    files, index = snapshot.read("sources", _KNOWN), snapshot.read(INDEX, _INDEXED)
    for name in _INDEXED:
        files = files.append_column(name, index[name])
    return files


def _is_meant(files: pa.Table, subject: str, ids: Sequence[str]) -> pa.BooleanArray:
    aliases = files["alias_ids"].combine_chunks()
    named = _is_named(files, _LINE_AND_COLUMN.sub("", subject))
    by_alias = pc.list_parent_indices(aliases).filter(pc.is_in(pc.list_flatten(aliases), pa.array(ids, pa.string())))
    has_alias = pc.is_in(pa.arange(0, len(files)), by_alias.cast(pa.int64()))
    has_id = pc.is_in(files["article_id"].combine_chunks(), pa.array(ids, pa.string()))
    return pc.or_(named, pc.or_(has_id, has_alias))


def _is_named(files: pa.Table, name: str) -> pa.BooleanArray:
    """Files by name: with its source, whole, by its end, or with folders before it that no source_path has."""
    paths = files["source_path"].combine_chunks()
    full = pc.binary_join_element_wise(files["source"].combine_chunks(), paths, ":")
    exact = pc.equal(full, name)
    if pc.any(exact).as_py():
        return exact
    below = pa.array([name.endswith("/" + path) for path in paths.to_pylist()] if "/" in name else [False] * len(paths))
    return pc.or_(below, pc.or_(pc.equal(paths, name), pc.ends_with(paths, "/" + name)))


def _explanation(files: pa.Table, row: dict[str, Any], findings: list[str] | None) -> Explanation:
    canonical = row["canonical_article_id"]
    cluster = files.filter(pc.equal(files["canonical_article_id"], canonical)).to_pylist() if canonical else []
    return Explanation(
        file=_file(row),
        status=row["status"],
        title=row["title_words"] or "",
        article_id=row["article_id"] or "",
        canonical_article_id=canonical or "",
        outlets=row["outlets"] or 0,
        first_published_at=_time(row["first_published_at"]),
        first_published_by=row["first_published_by"] or "",
        findings=list(row["violations"]) if findings is None else findings,
        cluster=sorted((_member(record) for record in cluster), key=lambda m: (m.status != "loaded", m.file)),
    )


def _member(row: dict[str, Any]) -> Member:
    matched = {"source": row["matched_source"], "source_path": row["matched_source_path"]}
    return Member(
        file=_file(row),
        status=row["status"],
        outlet=row["outlet"] or "",
        published_at=_time(row["published_at"]),
        match=row["match"] or "",
        matched=_file(matched) if row["match"] else "",
        similarity=row["similarity"],
        evidence=msgspec.json.decode(row["evidence"]) if row["evidence"] else {},
    )


def _findings(snapshot: Snapshot, found: pa.Table) -> dict[str, list[str]]:
    """The findings of quarantined files, each with line and column; of other files the manifest has codes."""
    if not pc.any(pc.equal(found["status"], "quarantined")).as_py():
        return {}
    held = snapshot.read("quarantine", ["source", "source_path", "violations"])
    mine = held.filter(pc.is_in(file_keys(held), file_keys(found)))
    return {_file(row): [_format_finding(one) for one in row["violations"]] for row in mine.to_pylist()}


def _format_finding(found: dict[str, Any]) -> str:
    """Line and column, field, message and code; a warning is marked."""
    is_warning = found.get("severity") == "warning"
    code = f"[{found['code']}, warning]" if is_warning else f"[{found['code']}]"
    return f"{found['line'] or 0}:{found['column'] or 0} {found['field'] or 'file'}: {found['message']} {code}"


def _file(row: dict[str, Any]) -> str:
    return f"{row['source']}:{row['source_path']}"


def _time(moment: Any) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M} UTC"


def format_explanation(known: Explanation) -> str:
    """An explanation as lines of plain text, without control characters."""
    lines = [known.file, f"  status      {known.status}", f"  title       {known.title or '(none)'}"]
    lines += [f"  article_id  {known.article_id}"] if known.article_id else []
    lines += ["  findings", *(f"    {finding}" for finding in known.findings)] if known.findings else []
    if known.cluster:
        origin = " by ".join(filter(None, [known.first_published_at, known.first_published_by]))
        spread = f"{counted(len(known.cluster), 'record')}, {counted(known.outlets, 'outlet')}"
        lines += [f"  story       {known.canonical_article_id}: {spread}"]
        lines += [f"  first       {origin}"] if origin else []
        lines += [line for member in known.cluster for line in _member_lines(member)]
    return "\n".join(printable(line) for line in lines)


def _member_lines(member: Member) -> Iterator[str]:
    about = ", ".join(filter(None, [member.outlet, member.published_at]))
    yield f"  - {member.file} ({about})" if about else f"  - {member.file}"
    if not member.match:
        yield "      survives"
        return
    alike = "" if member.similarity is None else f", similarity {member.similarity:.2f}"
    yield f"      {member.match} of {member.matched}{alike}"
    for name, value in member.evidence.items():
        yield f"      {name}: {_words(value)}"


def _words(value: Any) -> str:
    """Lists of words as words, and lists of such lists with `/` between; `none` where there are no words."""
    if not isinstance(value, list):
        return str(value)
    if value and isinstance(value[0], list):
        return " / ".join(_words(part) or "-" for part in value) if any(value) else "none"
    return " ".join(value)
