"""`presslake explain`: why an article is what it is.

Does not belong here: what is known and how it is spelt (`tasks.report.explain`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from flows.commands.options import chosen_warehouse, print_json

EXPLAIN_EXAMPLES: Final = """\
Examples:
  presslake explain _news/2026-03-02-night-ferry.md --warehouse warehouse
  presslake explain https://example.com/night-ferry
  presslake explain 0f3c… --json | jq '.files[0].cluster'"""


def explain(subject: str, /, *, warehouse: Path | None = None, config: Path | None = None, json: bool = False) -> None:
    """Show what is known of a file or article: status, findings, and why which records are one story.

    Args:
        subject: An article_id, a URL, or a path as its source has it.
        warehouse: Folder of the tables; by default that of the settings.
        config: File of settings; by default presslake.yaml of the working folder, if it is there.
        json: Print one JSON object.
    """
    root = chosen_warehouse(warehouse, config)
    from tasks.report.explain import explain as explained  # noqa: PLC0415
    from tasks.report.explain import format_explanation  # noqa: PLC0415

    known = explained(root, subject, _ids(subject, config))
    if json:
        print_json({"files": known})
        return
    sys.stdout.write("\n\n".join(format_explanation(file) for file in known) + "\n")


def _ids(subject: str, config: Path | None) -> list[str]:
    """The article id of a URL under the settings' URL rules; none for other subjects."""
    import pyarrow as pa  # noqa: PLC0415

    from config.settings import load_settings  # noqa: PLC0415
    from config.url_rules import load_url_rules  # noqa: PLC0415
    from tasks.parse.urls import article_ids, canonical_urls  # noqa: PLC0415

    rules = load_url_rules(load_settings(config).contract.url_rules)
    keys = canonical_urls(pa.array([subject], pa.string()), rules).key
    return [article_id for article_id in article_ids(keys).to_pylist() if article_id]
