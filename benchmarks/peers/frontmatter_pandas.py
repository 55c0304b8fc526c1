"""python-frontmatter and pandas: the script most people would write.

python -m benchmarks.peers.frontmatter_pandas SOURCE OUTPUT
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frontmatter
import pandas as pd
import yaml

from benchmarks.peers.rows import article_files, print_counts


def read_posts(files: list[Path], rejected: list[Path]) -> Iterator[dict[str, Any]]:
    """One dictionary a readable file; the others go to `rejected`."""
    for file in files:
        try:
            post = frontmatter.load(str(file))
        except (yaml.YAMLError, ValueError):
            rejected.append(file)
            continue
        if post.metadata:
            yield {"path": str(file), "body": post.content, **post.metadata}
        else:
            rejected.append(file)


def main(source: Path, output: Path) -> None:
    """Read all files, drop repeated URLs, write one Parquet file."""
    rejected: list[Path] = []
    articles = pd.DataFrame(read_posts(article_files(source), rejected))
    articles["publishedDateTime"] = pd.to_datetime(articles["publishedDateTime"], utc=True)
    articles = articles.drop_duplicates(subset="originalUrl")
    output.mkdir(parents=True)
    articles.to_parquet(output / "articles.parquet", compression="zstd", index=False)
    print_counts(len(articles), len(rejected))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
