"""Generated records for benchmarks of deduplication, with near-copies as feeds have them.

Belongs here: making records. Does not belong here: measuring (`dedup_speed`).

Words follow Zipf's law over 30,000 forms, so that boilerplate and common runs of words occur. Of 100
records about 12 are copies of an earlier one: another outlet, up to three days later, with another
snippet of the same text or another headline; 5 are instalments of a series, equal but for a number.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any, Final

import pyarrow as pa

from config.contract import load_contract
from tasks.arrow.texts import normal_text
from tasks.deduplicate.manifest import with_nulls
from tasks.parse.identity import features
from tasks.warehouse.manifest import manifest_schema

_FORMS: Final = [f"w{i:x}" for i in range(30_000)]
_ZIPF: Final = list(accumulate(1 / (rank + 10) for rank in range(len(_FORMS))))
_EPOCH: Final = datetime(2016, 1, 1, tzinfo=UTC)
_DAYS: Final = 3_650
_FOOTER: Final = "the post appeared first on our site".split()
_PART: Final = 50_000
#: Letters of names, one of each: the rule takes words of the same letters for one.
_LETTERS: Final = ("abcdfghijklmnopqrtuv", "абвгдежзиклмнопрстуф", "αβγδεζηθικλμνξοπρτυφ")


#: Kinds of boilerplate pages: title and outlet of page n, whose name is a word of its own.
BOILERPLATE: Final = {
    "numbered titles, one outlet": ("line {n} timetable for this winter", "outlet.example"),
    "numbered titles, an outlet each": ("line {n} timetable for this winter", "outlet{n}.example"),
    "numbered titles, two platforms": ("line {n} timetable for this winter", "{platform}"),
    "two numbers, thirty outlets": ("season {tens} episode {ones} of the winter line", "outlet{ones}.example"),
    "a name each, one outlet": ("all about {name} and how to use it well", "outlet.example"),
    "one title, a platform": ("all about the line and how to use it well", "youtube.com"),
}


def boilerplate_pages(name: str, count: int) -> pa.Table:
    """A manifest of boilerplate pages over a day: one text under titles of which the rule relates few."""
    title, outlet = BOILERPLATE[name]
    text, rows = _words(random.Random(7), 34), []
    for n in range(count):
        names = {
            "n": n,
            "tens": n // 30,
            "ones": n % 30,
            "name": _name(n),
            "platform": ("youtube.com", "vimeo.com")[n % 2],
        }
        page = {"title": title.format(**names).split(), "excerpt": text, "outlet": outlet.format(**names)}
        rows.append({**page, "at": _EPOCH + timedelta(days=n / count), "number": n})
    return _table(rows, manifest_schema(load_contract()))


def _name(number: int) -> str:
    letters = [alphabet[number // 20**place % 20] for place, alphabet in enumerate(_LETTERS)]
    return "".join(letters) + "z" * (number // 8_000)


def manifest(count: int, seed: int = 7) -> pa.Table:
    """A manifest of records over ten years; the same for the same arguments."""
    schema = manifest_schema(load_contract())
    parts, drawn = [], random.Random(seed)
    for start in range(0, count, _PART):
        rows = list(_rows(drawn, start, min(_PART, count - start)))
        parts.append(_table(rows, schema))
    return pa.concat_tables(parts).combine_chunks()


def _rows(drawn: random.Random, start: int, count: int) -> Iterator[dict[str, Any]]:
    recent: list[dict[str, Any]] = []
    for number in range(start, start + count):
        kind = drawn.random()
        if kind < 0.12 and recent:
            story = _copy(drawn, recent[int(drawn.random() * len(recent))])
        elif kind < 0.17:
            story = _instalment(drawn)
        else:
            story = _original(drawn)
        recent = [*recent[-200:], story]
        yield {**story, "number": number}


def _words(drawn: random.Random, count: int) -> list[str]:
    return drawn.choices(_FORMS, cum_weights=_ZIPF, k=count)


def _original(drawn: random.Random) -> dict[str, Any]:
    text = _words(drawn, 60)
    at = _EPOCH + timedelta(days=drawn.random() * _DAYS)
    footer = _FOOTER if drawn.random() < 0.2 else []
    return {"title": _words(drawn, 9), "text": text, "excerpt": text[:34] + footer, "at": at, "outlet": _outlet(drawn)}


def _copy(drawn: random.Random, story: dict[str, Any]) -> dict[str, Any]:
    first = drawn.randrange(0, 12)
    title = story["title"] if drawn.random() < 0.7 else [*_words(drawn, 3), *story["title"][:5]]
    excerpt = story["text"][first : first + 34]
    at = story["at"] + timedelta(days=drawn.random() * 3)
    return {**story, "title": title, "excerpt": excerpt, "at": at, "outlet": _outlet(drawn)}


def _instalment(drawn: random.Random) -> dict[str, Any]:
    series = drawn.randrange(400)
    text = [f"s{series}x{i}" for i in range(34)]
    number = drawn.randrange(1000)
    title = ["weekly", "letter", f"s{series}", "number", str(number)]
    at = _EPOCH + timedelta(days=number * _DAYS / 1000)
    return {"title": title, "text": text, "excerpt": text, "at": at, "outlet": f"outlet{series}.example"}


def _outlet(drawn: random.Random) -> str:
    return f"outlet{drawn.randrange(3000)}.example"


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    count = len(rows)
    titles, excerpts = (pa.array([" ".join(row[name]) for row in rows]) for name in ("title", "excerpt"))
    paths = [f"{row['number']:09}.md" for row in rows]
    columns = {
        "source": pa.repeat(pa.scalar("feed"), count),
        "source_path": pa.array(paths),
        "size": pa.repeat(pa.scalar(100, pa.int64()), count),
        "status": pa.repeat(pa.scalar("record"), count),
        "deleted": pa.repeat(pa.scalar(False), count),
        "article_id": pa.array([f"{row['number']:032x}" for row in rows]),
        "outlet": pa.array([row["outlet"] for row in rows]),
        "published_at": pa.array([row["at"] for row in rows], pa.timestamp("us", "UTC")),
        "completeness": pa.repeat(pa.scalar(5, pa.int32()), count),
    }
    compared = features({"title": titles}, normal_text(titles), normal_text(excerpts), pa.nulls(count, pa.string()))
    columns = compared._asdict() | columns
    lists = {f.name for f in schema if pa.types.is_list(f.type)} - set(columns)
    columns |= {name: pa.array([[]] * count, schema.field(name).type) for name in lists}
    return with_nulls(pa.table(columns), schema)
