"""PyYAML's C loader on all cores, and pyarrow: the script of someone for whom the first was too slow.

python -m benchmarks.peers.pyyaml_processes SOURCE OUTPUT
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from multiprocessing import Pool
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from benchmarks.peers.rows import (
    SCHEMA,
    article_files,
    batches,
    drop_repeated_urls,
    in_utc,
    print_counts,
    read_text,
    split,
)


def read_batch(files: Sequence[Path]) -> tuple[pa.RecordBatch, int]:
    """The readable files of a batch as rows, and how many were not."""
    rows = []
    for file in files:
        try:
            parts = split(read_text(file))
            fields = yaml.load(parts[0], Loader=yaml.CSafeLoader) if parts else None
        except (yaml.YAMLError, ValueError):
            continue
        if parts and isinstance(fields, dict):
            rows.append({"path": str(file), "body": parts[1], **in_utc(fields)})
    return pa.RecordBatch.from_pylist(rows, SCHEMA), len(files) - len(rows)


def main(source: Path, output: Path) -> None:
    """Read all files in a pool, drop repeated URLs, write one Parquet file."""
    with Pool(os.cpu_count()) as pool:
        parts = list(pool.imap(read_batch, batches(article_files(source))))
    articles = drop_repeated_urls(pa.Table.from_batches([batch for batch, _ in parts], SCHEMA))
    output.mkdir(parents=True)
    pq.write_table(articles, output / "articles.parquet", compression="zstd")
    print_counts(len(articles), sum(rejected for _, rejected in parts))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
