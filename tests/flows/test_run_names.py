"""Names in the Prefect UI say what, of what, and when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from flows.ingest import ingest_name, source_name

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        ([], "ingest configured sources · 2026-03-02 12:00 UTC"),
        (["news=/data/x", "/data/blog/"], "ingest news, blog · 2026-03-02 12:00 UTC"),
        (["./year=2021", "news=year=2021"], "ingest year=2021, news · 2026-03-02 12:00 UTC"),
        (["a=1", "b=2", "c=3", "d=4", "e=5"], "ingest a, b, c and 2 more · 2026-03-02 12:00 UTC"),
    ],
)
def test_a_run_is_named_by_its_sources_and_its_time(sources: list[str], name: str) -> None:
    assert ingest_name(sources, NOON) == name


def test_a_full_refresh_says_so() -> None:
    assert ingest_name(["/n"], NOON, full_refresh=True) == "ingest n · full refresh · 2026-03-02 12:00 UTC"


@pytest.mark.parametrize("source", ["s3://key:s3cr3t@bucket", "https://a.example/news.zip?token=s3cr3t"])
def test_no_name_shows_a_secret(source: str) -> None:
    assert "s3cr3t" not in source_name(source)
