"""Batches of given files, as the parse stage gets them.

Belongs here: a source in memory, and reading its files. Does not belong here: what the stages make of them.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from config.contract import Contract, load_contract
from config.url_rules import load_url_rules
from tasks.arrow.schemas import LISTING_FIELDS
from tasks.front_matter.policy import ReadPolicy
from tasks.parse.batch import ParseJob, read_batch
from tasks.runs.parsed import Parsed
from tasks.runs.source import Content

MISSING = OSError(errno.ENOENT, "No such file")


@dataclass
class FakeSource:
    """A source of given bytes, or of the errors that reading gives."""

    files: Mapping[str, bytes | OSError]
    name: str = "s"

    def list(self) -> pa.Table:
        raise NotImplementedError

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        for path, etag in files:
            content = self.files[path]
            yield content if isinstance(content, OSError) else Content(content[: limit + 1], etag)


def parsed(
    files: Mapping[str, bytes | OSError],
    contract: Contract | None = None,
    known: Mapping[str, str] | None = None,
    limit: int = 1_000_000,
) -> Parsed:
    """The parsed batch of some files; `known` has the hashes under which files were last read."""
    empty = {field.name: None for field in LISTING_FIELDS} | {"source": "s", "size": 1}
    rows = [empty | {"source_path": path, "known_hash": (known or {}).get(path)} for path in files]
    schema = pa.schema([*LISTING_FIELDS, pa.field("known_hash", pa.string())])
    job = ParseJob({"s": FakeSource(files)}, contract or load_contract(), load_url_rules(), ReadPolicy(), limit)
    return read_batch(pa.Table.from_pylist(rows, schema), job)
