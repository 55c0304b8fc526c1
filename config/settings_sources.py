"""Where settings come from: a YAML file, the environment, the command line, each read into a `Layer`.

Belongs here: reading a place, and remembering where in it each key stands. Does not belong here:
which settings there are (config.settings) and whether a value is one that a setting may have
(config.settings_check).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from config.errors import SettingsError

KeyPath = tuple[str, ...]

PREFIX: Final = "PRESSLAKE_"


class Layer(NamedTuple):
    """What one place says.

    Attributes:
        tree: nested mappings from key to value; keys are texts.
        origin: the place, for people: a file, a variable, the command line.
        lines: 1-based line of every key, where the place is a file.
        textual: a text can stand for a number, a list or a mapping, as it does in the environment.
        variable: the key that the place is the environment variable of; empty for other places.
    """

    tree: Any
    origin: str
    lines: Mapping[KeyPath, int] = MappingProxyType({})
    textual: bool = False
    variable: KeyPath = ()

    def place(self, path: KeyPath) -> str:
        """Where a key stands: the file and line, the variable, or the command line."""
        return f"{self.origin}, line {self.lines[path]}" if path in self.lines else self.origin

    def spell(self, path: KeyPath) -> str:
        """A key as one would write it in this place."""
        if self.variable and all(key.isidentifier() for key in path):
            return variable_name(path)
        return ".".join(path)


def variable_name(path: KeyPath) -> str:
    """The environment variable of a key: `("run", "workers")` is `PRESSLAKE_RUN__WORKERS`."""
    return PREFIX + "__".join(path).upper()


def file_layer(path: Path) -> Layer:
    """Read a YAML file of settings; an empty one says nothing.

    Raises:
        SettingsError: it cannot be read, is not YAML, or gives a key twice.
    """
    import yaml  # noqa: PLC0415  (nearly as slow to import as all the rest, and many runs have no file)

    try:
        loader = yaml.SafeLoader(path.read_text(encoding="utf-8-sig"))
        root, lines = loader.get_single_node(), dict[KeyPath, int]()
        tree = {} if root is None else _plain(root, (), lines, str(path), loader.construct_object)
    except OSError as error:
        raise SettingsError(
            f"The settings file {path} cannot be read: {error.strerror or error}.", "Check the path."
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise _invalid_yaml(path, error) from error
    return Layer(tree, str(path), lines)


def _invalid_yaml(path: Path, error: Exception) -> SettingsError:
    mark = getattr(error, "problem_mark", None)
    place = f"{path}, line {mark.line + 1}" if mark else str(path)
    problem = getattr(error, "problem", None) or error
    return SettingsError(f"The settings file is not valid YAML ({place}): {problem}.", "Mend it there.")


def _plain(node: Any, path: KeyPath, lines: dict[KeyPath, int], origin: str, construct: Callable[..., Any]) -> Any:
    """The value of a YAML node. Keys keep their text, because YAML 1.1 takes the key `on` for true."""
    if node.id != "mapping":
        return construct(node, deep=True)
    tree: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key, line = str(key_node.value), key_node.start_mark.line + 1
        below = (*path, key)
        if key in tree:
            raise SettingsError(
                f"`{'.'.join(below)}` is given twice ({origin}, lines {lines[below]} and {line}).",
                "Delete one of them.",
            )
        lines[below] = line
        tree[key] = _plain(value_node, below, lines, origin, construct)
    return tree


def environment_layers(environ: Mapping[str, str], ignored: frozenset[str] = frozenset()) -> Iterator[Layer]:
    """One layer for each variable `PRESSLAKE_SECTION__KEY`, in the order of their names."""
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in ignored:
            path = tuple(name.removeprefix(PREFIX).lower().split("__"))
            tree: Any = environ[name]
            for key in reversed(path):
                tree = {key: tree}
            yield Layer(tree, f"environment variable {name}", textual=True, variable=path)
