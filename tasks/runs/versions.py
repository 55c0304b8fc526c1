"""Which code made a row: fingerprints of the modules that decide what a record is.

Belongs here: hashes over what presslake's own modules do, which is their syntax tree without docstrings; comments are
not in it. A change in reading code makes every file be read again, one in deciding code makes every decision be taken
again, without anyone raising a number. A changed comment or docstring does neither. Another version of Python may
print another tree, and counts as a change.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
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
    "tasks/arrow/rules.py",
    "tasks/arrow/nested.py",
    "tasks/arrow/related.py",
    "tasks/arrow/texts.py",
    "config/contract.py",
    "config/contract_types.py",
    "config/url_rules.py",
)
_DECIDING: Final = ("tasks/deduplicate", "tasks/write", "tasks/arrow/related.py", "tasks/arrow/cuts.py")


@cache
def reading_code() -> str:
    """Eight hex digits that name the code that turns files into records."""
    return _fingerprint(_READING)


@cache
def deciding_code() -> str:
    """Eight hex digits that name the code that finds duplicates and writes tables."""
    return _fingerprint(_DECIDING)


def source_code() -> str:
    """Eight hex digits that name the bytes of that code: two processes with the same ones do the same."""
    return _fingerprint((*_READING, *_DECIDING), bytes)


def meaning(source: bytes) -> bytes:
    """A module's syntax tree as text: the same for two sources that do the same but for comments and docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [statement for statement in node.body if not _is_text(statement)]
    return ast.dump(tree).encode()


def _is_text(statement: ast.stmt) -> bool:
    """Whether a statement is a string alone: a docstring, or one that does as little."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def rules_fingerprint(rules: UrlRules | MatchRules) -> str:
    """The version of rules and, as people forget to raise it, eight hex digits that name what they say."""
    content = msgspec.json.encode(rules, order="deterministic", enc_hook=_text)
    return f"{rules.version}.{hashlib.sha256(content).hexdigest()[:8]}"


def _text(value: Any) -> str:
    return str(getattr(value, "pattern", value))


def _fingerprint(names: tuple[str, ...], read: Callable[[bytes], bytes] = meaning) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = _ROOT / name
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(module.relative_to(_ROOT).as_posix().encode() + b"\0" + read(module.read_bytes()) + b"\0")
    return digest.hexdigest()[:8]
