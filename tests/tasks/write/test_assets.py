"""The tables as Prefect's assets, named by where they are."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from config.contract import TABLES, load_contract
from config.url_rules import load_url_rules
from tasks.runs.run import Run
from tasks.write.task import table_assets
from tests.newsroom import settings_for


@pytest.mark.parametrize(
    ("place", "root"),
    [("/data/lake", "file:///data/lake"), ("/data/all news/äöü", "file:///data/all=20news/=C3=A4=C3=B6=C3=BC")],
)
def test_assets_are_named_by_folder(place: str, root: str) -> None:
    settings = settings_for(Path(), warehouse={"path": place})
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    run = Run("20260302T000000Z-1", moment, settings, load_contract(), load_url_rules(), {}, {}, False, None)
    assert {asset.key for asset in table_assets(run).values()} == {f"{root}/{table}" for table in TABLES}
