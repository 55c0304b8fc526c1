"""What the tests of consumers share: the environments of other people's tools.

Belongs here: where a tool's Python is, and what is missing without it. Does not belong here: what a tool
is asked.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[2]


def program(environment: str | None, name: str) -> str:
    """A program of the environment `.venv-ENVIRONMENT`; of the developers' own for None.

    Fails the test where no target of the Makefile (`test-dbt`, `test-contract`, `test-consumers`) has made it.
    """
    folder = PROJECT / f".venv-{environment}" / "bin" if environment else Path(sys.executable).parent
    if not (folder / name).exists():
        pytest.fail(f"{folder / name} is missing: `make test-consumers` makes it.")
    return str(folder / name)


def need_java() -> None:
    """Skip the test where Spark cannot run."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, and there is no java on the PATH.")
