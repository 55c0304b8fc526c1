"""Connected components: which records hang together through shared keys.

Belongs here: graphs of row numbers. Does not belong here: what makes an edge (`exact`) and who
survives (`survivors`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def components(edges: Iterable[tuple[int, int]]) -> list[list[int]]:
    """The connected components of an undirected graph.

    Args:
        edges: pairs of node numbers; nodes without an edge do not occur.

    Returns:
        Components of two nodes or more, each sorted, in the order of their smallest node: the same
        for any order of edges. Union by smallest root with path halving, close to linear.
    """
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b in edges:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    members: dict[int, list[int]] = {}
    for node in sorted(parent):
        members.setdefault(root(node), []).append(node)
    return [nodes for nodes in members.values() if len(nodes) > 1]


def chained(groups: Iterable[Sequence[int]]) -> Iterable[tuple[int, int]]:
    """Edges that hold each group together: from its first node to every other."""
    for group in groups:
        for node in group[1:]:
            yield group[0], node
