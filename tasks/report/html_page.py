"""The HTML report as one page that loads nothing and runs no script.

Belongs here: putting the page together, and writing it. Does not belong here: its head and state
(`page.html.j2`), the text of its sections (`html_sections`), and how it looks (`page.css`).

Text from files is escaped by Jinja; the only HTML that it passes on unescaped are the charts, in
which Vega escapes. Should either fail, the page's content security policy still lets no script run,
nothing load, and no style apply but its own.
"""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Final

from config.errors import RunError
from tasks.report.html_articles import NO_PROVIDER
from tasks.report.html_data import Report
from tasks.report.html_sections import sections
from tasks.report.outcome import Files
from tasks.report.templates import render
from tasks.report.words import format_age, join_counts, near, printable

_STYLE: Final = Path(__file__).with_name("page.css")


def render_page(report: Report) -> str:
    """The whole page.

    Raises:
        UsageError: the packages of the extra `report` are not installed.
    """
    css = _STYLE.read_text(encoding="utf-8")
    filters = {"age": format_age, "changes": _changes, "near": near, "printable": printable}
    values = {"report": report, "parts": list(sections(report)), "no_provider": NO_PROVIDER}
    return render("page.html.j2", filters, css=css, policy=_policy(css), **values)


def write_page(path: Path, page: str) -> None:
    """Write a page in one step: readers see the page before or this one, whole.

    Args:
        path: the file; its folder is made if it is not there.
        page: its text.

    Raises:
        RunError: it could not be written; the file that was there is unchanged.
    """
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            try:
                file.write(page)
                file.flush()
                os.fsync(file.fileno())
                # Temporary files are for their owner alone; a report is for whoever may enter its folder.
                os.fchmod(file.fileno(), 0o644)
                Path(file.name).replace(path)
            finally:
                Path(file.name).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(f"Could not write {path}: {reason}.", "Mend that, or name another file with -o.") from error


def _policy(css: str) -> str:
    """A content security policy (W3C CSP 3) for a page that needs its one style element and nothing else."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _changes(files: Files) -> str:
    """`412 files new, 9 changed, 3 removed`."""
    changes = join_counts(files.changes)
    noun = "file" if changes.startswith("1 ") else "files"
    return changes.replace(" ", f" {noun} ", 1) or "no file changed"
