"""YAML files of the configuration: the loader, and rules of a given shape made into such as work.

Belongs here: what is the same for every such file, its errors above all. Does not belong here: the
shapes, and what a usable rule is (`url_rules`, `match_rules`, `contract`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import yaml

from config.errors import SettingsError

#: libyaml's where PyYAML has it: a tenth of the time.
LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Entries = TypeVar("Entries")
Rules = TypeVar("Rules")


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
        return build(msgspec.convert(yaml.load(path.read_bytes(), LOADER), shape))  # noqa: S506
    except OSError as error:
        raise SettingsError(f"Cannot read the {called} {path}: {error.strerror}.", hint) from error
    except (yaml.YAMLError, ValueError, re.error) as error:
        raise SettingsError(f"The {called} {path} are wrong: {error}.", hint) from error
