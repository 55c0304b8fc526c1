"""Which files a tree has: what each number becomes, and how many of each there must be in the tables.

Belongs here: roles, counts, and the order in which churn uses files up. Does not belong here: texts
(`stories`, `documents`) and the disk (`generate`).
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from benchmarks.documents import BROKEN, DUPLICATES

#: Shares of all files.
DUPLICATE_SHARE: Final = 0.03
BROKEN_SHARE: Final = 0.01


@dataclass(frozen=True)
class Role:
    """What a number becomes: `kind` is `plain`, or one of `DUPLICATES` or `BROKEN`.

    `original` is the number of the file that a duplicate repeats.
    """

    kind: str
    original: int | None = None


@dataclass(frozen=True)
class Expected:
    """What a tree must give; stands beside it as `expected.json`.

    Attributes:
        files, bytes: of the tree.
        loaded, duplicate, quarantined: presslake's counts by status.
        duplicates, broken: files by kind.
        seed, first_files: what the tree was made from.
        churned: how many of its plain files churn has used up; each is changed, removed or renamed once.
        added: how many files churn has added.
        rounds: how often churn was applied.
    """

    files: int
    bytes: int
    loaded: int
    duplicate: int
    quarantined: int
    duplicates: dict[str, int]
    broken: dict[str, int]
    seed: int
    first_files: int
    churned: int = 0
    added: int = 0
    rounds: int = 0

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Churn:
    """How many files to change, add, remove and rename."""

    changed: int = 0
    added: int = 0
    removed: int = 0
    renamed: int = 0

    @property
    def uses(self) -> int:
        """How many plain files it uses up."""
        return self.changed + self.removed + self.renamed


@dataclass
class Plan:
    """The roles of all numbers of a tree.

    Args:
        files: number of files.
        seed: another seed, another tree.

    Attributes:
        special: roles of the numbers that are not plain.
        churnable: plain numbers that no duplicate repeats, in the order in which churn takes them.
    """

    files: int
    seed: int
    special: dict[int, Role] = field(init=False)
    churnable: list[int] = field(init=False)

    def __post_init__(self) -> None:
        numbers = list(range(self.files))
        random.Random(f"roles {self.seed}").shuffle(numbers)
        duplicates, broken = round(self.files * DUPLICATE_SHARE), round(self.files * BROKEN_SHARE)
        copies, numbers = numbers[:duplicates], numbers[duplicates:]
        defects, numbers = numbers[:broken], numbers[broken:]
        originals, self.churnable = numbers[:duplicates], numbers[duplicates:]
        self.special = {number: Role(BROKEN[i % len(BROKEN)]) for i, number in enumerate(defects)}
        for i, (number, original) in enumerate(zip(copies, originals, strict=True)):
            self.special[number] = Role(DUPLICATES[i % len(DUPLICATES)], original)

    def role(self, number: int) -> Role:
        """What a number becomes."""
        return self.special.get(number, Role("plain"))

    def expected(self, size: int) -> Expected:
        """The counts of the tree as it is generated, of `size` bytes."""
        kinds = Counter(role.kind for role in self.special.values())
        duplicates = {kind: kinds[kind] for kind in DUPLICATES}
        broken = {kind: kinds[kind] for kind in BROKEN}
        copies, defects = sum(duplicates.values()), sum(broken.values())
        return Expected(
            files=self.files,
            bytes=size,
            loaded=self.files - copies - defects,
            duplicate=copies,
            quarantined=defects,
            duplicates=duplicates,
            broken=broken,
            seed=self.seed,
            first_files=self.files,
        )
