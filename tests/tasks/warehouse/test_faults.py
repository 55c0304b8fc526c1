"""Fault points: listed, unique in meaning, and harmless unless a test arms them."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import pytest

from config.errors import SettingsError
from tasks.warehouse import faults

PROJECT = Path(faults.__file__).parents[2]


def points_in_source() -> set[str]:
    sources = [path for top in ("tasks", "flows") for path in (PROJECT / top).rglob("*.py")]
    texts = (path.read_text(encoding="utf-8") for path in sources)
    return {name for text in texts for name in re.findall(r"\breach\(\s*\"([^\"]+)\"", text)}


def test_every_point_that_the_code_reaches_is_listed_and_the_other_way_round() -> None:
    assert points_in_source() == set(faults.POINTS)


def test_an_armed_error_is_raised_once_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_armed", faults.parse_fault("file.before-sync:2:raise=ENOSPC"))
    faults.reach("file.before-sync")
    faults.reach("file.before-write")
    with pytest.raises(OSError, match=r"file\.before-sync") as raised:
        faults.reach("file.before-sync")
    assert raised.value.errno == errno.ENOSPC
    faults.reach("file.before-sync")


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("publish.never", "publish.before-rename"),
        ("file.before-sync:often", "`often`"),
        ("file.before-sync:0", "`0`"),
        ("file.before-sync:raise=EVERYTHING", "EVERYTHING"),
    ],
)
def test_a_misspelt_fault_is_refused(spec: str, said: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(said)):
        faults.parse_fault(spec)
