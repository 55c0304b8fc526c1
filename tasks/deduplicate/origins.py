"""What a cluster says of its story: how far it spread, and who told it first.

Belongs here: the columns of `articles` that sum up a cluster. Does not belong here: which records
are in it (`clusters`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

#: Columns of the manifest that sum up a record's cluster, besides `copies`.
SPREAD: Final = ("outlets", "first_published_at", "first_published_by")


def spread(cluster: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Number of outlets, and when and by whom a story was first published.

    Args:
        cluster: records with `outlet` and `published_at`, the survivor first.

    Returns:
        The columns `SPREAD`. Among records of the same time the better one is first; a time without
        an outlet, or no time at all, leaves null what is not known.
    """
    dated = [record for record in cluster if record["published_at"] is not None]
    first: Mapping[str, Any] = min(dated, key=lambda record: record["published_at"], default={})
    return {
        "outlets": len({record["outlet"] for record in cluster} - {None}),
        "first_published_at": first.get("published_at"),
        "first_published_by": first.get("outlet"),
    }
