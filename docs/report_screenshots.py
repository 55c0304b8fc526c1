"""Screenshots of `presslake report` over the sample newsroom, for the documentation.

`python docs/report_screenshots.py` takes them again into docs/screenshots; it needs Chromium. The
sample is loaded in four runs, so that there is something to see of time: first without its broken
files, then with some of them, with all, and with some mended.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

DOCS: Final = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS.parent))

from flows.cli import main  # noqa: E402
from tests.e2e.browser import chromium, opened_page  # noqa: E402

#: Name of the picture to Playwright's options of its page.
VIEWS: Final[dict[str, dict[str, Any]]] = {
    "desktop": {"viewport": {"width": 1120, "height": 1500}},
    "dark": {"viewport": {"width": 1120, "height": 1500}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 1500}, "is_mobile": True, "device_scale_factor": 1.5},
}


def take(folder: Path = DOCS / "screenshots") -> list[Path]:
    """Take the pictures `report-desktop.png`, `report-dark.png` and `report-phone.png`.

    Args:
        folder: where they go; made if it is not there.

    Raises:
        RuntimeError: there is no Chromium, or a command failed.
    """
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    # In a folder of its own, so that the page names no folder of this machine.
    with TemporaryDirectory() as temporary, chdir(temporary):
        _load_in_four_runs()
        _presslake("report", "--warehouse", "warehouse")
        page = Path("report.html").resolve().as_uri()
        with chromium() as browser:
            return [_picture(browser, page, folder / f"report-{name}.png", **view) for name, view in VIEWS.items()]


def _load_in_four_runs() -> None:
    sample, broken = Path("docs/sample"), Path("docs/sample/_broken")
    shutil.copytree(DOCS / "sample", sample)
    files = sorted(path.name for path in broken.iterdir())
    wanted = [[], files[:14], files, files[8:]]
    for names in wanted:
        shutil.rmtree(broken)
        broken.mkdir()
        for name in names:
            shutil.copy2(DOCS / "sample" / "_broken" / name, broken / name)
        _presslake("run", "docs/sample", "--warehouse", "warehouse", "--accept-quarantine", "--accept-removals")


def _presslake(*arguments: str) -> None:
    if main([*arguments]) != 0:
        raise RuntimeError(f"`presslake {' '.join(arguments)}` failed.")


def _picture(browser: Any, url: str, path: Path, **view: Any) -> Path:
    with opened_page(browser, **view) as (page, _):
        page.goto(url)
        page.screenshot(path=path)
    return path


if __name__ == "__main__":
    os.environ.setdefault("PRESSLAKE_RUN__ENGINE", "local")
    for picture in take():
        sys.stdout.write(f"{picture.relative_to(DOCS.parent)}: {picture.stat().st_size:,} bytes\n")
