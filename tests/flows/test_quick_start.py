"""What commands by hand need not import."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.processes import in_a_process

ARTICLE = (
    "---\ntitle: Ferry back\noriginalUrl: https://harbour.example/a\npublishedDateTime: 2026-03-02T09:30:00Z\n---\n"
)


def imported_by(arguments: list[str], names: list[str], folder: Path) -> str:
    """Which of some modules a command imports, as a list in brackets."""
    code = (
        "import sys\nfrom tasks.tables.quick_imports import install\ninstall()\n"
        f"from flows.cli import main\nassert main({arguments}) == 0\n"
        f"print([name for name in {names} if name in sys.modules])"
    )
    return in_a_process(code, folder)[-1]


def test_a_check_imports_no_other_command_and_no_other_format(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ARTICLE)
    others = ["flows.commands.run", "flows.commands.serve", "tasks.front_matter.typed_formats", "json", "cyclopts"]
    others += ["ftfy", "cloudpickle", "inspect", "tempfile", "socket", "difflib"]
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
        *("pyarrow.dataset", "pyarrow._s3fs", "cloudpickle", "cyclopts", "ssl", "tasks.tables.delta"),
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
