"""The HTML report as one page that loads nothing and runs no script.

Belongs here: the head of the page, putting it together, and writing it. Does not belong here: the
text of its sections (`html_sections`) and how it looks (`page.html.j2`, `page.css`).

Text from files is escaped by Jinja; the only HTML that it passes on unescaped are the charts, in
which Vega escapes. Should either fail, the page's content security policy still lets no script run,
nothing load, and no style apply but its own.
"""

from __future__ import annotations

import base64
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from config.errors import RunError, UsageError
from tasks.report.html_data import Report
from tasks.report.html_sections import sections
from tasks.report.outcome import Outcome
from tasks.report.words import counted, format_age, format_seconds, join_counts, near, printable

_TEMPLATE: Final = Path(__file__).with_name("page.html.j2")
_STYLE: Final = Path(__file__).with_name("page.css")


class Verdict(NamedTuple):
    """The last run in one sentence; `status` is its outcome, or `empty` where there was none."""

    status: str
    sentence: str


class Tile(NamedTuple):
    """One number of the headline; `key` is its id in the page."""

    key: str
    name: str
    value: str
    extra: str


def render_page(report: Report) -> str:
    """The whole page.

    Raises:
        UsageError: the packages of the extra `report` are not installed.
    """
    css = _STYLE.read_text(encoding="utf-8")
    status = report.status
    seen = "Nothing is published yet."
    if status.snapshot is not None:
        seen = f"Readers see snapshot {status.snapshot}, published {format_age(status.age_seconds or 0)}."
    page: str = _template().render(
        css=css,
        policy=_policy(css),
        warehouse=printable(near(status.warehouse)),
        made_at=f"{report.made_at:%Y-%m-%d %H:%M}",
        snapshot=seen,
        verdict=_verdict(report),
        tiles=list(_tiles(report)),
        attention=report.attention,
        parts=list(sections(report)),
    )
    return page


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
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            _fill(descriptor, page)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        reason = error.strerror or str(error)
        raise RunError(f"Could not write {path}: {reason}.", "Mend that, or name another file with -o.") from error


def _fill(descriptor: int, page: str) -> None:
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(page)
        file.flush()
        os.fsync(descriptor)
        # Temporary files are for their owner alone; a report is for whoever may enter its folder.
        os.fchmod(descriptor, 0o644)


def _template() -> Any:
    try:
        from jinja2 import Environment, StrictUndefined  # noqa: PLC0415  (an extra; Prefect brings it, too)
    except ImportError:
        raise UsageError("Jinja is not installed.", "Install it: pip install 'presslake[report]'.") from None
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))


def _policy(css: str) -> str:
    """A content security policy (W3C CSP 3) for a page that needs its one style element and nothing else."""
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def _verdict(report: Report) -> Verdict:
    if not report.runs:
        return Verdict("empty", "There was no run yet.")
    run = report.runs[-1]
    age = format_age((report.made_at - run.start).total_seconds())
    when = f"The last run, at {run.start:%Y-%m-%d %H:%M} UTC ({age}), "
    took = f"It took {format_seconds(run.took)}."
    if run.status == "failed":
        return Verdict(run.status, f"{when}failed and published nothing. {took}")
    if run.status == "unchanged":
        return Verdict(run.status, f"{when}found nothing to do. {took}")
    return Verdict(run.status, f"{when}published snapshot {run.snapshot}: {_changes(run)}. {took}")


def _changes(run: Outcome) -> str:
    """`412 files new, 9 changed, 3 removed`."""
    counts = {"new": run.files.new, "changed": run.files.changed, "removed": run.files.removed}
    noun = "file" if next(filter(None, counts.values()), 0) == 1 else "files"
    return join_counts(counts).replace(" ", f" {noun} ", 1) or "no file changed"


def _tiles(report: Report) -> Iterator[Tile]:
    rows = {name: table.rows for name, table in report.status.tables.items()}
    if not rows:
        return
    yield Tile("articles", "Articles", f"{rows.get('articles', 0):,}", "stories")
    yield Tile("duplicates", "Duplicates", f"{rows.get('duplicates', 0):,}", "files that tell them again")
    kinds = f"files, of {counted(len(report.status.reasons), 'kind')}" if report.status.reasons else "nothing to mend"
    yield Tile("quarantine", "Quarantine", f"{report.status.quarantined:,}", kinds)
    yield Tile("sources", "Source files", f"{rows.get('sources', 0):,}", "ever seen, the gone ones too")
    newest = None if report.articles is None else report.articles.newest
    if newest is not None:
        age = format_age((report.made_at - newest).total_seconds())
        yield Tile("newest", "Newest article", age.removesuffix(" ago"), f"old, {newest:%Y-%m-%d %H:%M} UTC")
