"""The tree of exceptions: what is promised in its docstring is there, and survives a worker process."""

from __future__ import annotations

import pickle
import re
from typing import Final

import pytest

from config import errors
from config.errors import PresslakeError, RunError, UsageError

#: Name and depth of every error that the module's docstring shows, in its order.
_TREE_LINE: Final = re.compile(r"^    (?P<branch>[│├└─ ]*)(?P<name>[A-Z]\w+)", re.MULTILINE)
DOCUMENTED = [(found["name"], len(found["branch"]) // 4) for found in _TREE_LINE.finditer(errors.__doc__ or "")]
CLASSES: dict[str, type[PresslakeError]] = {
    name: value for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, PresslakeError)
}


def test_the_docstring_shows_every_error_and_no_other() -> None:
    assert sorted(name for name, _ in DOCUMENTED) == sorted(CLASSES)


@pytest.mark.parametrize(("name", "depth"), DOCUMENTED)
def test_each_error_hangs_where_the_docstring_shows_it(name: str, depth: int) -> None:
    above = [parent for parent, height in DOCUMENTED[: DOCUMENTED.index((name, depth))] if height == depth - 1]
    expected = CLASSES[above[-1]] if above else Exception
    assert CLASSES[name].__bases__ == (expected,)


@pytest.mark.parametrize("name", CLASSES)
def test_pickling_keeps_message_and_hint(name: str) -> None:
    error = CLASSES[name]("The disk is full.", "Make room.")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is CLASSES[name]
    assert (copy.message, copy.hint, str(copy)) == ("The disk is full.", "Make room.", "The disk is full. Make room.")
    assert str(CLASSES[name]("The disk is full.")) == "The disk is full."


def test_the_exit_code_tells_misuse_from_failure() -> None:
    assert {error.exit_code for error in CLASSES.values() if issubclass(error, UsageError)} == {2}
    assert {error.exit_code for error in CLASSES.values() if issubclass(error, RunError)} == {1}
