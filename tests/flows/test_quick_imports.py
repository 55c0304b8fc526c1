"""What commands by hand need not import, and what the program leaves out of its libraries."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import flows

ARTICLE = (
    "---\ntitle: Ferry back\noriginalUrl: https://harbour.example/a\npublishedDateTime: 2026-03-02T09:30:00Z\n---\n"
)


def in_a_process(code: str, folder: Path) -> list[str]:
    """What a program prints that runs in a folder."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PRESSLAKE_", "PREFECT_"))}
    environment["PYTHONPATH"] = str(Path(flows.__file__).parents[1])
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def imported_by(arguments: list[str], names: list[str], folder: Path) -> str:
    """Which of some modules a command imports, as a list in brackets."""
    code = (
        f"import sys\nfrom flows.cli import main\nassert main({arguments}) == 0\n"
        f"print([name for name in {names} if name in sys.modules])"
    )
    return in_a_process(code, folder)[-1]


def test_a_check_imports_no_other_command_and_no_other_format(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ARTICLE)
    others = ["flows.commands.run", "flows.commands.serve", "tasks.front_matter.typed_formats", "json", "cyclopts"]
    others += ["tasks.parse.mending", "html.entities", "cloudpickle"]
    names = ["flows.commands.checking", "tasks.front_matter.document", *others]
    assert imported_by(["check", "a.md"], names, tmp_path) == str(names[:2])


@pytest.mark.parametrize(
    "text", ["---\ntitle: &anchor Ferry\n---\n", '{"title": "Ferry"}\n', "+++\ntitle = 'Ferry'\n+++\n"]
)
def test_other_formats_are_imported_when_a_file_has_them(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(text)
    code = "from flows.cli import main\nprint(main(['check', 'a.md']))"
    *findings, exit_code = in_a_process(code, tmp_path)
    assert exit_code == "1"
    assert findings


def test_a_run_for_which_nothing_changed_imports_nothing_that_reads_or_writes(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text(ARTICLE)
    names = [
        *("tasks.parse.batch", "tasks.validate.batch", "tasks.deduplicate.decisions", "tasks.write.publish"),
        *("multiprocessing", "importlib.metadata", "email", "prefect", "rich", "ftfy"),
        *("pyarrow.dataset", "cloudpickle"),
    ]
    again = ["run", "content", "--json"]
    first = imported_by(again, names[:4], tmp_path)
    assert first == str(names[:4])
    assert imported_by(again, names, tmp_path) == "[]"


def test_a_small_run_does_without_what_processes_need(tmp_path: Path) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "a.md").write_text(ARTICLE)
    run = ["run", "content", "--json"]
    imported_by(run, [], tmp_path)
    (tmp_path / "content" / "a.md").write_text(ARTICLE.replace("Ferry", "Bridge"))
    names = ["tasks.parse.batch", "tasks.write.publish", "multiprocessing"]
    assert imported_by(run, names, tmp_path) == str(names[:2])


def test_functions_of_arrow_work_without_the_docstrings_of_their_options(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom flows.quick_imports import leave_docstrings_out\nleave_docstrings_out()\n"
        "import pyarrow.compute as pc\nprint(pc.match_substring_regex('ferry', 'R+', ignore_case=True))\n"
        "print('pydoc' in sys.modules)\nfrom pyarrow.vendored.docscrape import Reader\nprint(Reader.__module__)"
    )
    assert in_a_process(code, tmp_path) == ["True", "False", "pyarrow.vendored.docscrape"]


def test_who_has_the_real_module_keeps_it(tmp_path: Path) -> None:
    code = (
        "import pyarrow.vendored.docscrape as real, sys\nfrom flows.quick_imports import leave_docstrings_out\n"
        "leave_docstrings_out()\nprint(sys.modules['pyarrow.vendored.docscrape'] is real)"
    )
    assert in_a_process(code, tmp_path) == ["True"]


def test_pyarrow_needs_no_cloudpickle_and_others_get_it(tmp_path: Path) -> None:
    code = (
        "import pickle, sys\nfrom flows.quick_imports import import_pyarrow\nimport_pyarrow()\n"
        "import pyarrow as pa\nprint('cloudpickle' in sys.modules)\ntable = pa.table({'a': [1]})\n"
        "print(pickle.loads(pickle.dumps(table)) == table)\n"
        "import cloudpickle\nprint(cloudpickle.loads(cloudpickle.dumps(lambda: table))() == table)"
    )
    assert in_a_process(code, tmp_path) == ["False", "True", "True"]


def test_cloudpickle_stays_where_it_is_imported_already(tmp_path: Path) -> None:
    code = (
        "import cloudpickle, sys\nfrom flows.quick_imports import import_pyarrow\nimport_pyarrow()\n"
        "print(sys.modules['cloudpickle'] is cloudpickle, 'pyarrow' in sys.modules)"
    )
    assert in_a_process(code, tmp_path) == ["True False"]
