"""Which code made a row: fingerprints of the modules that decide what a record is.

Belongs here: hashes over what presslake's own modules do, which is their syntax tree without docstrings; comments
are not in it. A change in reading code makes every file be read again, one in deciding code makes every decision
be taken again, without anyone raising a number. A changed comment or docstring does neither.
"""

from __future__ import annotations

import ast
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
    "tasks/arrow/rules.py",
    "tasks/arrow/nested.py",
    "tasks/arrow/related.py",
    "tasks/arrow/texts.py",
    "config/contract",
    "config/url_rules",
)
_DECIDING: Final = ("tasks/deduplicate", "tasks/write", "tasks/arrow/related.py", "tasks/arrow/cuts.py")


class CodeVersions(msgspec.Struct, frozen=True):
    """Names of the code, each of eight hex digits.

    Attributes:
        source: the bytes of all modules that count, this one included.
        reading: the code that turns files into records.
        deciding: the code that finds duplicates and writes tables.
    """

    source: str
    reading: str
    deciding: str


def code_versions(recorded: object = None) -> CodeVersions:
    """The versions of the code of this process.

    Args:
        recorded: the versions that the parent snapshot's summary has, as builtins. They count if they are of the same
            bytes: to parse the modules takes a fifth of a second, more than a run without work.
    """
    try:
        known = msgspec.convert(recorded, CodeVersions)
    except msgspec.ValidationError:
        return _parsed_versions()
    return known if known.source == source_code() else _parsed_versions()


@cache
def source_code() -> str:
    """Eight hex digits that name the bytes of the modules: two processes with the same ones do the same."""
    sources = [(name, (_ROOT / name).read_bytes()) for name in _modules() if name.startswith((*_READING, *_DECIDING))]
    return _digest([*sources, (Path(__file__).name, Path(__file__).read_bytes())])


def meaning(source: bytes) -> bytes:
    """A module's syntax tree as text: the same for two sources that do the same but for comments and docstrings.

    It has no empty fields, since versions of Python differ in these.
    """
    parts: list[str] = []
    _dump(ast.parse(source), parts)
    return "".join(parts).encode()


def rules_fingerprint(rules: UrlRules | MatchRules) -> str:
    """The version of rules and, as people forget to raise it, eight hex digits that name what they say."""
    content = msgspec.json.encode(rules, order="deterministic", enc_hook=_text)
    return f"{rules.version}.{hashlib.sha256(content).hexdigest()[:8]}"


def _text(value: Any) -> str:
    return str(getattr(value, "pattern", value))


@cache
def _parsed_versions() -> CodeVersions:
    return CodeVersions(source_code(), _version_of(_READING), _version_of(_DECIDING))


def _version_of(prefixes: tuple[str, ...]) -> str:
    chosen = [name for name in _modules() if name.startswith(prefixes)]
    return _digest([(name, meaning((_ROOT / name).read_bytes())) for name in chosen])


def _digest(parts: list[tuple[str, bytes]]) -> str:
    digest = hashlib.sha256()
    for name, content in parts:
        digest.update(name.encode() + b"\0" + content + b"\0")
    return digest.hexdigest()[:8]


def _dump(node: object, into: list[str]) -> None:
    """Append the tree below a node, in brackets."""
    if isinstance(node, ast.AST):
        into.append(f"({type(node).__name__}")
        for name in node._fields:
            value = getattr(node, name, None)
            if value is not None and value != []:
                into.append(f" {name}=")
                _dump(value, into)
        into.append(")")
    elif isinstance(node, list):
        into.append("[")
        for item in node:
            if not _is_docstring(item):
                _dump(item, into)
                into.append(",")
        into.append("]")
    else:
        into.append(ascii(node))


def _is_docstring(node: object) -> bool:
    """Whether a statement is a string alone: a docstring, or one that does as little."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _modules() -> list[str]:
    """Every module that could decide, sorted: `config/contract.py`, `tasks/parse/batch.py`."""
    found = []
    for package in ("config", "tasks"):
        for folder, folders, files in os.walk(_ROOT / package):
            folders[:] = [name for name in folders if name != "__pycache__"]
            below = os.path.relpath(folder, _ROOT)
            found += [f"{below}/{name}" for name in files if name.endswith(".py")]
    return sorted(found)
