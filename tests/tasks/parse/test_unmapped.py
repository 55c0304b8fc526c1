"""G2: every front-matter field lands in a column or in `extra`, at its own path and with its text."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from config.contract import load_contract
from config.contract_types import Column
from tasks.front_matter.findings import Path
from tasks.parse.levels import Level
from tasks.parse.trees import build_level

COLUMNS = load_contract().source_columns
UNKNOWN = st.sampled_from(["colour", "size", "Titel", "x y"])
TEXT = st.text(alphabet="ab 1&;", max_size=4)
ANY = st.recursive(
    st.none() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(UNKNOWN, inner, max_size=3),
    max_leaves=6,
)


def mapping(known: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with some of the known fields, each of its own shape or of any, and with unknown ones."""
    fields = st.fixed_dictionaries({}, optional={key: shape | ANY for key, shape in known.items()})
    return st.builds(lambda a, b: b | a, fields, st.dictionaries(UNKNOWN, ANY, max_size=2))


WIDTH, QUALITY = st.sampled_from(["1", "x", "", "-5"]), st.sampled_from(["65", "high", ""])
TIME = st.sampled_from(["2026-03-02", "never", ""])
IMAGE = mapping({"url": TEXT, "width": WIDTH, "isCached": st.sampled_from(["yes", "?"])})
PROVIDER = mapping({"name": TEXT, "domain": TEXT, "images": st.lists(IMAGE | ANY, max_size=3)})
IMAGES = st.lists(IMAGE, max_size=2)
RELATED = mapping({"title": TEXT, "quality": QUALITY, "provider": PROVIDER, "images": IMAGES})
TREE = mapping(
    {
        "title": TEXT,
        "quality": QUALITY,
        "updatedDateTime": TIME,
        "modifiedDateTime": TIME,
        "provider": PROVIDER,
        "topics": st.lists(TEXT | st.none(), max_size=3),
        "images": st.lists(IMAGE | ANY, max_size=3),
        "related": st.lists(RELATED | ANY, max_size=3),
    }
)


def leaves(node: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every scalar and every empty collection with its path."""
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list) and node:
        for k, item in enumerate(node):
            yield from leaves(item, (*path, k))
    else:
        yield path, node


def known_paths(columns: tuple[Column, ...], below: Path = ()) -> Iterator[Path]:
    """Paths that columns take, with None for any position."""
    for column in columns:
        for source in column.sources:
            path = (*below, *source)
            if column.item is None:
                yield path
            elif column.item.fields:
                if column.item.fields[0].repair == "url":  # a text stands for the address
                    yield from (path, (*path, -1))
                yield from known_paths(column.item.fields, (*path, -1))
            else:
                yield (*path, -1)


TAKEN = set(known_paths(COLUMNS))


def is_named(path: Path) -> bool:
    """Whether the contract names a column for the path (`provider.images[0].url` by its position)."""
    return path in TAKEN or tuple(-1 if isinstance(step, int) else step for step in path) in TAKEN


def holds(level: Level, node: int, path: Path, text: Any) -> bool:
    at: Any = level.extra.get(node, {})
    for step in path:
        try:
            at = at[step]
        except (KeyError, IndexError, TypeError):
            return False
    return bool(at == text)


def typed_findings(level: Level, node: int) -> set[Path]:
    return {
        f.path for f in level.findings if f.node == node and f.code in ("field/type", "time/invalid", "time/ambiguous")
    }


@settings(max_examples=80, deadline=None)
@given(st.lists(TREE, min_size=1, max_size=3))
def test_every_field_is_in_a_column_or_in_extra(trees: list[dict[str, Any]]) -> None:
    level = build_level(COLUMNS, trees)
    for node, tree in enumerate(trees):
        untyped = typed_findings(level, node)
        for path, text in leaves(tree):
            is_untyped = any(path[:n] in untyped for n in range(1, len(path) + 1))
            if is_untyped or not is_named(path):
                # An empty text, mapping or null in the place of a known list or mapping says nothing.
                is_empty = text in (None, "", [], {}) and _is_inner(path)
                assert is_empty or holds(level, node, path, text), path


def _is_inner(path: Path) -> bool:
    general = tuple(-1 if isinstance(step, int) else step for step in path)
    candidates = (path, general)
    return any(taken[: len(c)] == c for c in candidates for taken in TAKEN)


@settings(max_examples=80, deadline=None)
@given(st.lists(TREE, min_size=1, max_size=3))
def test_nothing_is_in_extra_that_the_file_does_not_say(trees: list[dict[str, Any]]) -> None:
    level = build_level(COLUMNS, trees)
    for node, extra in level.extra.items():
        said = dict(leaves(trees[node]))
        for path, text in leaves(extra):
            assert text == {} or said[path] == text


@settings(max_examples=40, deadline=None)
@given(st.lists(TREE, min_size=2, max_size=4))
def test_a_file_reads_the_same_in_any_batch(trees: list[dict[str, Any]]) -> None:
    together = build_level(COLUMNS, trees)
    for node, tree in enumerate(trees):
        alone = build_level(COLUMNS, [tree])
        assert alone.extra.get(0) == together.extra.get(node)
        assert {f._replace(node=0) for f in together.findings if f.node == node} == set(alone.findings)
        for name, values in alone.columns.items():
            assert values[0].as_py() == together.columns[name][node].as_py()


@pytest.mark.parametrize(
    ("tree", "extra"),
    [
        ({"price": "3", "title": "t"}, {"price": "3"}),
        ({"price": None}, {"price": None}),
        ({"a": {"b": [{"c": "d"}, None]}}, {"a": {"b": [{"c": "d"}, None]}}),
        ({"a": {}, "b": []}, {"a": {}, "b": []}),
        ({"provider": {"name": "n", "size": "9"}}, {"provider": {"size": "9"}}),
        ({"provider": {"images": [{"url": "u"}, {"url": "v"}]}}, {"provider": {"images": [{}, {"url": "v"}]}}),
        ({"provider": {"images": [{"url": "u", "alt": None}]}}, {"provider": {"images": [{"alt": None}]}}),
        ({"images": [{"url": "u"}, {"alt": "a"}]}, {"images": [{}, {"alt": "a"}]}),
        ({"images": [{"width": "wide"}]}, {"images": [{"width": "wide"}]}),
        ({"related": [{"images": [{}, {"alt": "a"}]}]}, {"related": [{"images": [{}, {"alt": "a"}]}]}),
        ({"related": [{"provider": "Acme"}]}, {"related": [{"provider": "Acme"}]}),
        ({"topics": ["a", {"b": "c"}]}, {"topics": [{}, {"b": "c"}]}),
        ({"quality": "high"}, {"quality": "high"}),
        ({"provider": "Acme"}, {"provider": "Acme"}),
        ({"updatedDateTime": "2026-03-02Z", "modifiedDateTime": "2026-03-03"}, {"updatedDateTime": "2026-03-02Z"}),
        ({"updatedDateTime": "2026-03-02", "modifiedDateTime": "2026-03-03"}, {"modifiedDateTime": "2026-03-03"}),
        ({"heat": "-1", "title": None, "topics": [None]}, None),
    ],
)
def test_unmapped_fields(tree: dict[str, Any], extra: dict[str, Any] | None) -> None:
    assert build_level(COLUMNS, [tree]).extra.get(0) == extra


def test_unmapped_fields_that_files_share_are_in_each_of_them() -> None:
    provider = {"name": "n", "size": "9"}
    trees = [{"provider": provider, "x": "1"}, {"provider": provider, "quality": "high"}, {"provider": provider}]
    extra = build_level(COLUMNS, trees).extra
    alone = [build_level(COLUMNS, [copy.deepcopy(tree)]).extra[0] for tree in trees]
    assert [extra[row] for row in range(3)] == alone
    assert alone[1] == {"provider": {"size": "9"}, "quality": "high"}
