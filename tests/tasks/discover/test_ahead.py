"""A walk that begins before its run finds what the run would, and counts only if nothing was published since.

Each test is a program of its own: a process with a second thread, such as a test's, begins no walk.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.processes import in_a_process

_SETUP = """\
from pathlib import Path
from config.settings import load_settings
from tasks.discover import ahead
from tasks.discover.ahead import accept, begin, take
from tasks.discover.globs import Globs
from tasks.discover.walk import Walk
def settings(**discover):
    return load_settings(None, {"warehouse": {"path": "warehouse"}, "discover": discover})
def walk(chosen=settings(), folder="content"):
    globs = Globs.compile(chosen.discover.include, chosen.discover.exclude)
    return Walk("content", str(Path(folder).resolve()), globs)
"""


@pytest.fixture
def content(tmp_path: Path) -> Path:
    """A folder of four files, one of which counts in no run, and a link."""
    folder = tmp_path / "content"
    (folder / "news").mkdir(parents=True)
    for name in ("a.md", "news/b.md", "news/c.txt"):
        (folder / name).write_text(name)
    (folder / os.fsdecode(b"\xff.md")).write_text("odd")
    (folder / "link.md").symlink_to("a.md")
    os.utime(folder / "a.md", ns=(0, -1))
    return folder


def printed(code: str, content: Path) -> list[str]:
    """What a program prints that runs where the content is."""
    return in_a_process(_SETUP + code, content.parent)


def test_what_is_found_ahead_is_what_a_walk_finds(content: Path) -> None:
    code = (
        "begin(['news=content'], settings())\nprint(accept(Path('warehouse')) is not None)\nfound = take(walk())\n"
        "def rows(walk):\n    return sorted(zip(walk.paths, walk.sizes, walk.nanoseconds, strict=True))\n"
        "print(found.skipped, rows(found)[0], len(rows(found)))\nprint(rows(found) == rows(walk().go()), take(walk()))"
    )
    assert printed(code, content) == ["True", "['link.md'] ('a.md', 4, -1) 3", "True None"]


def test_the_patterns_are_those_of_the_settings(content: Path) -> None:
    code = (
        "chosen = settings(include=['*.txt', '*.md'], exclude=['a.md'])\nbegin(['content'], chosen)\n"
        "accept(Path('warehouse'))\nprint(take(walk()))\nprint(len(take(walk(chosen)).paths))"
    )
    assert printed(code, content) == ["None", "3"]


def test_every_folder_is_walked_and_nothing_else(content: Path) -> None:
    (content.parent / "more").mkdir()
    (content.parent / "more" / "d.md").touch()
    (content.parent / "old.zip").touch()
    code = (
        "begin(['content', 'old.zip', 'more=more'], settings())\naccept(Path('warehouse'))\n"
        "print(len(take(walk()).paths), take(walk(folder='more')).paths)"
    )
    assert printed(code, content) == ["3 ['d.md']"]


@pytest.mark.parametrize("pointer", ["current", "CURRENT"])
def test_nothing_counts_that_was_found_before_something_was_published(pointer: str, content: Path) -> None:
    (content.parent / "warehouse").mkdir()
    (content.parent / "warehouse" / pointer).write_text("snapshots/000001")
    code = (
        "begin(['content'], settings())\nnew = Path('warehouse/new')\nnew.write_text('snapshots/000001')\n"
        f"new.rename('warehouse/{pointer}')\nprint(accept(Path('warehouse')), take(walk()), accept(Path('warehouse')))"
    )
    assert printed(code, content) == ["None None None"]


def test_nothing_counts_of_a_run_that_waited(content: Path) -> None:
    code = "ahead._FRESH = -1\nbegin(['content'], settings())\nprint(accept(Path('warehouse')), take(walk()))"
    assert printed(code, content) == ["None None"]


def test_what_cannot_be_walked_is_left_to_the_run(content: Path) -> None:
    deep = content
    for _ in range(101):
        deep = deep / "d"
    deep.mkdir(parents=True)
    code = "begin(['content'], settings())\nprint(accept(Path('warehouse')), take(walk()))"
    assert printed(code, content) == ["None None"]


@pytest.mark.parametrize(
    "begun",
    [
        "begin(['no/such/folder'], settings())",
        "begin(['content'], settings(include=['[']))",
        "begin(['old.zip'], settings())",
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()\n"
        "begin(['content'], settings())",
        "begin(['content'], load_settings(None, {'warehouse': {'path': 's3://bucket/w'}}))",
        "import os\nos.cpu_count = lambda: 1\nbegin(['content'], settings())",
    ],
)
def test_no_walk_begins_where_it_would_be_of_no_use(begun: str, content: Path) -> None:
    (content.parent / "old.zip").touch()
    assert printed(f"{begun}\nprint(ahead._state.ahead, accept(Path('warehouse')))", content) == ["None None"]


def test_a_run_by_hand_takes_what_was_found_ahead(content: Path) -> None:
    code = (
        "import json\nfrom flows.cli import main\nwalks = []\ngo = Walk.go\n"
        "Walk.go = lambda walk: (walks.append(walk), go(walk))[1]\n"
        "for number in range(3):\n    main(['run', 'content', '--warehouse', 'warehouse', '--json'])\n"
        "    (Path('content') / f'{number}.md').touch()\nprint(len(walks))"
    )
    *outcomes, walks = printed(code, content)
    assert ['"discovered":3' in outcomes[0], '"discovered":4' in outcomes[1], '"discovered":5' in outcomes[2]] == [
        True
    ] * 3
    assert walks == "0"


def test_a_run_that_fails_before_it_lists_leaves_no_process(content: Path) -> None:
    code = (
        "import os, time\nbegin(['content'], settings())\nprocess = ahead._state.ahead.process\n"
        "os.close(ahead._state.ahead.pipe)\nprint(os.waitpid(process, 0)[0] == process)"
    )
    assert printed(code, content) == ["True"]


def test_who_reads_what_a_run_prints_does_not_wait_for_the_walk(content: Path) -> None:
    code = (
        "import os, time\nWalk.go = lambda walk: time.sleep(3600)\nbegin(['content'], settings())\n"
        "print(ahead._state.ahead.process, flush=True)\nos._exit(0)"
    )
    (process,) = printed(code, content)  # ends with the program, not with the walk
    os.kill(int(process), signal.SIGKILL)
