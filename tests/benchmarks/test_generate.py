"""Generated trees: the same arguments give the same bytes, and the counts that they promise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.documents import BROKEN, DUPLICATES
from benchmarks.generate import churn, generate, load_expected, main
from benchmarks.plan import Churn, Expected, Plan
from config.settings import load_settings
from flows.start import run_ingest


def contents(tree: Path) -> dict[str, tuple[bytes, float]]:
    """Bytes and modification time of every file of a tree, by name."""
    files = (tree / "site" / "_news").iterdir()
    return {file.name: (file.read_bytes(), file.stat().st_mtime) for file in files}


def load(tree: Path) -> dict[str, int]:
    """presslake's counts of a tree."""
    changes = {"warehouse": {"path": str(tree / "warehouse"), "durable": False}, "run": {"engine": "local"}}
    records = run_ingest([str(tree / "site")], load_settings(None, changes)).records
    return {name: getattr(records, name) for name in ("loaded", "duplicate", "quarantined")}


def promised(expected: Expected) -> dict[str, int]:
    return {name: getattr(expected, name) for name in ("loaded", "duplicate", "quarantined")}


def test_the_same_arguments_give_the_same_bytes_and_times(tmp_path: Path) -> None:
    generate(tmp_path / "a", 60, seed=3)
    generate(tmp_path / "b", 60, seed=3)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_another_seed_gives_another_tree(tmp_path: Path) -> None:
    generate(tmp_path / "a", 60, seed=3)
    generate(tmp_path / "b", 60, seed=4)
    assert contents(tmp_path / "a").keys().isdisjoint(contents(tmp_path / "b"))


def test_an_existing_tree_is_not_overwritten(tmp_path: Path) -> None:
    generate(tmp_path / "a", 10, seed=1)
    with pytest.raises(FileExistsError):
        generate(tmp_path / "a", 10, seed=1)


def test_the_promise_adds_up_and_is_stored_beside_the_tree(tmp_path: Path) -> None:
    expected = generate(tmp_path / "a", 1_000, seed=1)
    assert load_expected(tmp_path / "a") == expected
    assert promised(expected) == {"loaded": 960, "duplicate": 30, "quarantined": 10}
    assert expected.duplicates == dict.fromkeys(DUPLICATES, 10)
    assert expected.broken == dict.fromkeys(BROKEN, 1)
    files = contents(tmp_path / "a")
    assert (len(files), sum(len(content) for content, _ in files.values())) == (expected.files, expected.bytes)


def test_presslake_finds_what_was_promised_before_and_after_churn(tmp_path: Path) -> None:
    expected = generate(tmp_path, 1_000, seed=2)
    assert load(tmp_path) == promised(expected)
    expected = churn(tmp_path, Churn(changed=7, added=5, removed=4, renamed=3))
    assert load(tmp_path) == promised(expected) == {"loaded": 961, "duplicate": 30, "quarantined": 10}


def test_churn_changes_in_place_adds_removes_and_renames(tmp_path: Path) -> None:
    generate(tmp_path, 100, seed=1)
    before = contents(tmp_path)
    expected = churn(tmp_path, Churn(changed=2, added=3, removed=4, renamed=5))
    after = contents(tmp_path)
    gone, new = before.keys() - after.keys(), after.keys() - before.keys()
    moved = {name for name in new if name.endswith("-moved.md")}
    assert (len(gone), len(moved), len(new - moved)) == (9, 5, 3)
    assert all(after[name] == before[name.replace("-moved", "")] for name in moved)
    changed = {name for name in before.keys() & after.keys() if after[name] != before[name]}
    assert len(changed) == 2
    assert all(after[name][1] > before[name][1] for name in changed)
    assert expected.bytes == sum(len(content) for content, _ in after.values())


def test_no_file_is_churned_twice(tmp_path: Path) -> None:
    generate(tmp_path, 100, seed=1)
    first = contents(tmp_path)
    for _ in range(2):
        churn(tmp_path, Churn(changed=10))
    assert sum(first[name] != content for name, content in contents(tmp_path).items()) == 20
    with pytest.raises(ValueError, match="only 73 files left"):
        churn(tmp_path, Churn(changed=74))


def test_duplicates_repeat_plain_files_that_churn_leaves_alone() -> None:
    plan = Plan(1_000, seed=1)
    originals = {role.original for role in plan.special.values() if role.original is not None}
    assert len(originals) == 30
    assert originals.isdisjoint(plan.special)
    assert originals.isdisjoint(plan.churnable)


def test_sizes_follow_the_real_ones(tmp_path: Path) -> None:
    generate(tmp_path, 1_000, seed=1)
    sizes = sorted(len(content) for content, _ in contents(tmp_path).values())
    assert 3_000 < sizes[500] < 4_500
    assert 10_000 < sum(sizes) / 1_000 < 14_000
    assert 50_000 < sizes[-1] < 145_000


def test_the_command_line_prints_the_promise(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(tmp_path / "a"), "--files", "100", "--seed", "5"])
    main([str(tmp_path / "a"), "--added", "2"])
    generated, churned = map(json.loads, capsys.readouterr().out.splitlines())
    assert (generated["files"], churned["files"]) == (100, 102)
    assert churned == load_expected(tmp_path / "a").as_dict()
