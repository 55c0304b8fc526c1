"""The files of a batch after reading, and those that a worker did not find."""

from __future__ import annotations

import errno
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.errors import SourceError
from config.url_rules import load_url_rules
from tasks.arrow.schemas import FILES
from tasks.discover.source import open_source
from tasks.parse.stage import confirm_missing
from tasks.runs.parsed import write_parsed
from tasks.runs.run import Run
from tasks.runs.staging import read_arrow, write_arrow
from tests.batches import MISSING, parsed
from tests.newsroom import settings_for

ARTICLE = b"---\ntitle: A\npublishedDateTime: 2026-03-02T09:30:00Z\n---\nText.\n"


def parse(
    folder: Path, files: dict[str, Any], known: dict[str, str] | None = None, limit: int = 1000
) -> list[dict[str, Any]]:
    write_parsed(folder, parsed(files, None, known, limit))
    rows: list[dict[str, Any]] = read_arrow(folder / "parsed.arrow").to_pylist()
    return rows


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
    rows = parse(
        tmp_path,
        {
            "gone.md": MISSING,
            "plain.md": b"no front matter",
            "same.md": ARTICLE,
            "shut.md": OSError(errno.EACCES, "Permission denied"),
            "big.md": b"x" * 2000,
            "ok.md": ARTICLE,
        },
        known={"same.md": digest(ARTICLE)},
    )
    assert [row["state"] for row in rows] == ["missing", "ignored", "same_content", "record", "record", "record"]
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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The staging folder of a run over `news`, which holds the file `there.md`."""
    news = tmp_path / "news"
    news.mkdir()
    (news / "there.md").write_text("Text.")
    sources = {"news": open_source(str(news), "news", ["*.md"], [])}
    settings, moment = settings_for(tmp_path / "warehouse"), datetime(2026, 3, 2, tzinfo=UTC)
    where = {"news": str(news)}
    return Run("run-1", moment, settings, load_contract(), load_url_rules(), sources, where, False, None).save()


def batch_with(folder: Path, path: str) -> Path:
    """A finished batch whose worker did not find a file."""
    row: dict[str, object] = {name: [] if pa.types.is_list(FILES.field(name).type) else None for name in FILES.names}
    row |= {"source": "news", "source_path": path, "status": "missing"}
    write_arrow(folder / "files.arrow", pa.Table.from_pylist([row], FILES))
    (folder / "numbers.json").write_text("{}")
    return folder


def test_a_file_that_is_missing_here_too_is_gone(folder: Path) -> None:
    batch = batch_with(folder, "not-there.md")
    confirm_missing(folder, batch)
    assert (batch / "numbers.json").exists()


def test_a_file_that_only_the_worker_misses_ends_the_run_and_the_batch_is_not_taken_over(folder: Path) -> None:
    batch = batch_with(folder, "there.md")
    with pytest.raises(SourceError, match=r"news:there\.md is there, but a worker did not find it\. Mount .*/news at"):
        confirm_missing(folder, batch)
    assert not (batch / "numbers.json").exists()
