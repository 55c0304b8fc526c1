"""What the parameters that the flows share come to: the settings of a run.

Belongs here: reading `warehouse`, `config` and `settings` as the UI's form gives them, for the flows and
for the hook of a crash. Does not belong here: parameters of one flow (its module).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.settings import Settings, load_settings


def load_from(warehouse: str | None, config: str | None, settings: Mapping[str, Any] | None) -> Settings:
    """The settings that a flow's parameters come to; an empty one leaves what files and defaults say.

    Args:
        warehouse: folder or URL of the warehouse, before what `settings` says of it.
        config: settings file.
        settings: any further settings, by section.

    Raises:
        SettingsError: the file or a setting is wrong.
    """
    overrides = dict(settings or {})
    if warehouse:
        overrides["warehouse"] = {**overrides.get("warehouse", {}), "path": warehouse}
    return load_settings(Path(config) if config else None, overrides)
