"""Questions about the type of a setting: its members, choices and range, and these in words.

Belongs here: all that follows from one *kind*, a type as the structs of config.settings annotate it:
`Annotated[int, Meta(ge=0), "The description."]`. Does not belong here: any particular setting, and where values
come from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from types import NoneType
from typing import Any, Final, Literal, NamedTuple, get_args, get_origin, get_type_hints

from msgspec import Meta, Struct, json

#: Source: IEC 80000-13 for the binary multiples, the SI brochure for the decimal ones.
_BYTE_UNITS: Final = {
    "": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30,
}  # fmt: skip
_BYTE_SIZE: Final = re.compile(r"(\d{1,15})(?:\.(\d{1,15}))?\s*((?:[KMG]i?)?B)?", re.ASCII | re.IGNORECASE)
_NAMES: Final = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


class Setting(NamedTuple):
    """One key, for documentation and `--help`.

    Attributes:
        path: the key with its section, such as `("run", "workers")`.
        accepts: the values it takes, in words.
        default: its default as one would write it in YAML.
        description: its purpose, in a sentence.
    """

    path: tuple[str, ...]
    accepts: str
    default: str
    description: str


def bare(kind: Any) -> Any:
    """A kind without its constraints."""
    return getattr(kind, "__origin__", kind) if hasattr(kind, "__metadata__") else kind


def constraints(kind: Any) -> list[Meta]:
    """The constraints that a kind carries."""
    return [meta for meta in getattr(kind, "__metadata__", ()) if isinstance(meta, Meta)]


def description(kind: Any) -> str:
    """The text that a kind carries."""
    return " ".join(text for text in getattr(kind, "__metadata__", ()) if isinstance(text, str))


@cache
def members(section: type[Struct]) -> dict[str, Any]:
    """The kind of every key of a struct."""
    return get_type_hints(section, include_extras=True)


def is_struct(kind: Any) -> bool:
    """Whether a kind is a section with fixed keys."""
    return isinstance(kind, type) and issubclass(kind, Struct)


def is_mapping(kind: Any) -> bool:
    """Whether a kind is a section with keys of the user's choice."""
    return get_origin(bare(kind)) is dict


def is_list(kind: Any) -> bool:
    """Whether a kind is a list."""
    return get_origin(bare(kind)) is tuple


def is_bytes(kind: Any) -> bool:
    """Whether a kind is a size in bytes, which may be written `8 MiB`."""
    return any((meta.extra or {}).get("unit") == "bytes" for meta in constraints(kind))


def is_nullable(kind: Any) -> bool:
    """Whether null is one of the values."""
    return NoneType in get_args(bare(kind))


def choices(kind: Any) -> tuple[str, ...]:
    """The values to choose from; empty where there is no such list."""
    kind = bare(kind)
    if get_origin(kind) is Literal:
        return get_args(kind)
    return choices(get_args(kind)[0]) if is_nullable(kind) else ()


def byte_size(text: str) -> int:
    """Bytes that a text such as `8 MiB`, `1.5 GB` or `4096` stands for.

    Raises:
        ValueError: it is not a number with a unit, or not a whole number of bytes.
    """
    match: re.Match[str] | None = _BYTE_SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    whole, decimals, unit = match[1], match[2] or "", (match[3] or "").lower()
    size: int
    size, rest = divmod(int(whole + decimals) * _BYTE_UNITS[unit], 10 ** len(decimals))
    if rest:
        raise ValueError(text)
    return size


def format_kind(kind: Any) -> str:
    """The values that a kind accepts, in words: `a whole number from 1 to 22`."""
    inner = bare(kind)
    if is_nullable(inner):
        return f"{format_kind(get_args(inner)[0])}, or null"
    if choices(inner):
        return " or ".join(", ".join(choices(inner)).rsplit(", ", 1))
    if is_struct(inner):
        return f"a section with the keys {', '.join(members(inner))}"
    if is_mapping(inner):
        return f"a mapping to {format_kind(get_args(inner)[1])}"
    if is_list(inner):
        return "a list of texts" + _format_range(kind)
    name = "a size such as 8 MiB" if is_bytes(kind) else _NAMES[inner]
    return name + _format_range(kind)


def _format_range(kind: Any) -> str:
    if any(meta.min_length for meta in constraints(kind)):
        return " that is not empty"
    low = next((meta.ge for meta in constraints(kind) if meta.ge is not None), None)
    high = next((meta.le for meta in constraints(kind) if meta.le is not None), None)
    if low is None:
        return ""
    least = format_value(kind, low)
    return f" of at least {least}" if high is None else f" from {least} to {format_value(kind, high)}"


def format_value(kind: Any, value: Any) -> str:
    """A value as one would write it in YAML: `null`, `16 MiB`, `["a"]`."""
    if is_bytes(kind) and isinstance(value, int):
        for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
            if value and value % size == 0:
                return f"{value // size} {unit}"
    if isinstance(value, str) and choices(kind):
        return value
    return json.format(json.encode(value), indent=0).decode()


def all_settings(section: Struct, path: tuple[str, ...] = ()) -> Iterator[Setting]:
    """Every key of a struct and of the structs in it, in their order, with the struct's values as defaults."""
    for name, kind in members(type(section)).items():
        value, below = getattr(section, name), (*path, name)
        if is_struct(kind):
            yield from all_settings(value, below)
        else:
            yield Setting(below, format_kind(kind), format_value(kind, value), description(kind))


def markdown_sections(root: Struct) -> str:
    """A Markdown heading and table for every section of a struct."""
    sections: dict[str, list[Setting]] = {}
    for setting in all_settings(root):
        sections.setdefault(setting.path[0], []).append(setting)
    text = ""
    for name, settings in sections.items():
        kind = members(type(root))[name]
        about = f"{kind.__doc__}\n\n" if is_struct(kind) else ""
        text += f"\n## {name}\n\n{about}| key | accepts | default | meaning |\n|---|---|---|---|\n"
        for path, accepts, default, meaning in settings:
            text += f"| `{'.'.join(path)}` | {accepts} | `{default}` | {meaning} |\n"
    return text
