import pytest

from tasks.front_matter import yaml_subset
from tasks.front_matter.findings import Node
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.yaml_subset import SubsetReader


def read(text: str, policy: ReadPolicy | None = None) -> dict[str, Node] | None:
    return SubsetReader(policy or ReadPolicy()).read(text.encode())


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a: No\nb: 1.10\nc: 12:30\nd: -1\ne: x  \n", {"a": "No", "b": "1.10", "c": "12:30", "d": "-1", "e": "x"}),
        ("a:\nb: ~\nc: null\nf:   \n", {"a": None, "b": None, "c": None, "f": None}),
        ("d: 'null'\ne: \"\"\n", {"d": "null", "e": ""}),
        ("a: \"x \\\"y\\\" \\u00e9\\n\"\nb: 'it''s # a: b'\n", {"a": 'x "y" é\n', "b": "it's # a: b"}),
        ("r:\n  - a: 1\n    b:\n      - x\n  - a: 2\n", {"r": [{"a": "1", "b": ["x"]}, {"a": "2"}]}),
        ("p:\n  q:\n    s: t\nl:\n- u\n- v\n", {"p": {"q": {"s": "t"}}, "l": ["u", "v"]}),
    ],
)
def test_scalars_keep_their_exact_text_in_lists_and_mappings(text: str, tree: dict[str, Node]) -> None:
    assert read(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c", "a: b #c", "a: b:", "a: 1\na: 2", "a: [1]", "a: {b: 1}", "a: |\n  x", "a: x\n  y",
        "a: &x y", "a: *x", "a: !t x", "a:\tb", '"a": b', "a: 'b'c", 'a: "b" c', 'a: "b\\x41"',
        'a: "\\ud800"', 'a: "b\\"', "a:\n   - b\n  - c", "a:\n  - b\n   - c", "a:\n  - - b", "a:\n  -",
        "a:\n  b: 1\n c: 2", "a:\n  b: 1\n  b: 2", "  a:\n  b: 1", "- a", "a", "# a: b", "a: @b", "a: ---",
        "a: x\x85y", "a: x\u2028y", "a: x\ufeffy", "a: x\0y", "a: x\ry", "a: b\n--- c",
    ],
)  # fmt: skip
def test_whatever_is_unusual_is_left_to_the_reference(text: str) -> None:
    assert read(text) is None


def test_equal_items_of_two_documents_are_one_object() -> None:
    reader = SubsetReader(ReadPolicy())
    first = reader.read(b"title: x\nrelated:\n  - a: 1\n    b: 2\n  - a: 3\n")
    second = reader.read(b"title: y\nrelated:\n  - a: 3\n\n  - a: 1\n    b: 2\n")
    assert first is not None and second is not None
    left, right = first["related"], second["related"]
    assert isinstance(left, list) and isinstance(right, list)
    assert left[0] is right[1]
    assert left[1] == right[0]


def test_the_same_text_at_another_indentation_is_another_item() -> None:
    reader = SubsetReader(ReadPolicy())
    assert reader.read(b"r:\n  - a: 1\n    b: 2\n") == {"r": [{"a": "1", "b": "2"}]}
    assert reader.read(b"r:\n- a: 1\n    b: 2\n") is None


def test_the_memo_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_subset, "MEMO_BYTES", 100)
    memo = yaml_subset.BlockMemo(indent=4, depth_left=5)
    for number in range(100):
        assert memo[b"a: %010d" % number] == {"a": f"{number:010}"}
    assert sum(map(len, memo)) <= 100


def test_limits_are_left_to_the_reference() -> None:
    deep = "a:\n  b:\n    c: 1\n"
    assert read(deep, ReadPolicy(max_depth=3)) == {"a": {"b": {"c": "1"}}}
    assert read(deep, ReadPolicy(max_depth=2)) is None
    nested = "a:\n  - b:\n      - c: 1\n"
    assert read(nested, ReadPolicy(max_depth=5)) == {"a": [{"b": [{"c": "1"}]}]}
    assert read(nested, ReadPolicy(max_depth=4)) is None
    assert read("a:\n  - b\n" + "  - c\n" * 20, ReadPolicy(max_nodes=20)) is None
