"""A run over the sample newsroom finds what `sample_expected.json` says is there."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from flows.start import run_ingest
from tasks.report.outcome import Outcome
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse
from tests.newsroom import settings_for

PROJECT: Final = Path(__file__).parents[2]
EXPECTED: Final[dict[str, Any]] = json.loads((PROJECT / "tests" / "sample_expected.json").read_text(encoding="utf-8"))

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("sample")
    return run_ingest([str(PROJECT / "docs" / "sample")], settings_for(folder / "warehouse"))


@pytest.fixture(scope="module")
def snapshot(outcome: Outcome) -> Snapshot:
    current = Warehouse(outcome.warehouse).current()
    assert current is not None
    return current


@pytest.fixture(scope="module")
def files(snapshot: Snapshot) -> Rows:
    rows: Rows = snapshot.read("sources").to_pylist()
    return rows


@pytest.fixture(scope="module")
def articles(snapshot: Snapshot) -> Rows:
    rows: Rows = snapshot.read("articles").to_pylist()
    return rows


def test_totals(outcome: Outcome) -> None:
    records, files = outcome.records, outcome.files
    assert EXPECTED["totals"] == {
        "files": files.discovered,
        "loaded": records.loaded,
        "duplicate": records.duplicate,
        "quarantined": records.quarantined,
        "removed": records.removed,
        "ignored": files.ignored,
    }


def test_statuses_by_folder(files: Rows) -> None:
    found: dict[str, Counter[str]] = {}
    for row in files:
        found.setdefault(row["source_path"].split("/")[0], Counter())[row["status"]] += 1
    for folder, expected in EXPECTED["folders"].items():
        assert {status: found[folder][status] for status in expected if status != "files"} | {
            "files": found[folder].total()
        } == expected


def test_every_broken_file_has_exactly_its_codes_and_its_raw_bytes(snapshot: Snapshot) -> None:
    rows = snapshot.read("quarantine").to_pylist()
    found = {row["source_path"]: {item["code"] for item in row["violations"]} for row in rows}
    assert found == {path: set(codes) for path, codes in EXPECTED["broken"].items()}
    assert Counter(code for codes in found.values() for code in codes) == EXPECTED["files_by_violation"]
    for row in rows:
        assert row["raw"] == (PROJECT / "docs" / "sample" / row["source_path"]).read_bytes()


def test_warnings(snapshot: Snapshot, articles: Rows) -> None:
    rows = [*articles, *snapshot.read("duplicates").to_pylist()]
    found = {row["source_path"]: [text.split()[0] for text in row["warnings"]] for row in rows if row["warnings"]}
    assert found == EXPECTED["warnings"]


def test_duplicates_by_match(outcome: Outcome) -> None:
    assert outcome.duplicates == EXPECTED["duplicates_by_match"]


def test_clusters(files: Rows) -> None:
    clusters: dict[str, set[tuple[str, str | None]]] = {}
    for row in files:
        if row["copies"] and row["copies"] > 1:
            clusters.setdefault(row["canonical_article_id"], set()).add((row["source_path"], row["match"]))
    found = {frozenset(path for path, _ in cluster) for cluster in clusters.values()}
    assert found == {frozenset(group["files"]) for group in EXPECTED["duplicates"]}
    for group in EXPECTED["duplicates"]:
        (cluster,) = [c for c in clusters.values() if group["files"][0] in {path for path, _ in c}]
        assert {match for _, match in cluster} == {None, group["match"]}


def test_removed_and_ignored_files_and_drafts(files: Rows, articles: Rows) -> None:
    for status in ("removed", "ignored"):
        assert sorted(row["source_path"] for row in files if row["status"] == status) == EXPECTED[status]
    assert sorted(row["source_path"] for row in articles if row["is_published"] is False) == EXPECTED["drafts"]


def test_repaired_texts(articles: Rows) -> None:
    by_path = {row["source_path"]: row for row in articles if row["repaired"]}
    # Related entries repeat the texts of other articles, mistakes and all.
    own = {path: [name for name in json.loads(row["repaired"]) if "[" not in name] for path, row in by_path.items()}
    assert {path for path, names in own.items() if names} == set(EXPECTED["repaired"])
    for path, fields in EXPECTED["repaired"].items():
        assert {name: by_path[path][name] for name in fields} == fields
        assert set(fields) == {name.replace(".", "_") for name in own[path]}


def test_titles_stay_text_and_files_in_other_formats_are_loaded(articles: Rows) -> None:
    by_path = {row["source_path"]: row["title"] for row in articles}
    assert {path: by_path[path] for path in EXPECTED["kept_as_text"]} == EXPECTED["kept_as_text"]
    assert set(EXPECTED["formats"].values()) <= by_path.keys()


def test_related_rows_join_to_articles(snapshot: Snapshot) -> None:
    articles = {row["article_id"]: row["source_path"] for row in snapshot.read("articles").to_pylist()}
    related = snapshot.read("related").to_pylist()
    expected = EXPECTED["related"]
    joined = [articles[row["related_article_id"]] for row in related if row["related_article_id"] in articles]
    assert (len(related), len(joined)) == (expected["rows"], expected["rows_that_join"])
    assert dict(Counter(joined).most_common(len(expected["most_related"]))) == expected["most_related"]
