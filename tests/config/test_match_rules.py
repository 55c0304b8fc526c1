"""The rules of near-duplicates: what the file may say, and what is refused."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.errors import SettingsError
from config.match_rules import DEFAULT_MATCH_RULES, load_match_rules
from tasks.deduplicate.pair_rule import TEXT, window_days


def rules_file(folder: Path, **changes: Any) -> Path:
    entries = yaml.safe_load(DEFAULT_MATCH_RULES.read_text(encoding="utf-8"))
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({**entries, **changes}), encoding="utf-8")
    return path


def test_the_packaged_rules_are_read() -> None:
    rules = load_match_rules()
    assert rules.version >= 1
    assert rules.instalments["second"] == rules.instalments["two"] == "2"
    assert "the" in rules.stop_words
    assert "ferry" not in rules.stop_words
    assert rules.agencies["reuters"] == rules.agencies["reuters.com"] == "reuters.com"
    assert "msn.com" in rules.portals
    assert {"heute", "今日", "weekend"} <= rules.stock_words


def test_the_rules_name_the_frequencies_that_are_installed() -> None:
    assert load_match_rules().frequencies == f"wordfreq {version('wordfreq')}"


def test_the_window_is_the_largest_distance_of_any_rule(tmp_path: Path) -> None:
    titles = [{"words": 6, "days": 30}]
    again = {"words": 8, "overlap": 0.5, "shingles": 9, "days": 90, "numbers": False}
    assert window_days(load_match_rules(rules_file(tmp_path, equal_title=titles, reissued=[again]))) == 90
    assert window_days(load_match_rules(rules_file(tmp_path, equal_title=titles, reissued=[]))) == 30
    rules = load_match_rules(rules_file(tmp_path, syndicated_days=40, equal_title=titles, reissued=[]))
    assert window_days(rules) == window_days(rules, TEXT) == 40


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"similarity": 0}, "similarity"),
        ({"similarity": 1.5}, "similarity"),
        ({"similarity": 0.9}, "candidates must reach"),
        ({"equal_title": []}, "equal_title"),
        ({"syndicated_days": -1}, "syndicated_days"),
        ({"instalments": {"1": ["one"], "2": ["one"]}}, "'one' stands for both"),
        ({"thresh": 1}, "thresh"),
    ],
)
def test_rules_that_cannot_work_are_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load_match_rules(rules_file(tmp_path, **changes))
