import pytest

from tasks.front_matter.fences import find_front_matter, has_bare_metadata


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


@pytest.mark.parametrize(
    "data", [b"", b"text", b"----\na: 1\n", b"--- a\n", b" ---\n", b"-", b"---#a\n", b"---yamls\n"]
)
def test_a_file_without_front_matter(data: bytes) -> None:
    assert find_front_matter(data) is None


@pytest.mark.parametrize(
    ("data", "code", "line", "body"),
    [
        (b"\n\n---\nheading: ferry\n---\nbody", "blank-first", 4, b"body"),
        (b"\r\n---\r\ntitle: ferry\r\n---\r\nbody", "blank-first", 3, b"body"),
        (b"\xef\xbb\xbf \n---\ntitle: ferry\n---\nbody", "blank-first", 3, b"body"),
        (b"  ---\n  title: ferry\n  ---\nbody\n---\nmore", "blank-first", 2, b"body\n---\nmore"),
        (b"\n+++\ntitle = 'ferry'\n+++\nbody", "blank-first", 3, b"body"),
        (b'\n{"title": "ferry"}\nbody', "blank-first", 2, b""),
        (b"\n---\ntitle: never closed\n", "blank-first", 3, b""),
        (b"<!-- old\n---\n-->\n---\nheading: ferry\n---\nbody", "comment-first", 5, b"body"),
        (b"# made by hand\n---\ntags: [x]\n---\nbody", "comment-first", 3, b"body"),
        (b"---\na: 1\n-----\nbody\n---\nmore", "long-fence", 2, b"body\n---\nmore"),
        (b"---\na:\n- x\n------- \nbody", "long-fence", 2, b"body"),
        (b"----\ntitle: ferry\n----\nbody\n---\n", "long-fence", 2, b"body\n---\n"),
        (b"title: ferry\ndate: 2026-03-02\ntags:\n- x\n---\nbody", "no-opening-fence", 1, b"body"),
        (b'title = "ferry"\ntags = [\n  "x",\n]\n\n---\nbody', "no-opening-fence", 1, b"body"),
    ],
)
def test_unusual_fences_are_found_and_named(data: bytes, code: str, line: int, body: bytes) -> None:
    found = find_front_matter(data)
    assert found is not None
    assert (found.unusual, found.line, data[found.body :]) == (f"front-matter/{code}", line, body)


@pytest.mark.parametrize(
    ("opening", "language"),
    [
        (b"---yaml", "yaml"),
        (b"--- YAML", "yaml"),
        (b"---yml", "yaml"),
        (b"---json", "json"),
        (b"---toml ", "toml"),
        (b"--- # about", "yaml"),
        (b"---json # about", "json"),
    ],
)
def test_a_fence_can_name_its_language_and_have_a_comment(opening: bytes, language: str) -> None:
    found = find_front_matter(opening + b"\r\nx\r\n---\r\nbody")
    assert found is not None
    assert (found.format, found.closed, found.unusual, found.line) == (language, True, "", 2)
    assert split(opening + b"\nx\n---\nbody") == (language, b"x\n", b"body")


@pytest.mark.parametrize(("opening", "line"), [(b";;;\n", 2), (b"", 1)])
def test_the_inside_of_a_json_object_ends_with_semicolons(opening: bytes, line: int) -> None:
    found = find_front_matter(opening + b'"a": 1\n;;;\nbody')
    assert found is not None
    assert (found.fence, found.line, found.unusual) == (b";;;", line, "")
    assert split(opening + b'"a": 1\n;;;\nbody') == ("json", b'"a": 1\n', b"body")


@pytest.mark.parametrize(
    "data",
    [
        b"\n---\nA rule stands above.\n\n---\n",
        b"\n---\nremark: never closed\n",
        b"# Heading\n\n---\nRemark: a line of text\n\n---\n",
        b"<!-- only a comment -->\n# Heading\n",
        b"    ---\n    title: an example\n    ---\n",
        b"------\nTitle\n------\n",
        b"title: ferry\n\ndate: today\n---\n",
        b"title: only one key\n---\n",
        b"\n{% include 'x' %}\n",
    ],
)
def test_rules_of_markdown_are_no_front_matter(data: bytes) -> None:
    assert find_front_matter(data) is None


@pytest.mark.parametrize(
    ("data", "closed"),
    [(b"---\na: 1\n\nHeading\n-------\nbody", False), (b"---\na: 1\n----\nb: 2\n---\nbody", True)],
)
def test_a_longer_line_of_dashes_is_no_fence_where_it_may_be_something_else(data: bytes, closed: bool) -> None:
    found = find_front_matter(data)
    assert found is not None
    assert (found.closed, found.unusual) == (closed, "")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"Title: Ferry\nDate: 2026-03-02\n\nbody", True),
        (b"\xef\xbb\xbftitle:   Ferry\nSubject: none\n  goes on\nauthor: Ann\n", True),
        (b"<!--\n.. title: Ferry\n.. slug: ferry\n-->\n", True),
        (b":title: Ferry\n:date: 2026-03-02\n", True),
        (b"#+TITLE: Ferry\n#+DATE: 2026-03-02\n", True),
        (b"Title: Ferry\nTitle: again\n", False),
        (b"Title: Ferry\n\nDate: in the body\n", False),
        (b"Dear reader: hello\nDate: 2026-03-02\n", False),
        (b"", False),
    ],
)
def test_metadata_without_fences(data: bytes, expected: bool) -> None:
    assert find_front_matter(data) is None
    assert has_bare_metadata(data) is expected


@pytest.mark.parametrize("data", [b'{"a": 1}', b'{ "a" : 1}', b"{\n", b"{\r\n", b'\xef\xbb\xbf{"a":1}'])
def test_json_at_the_start(data: bytes) -> None:
    found = find_front_matter(data)
    assert found is not None and found.format == "json"


@pytest.mark.parametrize("data", [b"{{ template }}", b"{% if %}", b"{a: 1}", b'{"a"}', b"[1]", b'{"a'])
def test_braces_that_are_not_json(data: bytes) -> None:
    assert find_front_matter(data) is None


def test_an_unclosed_fence_takes_all() -> None:
    assert find_front_matter(b"---\na: 1\nbody") == ("yaml", 4, 13, 13, False, b"---", 2, "")
    assert find_front_matter(b"---") == ("yaml", 3, 3, 3, False, b"---", 2, "")
