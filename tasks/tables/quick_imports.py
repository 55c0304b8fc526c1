"""What a process does so that its imports take less time; nothing here changes what is computed.

Belongs here: parts of libraries that nobody looks at in this process, left out while the library is imported.
Does not belong here: which module imports what, and when (the modules).

While a library is imported (pyarrow, msgspec, …), something stands where it looks for a module that it has no
use for here: nothing, as if that were not installed, or a `_StandIn` that has what it asks for at once, and gets
the rest from the real module. Whoever imports that module afterwards gets the real one; so only libraries count
that are imported before there is a second thread, which could find the stand-in.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType, SimpleNamespace
from typing import Any, Final


def install() -> None:
    """Let this process import some libraries quickly, whenever it does."""
    if _Finder not in sys.meta_path:
        sys.meta_path.insert(0, _Finder)


def leave_out_object_stores() -> None:
    """Let `pyarrow.fs`, which `pyarrow.parquet` imports, know folders only: for a process that opens no URL with it.

    It sets up their clients, and asks `ssl` where the certificates are, which takes longer than the rest of it.
    """
    _STAND_INS["pyarrow.fs"] = _for_folders


class _StandIn(ModuleType):
    """Stands where a library looks for a module, while it is imported.

    The library keeps it, so whatever else it asks for later, the real module answers.
    """

    real: ModuleType | None

    def __init__(self, name: str, **known: Any) -> None:
        super().__init__(name)
        self.__dict__.update(known, real=sys.modules.get(name))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # the import system asks for those
            raise AttributeError(name)
        if self.real is None:
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
            self.real = import_module(self.__name__)
        return getattr(self.real, name)


class _Parameter:
    """A parameter in a signature that nobody reads."""

    POSITIONAL_ONLY = VAR_POSITIONAL = POSITIONAL_OR_KEYWORD = KEYWORD_ONLY = None

    def __init__(self, *_: Any, **__: Any) -> None:
        pass


class _NoSections:
    """A docstring as numpy's convention has it, without any section."""

    def __init__(self, text: str) -> None:
        pass

    def __getitem__(self, section: str) -> list[Any]:
        return []


def _for_msgspec() -> dict[str, ModuleType | None]:
    """`platform` is asked by `uuid` for the system's name, and `typing_extensions` for what Python 3.11 has itself."""
    return {
        "platform": _StandIn("platform", system=lambda: os.uname().sysname),
        "textwrap": _StandIn("textwrap"),
        "typing_extensions": None,
    }


def _for_pyarrow() -> dict[str, ModuleType | None]:
    """cloudpickle is imported under the name `pickle`, and then the module of that name: one of them will do.

    `platform` is for a list of versions, sockets are for finding a free port, dedented texts are docstrings.
    pandas is imported wherever it is installed, half a second, so that its kinds of missing values would be
    known: no table here is made of those.
    """
    return {
        "cloudpickle": import_module("pickle"),
        "socket": _StandIn("socket"),
        "textwrap": _StandIn("textwrap", dedent=str),
        "pandas": None,
        "platform": _StandIn("platform"),
    }


def _for_compute() -> dict[str, ModuleType | None]:
    """300 functions get a docstring and a signature, each put together from its parts: most of the import's time.

    `help(pyarrow.compute.…)` is asked for in other processes. Of a signature that is None `inspect` says what
    Python knows itself.
    """
    return {
        "pyarrow.vendored.docscrape": _StandIn("pyarrow.vendored.docscrape", NumpyDocString=_NoSections),
        "inspect": _StandIn(
            "inspect",
            Parameter=_Parameter,
            Signature=lambda parameters: None,
            signature=lambda options: SimpleNamespace(parameters={}),
        ),
        "textwrap": _StandIn("textwrap", dedent=str),
    }


def _look_for_pandas(pyarrow: ModuleType) -> None:
    """Let pyarrow see that there is no pandas: it looks once, with the first value that it is given."""
    pyarrow.scalar("")


def _for_folders() -> dict[str, ModuleType | None]:
    clients: dict[str, ModuleType | None] = dict.fromkeys(
        ["pyarrow._azurefs", "pyarrow._gcsfs", "pyarrow._hdfs", "pyarrow._s3fs"]
    )
    nowhere = SimpleNamespace(cafile=None, capath=None)
    return {**clients, "ssl": _StandIn("ssl", get_default_verify_paths=lambda: nowhere)}


def _for_relativedelta() -> dict[str, ModuleType | None]:
    """pyarrow imports this where it is installed, to know intervals of time; it asks for calendars to compute some."""
    return {"calendar": _StandIn("calendar"), "six": _StandIn("six", integer_types=(int,))}


def _for_logging() -> dict[str, ModuleType | None]:
    """Tracebacks are for errors, and bring a reader of source files with them."""
    return {"traceback": _StandIn("traceback")}


def _for_shutil() -> dict[str, ModuleType | None]:
    """It looks whether archives could be compressed."""
    return {name: _StandIn(name) for name in ("bz2", "lzma", "zlib")}


_STAND_INS: Final[dict[str, Callable[[], Mapping[str, ModuleType | None]]]] = {
    "dateutil.relativedelta": _for_relativedelta,
    "logging": _for_logging,
    "msgspec": _for_msgspec,
    "pyarrow": _for_pyarrow,
    "pyarrow.compute": _for_compute,
    "shutil": _for_shutil,
}
_AFTERWARDS: Final[Mapping[str, Callable[[ModuleType], None]]] = {"pyarrow": _look_for_pandas}


class _Finder:
    """Finds the libraries that are imported quickly, where Python would find them."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        if name not in _STAND_INS:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)  # type: ignore[assignment]
        return spec


class _Loader:
    """Executes a module with the others' stand-ins in place; all else its own loader does, and afterwards has."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """See `importlib.abc.Loader`."""
        spec.loader = self._real
        module: ModuleType | None = self._real.create_module(spec)
        spec.loader = self  # type: ignore[assignment]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """See `importlib.abc.Loader`."""
        name = module.__name__
        if module.__spec__ is not None:
            module.__spec__.loader = self._real
        module.__loader__ = self._real
        with _standing_in(_STAND_INS[name]()):
            self._real.exec_module(module)
            if name in _AFTERWARDS:
                _AFTERWARDS[name](module)


@contextmanager
def _standing_in(stand_ins: Mapping[str, ModuleType | None]) -> Iterator[None]:
    """Let others be found under modules' names, or nothing (None); who is imported already stays afterwards."""
    before = {name: sys.modules[name] for name in stand_ins if name in sys.modules}
    sys.modules.update(stand_ins)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name, stand_in in stand_ins.items():
            if sys.modules.get(name) is stand_in:
                sys.modules.pop(name, None)
        sys.modules.update(before)
