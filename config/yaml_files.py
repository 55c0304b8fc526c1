"""YAML files of the configuration: reading and writing them, and rules of a given shape made into such as work.

Belongs here: what is the same for every such file, its errors above all. Does not belong here: the
shapes, and what a usable rule is (`url_rules`, `match_rules`, `contract`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
