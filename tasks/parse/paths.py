"""The contract's source paths as one tree, in which a batch is walked once for all columns.

Belongs here: the tree and what follows from it. Does not belong here: walking (`trees`, `leftovers`).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec

from config.contract_types import Column, Severity


def kind_of(column: Column) -> type:
    """What a raw node must be for a column to be read from it."""
    if column.item is not None:
        return list
    return dict if column.logical == "object" else str


class Step(msgspec.Struct, dict=True):
    """One step of the contract's source paths: the columns that end here, the steps below."""

    columns: list[Column] = msgspec.field(default_factory=list)
    children: dict[str | int, Step] = msgspec.field(default_factory=dict)

    @cached_property
    def kinds(self) -> frozenset[type]:
        """What a node may be here: what its columns are read from, or what has the steps below."""
        below = {list if isinstance(key, int) else dict for key in self.children}
        return frozenset(below | {kind_of(column) for column in self.columns})

    @cached_property
    def severity(self) -> Severity:
        """What a wrong kind of node here does: an error if it is one for any column at or below."""
        severities = {column.type_severity for column in self.columns}
        severities |= {child.severity for child in self.children.values()}
        return "error" if "error" in severities else "warning"

    @cached_property
    def leaves(self) -> frozenset[str | int]:
        """The keys of children without children."""
        return frozenset(key for key, child in self.children.items() if not child.children)

    @cached_property
    def branches(self) -> list[tuple[str | int, Step]]:
        """The children that have children."""
        return [(key, child) for key, child in self.children.items() if child.children]


def paths_tree(columns: Sequence[Column]) -> Step:
    """The source paths of all columns as one tree, `provider.name` below `provider`."""
    root = Step()
    for column in columns:
        for path in column.sources:
            step = root
            for key in path:
                step = step.children.setdefault(key, Step())
            step.columns.append(column)
    return root
