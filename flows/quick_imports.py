"""What the program does so that its imports take less time; nothing here changes what is computed.

Belongs here: parts of libraries that nobody looks at in this process, left out. Does not belong here:
which module imports what, and when (the modules).
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, Final

#: Reads the docstrings of pyarrow's options, so that those of `pyarrow.compute` can repeat them.
_DOCSCRAPE: Final = "pyarrow.vendored.docscrape"
_CLOUDPICKLE: Final = "cloudpickle"


def leave_docstrings_out() -> None:
    """Let `pyarrow.compute` describe its functions without their options.

    While it is imported it writes 300 docstrings, and takes those of the options apart for that: half
    of its time, and `pydoc` besides. `help(pyarrow.compute.…)` is asked for in other processes.
    """
    sys.modules.setdefault(_DOCSCRAPE, _Docscrape(_DOCSCRAPE))


def import_pyarrow() -> None:
    """Import pyarrow without cloudpickle, a ninth of what `presslake check` executes.

    pyarrow imports it where it is installed, as Prefect has it, under the name `pickle`, and then the module
    of that name; so it has no use for it. Who imports cloudpickle afterwards gets it.
    """
    if {"pyarrow", _CLOUDPICKLE}.isdisjoint(sys.modules):
        sys.modules[_CLOUDPICKLE] = import_module("pickle")
        try:
            import_module("pyarrow")
        finally:
            del sys.modules[_CLOUDPICKLE]


class _NoSections:
    """A docstring as numpy's convention has it, without any section."""

    def __init__(self, text: str) -> None:
        pass

    def __getitem__(self, section: str) -> list[Any]:
        return []


class _Docscrape(ModuleType):
    """Stands where pyarrow looks for its module; whatever else is asked of it, the real one answers."""

    NumpyDocString = _NoSections

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for those
            raise AttributeError(name)
        del sys.modules[_DOCSCRAPE]
        return getattr(import_module(_DOCSCRAPE), name)
