"""Command lines that mean one thing only, understood without the parser: importing that takes as long as a small run.

Belongs here: which words are that plain. Everything else (help, errors, `--option=value`, `--`, one option
twice) is left to cyclopts, which says what is right; the tests hold the two against each other. Does not
belong here: the options of a command (its function's parameters have them).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

_LIST: Final = "list[str] | None"
_INTEGER: Final = "int | None"
#: How a word becomes the value of an option, by the parameter's annotation; a flag takes no word.
_VALUES: Final[dict[str, Callable[[str], Any]]] = {"Path | None": Path, _LIST: str, _INTEGER: int}


def plain_arguments(command: Callable[..., int], words: Sequence[str]) -> tuple[list[str], dict[str, Any]] | None:
    """The arguments that words give a command.

    Args:
        command: takes any number of sources, and options by name.
        words: what stands after its name.

    Returns:
        The sources, and the options that are given; None if the words are not plain, or an option is of a kind
        that needs the parser.
    """
    defaults, rest = command.__kwdefaults__ or {}, iter(words)
    names = {_written(name, on=default is True): name for name, default in defaults.items()}
    sources: list[str] = []
    options: dict[str, Any] = {}
    for word in rest:
        if word and not word.startswith("-"):
            sources.append(word)
            continue
        name = names.get(word, "")
        kind = command.__annotations__.get(name, "")
        if not name or (name in options and kind != _LIST):
            return None
        if kind == "bool":
            options[name] = not defaults[name]
        elif not _take(options, name, kind, next(rest, "")):
            return None
    return sources, options


def _written(name: str, *, on: bool) -> str:
    """How an option is written; a flag that is on has one to turn it off."""
    return ("--no-" if on else "--") + name.replace("_", "-")


def _take(options: dict[str, Any], name: str, kind: str, word: str) -> bool:
    """Give an option its value, the word that follows; whether that can be done."""
    if kind not in _VALUES or not word or word.startswith("-") or (kind == _INTEGER and not word.isdecimal()):
        return False
    value = _VALUES[kind](word)
    options[name] = [*options.get(name, ()), value] if kind == _LIST else value
    return True
