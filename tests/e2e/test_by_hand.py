"""A run by hand through Prefect, with nothing set up: Prefect starts a server of its own, and nobody notices."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders import article
from tests.e2e.server import PROJECT, without_settings


@pytest.mark.timeout(300)
def test_a_run_by_hand_says_nothing_but_its_result(tmp_path: Path) -> None:
    source = tmp_path / "harbour"
    source.mkdir()
    (source / "one.md").write_bytes(article())
    (source / "broken.md").write_text("---\ntitle: No end\n")
    code = (
        "from config.settings import load_settings\n"
        "from flows.start import run_ingest\n"
        "chosen = load_settings(None, {'warehouse': {'path': 'w'}, 'run': {'engine': 'prefect'}})\n"
        f"print(run_ingest([{str(source)!r}], chosen).status)\n"
    )
    environment = {**without_settings(), "PYTHONPATH": str(PROJECT), "PREFECT_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=290,
    )

    assert (done.stdout, done.stderr) == ("completed\n", "")
