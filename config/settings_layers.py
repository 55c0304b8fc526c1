"""Layers of settings: a YAML file, the environment, the command line; read, checked and laid over the defaults.

Belongs here: reading each of these, where in it a key stands, checking every key and value against a tree
of msgspec structs, and the errors: the key in full, its location, what was expected and probably meant.
Does not belong here: which settings there are (config.settings), and what a type says (config.settings_kinds).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar, get_args

from msgspec import DecodeError, Struct, convert, json, to_builtins

from config import settings_kinds as kinds
from config.errors import SettingsError, nearest

KeyPath = tuple[str, ...]

PREFIX: Final = "PRESSLAKE_"
AnyStruct = TypeVar("AnyStruct", bound=Struct)

#: A list in JSON; a comma-separated one may start with a pattern such as `[ab]*.md`.
_JSON_LIST: Final = re.compile(r'\s*\[\s*["\]]')

#: Longest excerpt of a wrong value in a message, in characters.
_MAX_SHOWN: Final = 60


class Layer(NamedTuple):
    """The settings of one origin.

    Attributes:
        tree: nested mappings from key to value; keys are texts.
        origin: its name for people: a file, a variable, the command line.
        lines: 1-based line of every key, where the origin is a file.
        textual: a text can stand for a number, a list or a mapping, as it does in the environment.
        variable: the key of the environment variable that is the origin; empty for other origins.
    """

    tree: Any
    origin: str
    lines: Mapping[KeyPath, int] = MappingProxyType({})
    textual: bool = False
    variable: KeyPath = ()

    def location(self, path: KeyPath) -> str:
        """The location of a key: file and line, variable, or command line."""
        return f"{self.origin}, line {self.lines[path]}" if path in self.lines else self.origin

    def written(self, path: KeyPath) -> str:
        """A key as it is written in this origin."""
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
        mark = getattr(error, "problem_mark", None)
        location = f"{path}, line {mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or error
        raise SettingsError(
            f"The settings file is not valid YAML ({location}): {problem}.", "Mend it there."
        ) from error
    return Layer(tree, str(path), lines)


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


def apply_layers(schema: type[AnyStruct], layers: Iterable[Layer]) -> AnyStruct:
    """The defaults of a struct with each layer laid over them: mappings gain entries, lists are replaced.

    Raises:
        SettingsError: a layer has an unknown key, or a value of the wrong type or out of range.
    """
    defaults = schema()
    tree: dict[str, Any] = to_builtins(defaults)
    for layer in layers:
        for path, value in _Check(layer, defaults).settings(schema, layer.tree, ()):
            section = tree
            for key in path[:-1]:
                section = section[key]
            section[path[-1]] = value
    return convert(tree, schema)


class _Check(NamedTuple):
    """Holds one layer against the tree of structs whose defaults are `root`."""

    layer: Layer
    root: Struct

    def settings(self, kind: Any, value: object, path: KeyPath) -> Iterator[tuple[KeyPath, object]]:
        """Every setting that the layer has at or below `path`, with its value as the structs hold it."""
        if kinds.is_struct(kind) or kinds.is_mapping(kind):
            for key, item in self.entries(kind, value, path).items():
                yield from self.settings(self.member(kind, key, path), item, (*path, key))
        else:
            yield path, self.typed(kind, value, path)

    def entries(self, kind: Any, value: object, path: KeyPath) -> dict[str, object]:
        """The entries of a section."""
        if self.layer.textual and isinstance(value, str) and kinds.is_mapping(kind):
            value = _json(value)
        if value is None:  # what YAML makes of a section whose keys are all commented out
            return {}
        if not isinstance(value, Mapping):
            raise self.refusal(kind, value, path)
        return {str(key): item for key, item in value.items()}

    def member(self, kind: Any, key: str, path: KeyPath) -> Any:
        """The kind that one key of a section has."""
        if kinds.is_struct(kind):
            known = kinds.members(kind)
            if key not in known:
                raise self.unknown((*path, key), tuple(known))
            return known[key]
        key_kind, item_kind = get_args(kinds.bare(kind))
        if not key or (kinds.choices(key_kind) and key not in kinds.choices(key_kind)):
            raise self.unknown((*path, key), kinds.choices(key_kind))
        return item_kind

    def typed(self, kind: Any, value: object, path: KeyPath) -> object:
        """A value as the structs hold it."""
        lax = self.layer.textual and isinstance(value, str)
        try:
            return convert(_meaning(kind, value, lax), kind, strict=not lax)
        except ValueError as error:  # msgspec's ValidationError is one
            raise self.refusal(kind, value, path) from error

    def refusal(self, kind: Any, value: object, path: KeyPath) -> SettingsError:
        """The error for a value that a key cannot have."""
        near = nearest(str(value), kinds.choices(kind))
        what = f"`{'.'.join(path)}`" if path else "A settings file"
        return SettingsError(
            f"{what} must be {kinds.format_kind(kind)}, not {_shown(value)} ({self.layer.location(path)}).",
            f"Did you mean `{near}`?" if near else "",
        )

    def unknown(self, path: KeyPath, siblings: tuple[str, ...]) -> SettingsError:
        """The error for a key that does not exist, with the nearest ones that do."""
        known = [setting.path for setting in kinds.all_settings(self.root)]
        names = {key[-1] for key in known}
        meant = [key for key in known if key[-1] == path[-1]]
        if not meant and (sibling := nearest(path[-1], siblings)):
            meant = [(*path[:-1], sibling)]
        meant = meant or [key for key in known if key[-1] == nearest(path[-1], names)]
        rest = self.layer.variable[len(path) :]  # what the variable says below a misspelt section
        suggestion = " or ".join(f"`{self.layer.written(key if key in known else key + rest)}`" for key in meant)
        return SettingsError(
            f"There is no setting `{'.'.join(path)}` ({self.layer.location(path)}).",
            f"Did you mean {suggestion}?" if meant else f"There are: {', '.join(siblings)}.",
        )


def _meaning(kind: Any, value: object, lax: bool) -> object:
    """The meaning of a value: a path is its text, a size its bytes, a text from the environment a list."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, str) and kinds.is_bytes(kind):
        return kinds.byte_size(value)
    if lax and isinstance(value, str):
        if kinds.is_nullable(kind) and value.lower() in ("", "null"):
            return None
        if kinds.is_list(kind):
            items = [item.strip() for item in value.split(",")]
            return _json(value) if _JSON_LIST.match(value) else [item for item in items if item]
    return value


def _json(text: str) -> object:
    """A text as JSON; one that is not JSON stays as it is, and is then refused with its full text."""
    try:
        return json.decode(text)
    except DecodeError:
        return text


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, float) else json.encode(value, enc_hook=repr).decode()
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 1] + "…"
