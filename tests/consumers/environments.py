"""What the tests of consumers share: the environments of other people's tools, and one desk in both formats.

Belongs here: where a tool's Python is, and what is missing without it. Does not belong here: what a tool
is asked.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Final

import pytest

from flows.run import run_ingest
from tests.builders import Desk
from tests.newsroom import settings_for

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


def run_both(desk: Desk) -> None:
    """The same files into Parquet and, in the folder `lake`, into Delta."""
    desk.run()
    lake = settings_for(desk.root / "lake", warehouse={"format": "delta"}, **desk.sections)
    run_ingest([f"news={desk.root / 'news'}"], lake)
