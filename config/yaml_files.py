"""YAML files of the configuration: reading them, and rules of a given shape made into such as work.

Belongs here: what is the same for every such file, its errors above all. Does not belong here: the
shapes, and what a usable rule is (`url_rules`, `match_rules`, `contract`).

The files that presslake comes with are read from `packaged.json`, which holds what YAML makes of them
under the hash of their bytes: importing PyYAML and parsing the contract takes longer than checking ten
articles. A file that was edited has another hash and is read as YAML, so nothing can be out of date.
`python -m config.yaml_files` prints `packaged.json` (`make docs`).
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from config.errors import SettingsError

_PACKAGED: Final = Path(__file__).with_name("packaged.json")
_NAMES: Final = ("articles.odcs.yaml", "match_rules.yaml", "url_rules.yaml")

Entries = TypeVar("Entries")
Rules = TypeVar("Rules")


class NotYamlError(ValueError):
    """The text is not YAML; the message says where and why."""


def read_yaml(path: Path) -> Any:
    """What a YAML file says.

    Raises:
        OSError: it cannot be read.
        NotYamlError: it is not YAML.
    """
    source = path.read_bytes()
    known = _packaged().get(hashlib.sha256(source).hexdigest())
    return parse_yaml(source) if known is None else msgspec.json.decode(known)


def parse_yaml(source: bytes) -> Any:
    """What a YAML text says.

    Raises:
        NotYamlError: it is not YAML.
    """
    import yaml  # noqa: PLC0415  (slow, and the packaged files do not need it)

    try:
        # libyaml's loader where PyYAML has it: a tenth of the time.
        return yaml.load(source, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        raise NotYamlError(str(error)) from error


@cache
def _packaged() -> dict[str, msgspec.Raw]:
    """The documents of the packaged files by the hash of their YAML, each still to be decoded."""
    with suppress(OSError):
        return msgspec.json.decode(_PACKAGED.read_bytes(), type=dict[str, msgspec.Raw])
    return {}


def packaged_text() -> str:
    """The text of `packaged.json`: a line for each file."""
    sources = [_PACKAGED.with_name(name).read_bytes() for name in _NAMES]
    lines = [f'"{hashlib.sha256(s).hexdigest()}": {msgspec.json.encode(parse_yaml(s)).decode()}' for s in sources]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def read_rules(path: Path, shape: type[Entries], build: Callable[[Entries], Rules], *, called: str, hint: str) -> Rules:
    """Read, check and build the rules of one file.

    Args:
        path: the YAML file.
        shape: what it must hold, with unknown keys forbidden.
        build: makes the rules; a `ValueError` or `re.error` says that one of them cannot work.
        called: what errors call the rules, such as "URL rules"; `hint` is the way out.

    Raises:
        SettingsError: the file cannot be read, is not YAML, or holds a rule that cannot work.
    """
    try:
        return build(msgspec.convert(read_yaml(path), shape))
    except OSError as error:
        raise SettingsError(f"Cannot read the {called} {path}: {error.strerror}.", hint) from error
    except (ValueError, re.error) as error:
        raise SettingsError(f"The {called} {path} are wrong: {error}.", hint) from error


if __name__ == "__main__":
    sys.stdout.write(packaged_text())
