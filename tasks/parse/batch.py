"""One batch of files from the source to Arrow tables.

Belongs here: reading bytes, and the state of each file. Does not belong here: the run (`stage`), which
`presslake check` does without, and the contents of a document (`records`).
"""

from __future__ import annotations

import errno
import hashlib
import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import Contract
from config.errors import SourceError
from config.settings import Settings
from config.url_rules import UrlRules
from tasks.arrow.schemas import FINDINGS
from tasks.front_matter.document import Document, Reader
from tasks.front_matter.findings import Problem
from tasks.front_matter.policy import ReadPolicy
from tasks.parse.derive import ignored_reason
from tasks.parse.records import build_records, findings_table
from tasks.runs.parsed import Parsed, refusal
from tasks.runs.source import Content, Source, UnreadableFile, read_files

#: Errors of one file, not of the storage, with the remedy: they quarantine the file. A source gives EINVAL
#: for a name that has become a folder, a device or a pipe.
_OF_THE_FILE: Final = {
    errno.EACCES: "give the user who runs presslake the right to read it",
    errno.EPERM: "give the user who runs presslake the right to read it",
    errno.ELOOP: "put a file in the place of the symbolic link",
    errno.EISDIR: "put a file in its place",
    errno.EINVAL: "put a plain file in its place",
    errno.ENXIO: "put a plain file in its place",
    errno.ENAMETOOLONG: "give it a shorter name",
}
_MISSING: Final = {errno.ENOENT, errno.ENOTDIR}
#: Columns of a listing that reading needs row by row; times as Python objects would take as long as opening files.
_READ_BY_ROW: Final = ["source", "source_path", "etag", "known_hash"]


class ParseJob(msgspec.Struct, frozen=True):
    """Everything that reading a batch needs besides the list of files; picklable.

    Attributes:
        sources: source name to source.
        contract: the contract.
        rules: URL rules.
        policy: how front matter is read.
        max_file_bytes: larger files are not read on.
        base_url: address of the site, for articles that state none of their own; None where unknown.
    """

    sources: Mapping[str, Source]
    contract: Contract
    rules: UrlRules
    policy: ReadPolicy
    max_file_bytes: int
    base_url: str | None = None

    @classmethod
    def of(cls, settings: Settings, contract: Contract, rules: UrlRules, sources: Mapping[str, Source]) -> ParseJob:
        """The job that settings ask for."""
        policy, read = ReadPolicy.of(settings.read), settings.read
        return cls(sources, contract, rules, policy, read.max_file_bytes, settings.contract.base_url)


class _Read(NamedTuple):
    """One file after reading: its state, hash, bytes and, for a record, its document.

    `etag` is that of the bytes, `size` their number where the listing's is not that of this version.
    """

    state: str
    digest: str | None = None
    raw: bytes | None = None
    document: Document | None = None
    etag: str | None = None
    size: int | None = None


def read_listed(files: pa.Table, job: ParseJob) -> Parsed:
    """Read and parse all of some files, by their listing; see `read_batch`."""
    return read_batch(files.append_column("known_hash", pa.nulls(len(files), pa.string())), job)


def read_batch(files: pa.Table, job: ParseJob, refused: Mapping[int, str] = {}) -> Parsed:
    """Read and parse the files of a batch.

    Args:
        files: (n,) the listing's columns and `known_hash`, the hash under which the file was last read
            with the same contract and code, or null.
        job: everything else.
        refused: numbers of the files that cannot be processed, with the reason; their bytes are kept.

    Raises:
        SourceError: the storage failed; worth another try.
    """
    started = time.perf_counter()
    rows = files.select(_READ_BY_ROW).to_pylist()
    contents = read_files(rows, job.sources, job.max_file_bytes)
    reader = _reader(job.policy)
    reads = [
        _read_file(row, content, job, reader, refused.get(number, ""))
        for number, (row, content) in enumerate(zip(rows, contents, strict=True))
    ]
    table, found = _tables(files, reads, job)
    kept = [read.raw if read.state == "record" else None for read in reads]
    size = sum(len(read.raw or b"") for read in reads)
    return Parsed(table, found, kept.__getitem__, time.perf_counter() - started, size)


def _read_file(row: dict[str, Any], content: Content | OSError, job: ParseJob, reader: Reader, refused: str) -> _Read:
    if isinstance(content, OSError):
        return _unread(row, content)
    raw, etag = content
    if len(raw) > job.max_file_bytes:
        message = f"the file is larger than {job.max_file_bytes:,} bytes (`read.max_file_bytes`) and was not read"
        return _rejected("limit/file-size", message, etag)
    digest = hashlib.sha256(raw).hexdigest()[:32]
    size = None if etag == row["etag"] else len(raw)
    if digest == row["known_hash"]:
        return _Read("same_content", digest, etag=etag, size=size)
    if refused:
        problem = Problem("file/unprocessable", "", 0, 0, refusal(refused))
        return _Read("record", digest, raw, Document(None, "", (problem,), ()), etag, size)
    document = reader.read(raw)
    if document and document.tree is not None and (reason := ignored_reason(row["source_path"], document)):
        document = Document(None, "", (), (reason,))
    is_article = document is not None and (document.tree is not None or document.problems)
    return _Read("record" if is_article else "ignored", digest, raw, document, etag, size)


def _unread(row: dict[str, Any], error: OSError) -> _Read:
    if error.errno in _MISSING:
        return _Read("missing")
    # A lack of rights may pass while the file stays as it is: without an etag the next run tries it again.
    remedy, etag = _OF_THE_FILE.get(error.errno or 0), None
    if isinstance(error, UnreadableFile):
        remedy, etag = error.remedy, row["etag"]
    if remedy:
        return _rejected("file/unreadable", f"the file cannot be read ({error.strerror}): {remedy}", etag)
    where = f"{row['source']}:{row['source_path']}"
    raise SourceError(f"{where}: reading failed: {error.strerror or error}.", "Check the storage, then run again.")


def _rejected(code: str, message: str, etag: str | None) -> _Read:
    problem = Problem(code, "", 0, 0, message)
    return _Read("record", None, None, Document(None, "", (problem,), ()), etag)


_readers: Final[dict[str, Reader]] = {}


def _reader(policy: ReadPolicy) -> Reader:
    """One reader a process and policy: it has a cache of parsed list items."""
    return _readers.get(repr(policy)) or _readers.setdefault(repr(policy), Reader(policy))


def _tables(files: pa.Table, reads: list[_Read], job: ParseJob) -> tuple[pa.Table, pa.Table]:
    files = files.drop_columns(["known_hash"])
    # A file that changed since it was listed: its next listing is compared with the bytes that were read.
    sizes = pc.coalesce(pa.array([read.size for read in reads], pa.int64()), files["size"])
    for name, values in (("etag", pa.array([read.etag for read in reads], pa.string())), ("size", sizes)):
        index = files.schema.get_field_index(name)
        files = files.set_column(index, files.field(index), values)
    files = files.append_column("source_hash", pa.array([read.digest for read in reads], pa.string()))
    files = files.append_column("state", pa.array([read.state for read in reads], pa.string()))
    documents = [read.document for read in reads if read.document is not None and read.state == "record"]
    rows = pc.indices_nonzero(pc.equal(files["state"], "record"))
    named = files.select(["source", "source_path", "source_hash"])
    records = build_records(named.take(rows), documents, job.contract, job.rules, job.base_url)
    found = _findings_of(files, rows, records.findings)
    return _beside(files, rows, records.table), _with_ignored(found, reads)


def _beside(files: pa.Table, rows: pa.Array, records: pa.Table) -> pa.Table:
    """The records in the rows of their files; rows of other states have nulls."""
    if len(rows) < len(files):
        records = records.take(pc.index_in(pa.array(range(len(files)), rows.type), rows))
    for name in records.column_names:
        files = files.append_column(name, records[name])
    return files


def _with_ignored(found: pa.Table, reads: list[_Read]) -> pa.Table:
    """The findings, and why some files are ignored."""
    ignored = {row: read.document for row, read in enumerate(reads) if read.state == "ignored" and read.document}
    if not ignored:
        return found
    reasons = findings_table(list(ignored.values()))
    rows = pa.array(list(ignored), pa.int32()).take(reasons["row"])
    return pa.concat_tables([found, reasons.set_column(0, FINDINGS.field("row"), rows)])


def _findings_of(files: pa.Table, rows: pa.Array, findings: pa.Table) -> pa.Table:
    if len(rows) == len(files) or not len(findings):
        return findings
    return findings.set_column(0, FINDINGS.field("row"), rows.take(findings["row"]).cast(pa.int32()))
