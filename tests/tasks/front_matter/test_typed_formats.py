import pytest

from tasks.front_matter.document import Document, Reader
from tasks.front_matter.policy import ReadPolicy

STRICT = ReadPolicy(actions={"json/duplicate-key": "reject"})


def read(text: str, policy: ReadPolicy | None = None) -> Document:
    document = Reader(policy or ReadPolicy()).read(text.encode())
    assert document is not None
    return document


def found(text: str, policy: ReadPolicy | None = None) -> list[tuple[str, str, int, int]]:
    return [(each.code, each.field, each.line, each.column) for each in read(text, policy).problems]


def toml(text: str) -> str:
    return f"+++\n{text}\n+++\nbody\n"


def test_toml_becomes_raw_text() -> None:
    document = read(toml("a = 1.50\nb = true\nc = 2021-05-01T10:00:00Z\nd = [1, 'x']\n[t]\nu = 2021-05-01"))
    assert document.tree == {
        "a": "1.50",
        "b": "true",
        "c": "2021-05-01T10:00:00+00:00",
        "d": ["1", "x"],
        "t": {"u": "2021-05-01"},
    }
    assert document.body == "body\n"


def test_json_becomes_raw_text() -> None:
    document = read('{"a": 1.50, "b": [true, null, -0, 1e3], "c": {"d": "é"}}\nbody\r\n')
    assert document.tree == {"a": "1.50", "b": ["true", None, "-0", "1e3"], "c": {"d": "é"}}
    assert document.body == "body\r\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (toml("a = 1\nb = x"), ("toml/syntax", "", 3, 5)),
        (toml("a = 1\na = 2"), ("toml/syntax", "", 3, 6)),
        (toml('a = "\\ud800"'), ("text/surrogate", "", 2, 12)),
        (toml("a = 'x\x01'"), ("text/control-character", "", 2, 7)),
        (toml(f"a = {'9' * 5000}"), ("toml/syntax", "", 2, 1)),
        (toml(f"a = {'[' * 100_000}"), ("limit/depth", "", 2, 1)),
        (toml(f"{'a.' * 20_000}a = 1"), ("limit/depth", "", 2, 1)),
        ('{"a": 1,\n "b": x}', ("json/syntax", "", 2, 7)),
        ('{"a": 1} text\n', ("json/syntax", "", 1, 9)),
        ('{"a": 1, "b": {"c": 1, "c": 2}}', ("json/duplicate-key", "b.c", 1, 24)),
        ('{"a": {"x": 1}, "a": {"x": 2}}', ("json/duplicate-key", "a", 1, 17)),
        ('{"a": "\\ud800"}', ("text/surrogate", "a", 1, 7)),
        ('{"a": ' * 100_000, ("limit/depth", "", 1, 1)),
    ],
)
def test_every_finding_has_its_code_and_location(text: str, expected: tuple[str, str, int, int]) -> None:
    assert found(text, STRICT) == [expected]


def test_of_a_repeated_json_key_the_last_one_counts_with_a_warning() -> None:
    document = read('{"a": 1, "a": 2}')
    assert document.tree == {"a": "2"}
    assert [each.code for each in document.warnings] == ["json/duplicate-key"]


@pytest.mark.parametrize("text", ['{"a": [[1]]}', toml("a = [[1]]")])
def test_limits_hold_in_every_format(text: str) -> None:
    assert found(text, ReadPolicy(max_depth=3, max_nodes=4)) == []
    assert [code for code, *_ in found(text, ReadPolicy(max_depth=2))] == ["limit/depth"]
    assert [code for code, *_ in found(text, ReadPolicy(max_nodes=3))] == ["limit/nodes"]
