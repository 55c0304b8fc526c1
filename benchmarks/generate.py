"""Generate a tree of articles with real statistics, or change some files of one in place.

    python -m benchmarks.generate TREE --files 60000 --seed 1
    python -m benchmarks.generate TREE --changed 50 --added 5 --removed 5 --renamed 5

The tree is `TREE/site/_news/YYYY-MM-DD-slug.md`; `TREE/expected.json` says how many of its files must
be loaded, duplicate and quarantined. Same arguments, same bytes and same modification times.

Does not belong here: what the files say (`documents`) and which there are (`plan`).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Final

from benchmarks.documents import BROKEN, broken, document, duplicate, related_count, related_entry
from benchmarks.plan import Churn, Expected, Plan
from benchmarks.stories import Story, story, words

#: Distinct related stories for each file of a tree (5,093 in 11,704 files of the real producers).
RELATED_SHARE: Final = 0.435
#: A file's related stories are among so many that were published around it.
WINDOW: Final = 2_000
#: Modification time of a tree's files (2026-01-01); each round of churn is a day later. Fixed, so that no
#: run finds a file too fresh to trust its time.
MODIFIED: Final = 1_767_225_600
_DAY: Final = 86_400


#: A file's path and its text need its story, one after the other.
_story: Final = lru_cache(maxsize=64)(story)


class TreeWriter:
    """Writes the files of one tree.

    Args:
        root: folder of the tree, with `site/_news`.
        plan: its plan.
    """

    def __init__(self, root: Path, plan: Plan) -> None:
        self._folder = root / "site" / "_news"
        self._plan = plan
        pool = max(round(plan.files * RELATED_SHARE), 1)
        numbers = [i * plan.files // pool for i in range(pool)]
        self._related = [related_entry(self._story(n), random.Random(f"entry {plan.seed}/{n}")) for n in numbers]

    def path(self, number: int) -> Path:
        """Where a number's file is, unless it was renamed."""
        own = self._story(number)
        return self._folder / f"{own.published:%Y-%m-%d}-{own.slug}.md"

    def write(self, number: int, version: int = 0) -> int:
        """Write a number's file; returns its change in bytes.

        Args:
            number: of the file.
            version: 0 as generated; the round of churn that changed it, else.
        """
        path = self.path(number)
        before = path.stat().st_size if version and path.exists() else 0
        content = self._content(number, version)
        path.write_bytes(content)
        stamp(path, version)
        return len(content) - before

    def _story(self, number: int) -> Story:
        return _story(self._plan.seed, number, self._plan.files)

    def _content(self, number: int, version: int) -> bytes:
        rng = random.Random(f"file {self._plan.seed}/{number}")
        role = self._plan.role(number)
        told = self._story(number)
        if role.original is not None:
            told = duplicate(role.kind, self._story(role.original), rng)
        if version:
            told = replace(told, excerpt=words(random.Random(f"{version}/{number}"), 30))
        text = document(told, self._entries(number, rng), rng)
        return broken(role.kind, text) if role.kind in BROKEN else text.encode()

    def _entries(self, number: int, rng: random.Random) -> list[str]:
        pool = len(self._related)
        here = min(number * pool // self._plan.files, pool)
        low = max(min(here - WINDOW // 2, pool - WINDOW), 0)
        around = range(low, min(low + WINDOW, pool))
        return [self._related[i] for i in rng.sample(around, min(related_count(rng), len(around)))]


def generate(root: Path, files: int, seed: int) -> Expected:
    """Write a new tree.

    Args:
        root: its folder, which must not hold a tree yet.
        files: number of files.
        seed: another seed, another tree.

    Raises:
        FileExistsError: there is a tree already.
    """
    (root / "site" / "_news").mkdir(parents=True)
    plan = Plan(files, seed)
    writer = TreeWriter(root, plan)
    size = sum(writer.write(number) for number in range(files))
    return _save(root, plan.expected(size))


def churn(root: Path, amount: Churn) -> Expected:
    """Change, add, remove and rename plain files of a tree, each file at most once in its life.

    Raises:
        ValueError: the tree has too few files left that churn has not used.
    """
    was = load_expected(root)
    plan = Plan(was.first_files, was.seed)
    numbers = plan.churnable[was.churned : was.churned + amount.uses]
    if len(numbers) < amount.uses:
        raise ValueError(f"{root} has only {len(numbers)} files left to churn: generate it again, or larger.")
    writer, version = TreeWriter(root, plan), was.rounds + 1
    changed, removed = numbers[: amount.changed], numbers[amount.changed : amount.changed + amount.removed]
    size = was.bytes + sum(writer.write(number, version) for number in changed)
    size -= sum(_remove(writer.path(number)) for number in removed)
    for number in numbers[amount.changed + amount.removed :]:
        path = writer.path(number)
        path.rename(path.with_stem(f"{path.stem}-moved"))
    first = was.first_files + was.added
    size += sum(writer.write(number, version) for number in range(first, first + amount.added))
    return _save(root, _after(was, amount, size))


def _after(was: Expected, amount: Churn, size: int) -> Expected:
    return replace(
        was,
        files=was.files + amount.added - amount.removed,
        loaded=was.loaded + amount.added - amount.removed,
        bytes=size,
        churned=was.churned + amount.uses,
        added=was.added + amount.added,
        rounds=was.rounds + 1,
    )


def _remove(path: Path) -> int:
    size = path.stat().st_size
    path.unlink()
    return size


def stamp(path: Path, version: int) -> None:
    """Give a file the modification time of its version."""
    moment = MODIFIED + version * _DAY
    os.utime(path, (moment, moment))


def load_expected(root: Path) -> Expected:
    """What a tree must give."""
    return Expected(**json.loads((root / "expected.json").read_text()))


def _save(root: Path, expected: Expected) -> Expected:
    (root / "expected.json").write_text(json.dumps(expected.as_dict(), indent=2) + "\n")
    return expected


def main(arguments: Sequence[str]) -> None:
    """The command line; see the module's docstring."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.generate")
    parser.add_argument("tree", type=Path)
    parser.add_argument("--files", type=int, help="generate a new tree of so many files")
    parser.add_argument("--seed", type=int, default=1)
    for name in ("changed", "added", "removed", "renamed"):
        parser.add_argument(f"--{name}", type=int, default=0, help="files of an existing tree")
    given = parser.parse_args(arguments)
    amount = Churn(given.changed, given.added, given.removed, given.renamed)
    expected = generate(given.tree, given.files, given.seed) if given.files else load_expected(given.tree)
    if amount != Churn():
        expected = churn(given.tree, amount)
    print(json.dumps(expected.as_dict()))


if __name__ == "__main__":
    main(sys.argv[1:])
