"""Which paths a repository or an archive may give its files: only such as lie inside it.

Nothing is ever unpacked to where a path says. But paths end up in the tables, where other people's
programs take them for paths.
"""

from __future__ import annotations


def inside(path: str) -> str | None:
    """The path without `./` at its start, or None where it is absolute or leads out (`..`).

    Args:
        path: parts with `/` between them, as Git, tar and zip write them.
    """
    while path.startswith("./"):
        path = path[2:].lstrip("/")
    if "\0" in path or any(part in {"", ".", ".."} for part in path.split("/")):
        return None
    return path
