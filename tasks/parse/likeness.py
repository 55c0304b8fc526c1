"""What near-duplicates are found by: the words of a record's title, its outlet, and its shingles.

Belongs here: which fields of a record they come from. Does not belong here: how they are computed
(`tasks.arrow.texts`), and comparing records (`tasks.deduplicate`).
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from tasks.arrow.texts import outlets, shingles_of_words, spaced_words


class Likeness(NamedTuple):
    """Columns of n records; see the manifest's contract."""

    title_words: pa.StringArray
    outlet: pa.StringArray
    shingles: pa.ListArray


def likeness(
    columns: dict[str, pa.Array], title: pa.StringArray, excerpt: pa.StringArray, urls: pa.StringArray
) -> Likeness:
    """What n records are compared by.

    The outlet is that of the address, where the story stands, not the provider, whose name it may
    carry at many addresses; only a record without an address has its provider's.

    Args:
        columns: the records' columns, `provider_domain` if there is one.
        title, excerpt: (n,) in normal form (`tasks.arrow.texts.normal_text`); null where none.
        urls: (n,) canonical URLs or null.
    """
    domain = columns.get("provider_domain", pa.nulls(len(urls), pa.string()))
    words = spaced_words(title)
    return Likeness(words, outlets(urls, domain), shingles_of_words(words, spaced_words(excerpt)))
