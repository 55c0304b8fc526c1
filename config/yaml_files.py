"""YAML files of the configuration: reading and writing them, and rules of a given shape made into such as work.

Belongs here: what is the same for every such file, its lines and errors above all. Does not belong here: the
shapes, and what a usable rule is (`url_rules`, `match_rules`, `contract`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import yaml

from config.errors import SettingsError

Entries = TypeVar("Entries")
Rules = TypeVar("Rules")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file.

    Raises:
        OSError: it cannot be read.
        yaml.YAMLError: it is not YAML; the message says where and why.
    """
    # libyaml's loader where PyYAML has it: a tenth of the time.
    return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


class _Plain(yaml.SafeDumper):
    """Writes what several values share once each: not every reader of YAML knows aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def format_yaml(content: Any, *, width: int, flow: bool | None = False) -> str:
    """A value as YAML without aliases; `flow` None puts the innermost lists and mappings on one line each."""
    text: str = yaml.dump(
        content, Dumper=_Plain, sort_keys=False, allow_unicode=True, default_flow_style=flow, width=width
    )
    return text


class YamlLines:
    """The lines of the keys in a YAML text, counted from 1."""

    def __init__(self, source: bytes) -> None:
        self._root = yaml.compose(source, Loader=yaml.SafeLoader)

    def repeated(self) -> Iterator[tuple[str, int, int]]:
        """Keys that stand twice in one mapping, with the lines of both."""
        nodes = [self._root]
        while nodes:
            node = nodes.pop(0)
            first: dict[str, int] = {}
            for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
                line = key.start_mark.line + 1
                if key.value in first:
                    yield key.value, first[key.value], line
                first[key.value] = line
            if isinstance(node, yaml.MappingNode):
                nodes += [child for _, child in node.value]
            elif isinstance(node, yaml.SequenceNode):
                nodes += node.value

    def line(self, path: Sequence[str | int]) -> int:
        """The line of what stands at a path, or of the last part of the path that is there."""
        node, line = self._root, 1
        for step in path:
            if isinstance(node, yaml.MappingNode):
                found = next(((key, value) for key, value in node.value if key.value == str(step)), None)
            elif isinstance(node, yaml.SequenceNode) and isinstance(step, int):
                found = (node.value[step], node.value[step])
            else:
                found = None
            if found is None:
                break
            line, node = found[0].start_mark.line + 1, found[1]
        return line


def read_rules(
    path: Path,
    shape: type[Entries],
    build: Callable[[Entries], Rules],
    decode: Callable[[type, Any], Any] | None = None,
    *,
    called: str,
    hint: str,
) -> Rules:
    """Read, check and build the rules of one file.

    Args:
        path: the YAML file.
        shape: what it must hold, with unknown keys forbidden.
        build: makes the rules; a `ValueError` or `re.error` says that one of them cannot work.
        decode: makes values of types that YAML does not have, see msgspec's `dec_hook`.
        called: what errors call the rules, such as "URL rules"; `hint` is the way out.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or holds a rule that cannot work.
    """
    try:
        return build(msgspec.convert(read_yaml(path), shape, dec_hook=decode))
    except OSError as error:
        raise SettingsError(f"Cannot read the {called} {path}: {error.strerror}.", hint) from error
    except (ValueError, re.error, yaml.YAMLError) as error:
        raise SettingsError(f"The {called} {path} are wrong: {error}.", hint) from error
