"""The README tells the truth: it knows every command, its links lead somewhere, its numbers are the sample's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flows.commands.app import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_there_are_commands_to_look_for() -> None:
    assert {"run", "check", "status"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command: str) -> None:
    assert f"| `presslake {command}` |" in README


def test_every_link_leads_to_a_file() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_the_summary_shown_is_the_samples() -> None:
    totals = json.loads((ROOT / "tests" / "sample_expected.json").read_text())["totals"]
    for status, count in totals.items():
        if status in ("loaded", "duplicate", "quarantined", "removed", "ignored"):
            assert re.search(rf"^  {status} +{count}  ", README, re.MULTILINE), status
