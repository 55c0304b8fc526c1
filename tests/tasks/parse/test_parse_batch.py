"""What becomes of the files of a batch when they are read."""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.errors import SourceError
from config.url_rules import load_url_rules
from tasks.arrow.schemas import LISTING_FIELDS
from tasks.front_matter.policy import ReadPolicy
from tasks.parse.batch import ParseJob, read_batch
from tasks.runs.parsed import write_parsed
from tasks.runs.source import Content
from tasks.runs.staging import read_arrow

ARTICLE = b"---\ntitle: A\npublishedDateTime: 2026-03-02T09:30:00Z\n---\nText.\n"


@dataclass
class FakeSource:
    """A source of given bytes, or of the errors that reading gives."""

    files: dict[str, bytes | OSError]
    name: str = "s"

    def list(self) -> pa.Table:
        raise NotImplementedError

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        for path, etag in files:
            content = self.files[path]
            yield content if isinstance(content, OSError) else Content(content[: limit + 1], etag)


def parse(
    folder: Path, files: dict[str, Any], known: dict[str, str] | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [
        dict.fromkeys(f.name for f in LISTING_FIELDS) | {"source": "s", "source_path": p, "size": 1} for p in files
    ]
    for row, path in zip(rows, files, strict=True):
        row["known_hash"] = (known or {}).get(path)
    schema = pa.schema([*LISTING_FIELDS, pa.field("known_hash", pa.string())])
    job = ParseJob({"s": FakeSource(files)}, load_contract(), load_url_rules(), ReadPolicy(), limit)
    write_parsed(folder, read_batch(pa.Table.from_pylist(rows, schema), job))
    parsed: list[dict[str, Any]] = read_arrow(folder / "parsed.arrow").to_pylist()
    return parsed


def noticed(folder: Path) -> list[tuple[int, str, str]]:
    return [(f["row"], f["code"], f["severity"]) for f in read_arrow(folder / "noticed.arrow").to_pylist()]


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:32]


def test_a_record_keeps_its_bytes_and_their_hash(tmp_path: Path) -> None:
    (row,) = parse(tmp_path, {"a.md": ARTICLE})
    assert (row["state"], row["raw"], row["source_hash"]) == ("record", ARTICLE, digest(ARTICLE))
    assert (row["title"], row["body"]) == ("A", "Text.\n")
    assert noticed(tmp_path) == []


def test_states_stand_beside_one_another(tmp_path: Path) -> None:
    missing, refused = OSError(errno.ENOENT, "No such file"), OSError(errno.EACCES, "Permission denied")
    rows = parse(
        tmp_path,
        {
            "gone.md": missing,
            "plain.md": b"no front matter",
            "same.md": ARTICLE,
            "shut.md": refused,
            "big.md": b"x" * 2000,
            "ok.md": ARTICLE,
        },
        known={"same.md": digest(ARTICLE)},
    )
    assert [row["state"] for row in rows] == ["gone", "ignored", "touched", "record", "record", "record"]
    assert [row["title"] for row in rows] == [None, None, None, None, None, "A"]
    assert [row["raw"] for row in rows] == [None, None, None, None, None, ARTICLE]
    assert [row["source_hash"] is None for row in rows] == [True, False, False, True, True, False]
    assert noticed(tmp_path) == [(3, "file/unreadable", "error"), (4, "limit/file-size", "error")]


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    (row,) = parse(tmp_path, {"a.md": ARTICLE}, limit=len(ARTICLE))
    assert row["title"] == "A"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.ELOOP, errno.EISDIR, errno.EINVAL, errno.ENXIO])
def test_errors_of_one_file_quarantine_it(tmp_path: Path, number: int) -> None:
    parse(tmp_path, {"a.md": OSError(number, "No")})
    assert noticed(tmp_path) == [(0, "file/unreadable", "error")]


@pytest.mark.parametrize(
    "error", [OSError(errno.EIO, "Input/output error"), OSError(errno.ESTALE, "Stale"), TimeoutError("slow")]
)
def test_errors_of_the_storage_end_the_batch(tmp_path: Path, error: OSError) -> None:
    with pytest.raises(SourceError, match=r"s:a\.md"):
        parse(tmp_path, {"a.md": error})


@pytest.mark.parametrize("files", [{}, {"a.md": b"no front matter"}, {"a.md": b"---\n- not a mapping\n---\n"}])
def test_batches_without_records_have_all_columns(tmp_path: Path, files: dict[str, bytes]) -> None:
    assert len(parse(tmp_path, files)) == len(files)
    columns = read_arrow(tmp_path / "parsed.arrow").schema.names
    parse(tmp_path, {"a.md": ARTICLE})
    assert columns == read_arrow(tmp_path / "parsed.arrow").schema.names


def test_hostile_text_reaches_no_column(tmp_path: Path) -> None:
    rows = parse(
        tmp_path, {"a.md": b'---\ntitle: "\\ud800"\n---\n', "b.json": b'{"title": "\\ud800"}', "c.md": ARTICLE}
    )
    assert [row["title"] for row in rows][2] == "A"
    assert {code for _, code, _ in noticed(tmp_path)} == {"text/surrogate"}


def test_equal_input_gives_equal_files(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        parse(tmp_path / name, {"a.md": ARTICLE, "b.md": ARTICLE.replace(b"title", b"x: {}\ntitle")})
    one, two = (read_arrow(tmp_path / name / "parsed.arrow") for name in ("one", "two"))
    assert one.equals(two)
