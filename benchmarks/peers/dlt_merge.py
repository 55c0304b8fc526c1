"""dlt: its filesystem source, incremental by modification time, merged into DuckDB by path.

    python -m benchmarks.peers.dlt_merge SOURCE OUTPUT

Files on disk cannot be merged into (dlt falls back to appending), so the destination is DuckDB. A second
run with the same output loads only files that are newer than the newest one before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dlt
import duckdb
import frontmatter
import yaml
from dlt.sources.filesystem import FileItemDict, filesystem

from benchmarks.peers.rows import print_counts

#: Nested fields stay one JSON column each: a table for each level of `related` would take far longer.
NESTED: dict[str, Any] = {name: {"data_type": "json"} for name in ("provider", "topics", "images", "related")}
_REJECTED: list[str] = []


def read_page(items: list[FileItemDict]) -> Iterator[list[dict[str, Any]]]:
    """The readable files of one page of the listing."""
    rows = []
    for item in items:
        try:
            post = frontmatter.loads(item.read_bytes().decode())
        except (yaml.YAMLError, ValueError):
            _REJECTED.append(item["relative_path"])
            continue
        if post.metadata:
            rows.append({"path": item["relative_path"], "body": post.content, **post.metadata})
        else:
            _REJECTED.append(item["relative_path"])
    yield rows


def main(source: Path, output: Path) -> None:
    """Run the pipeline; its state is kept in `output`."""
    output.mkdir(parents=True, exist_ok=True)
    database = output / "articles.duckdb"
    pipeline = dlt.pipeline(
        "articles", pipelines_dir=str(output / "pipelines"), destination=dlt.destinations.duckdb(str(database))
    )
    newest = dlt.sources.incremental("modification_date", range_start="open")
    listing = filesystem(bucket_url=source.resolve().as_uri(), file_glob="**/*.md", incremental=newest)
    articles = dlt.transformer(
        read_page, name="articles", primary_key="path", write_disposition="merge", columns=NESTED
    )
    pipeline.run(listing | articles, loader_file_format="parquet")
    with duckdb.connect(str(database), read_only=True) as connection:
        ((rows,),) = connection.execute(f"SELECT count(*) FROM {pipeline.dataset_name}.articles").fetchall()
    print_counts(rows, len(_REJECTED))


if __name__ == "__main__":
    os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
    main(Path(sys.argv[1]), Path(sys.argv[2]))
