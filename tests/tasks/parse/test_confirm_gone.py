"""A file that a worker did not find is gone only if it is gone here as well."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from config.contract import load_contract
from config.errors import SourceError
from config.url_rules import load_url_rules
from tasks.arrow.schemas import FILES
from tasks.discover.source import open_source
from tasks.parse.stage import confirm_gone
from tasks.runs.run import Run
from tasks.runs.staging import write_arrow
from tests.newsroom import settings_for


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
    row |= {"source": "news", "source_path": path, "status": "gone"}
    write_arrow(folder / "files.arrow", pa.Table.from_pylist([row], FILES))
    (folder / "numbers.json").write_text("{}")
    return folder


def test_what_is_gone_for_all_is_gone(folder: Path) -> None:
    batch = batch_with(folder, "not-there.md")
    confirm_gone(folder, batch)
    assert (batch / "numbers.json").exists()


def test_what_only_the_worker_does_not_find_ends_the_run_and_the_batch_is_not_taken_over(folder: Path) -> None:
    batch = batch_with(folder, "there.md")
    with pytest.raises(SourceError, match=r"news:there\.md is there, but a worker did not find it\. Mount .*/news at"):
        confirm_gone(folder, batch)
    assert not (batch / "numbers.json").exists()
