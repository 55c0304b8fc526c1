"""datacontract-cli, an outsider, holds the published tables against the published contract.

Belongs here: that sound tables pass and damaged ones do not, and that its exports are current. Does not
belong here: which exports there are (`exports`).
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from flows.cli import main
from flows.start import run_ingest
from tasks.report.status import published_tables
from tests.consumers.exports import EXPORTS, NOT_KEPT, PROJECT, PUBLISHED, datacontract, export
from tests.newsroom import settings_for

OVERLAY = """\
overlay: 1
columns:
  published_at: {from: posted_on, order: dmy, timezone: Europe/Berlin, required: true}
  excerpt: {from: not}
  language: {default: de}
  permalink: {pattern: {_posts: '/:year/:slug/'}}
  mood: {from: mood, type: strings}
rules: [{column: title, max_length: 90, severity: warning, message: The title is long.}]
"""
Damage = Callable[[pa.Table], pa.Table]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a snapshot with the sample newsroom's tables."""
    warehouse = tmp_path_factory.mktemp("published") / "warehouse"
    run_ingest([str(PROJECT / "docs" / "sample")], settings_for(warehouse))
    return Path(published_tables(warehouse).path)


def failed_checks(folder: Path) -> list[str]:
    """What `datacontract test` finds: names of failed checks, "" for one that could not run."""
    result = folder.with_name(f"{folder.name}.json")
    output = ("--output", str(result), "--output-format", "json")
    done = datacontract("test", "--server", "local", *output, str(PUBLISHED), folder=folder)
    checks = json.loads(result.read_text(encoding="utf-8"))["checks"]
    failed = [check["name"] for check in checks if check["result"] not in {"passed", "warning"}]
    assert bool(done.returncode) == bool(failed), done.stdout[-2000:]
    # Warnings are of one kind: the tool cannot tell types in Parquet files. Our own audit does.
    assert {check["reason"] for check in checks if check["result"] == "warning"} <= {
        "Checking types in parquet files is not supported yet."
    }
    assert sum(check["result"] == "passed" for check in checks) > 300 or failed
    return failed


def test_the_contract_is_valid() -> None:
    done = datacontract("lint", str(PUBLISHED))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("option", ["--full", "--published"])
def test_a_contract_with_an_overlay_is_valid(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    (tmp_path / "site.yaml").write_text(OVERLAY, encoding="utf-8")
    monkeypatch.setenv("PRESSLAKE_CONTRACT__PATH", str(tmp_path / "site.yaml"))
    assert main(["contract", "show", option]) == 0
    shown = tmp_path / "shown.yaml"
    shown.write_text(capsys.readouterr().out, encoding="utf-8")
    assert "name: mood" in shown.read_text(encoding="utf-8")
    done = datacontract("lint", str(shown))
    assert done.returncode == 0, done.stdout


def test_the_published_tables_keep_the_contract(folder: Path) -> None:
    assert failed_checks(folder) == []


@pytest.mark.parametrize(
    ("damage", "check"),
    [
        (lambda table: pa.concat_tables([table, table.slice(0, 1)]), "unique field article_id"),
        (lambda table: table.set_column(table.schema.get_field_index("title"), "title", nulls(table)), "title"),
        (lambda table: table.drop_columns(["published_at"]), "published_at"),
    ],
    ids=["a row twice", "no title", "a column missing"],
)
def test_damaged_tables_do_not(folder: Path, tmp_path: Path, damage: Damage, check: str) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    files = sorted((copy / "articles").rglob("*.parquet"))
    damaged = damage(pq.ParquetFile(files[0]).read())
    if check == "published_at":
        # The tool reads all files by the union of their columns: one file without it would not be seen.
        for file in files[1:]:
            file.unlink()
    pq.write_table(damaged, files[0])
    assert any(check in name for name in failed_checks(copy))


def nulls(table: pa.Table) -> pa.Array:
    """A column of nulls."""
    return pa.nulls(len(table), pa.string())


def test_its_exports_are_current(tmp_path: Path) -> None:
    export(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(EXPORTS)
    for name in EXPORTS.keys() - NOT_KEPT:
        made, kept = ((place / name).read_text(encoding="utf-8") for place in (tmp_path, PUBLISHED.parent))
        assert without_time(made) == without_time(kept), f"{name}: run `make contract`"


def without_time(text: str) -> str:
    """An export less the time at which it was made."""
    return re.sub(r"Created at [\w :]+ UTC", "", text)
