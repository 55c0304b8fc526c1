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
        f"import sys\nfrom flows.cli import main\nassert main({arguments}) == 0\n"
        f"print([name for name in {names} if name in sys.modules])"
    )
    return in_a_process(code, folder)[-1]


def test_a_check_imports_no_run_and_no_other_format(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(ARTICLE)
    others = ["flows.run", "flows.server", "tasks.front_matter.typed_formats", "ftfy", "pathspec", "pydantic"]
    arrow = ["pyarrow.acero", "pyarrow.dataset", "pyarrow.parquet"]
    names = ["flows.check", "tasks.front_matter.document", *others, *arrow, "prefect", "multiprocessing"]
    assert imported_by(["check", "a.md"], names, tmp_path) == str(names[:2])


@pytest.mark.parametrize(
    "text", ["---\nbyline: &anchor Ann\n---\n", '{"byline": "Ann"}\n', "+++\nbyline = 'Ann'\n+++\n"]
)
def test_other_formats_are_imported_when_a_file_has_them(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text(text)
    code = "from flows.cli import main\nprint(main(['check', 'a.md']))"
    *findings, exit_code = in_a_process(code, tmp_path)
    assert exit_code == "1"
    assert findings


def test_a_run_imports_what_it_has_work_for(tmp_path: Path) -> None:
    content = tmp_path / "content"
    content.mkdir()
    (content / "a.md").write_text(ARTICLE)
    working = ["tasks.parse.batch", "tasks.validate.batch", "tasks.deduplicate.decisions", "tasks.write.publish"]
    unneeded = ["prefect", "ftfy", "multiprocessing", "tasks.runs.worker_pool"]
    again = ["run", "content", "--json"]
    assert imported_by(again, [*working, *unneeded], tmp_path) == str(working)
    assert imported_by(again, [*working, *unneeded], tmp_path) == "[]"
