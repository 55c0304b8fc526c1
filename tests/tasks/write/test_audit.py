"""The audits catch what they claim to: data is broken on purpose."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.errors import AuditError
from tasks.warehouse.parquet import write_parquet
from tasks.warehouse.snapshots import DataFile
from tasks.write.audit import check_articles, check_files, check_manifest, check_read, check_required
from tests.tasks.deduplicate.manifest_rows import manifest, row

CONTRACT = load_contract()
GOOD = [
    row("a", status="loaded"),
    row("b", status="duplicate", article_id="id of a"),
    row("c", status="quarantined", article_id=None),
    row("d", status="ignored", article_id=None),
    row("e", status="removed", deleted=True),
]


def changed(place: int, **fields: Any) -> list[dict[str, Any]]:
    return [entry | fields if i == place else entry for i, entry in enumerate(GOOD)]


def test_a_sound_manifest_passes() -> None:
    check_manifest(manifest(*GOOD), ["news"], 4)
    check_manifest(manifest(), ["news"], 0)


def test_files_of_other_sources_do_not_count() -> None:
    check_manifest(manifest(row("a", source="blog", status="loaded"), *GOOD[1:]), ["news"], 3)


@pytest.mark.parametrize("there", [3, 5])
def test_a_file_too_many_or_too_few(there: int) -> None:
    with pytest.raises(AuditError, match=f"The sources have {there} files, but 4 have a status"):
        check_manifest(manifest(*GOOD), ["news"], there)


@pytest.mark.parametrize("status", ["record", "same_content", "missing", None])
def test_a_file_without_a_final_status(status: str | None) -> None:
    with pytest.raises(AuditError, match="neither loaded nor found to be a duplicate"):
        check_manifest(manifest(*changed(0, status=status)), ["news"], 4)


@pytest.mark.parametrize("path", ["b", "z"])
def test_a_file_twice_or_out_of_order(path: str) -> None:
    with pytest.raises(AuditError, match="two rows in the manifest"):
        check_manifest(manifest(*changed(0, source_path=path)), ["news"], 4)


def test_a_gone_file_with_another_status() -> None:
    with pytest.raises(AuditError, match="gone has another status"):
        check_manifest(manifest(*changed(4, status="loaded")), ["news"], 4)


@pytest.mark.parametrize("article_id", ["id of a", None])
def test_an_article_without_an_id_of_its_own(article_id: str | None) -> None:
    with pytest.raises(AuditError, match="same `article_id`"):
        check_manifest(manifest(*changed(1, status="loaded", article_id=article_id)), ["news"], 4)


def test_a_record_that_was_read_and_is_not_in_the_manifest() -> None:
    check_read(pa.array(["b"]), pa.array(["a", "b"]))
    with pytest.raises(AuditError, match="1 records that were read are not in the manifest"):
        check_read(pa.array(["b", "c"]), pa.array(["a", "b"]))


def articles(**fields: Any) -> pa.Table:
    now = datetime(2026, 3, 1, tzinfo=UTC)
    values: dict[str, Any] = dict.fromkeys(CONTRACT["articles"].names, None) | {
        "article_id": "x",
        "title": "Ferry",
        "published_at": now,
        "copies": 1,
        "word_count": 0,
        "outlets": 1,
        "collection": "_news",
        "source": "news",
        "source_path": "a.md",
        "source_hash": "h",
        "first_seen_at": now,
        "loaded_at": now,
        "run_id": "first",
    }
    values |= {name: [] for name in ("topics", "authors", "derived", "images", "warnings")}
    return pa.Table.from_pylist([values | fields], CONTRACT["articles"].schema)


def test_rows_with_all_they_need_pass() -> None:
    check_required("articles/published_year=2026/part-0.parquet", articles(), CONTRACT)


@pytest.mark.parametrize("column", ["article_id", "title", "run_id", "first_seen_at", "copies", "topics"])
def test_null_in_a_required_column_or_list(column: str) -> None:
    with pytest.raises(AuditError, match=f"articles/part-0.parquet: {column} is null in 1 of 1 rows"):
        check_required("articles/part-0.parquet", articles(**{column: None}), CONTRACT)


def test_an_article_that_breaks_a_rule(tmp_path: Path) -> None:
    write_parquet(tmp_path / "good.parquet", articles())
    check_articles(tmp_path / "good.parquet", CONTRACT)
    write_parquet(tmp_path / "bad.parquet", articles(title="x" * 3_000))
    with pytest.raises(AuditError, match=r"bad\.parquet: title breaks field/length"):
        check_articles(tmp_path / "bad.parquet", CONTRACT)


def test_an_id_twice_in_a_file(tmp_path: Path) -> None:
    write_parquet(tmp_path / "twice.parquet", pa.concat_tables([articles(), articles()]))
    with pytest.raises(AuditError, match="occurs twice"):
        check_articles(tmp_path / "twice.parquet", CONTRACT)


def written(root: Path, rows: pa.Table, table: str = "articles") -> DataFile:
    stats = write_parquet(root / f"{table}.parquet", rows)
    return DataFile(table, f"{table}.parquet", "", stats.rows, stats.bytes, stats.digest)


def test_files_that_add_up_pass(tmp_path: Path) -> None:
    check_files(tmp_path, [written(tmp_path, articles())], manifest(GOOD[0]))


def test_a_table_with_rows_missing(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="articles has 0 rows for 1 files with status 'loaded'"):
        check_files(tmp_path, [], manifest(GOOD[0]))


def test_a_table_with_rows_too_many(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="articles has 1 rows for 0 files"):
        check_files(tmp_path, [written(tmp_path, articles())], manifest())


def test_a_file_with_other_rows_than_were_written(tmp_path: Path) -> None:
    file = written(tmp_path, articles())
    write_parquet(tmp_path / file.path, articles().slice(0, 0))
    with pytest.raises(AuditError, match=r"articles\.parquet has 0 rows, 1 were written"):
        check_files(tmp_path, [file], manifest(GOOD[0]))


def test_a_file_that_cannot_be_read_back(tmp_path: Path) -> None:
    file = written(tmp_path, articles())
    (tmp_path / file.path).unlink()
    (tmp_path / file.path).write_bytes(b"PAR1 torn")
    with pytest.raises(AuditError, match=r"articles\.parquet cannot be read back.*--full-refresh"):
        check_files(tmp_path, [file], manifest(GOOD[0]))
