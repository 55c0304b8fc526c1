"""Code in a process of its own, for tests of what a process imports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import flows


def in_a_process(code: str, folder: Path) -> list[str]:
    """The lines that a program prints, which runs in a folder with presslake at hand and no settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PRESSLAKE_", "PREFECT_"))}
    environment["PYTHONPATH"] = os.pathsep.join([str(folder), str(Path(flows.__file__).parents[1])])
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()
