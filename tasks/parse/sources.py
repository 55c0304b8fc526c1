"""The choice among the front-matter paths of a column: the first whose value reads as the column's type fills it.

Belongs here: that choice, the findings of values that fill no column, and the values that thereby go to `extra`. Does
not belong here: the meaning of a value (`trees`, `casts`), and what no column names (`unmapped`).

A value fills one column: of `published`, which a time and a state share, the first that can read it. Only a column's
first source is its own in any case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract_types import Column, folded
from tasks.arrow.nested import plain_lists
from tasks.arrow.rules import rules_of
from tasks.front_matter.findings import Path, excerpt
from tasks.parse.levels import Finding, Level, merged

#: Reads the nodes at one path of a column into a level.
ReadSource = Callable[[Column, Path, list[Any], Level], pa.Array]

#: Findings of values that no column holds.
UNTYPED: Final = ("field/type", "time/invalid", "time/ambiguous")
#: Findings of values under any of a column's names; others are only reported under its first one.
_ALWAYS_REPORTED: Final = (*UNTYPED, "field/range")
_ABSOLUTE: Final = r"^(?i)\s*https?://[^\s/]"


class Reading(msgspec.Struct):
    """The state of reading a level.

    Attributes:
        level: takes what is read.
        found: the (n,) nodes at each path.
        paths: column name to paths, in order of trust.
        read: reads the nodes at one path.
        consumed: path to the rows whose value there fills a column, or says that there is none.
        unfilled: column name to the rows without a value.
        pending: findings of values that may yet fill another column.
    """

    level: Level
    found: Mapping[Path, list[Any]]
    paths: Mapping[str, Sequence[Path]]
    read: ReadSource
    consumed: dict[Path, set[int]] = msgspec.field(default_factory=dict)
    unfilled: dict[str, set[int]] = msgspec.field(default_factory=dict)
    pending: list[tuple[Column, Path, Finding]] = msgspec.field(default_factory=list)

    def read_columns(self, columns: Sequence[Column]) -> dict[int, set[Path]]:
        """Read all columns.

        Returns:
            Row to the paths whose values fill no column.
        """
        uses = Counter(path for column in columns for path in self.paths[column.name])
        for column in columns:
            paths = self.paths[column.name]
            if paths == list(column.sources) and len(paths) == 1 and uses[paths[0]] == 1:
                values = self.read(column, paths[0], self.found[paths[0]], self.level)
            else:
                values = self._choose(column, paths)
            self.level.columns[column.name] = values
        self._report(columns)
        return self._untaken()

    def _choose(self, column: Column, paths: Sequence[Path]) -> pa.Array:
        """The column from several paths; values that do not read as the column stay for others."""
        values: pa.Array = None
        unfilled = set(range(len(self.found[paths[0]])))
        for path in paths:
            taken = self.consumed.setdefault(path, set())
            nodes = self.found[path]
            # The first source is the column's own, whatever other columns take from it.
            skip = set() if path == column.sources[0] else set(taken)
            if column.combine == "first" or folded(path) in column.fallback:
                skip |= set(range(len(nodes))) - unfilled
            if skip:
                nodes = [None if i in skip else node for i, node in enumerate(nodes)]
            if values is not None and not any(node is not None for node in nodes):
                continue
            array, reads, unread = self._candidate(column, path, nodes)
            if values is None:
                values = array
            elif reads:
                values = _combined(column, values, array, reads)
            for row in reads if path != column.sources[0] and column.combine == "first" else ():
                self.level.chosen.setdefault(row, {})[column.sources[0]] = path
            taken |= {i for i, node in enumerate(nodes) if node is not None} - unread
            unfilled -= reads
        self.unfilled[column.name] = unfilled
        return values

    def _candidate(self, column: Column, path: Path, nodes: list[Any]) -> tuple[pa.Array, set[int], set[int]]:
        """The values at one path, the rows that have one, and the rows whose value is not the column's."""
        scratch = Level({}, [], {}, [], {})
        array = self.read(column, path, nodes, scratch)
        findings = [*scratch.findings, *_unfit(column, path, array)]
        unread = {f.node for f in findings if f.path == path and f.code not in ("time/no-zone", "field/null-item")}
        if unread:
            array = plain_lists(array)
            nothing = pa.scalar([] if pa.types.is_list(array.type) else None, array.type)
            array = pc.if_else(pa.array([i not in unread for i in range(len(array))]), array, nothing)
        for finding in findings:
            if finding.node not in unread:
                self.level.findings.append(finding)
            elif path == column.sources[0] or (finding.code in _ALWAYS_REPORTED and column.item is None):
                self.pending.append((column, path, finding))
        self.level.repaired.extend(note for note in scratch.repaired if note[0] not in unread)
        for row, extra in scratch.extra.items():
            if row not in unread:
                self.level.extra[row] = merged(extra, self.level.extra.get(row, {}))
        for row, choices in scratch.chosen.items():
            self.level.chosen.setdefault(row, {}).update(choices)
        reads = set(pc.indices_nonzero(_reads(column, array)).to_pylist())
        return array, reads, unread

    def _report(self, columns: Sequence[Column]) -> None:
        """Report the first unread value of each column without a value, unless it fills another column."""
        sharers: dict[Path, list[Column]] = {}
        for column in columns:
            for path in self.paths[column.name]:
                sharers.setdefault(path, []).append(column)
        reported: set[tuple[str, int]] = set()
        for column, path, finding in self.pending:
            row = finding.node
            if (column.name, row) in reported or row not in self.unfilled[column.name]:
                continue
            if row in self.consumed[path] or any(self._can_fill(other, path, row) for other in sharers[path]):
                continue
            if column.states and folded(path) in column.states:
                continue  # `status: evergreen` is no state at all, and no mistake.
            reported.add((column.name, row))
            self.level.findings.append(finding)

    def _can_fill(self, column: Column, path: Path, row: int) -> bool:
        """Whether the value at a path reads as a column, even if an earlier path filled it."""
        scratch = Level({}, [], {}, [], {})
        value = self.read(column, path, [self.found[path][row]], scratch)
        return _reads(column, value)[0].as_py() and not scratch.findings and not _unfit(column, path, value)

    def _untaken(self) -> dict[int, set[Path]]:
        untaken: dict[int, set[Path]] = {}
        for finding in self.level.findings:
            if finding.code in UNTYPED:
                untaken.setdefault(finding.node, set()).add(finding.path)
        enclosing = {path[:n] for path in self.found for n in range(1, len(path))}
        for path, rows in self.consumed.items():
            for i, node in enumerate(self.found[path]):
                # A mapping with steps below is taken or left step by step.
                if node is not None and i not in rows and not (type(node) is dict and path in enclosing):
                    untaken.setdefault(i, set()).add(path)
        return untaken


def has_value(values: pa.Array) -> pa.BooleanArray:
    """(n,) whether there is a value; for lists, an item that is not null."""
    if not pa.types.is_list(values.type):
        return pc.is_valid(values)
    if values.flatten().null_count == 0:
        return pc.fill_null(pc.greater(pc.list_value_length(values), 0), False)
    parents = pc.unique(pc.list_parent_indices(values).filter(pc.is_valid(values.flatten())))
    return pc.is_in(pa.array(range(len(values)), parents.type), parents)


def stated(column: Column, path: Path, nodes: list[Any]) -> list[Any]:
    """The nodes of a boolean with the words of a path (`draft: true`, `status: private`) as true and false."""
    words = column.states.get(folded(path))
    if not words:
        return nodes
    return [_state(node, words) if type(node) is str else node for node in nodes]


def _state(text: str, words: Mapping[str, bool]) -> str:
    word = text.strip().lower()
    word = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(word, word)
    if word in words:
        return str(words[word]).lower()
    return "" if word in ("true", "false") else text  # `unlisted: false` does not say that a page is public


def _reads(column: Column, values: pa.Array) -> pa.BooleanArray:
    """(n,) whether a value fills the column: a blank text does not, if another path has one."""
    has = has_value(values)
    if column.logical != "string":
        return has
    return pc.and_(has, pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(values), ""), False))


def _unfit(column: Column, path: Path, values: pa.Array) -> list[Finding]:
    """Findings of texts that are no addresses, or not of the form that the column has, and of times out of range."""
    if column.logical == "timestamp":
        rules = [rule for rule in rules_of(column) if rule.code == "field/range"]
        return [
            Finding(row, path, rule.code, rule.severity, rule.message, excerpt(values[row].as_py().isoformat()))
            for rule in rules
            for row in pc.indices_nonzero(rule.breaks(values)).to_pylist()
        ]
    if column.logical != "string":
        return []
    pattern = _ABSOLUTE if column.rules.is_url else column.rules.pattern
    if pattern is None or values.null_count == len(values):
        return []
    wrong = pc.indices_nonzero(pc.invert(pc.match_substring_regex(values, pattern)))
    code, message = "field/pattern", f"the text does not match {column.rules.pattern}"
    if column.rules.is_url:
        code, message = "url/invalid", "expected an absolute address that starts with http:// or https://"
    texts = values.take(wrong).to_pylist()
    return [
        Finding(row, path, code, column.severity, message, excerpt(text))
        for row, text in zip(wrong.to_pylist(), texts, strict=True)
    ]


def _combined(column: Column, values: pa.Array, others: pa.Array, reads: set[int]) -> pa.Array:
    """Two candidates of a column as one."""
    values, others = plain_lists(values), plain_lists(others)
    has = _reads(column, values)
    if column.combine == "all":
        both = pc.and_kleene(values, others)
        return pc.coalesce(both, values, others)
    if column.combine == "union" and any(has[row].as_py() for row in reads):
        lists = zip(values.to_pylist(), others.to_pylist(), strict=True)
        return pa.array([_union(one or [], other or []) for one, other in lists], values.type)
    return pc.if_else(has, values, others)


def _union(one: list[Any], other: list[Any]) -> list[Any]:
    return [*one, *(item for item in dict.fromkeys(other) if item is not None and item not in one)] if other else one
