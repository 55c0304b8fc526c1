import pytest

from tasks.front_matter.fences import find_front_matter


def split(data: bytes) -> tuple[str, bytes, bytes] | None:
    found = find_front_matter(data)
    return found and (found.format, data[found.start : found.stop], data[found.body :])


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"---\na: 1\n---\nbody\n", ("yaml", b"a: 1\n", b"body\n")),
        (b"---\r\na: 1\r\n---\r\nbody\r\n", ("yaml", b"a: 1\r\n", b"body\r\n")),
        (b"--- \t\na: 1\n---  \nbody", ("yaml", b"a: 1\n", b"body")),
        (b"---\na: 1\n...\nbody", ("yaml", b"a: 1\n", b"body")),
        (b"---\na: 1\n---", ("yaml", b"a: 1\n", b"")),
        (b"---\n---\nbody", ("yaml", b"", b"body")),
        (b"\xef\xbb\xbf---\na: 1\n---\n", ("yaml", b"a: 1\n", b"")),
        (b"---\na: 1\n---\nbody\n---\nmore", ("yaml", b"a: 1\n", b"body\n---\nmore")),
        (b"+++\na = 1\n...\n+++\nbody", ("toml", b"a = 1\n...\n", b"body")),
    ],
)
def test_front_matter_and_body(data: bytes, expected: tuple[str, bytes, bytes]) -> None:
    assert split(data) == expected


@pytest.mark.parametrize(
    "inside",
    [b"title: a --- b\n", b"a: 1\n----\n", b"a: 1\n--- text\n", b"a: |\n  ---\n", b"a: 1\n....\n"],
)
def test_what_is_no_fence(inside: bytes) -> None:
    assert split(b"---\n" + inside + b"---\nbody") == ("yaml", inside, b"body")


@pytest.mark.parametrize("data", [b"", b"text", b"----\na: 1\n", b"--- a\n", b"\n---\na: 1\n---\n", b" ---\n", b"-"])
def test_a_file_without_front_matter(data: bytes) -> None:
    assert find_front_matter(data) is None


@pytest.mark.parametrize("data", [b'{"a": 1}', b'{ "a" : 1}', b"{\n", b"{\r\n", b'\xef\xbb\xbf{"a":1}'])
def test_json_at_the_start(data: bytes) -> None:
    found = find_front_matter(data)
    assert found is not None and found.format == "json"


@pytest.mark.parametrize("data", [b"{{ template }}", b"{% if %}", b"{a: 1}", b'{"a"}', b"[1]", b'{"a'])
def test_braces_that_are_not_json(data: bytes) -> None:
    assert find_front_matter(data) is None


def test_an_unclosed_fence_takes_all() -> None:
    assert find_front_matter(b"---\na: 1\nbody") == ("yaml", 4, 13, 13, False)
    assert find_front_matter(b"---") == ("yaml", 3, 3, 3, False)
