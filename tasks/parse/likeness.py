"""What near-duplicates are found by: the words of a record's title, its outlet, and its shingles.

Belongs here: which fields of a record they come from. Does not belong here: how they are computed
(`tasks.tables.texts`), and comparing records (`tasks.deduplicate`).
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from tasks.tables.texts import normal_words, outlets, shingles


class Likeness(NamedTuple):
    """Columns of n records; see the manifest's contract."""

    title_words: pa.StringArray
    outlet: pa.StringArray
    shingles: pa.ListArray


def likeness(columns: dict[str, pa.Array], urls: pa.StringArray) -> Likeness:
    """What n records are compared by.

    The outlet is that of the address, where the story stands, not the provider, whose name it may
    carry at many addresses; only a record without an address has its provider's.

    Args:
        columns: the records' columns; of `title`, `excerpt` and `provider_domain` those that there are.
        urls: (n,) canonical URLs or null.
    """
    none = pa.nulls(len(urls), pa.string())
    title, excerpt, domain = (columns.get(name, none) for name in ("title", "excerpt", "provider_domain"))
    return Likeness(normal_words(title), outlets(urls, domain), shingles(title, excerpt))
