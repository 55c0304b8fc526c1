"""Bounds for reading files into Arrow on all cores, without checks of any kind.

    python -m benchmarks.peers.read_bounds fast SOURCE OUTPUT

`fast` is the fastest YAML library for Python (yaml-rs) with msgspec: what is possible if wrong types and
wrong YAML do not matter. `plain` is PyYAML's C loader with pyarrow: what is usual. Both write Arrow files
as presslake's workers do; neither is a loader of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from multiprocessing import Pool
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import msgspec
import pyarrow as pa
import yaml
import yaml_rs

from benchmarks.peers.rows import SCHEMA, article_files, batches, in_utc, print_counts, read_text, split


class Picture(TypedDict):
    """One picture."""

    url: NotRequired[str]
    width: NotRequired[int]
    height: NotRequired[int]
    isCached: NotRequired[bool]


class Provider(TypedDict):
    """An outlet."""

    name: NotRequired[str]
    domain: NotRequired[str]
    images: NotRequired[list[Picture]]


class Related(TypedDict):
    """A related entry."""

    title: NotRequired[str]
    excerpt: NotRequired[str]
    publishedDateTime: NotRequired[datetime]
    webUrl: NotRequired[str]
    ampWebUrl: NotRequired[str]
    type: NotRequired[str]
    provider: NotRequired[Provider]
    quality: NotRequired[int]
    images: NotRequired[list[Picture]]


class Article(Related):
    """A file's front matter."""

    category: NotRequired[str]
    originalUrl: NotRequired[str]
    cdnAmpWebUrl: NotRequired[str]
    heat: NotRequired[int]
    published: NotRequired[bool]
    topics: NotRequired[list[str | None]]
    related: NotRequired[list[Related]]
    secured: NotRequired[str]


def parse_fast(text: str) -> dict[str, Any]:
    """yaml-rs, then msgspec."""
    return dict(msgspec.convert(yaml_rs.loads(text), Article, strict=False))


def parse_plain(text: str) -> dict[str, Any]:
    """PyYAML's C loader."""
    return in_utc(yaml.load(text, Loader=yaml.CSafeLoader))


def read_batch(parse: Callable[[str], dict[str, Any]], output: Path, job: tuple[int, Sequence[Path]]) -> int:
    """Write the readable files of a batch as an Arrow file; returns their number."""
    number, files = job
    rows = []
    for file in files:
        try:
            parts = split(read_text(file))
            if parts:
                rows.append({"path": str(file), "body": parts[1], **parse(parts[0])})
        except (yaml.YAMLError, yaml_rs.YAMLDecodeError, msgspec.ValidationError, ValueError):
            continue
    batch = pa.RecordBatch.from_pylist(rows, SCHEMA)
    with pa.OSFile(str(output / f"{number}.arrow"), "wb") as file_, pa.ipc.new_file(file_, SCHEMA) as writer:
        writer.write_batch(batch)
    return len(rows)


def main(parser: str, source: Path, output: Path) -> None:
    """Read all files in a pool."""
    output.mkdir(parents=True)
    parse = {"fast": parse_fast, "plain": parse_plain}[parser]
    files = article_files(source)
    with Pool(os.cpu_count()) as pool:
        rows = sum(pool.imap(partial(read_batch, parse, output), enumerate(batches(files))))
    print_counts(rows, len(files) - rows)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
