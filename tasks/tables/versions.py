"""Which code made a row: fingerprints of the sources that decide what a record is.

Belongs here: hashes over presslake's own modules. A change in reading code makes every file be read
again, one in deciding code makes every decision be taken again, without anyone raising a number.
"""

from __future__ import annotations

import hashlib
import os
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from config.match_rules import MatchRules
from config.url_rules import UrlRules

_ROOT: Final = Path(__file__).resolve().parents[2]
_READING: Final = (
    "tasks/front_matter",
    "tasks/parse",
    "tasks/validate",
    "tasks/tables/rules.py",
    "tasks/tables/nested.py",
    "tasks/tables/texts.py",
    "config/contract",
    "config/url_rules",
)
_DECIDING: Final = ("tasks/deduplicate", "tasks/write")


@cache
def reading_code() -> str:
    """Eight hex digits that name the code that turns files into records."""
    return _fingerprint(_READING)


@cache
def deciding_code() -> str:
    """Eight hex digits that name the code that finds duplicates and writes tables."""
    return _fingerprint(_DECIDING)


def rules_fingerprint(rules: UrlRules | MatchRules) -> str:
    """The version of rules and, as people forget to raise it, eight hex digits that name what they say."""
    content = msgspec.json.encode(rules, order="deterministic", enc_hook=_pattern)
    return f"{rules.version}.{hashlib.sha256(content).hexdigest()[:8]}"


def _pattern(value: Any) -> str:
    return str(value.pattern)


def _fingerprint(prefixes: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in _modules():
        if name.startswith(prefixes):
            digest.update(name.encode() + b"\0" + (_ROOT / name).read_bytes() + b"\0")
    return digest.hexdigest()[:8]


@cache
def _modules() -> list[str]:
    """Every module that could decide, sorted: `config/contract.py`, `tasks/parse/batch.py`; looked for once."""
    found = []
    for package in ("config", "tasks"):
        for folder, folders, files in os.walk(_ROOT / package):
            folders[:] = [name for name in folders if name != "__pycache__"]
            below = os.path.relpath(folder, _ROOT)
            found += [f"{below}/{name}" for name in files if name.endswith(".py")]
    return sorted(found)
