"""Fingerprints of what decides what a record is: they change with it, and with nothing else."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from config.url_rules import DEFAULT_URL_RULES, UrlRules, load_url_rules
from tasks.runs.versions import CodeVersions, code_versions, meaning, rules_fingerprint, source_code


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


def test_what_a_module_means_is_the_same_text_under_every_python() -> None:
    assert meaning(b"def f(a: int = 0) -> str:\n    return f'{a}'") == (
        b"(Module body=[(FunctionDef name='f' args=(arguments args=[(arg arg='a'"
        b" annotation=(Name id='int' ctx=(Load))),]"
        b" defaults=[(Constant value=0),]) body=[(Return value=(JoinedStr values=[(FormattedValue value=(Name id='a' "
        b"ctx=(Load)) conversion=-1),])),] returns=(Name id='str' ctx=(Load))),])"
    )


def test_reading_and_deciding_are_told_apart() -> None:
    code = code_versions()
    assert code.reading != code.deciding
    assert {len(name) for name in msgspec.structs.astuple(code)} == {8}


def test_recorded_versions_count_for_the_same_bytes_only() -> None:
    recorded = CodeVersions(source_code(), "read", "decide")
    assert code_versions(msgspec.to_builtins(recorded)) == recorded
    others = msgspec.structs.replace(recorded, source="0badc0de"), "unreadable", {"source": source_code()}
    assert {code_versions(msgspec.to_builtins(other)) for other in others} == {code_versions()}
