"""How findings name several rows at once."""

from __future__ import annotations

from collections.abc import Sequence


def some(values: Sequence[object], most: int = 3) -> str:
    """The first values, and how many more there are: `a, b, c and 4 more`."""
    rest = len(values) - most
    return ", ".join(map(str, values[:most])) + (f" and {rest:,} more" if rest > 0 else "")
