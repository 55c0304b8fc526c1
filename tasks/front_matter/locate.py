"""Find the line and column of every value in a file, for the findings of later stages.

Belongs here: places of nodes by path. It reads the file a second time, which only files with
findings pay for.
Does not belong here: findings.
"""

from __future__ import annotations

from tasks.front_matter.document import open_front_matter, read_tree
from tasks.front_matter.fences import find_front_matter
from tasks.front_matter.findings import Findings, StopReadingError
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.problems import Path

Places = dict[Path, tuple[int, int]]


def locate(data: bytes, policy: ReadPolicy) -> Places:
    """Where every node of a file's front matter stands.

    Args:
        data: the whole file.
        policy: the policy by which it was read.

    Returns:
        Path to 1-based (line, column) in the file, columns in characters. A scalar's place is its
        value's; a mapping's or list's is its key's, or in a list its first character's. In TOML, where
        only lines are looked at, it is the value's for what a line assigns and the header's for tables.
        The empty path, the front matter itself, is always there; what could not be read is missing.
    """
    region = find_front_matter(data)
    if region is None:
        return {(): (1, 1)}
    findings = Findings(policy)
    offsets: dict[Path, int] = {}
    try:
        open_front_matter(data, region, findings)
        read_tree(region, findings, "", offsets)
    except StopReadingError:
        pass  # places of what stands before the trouble are there already
    places = {path: findings.place(offset) for path, offset in offsets.items()}
    places[()] = findings.place(0)
    return places


def place_of(places: Places, path: Path) -> tuple[int, int]:
    """The place of a node, or of the nearest enclosing one that has a place.

    Args:
        places: what `locate` returned.
        path: keys and 0-based positions from the outermost mapping.
    """
    while path and path not in places:
        path = path[:-1]
    return places.get(path, (1, 1))
