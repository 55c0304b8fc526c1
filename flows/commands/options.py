"""What the commands share: their common options, options as settings, sources and warehouses by default, and JSON out.

Does not belong here: the options of one command (its module).
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from config.errors import UsageError
from config.settings import Settings, load_settings

Source = Annotated[
    str,
    Parameter(
        help="Folders, archives (.zip, .tar, .tar.gz, .tgz, .tar.zst), Git repositories (git+file:///path@ref, "
        "git+https://host/path@ref) or object stores (s3://, gs://, az://bucket/prefix), each also as NAME=SOURCE; "
        "without any, those in the settings."
    ),
]
WarehousePath = Annotated[Path | None, Parameter(help="Folder of the tables; by default that of the settings.")]
NewWarehousePath = Annotated[Path | None, Parameter(help="Folder of the tables; made if it is not there.")]
Include = Annotated[list[str] | None, Parameter(help="Pattern of files to take, as in .gitignore; can be repeated.")]
Exclude = Annotated[list[str] | None, Parameter(help="Pattern of files to leave out; can be repeated.")]
ConfigFile = Annotated[
    Path | None, Parameter(help="File of settings; by default presslake.yaml of the working folder, if it is there.")
]
Json = Annotated[bool, Parameter(help="Print one JSON object.")]


def given(options: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Only the options that the user gave, so that the others stay as files and defaults say.

    Args:
        options: section to key to value; None was not given.
    """
    chosen = {
        section: {key: value for key, value in keys.items() if value is not None} for section, keys in options.items()
    }
    return {section: keys for section, keys in chosen.items() if keys}


def chosen_sources(sources: Sequence[str], settings: Settings) -> list[str]:
    """The sources of the command line, or else those of the settings as `name=path`.

    Raises:
        UsageError: neither names one.
    """
    chosen = list(sources) or [f"{name}={path}" for name, path in settings.sources.items()]
    if not chosen:
        raise UsageError(
            "No source is given, and the settings name none.", "Name a folder of articles, such as: content"
        )
    return chosen


def chosen_settings(warehouse: Path | None, config: Path | None) -> Settings:
    """The settings, with the warehouse of the command line if it names one.

    Raises:
        SettingsError: the settings are wrong.
    """
    return load_settings(config, given({"warehouse": {"path": None if warehouse is None else str(warehouse)}}))


def chosen_warehouse(warehouse: Path | None, config: Path | None) -> Path:
    """The warehouse of the command line, or else that of the settings.

    Raises:
        SettingsError: the settings are wrong.
    """
    return warehouse or Path(load_settings(config).warehouse.path)


def print_json(value: Any) -> None:
    """Print one JSON object on one line of stdout."""
    import msgspec  # noqa: PLC0415

    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
