"""What `presslake check` does: its options made settings, and its findings lines for editors or JSON.

Does not belong here: the options as the command line has them (`flows.commands.check`), and the linter
(`flows.check`). The parser of command lines must not be imported here: it takes longer than ten files,
and a plain command line goes past it (`flows.commands.plain`).
"""

from __future__ import annotations

import sys
from pathlib import Path

from config.settings import load_settings
from flows.commands.options import chosen_sources, given, print_json


def check_files(
    *source: str,
    include: list[str] | None = None,
    exclude: list[str] | None = None,
    config: Path | None = None,
    json: bool = False,
    warnings: bool = True,
) -> int:
    """List what is wrong in the files; the parameters are those of `flows.commands.check.check`.

    Returns:
        The exit code: 1 if there are errors.
    """
    import msgspec  # noqa: PLC0415

    settings = load_settings(config, given({"discover": {"include": include, "exclude": exclude}}))
    sources = chosen_sources(source, settings)
    from flows.check import check_sources, spell_counts, spell_finding  # noqa: PLC0415

    report = check_sources(sources, settings)
    listed = [finding for finding in report.violations if warnings or finding.severity == "error"]
    if json:
        print_json(msgspec.structs.replace(report, violations=listed))
    else:
        sys.stdout.write("".join(f"{spell_finding(finding)}\n" for finding in listed))
        sys.stdout.flush()
        sys.stderr.write(f"{spell_counts(report)}\n")
    return int(report.status == "failed")
