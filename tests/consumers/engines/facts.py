"""What each engine is asked of a snapshot, in one form, so that the answers can be compared.

Belongs here: the questions' shape, and what is to be read. Does not belong here: how an engine asks them
(one module each), and the right answers (`tests/consumers/test_readers.py`). Runs in the engines' own
environments: only the standard library.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Facts:
    """Answers about one snapshot.

    Attributes:
        rows: rows by table.
        first, last: earliest and latest `articles.published_at`, ISO 8601 in UTC with microseconds.
        quality: sum of `articles.quality`.
        no_heat: articles whose `heat` is null.
        topics: items of all lists `articles.topics`.
        widths: sum of `width` over all structs in `articles.images`.
        links: entries of the lists `duplicates.related` with a `related_article_id`.
        joined: rows of `related` that point at an article of the table.
        in_year: number and sum of `quality` of the articles of one partition.
    """

    rows: Mapping[str, int]
    first: str
    last: str
    quality: int
    no_heat: int
    topics: int
    widths: int
    links: int
    joined: int
    in_year: tuple[int, int]

    @classmethod
    def of(
        cls,
        rows: Mapping[str, Any],
        first: Any,
        last: Any,
        quality: Any,
        no_heat: Any,
        topics: Any,
        widths: Any,
        links: Any,
        joined: Any,
        in_year: Sequence[Any],
    ) -> Facts:
        """Facts from whatever numbers and times an engine has; a time without a zone is an error.

        Raises:
            ValueError: a time has no zone, so that the engine has lost that it is UTC.
        """
        counts = {name: int(count) for name, count in sorted(rows.items())}
        return cls(
            rows=counts,
            first=utc(first),
            last=utc(last),
            quality=int(quality),
            no_heat=int(no_heat),
            topics=int(topics),
            widths=int(widths),
            links=int(links),
            joined=int(joined),
            in_year=(int(in_year[0]), int(in_year[1])),
        )


def names_of(tables: Path) -> list[str]:
    """The tables of a snapshot; `index` is presslake's own."""
    return sorted(path.name for path in tables.iterdir() if path.is_dir() and path.name != "index")


def utc(moment: datetime) -> str:
    """A time as ISO 8601 in UTC, to the microsecond."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no zone")
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def tell(
    facts: Callable[[Path, int], Facts], one_year: Callable[[Path, int], Sequence[Any]], arguments: Sequence[str]
) -> None:
    """Print the answers about the snapshot `arguments[1]` and the year `arguments[2]` as JSON.

    With "one year" as the fourth argument only the rows of that year are asked for.
    """
    tables, year, what = Path(arguments[1]), int(arguments[2]), arguments[3]
    in_year = [int(number) for number in one_year(tables, year)] if what == "one year" else []
    answers = {"in_year": in_year} if what == "one year" else asdict(facts(tables, year))
    sys.stdout.write(json.dumps(answers) + "\n")
