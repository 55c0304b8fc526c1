"""Made-up stories: what an article of a generated tree says, as a pure function of seed and number.

Belongs here: words, titles, addresses, dates. Does not belong here: how a story is written as front
matter (`documents`), and which story becomes a duplicate or a broken file (`plan`).

All words are put together from syllables, all hosts end in `.example`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final

#: The stories of a tree are spread evenly over six years, in the order of their numbers.
FIRST_DAY: Final = datetime(2020, 1, 1, tzinfo=UTC)
SPAN: Final = timedelta(days=6 * 365)

_SYLLABLES: Final = "ba ko mi ren tul sha vo lin dar ep quo zi fen mar lu ost gri hal ny pe tor wem ica uld".split()
_WORDS: Final = 6_000
_OUTLETS: Final = 150


@dataclass(frozen=True)
class Outlet:
    """A made-up publisher."""

    name: str
    domain: str


@dataclass(frozen=True)
class Story:
    """What one article says, apart from its related entries and its body.

    Attributes:
        number: 0-based; names the story within its tree.
        slug: the end of its path and its address; unique in the tree.
        url: address of the page; no two stories of a tree share it.
        image: address of the picture.
    """

    number: int
    title: str
    excerpt: str
    slug: str
    published: datetime
    outlet: Outlet
    url: str
    amp_url: str | None
    type: str
    quality: int
    image: str


@cache
def vocabulary() -> list[str]:
    """The words of all stories, a fixed list."""
    rng = random.Random("vocabulary")
    words: dict[str, None] = {}
    while len(words) < _WORDS:
        words["".join(rng.choices(_SYLLABLES, k=rng.choice((1, 2, 2, 2, 3, 3))))] = None
    return list(words)


@cache
def outlets() -> list[Outlet]:
    """The publishers of all stories, a fixed list."""
    rng = random.Random("outlets")
    names = [rng.sample(vocabulary(), 2) for _ in range(_OUTLETS)]
    return [Outlet(f"{a} {b}".title(), f"{a}{b}{i}.example") for i, (a, b) in enumerate(names)]


def words(rng: random.Random, count: int) -> str:
    """So many words; equal texts of seven words or more do not happen by chance."""
    return " ".join(rng.choices(vocabulary(), k=count))


def story(seed: int, number: int, files: int) -> Story:
    """The story of a number in a tree of so many files: same arguments, same story."""
    rng = random.Random(f"{seed}/{number}")
    title = words(rng, rng.randint(7, 11)).capitalize()
    slug = f"{'-'.join(title.lower().split()[:4])}-{number:06}"
    published = FIRST_DAY + timedelta(seconds=int(SPAN.total_seconds() * number / files))
    outlet = _outlet(rng)
    url = f"https://www.{outlet.domain}/{published:%Y/%m}/{slug}"
    return Story(
        number=number,
        title=title,
        excerpt=words(rng, rng.randint(12, 36)).capitalize() + ".",
        slug=slug,
        published=published,
        outlet=outlet,
        url=url,
        amp_url=f"{url}/amp.html" if rng.random() < 0.25 else None,
        type="video" if rng.random() < 0.05 else "article",
        quality=rng.randint(5, 189),
        image=f"https://media.{outlet.domain}/{published:%Y/%m}/{slug}-1200x630.jpg",
    )


def _outlet(rng: random.Random) -> Outlet:
    """Few outlets write most stories."""
    chosen: Sequence[Outlet] = outlets()
    return chosen[int(len(chosen) * rng.random() ** 3)]
