"""Fingerprints of what decides what a record is: they change with it, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.url_rules import DEFAULT_URL_RULES, UrlRules, load_url_rules
from tasks.runs.versions import CodeVersions, code_versions, meaning, rules_fingerprint


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


CODE = b"""\'\'\'A module.\'\'\'
class Story:
    \'\'\'A story.\'\'\'
    def words(self, text="a"):
        \'\'\'Its words.\'\'\'
        return text.split()  # at blanks
"""


@pytest.mark.parametrize(
    ("old", "new"), [(b"  # at blanks", b"\n# by words\n"), (b"A module.", b""), (b"A story", b"One"), (b"Its", b"The")]
)
def test_comments_docstrings_and_spaces_mean_nothing(old: bytes, new: bytes) -> None:
    assert old in CODE
    assert meaning(CODE.replace(old, new)) == meaning(CODE)


@pytest.mark.parametrize(
    ("old", "new"), [(b"split()", b"split('-')"), (b'"a"', b'"b"'), (b"words", b"parts"), (b"(self, ", b"(self, *, ")]
)
def test_other_code_means_something_else(old: bytes, new: bytes) -> None:
    assert old in CODE
    assert meaning(CODE.replace(old, new)) != meaning(CODE)


def test_reading_and_deciding_are_told_apart() -> None:
    code = code_versions()
    assert len({code.source, code.reading, code.deciding}) == 3
    assert {len(code.source), len(code.reading), len(code.deciding)} == {8}


def test_known_versions_are_taken_for_the_same_bytes_only() -> None:
    known = CodeVersions(code_versions().source, "0badc0de", "0badf00d")
    assert code_versions(known) == known
    assert code_versions(CodeVersions("feedbeef", "0badc0de", "0badf00d")) == code_versions()
