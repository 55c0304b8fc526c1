"""The templates of this package, `page.html.j2` and `run_report.md.j2`, filled in by Jinja.

Belongs here: finding Jinja, and the filters that both templates use. Does not belong here: the values
(`html_page`, `markdown`).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.errors import UsageError
from tasks.report.words import counted, format_seconds


def render(name: str, filters: Mapping[str, Any], **values: Any) -> str:
    """A template with its values; in HTML every text is escaped.

    Args:
        name: its file; `filters` are those that it alone uses.
        values: by the names that the template has for them.

    Raises:
        UsageError: Jinja is not installed.
    """
    try:
        import jinja2  # noqa: PLC0415  (an extra; Prefect brings it, too)
    except ImportError:
        raise UsageError("Jinja is not installed.", "Install it: pip install 'presslake[report]'.") from None
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=jinja2.select_autoescape(["html.j2"]),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"counted": counted, "number": "{:,}".format, "seconds": format_seconds, **filters}
    return environment.get_template(name).render(values)
