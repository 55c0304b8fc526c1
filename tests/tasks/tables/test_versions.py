"""Fingerprints of what decides what a record is: they change with it, and with nothing else."""

from __future__ import annotations

from pathlib import Path

from config.url_rules import DEFAULT_URL_RULES, UrlRules, load_url_rules
from tasks.tables.versions import deciding_code, reading_code, rules_fingerprint


def edited(folder: Path, old: str, new: str) -> UrlRules:
    text = DEFAULT_URL_RULES.read_text(encoding="utf-8")
    assert old in text
    (folder / "rules.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    return load_url_rules(folder / "rules.yaml")


def test_edited_url_rules_are_others_even_under_the_same_version(tmp_path: Path) -> None:
    packaged = load_url_rules()
    changed = edited(tmp_path, "fbclid", "fbclick")
    assert changed.version == packaged.version
    assert rules_fingerprint(changed) != rules_fingerprint(packaged)


def test_a_comment_changes_no_rule(tmp_path: Path) -> None:
    assert rules_fingerprint(edited(tmp_path, "version:", "# a comment\nversion:")) == rules_fingerprint(
        load_url_rules()
    )


def test_reading_and_deciding_are_told_apart() -> None:
    assert reading_code() != deciding_code()
    assert len(reading_code()) == len(deciding_code()) == 8
