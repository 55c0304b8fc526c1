"""Which code made a row: fingerprints of the modules that decide what a record is.

Belongs here: hashes over what presslake's own modules do, which is their compiled code without docstrings and line
numbers. A change in reading code makes every file be read again, one in deciding code makes every decision be taken
again, without anyone raising a number. A changed comment or docstring does neither. Another version of Python may
compile to other code, and counts as a change. Code is compiled only if its bytes are not those of the parent snapshot.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType
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
    "tasks/arrow/headlines.py",
    "config/contract.py",
    "config/contract_types.py",
    "config/url_rules.py",
)
_DECIDING: Final = ("tasks/deduplicate", "tasks/write", "tasks/arrow/related.py", "tasks/arrow/cuts.py")


class CodeVersions(msgspec.Struct, frozen=True):
    """Eight hex digits each that name presslake's code.

    Attributes:
        source: its bytes: two processes with the same ones do the same.
        reading: the code that turns files into records.
        deciding: the code that finds duplicates and writes tables.
    """

    source: str
    reading: str
    deciding: str


@cache
def source_code() -> str:
    """Eight hex digits that name the bytes of the code, and what compiles it."""
    return _fingerprint((*_READING, *_DECIDING), sys.implementation.cache_tag.encode().__add__)


def code_versions(known: CodeVersions | None = None) -> CodeVersions:
    """The versions of this code.

    Args:
        known: those of code that ran before; taken if its bytes are the same, as compiling takes a tenth of a second.
    """
    return known if known and known.source == source_code() else _compiled()


@cache
def _compiled() -> CodeVersions:
    return CodeVersions(source_code(), _fingerprint(_READING, meaning), _fingerprint(_DECIDING, meaning))


def meaning(source: bytes) -> bytes:
    """What a module does, as text: the same for two sources that differ in comments and docstrings only."""
    return "\n".join(_parts(compile(source, "", "exec", dont_inherit=True, optimize=2))).encode()


def _parts(code: CodeType) -> Iterator[str]:
    """All of the compiled code but lines and file; `optimize=2` has left docstrings out."""
    yield f"{code.co_name} {code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount} {code.co_flags}"
    yield f"{code.co_code!r} {code.co_exceptiontable!r}"
    yield f"{code.co_names} {code.co_varnames} {code.co_freevars} {code.co_cellvars}"
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)
        else:
            # The order of a set's items is another one in each process.
            yield repr(sorted(map(repr, constant)) if isinstance(constant, frozenset) else constant)


def rules_fingerprint(rules: UrlRules | MatchRules) -> str:
    """The version of rules and, as people forget to raise it, eight hex digits that name what they say."""
    content = msgspec.json.encode(rules, order="deterministic", enc_hook=_text)
    return f"{rules.version}.{hashlib.sha256(content).hexdigest()[:8]}"


def _text(value: Any) -> str:
    return str(getattr(value, "pattern", value))


def _fingerprint(names: tuple[str, ...], read: Callable[[bytes], bytes]) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = _ROOT / name
        for module in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(module.relative_to(_ROOT).as_posix().encode() + b"\0" + read(module.read_bytes()) + b"\0")
    return digest.hexdigest()[:8]
