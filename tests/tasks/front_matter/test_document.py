import pytest

from tasks.front_matter.document import Document, Reader, locate, location_of
from tasks.front_matter.policy import ReadPolicy


def read(data: bytes, policy: ReadPolicy | None = None) -> Document:
    document = Reader(policy or ReadPolicy()).read(data)
    assert document is not None
    return document


def found(data: bytes, policy: ReadPolicy | None = None) -> list[tuple[str, int, int]]:
    return [(each.code, each.line, each.column) for each in read(data, policy).problems]


def test_a_document_has_a_tree_and_its_exact_body() -> None:
    assert read(b"---\ntitle: x\n---\nbody\n") == ({"title": "x"}, "body\n", (), ())
    assert read(b"---\r\na: 1\r\n---\r\n one\r\n\0two\n\n").body == " one\r\n\0two\n\n"


def test_a_file_without_front_matter_is_no_article_and_with_an_empty_one_is() -> None:
    assert Reader(ReadPolicy()).read(b"# Title\n") is None
    assert read(b"---\n---\n").tree == {}


@pytest.mark.parametrize("text", [b"- a\n- b\n", b"text\n", b"~\n"])
def test_front_matter_must_be_a_mapping(text: bytes) -> None:
    assert read(b"---\n" + text + b"---\n").tree is None
    assert found(b"---\n" + text + b"---\n") == [("front-matter/not-a-mapping", 2, 1)]


def test_an_unclosed_fence_is_refused_or_taken_as_the_policy_says() -> None:
    data = b"---\na: 1\n"
    assert found(data) == [("front-matter/unclosed-fence", 1, 1)]
    assert read(data).tree is None
    document = read(data, ReadPolicy(actions={"front-matter/unclosed-fence": "warn"}))
    assert document.tree == {"a": "1"}
    assert [each.code for each in document.warnings] == ["front-matter/unclosed-fence"]


@pytest.mark.parametrize(("action", "problems", "warnings"), [("accept", 0, 0), ("warn", 0, 1), ("reject", 1, 0)])
def test_a_byte_order_mark_goes_by_the_policy(action: str, problems: int, warnings: int) -> None:
    document = read(b"\xef\xbb\xbf---\na: 1\n---\n", ReadPolicy(actions={"text/byte-order-mark": action}))
    assert document.tree == {"a": "1"}
    assert (len(document.problems), len(document.warnings)) == (problems, warnings)


def test_bytes_that_are_not_utf8_have_a_location() -> None:
    assert found("---\na: é".encode() + b"\xff\n---\n") == [("text/invalid-utf8", 2, 5)]
    assert found(b"---\na: 1\n---\nbody\n\xe9t\xe9") == [("text/invalid-utf8", 5, 1)]
    assert found(b'\xef\xbb\xbf{"a": "\xff"}') == [("text/invalid-utf8", 1, 8)]


def test_windows_1252_is_read_when_the_policy_names_it() -> None:
    policy = ReadPolicy(fallback_encoding="windows-1252")
    document = read(b"---\na: caf\xe9\n---\n\x93x\x94", policy)
    assert (document.tree, document.body) == ({"a": "café"}, "“x”")
    assert [(each.code, each.line, each.column) for each in document.warnings] == [("text/windows-1252", 2, 7)]
    assert found(b"---\na: \x81\n---\n", policy) == [("text/invalid-utf8", 2, 4)]


def test_lines_with_crlf_and_wide_characters_are_counted_as_an_editor_does() -> None:
    policy = ReadPolicy(actions={"yaml/duplicate-key": "reject"})
    assert found("---\r\na: 1\r\n😀: 1\r\n😀: 2\r\nb: 😀 &x: y\r\n---\r\n".encode(), policy) == [
        ("yaml/duplicate-key", 4, 1),
        ("yaml/syntax", 5, 8),
    ]


@pytest.mark.parametrize("quote", [b"", b'"', b"'"])
def test_a_scalar_of_five_megabytes(quote: bytes) -> None:
    tree = read(b"---\na: " + quote + b"x" * 5_000_000 + quote + b"\n---\n").tree
    assert tree == {"a": "x" * 5_000_000}


@pytest.mark.parametrize(
    "data",
    [
        b"---\n" + bytes(range(256)) * 40 + b"\n---\n",
        b"---" + b"\n----" * 100_000,
        b"---\n" + b'"' * 100_000 + b"\n---\n",
        b"---\n" + b"a: &a " * 10_000 + b"\n---\n",
        b'{"' + b'a\\"' * 100_000 + b'": x',
        b"+++\n" + b"[" * 100_000 + b"\n+++\n",
    ],
)
def test_hostile_files_end_as_findings(data: bytes) -> None:
    document = read(data)
    assert document.tree is None
    assert document.problems


@pytest.mark.parametrize("line", ["---", "--- ", "---\r", "...", "... ", "--- text", "----", "...."])
def test_a_guessed_fence_is_the_one_that_a_search_finds(line: str) -> None:
    lines = "---|a: 1|b:|  - x|  - k: v|    m: w||c:|  d: e|f:|- g|h: i|---|body".split("|")
    for at in range(1, len(lines) + 1):
        data = "\n".join([*lines[:at], line, *lines[at:], ""]).encode()
        assert Reader(ReadPolicy()).read(data) == Reader(ReadPolicy(), fast=False).read(data), data


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_a_warning(encoding: str) -> None:
    document = read("---\r\ntitle: été 😀\r\nb: x\r\n---\r\nça".encode(encoding))
    assert (document.tree, document.body, document.problems) == ({"title": "été 😀", "b": "x"}, "ça", ())
    assert [(each.code, each.line) for each in document.warnings] == [("text/utf-16", 1)]


def test_utf16_that_is_cut_off_is_refused() -> None:
    assert found("---\na: 1\n---\nbody".encode("utf-16")[:-1]) == [("text/invalid-utf8", 1, 1)]


def test_two_byte_order_marks_are_no_part_of_the_text() -> None:
    document = read(b"\xef\xbb\xbf" * 2 + b"---\na: 1\n---\n")
    assert document.tree == {"a": "1"}
    assert [each.code for each in document.warnings] == ["text/byte-order-marks"]


def test_lines_that_end_with_cr_alone_are_counted_and_the_body_is_kept() -> None:
    document = read(b"---\ra: 1\rb: 2\r---\rone\rtwo\r\n")
    assert (document.tree, document.body) == ({"a": "1", "b": "2"}, "one\rtwo\r\n")
    assert [each.code for each in document.warnings] == ["text/cr-line-ends"]
    assert locations("---\ra: 1\rb: 2\r---\r") == {"": (2, 1), "a": (2, 4), "b": (3, 4)}
    assert found(b"---\ra: 1\r---\rx\r\xff") == [("text/invalid-utf8", 5, 1)]
    assert found(b"---\na: 1\rb: 2\n---\nx\ry\xff") == [("text/invalid-utf8", 6, 2)]
    assert locations("---\na: 1\rb: 2\n---\n")["b"] == (3, 4)


@pytest.mark.parametrize(
    ("data", "tree"),
    [
        (b"---toml\na = 1\n---\nbody", {"a": "1"}),
        (b'---json\n\n {"a": [1, {"b": 2.50}]}\n---\nbody', {"a": ["1", {"b": "2.50"}]}),
        (b'---\n{"a": "\\ud83d\\ude00",\n\t"b": null}\n---\nbody', {"a": "😀", "b": None}),
        (b'---\n{"a": 1, b: 2}\n---\nbody', {"a": "1", "b": "2"}),
        (b';;;\n"a": 1,\n"b": "x"\n;;;\nbody', {"a": "1", "b": "x"}),
    ],
)
def test_formats_between_fences(data: bytes, tree: dict[str, object]) -> None:
    assert read(data) == (tree, "body", (), ())


def test_faults_in_json_between_fences_have_their_line() -> None:
    assert found(b'---json\n{"a": 1}\nlost\n---\nbody') == [("json/syntax", 3, 1)]
    assert found(b';;;\n"a": 1,,\n;;;\nbody') == [("json/syntax", 2, 8)]
    assert locations('"a": 1,\n"b": 2\n;;;\n') == {"": (1, 1), "a": (1, 6), "b": (2, 6)}


@pytest.mark.parametrize(("action", "problems", "warnings"), [("warn", 0, 1), ("reject", 1, 0)])
def test_metadata_without_fences_are_named_as_the_policy_says(action: str, problems: int, warnings: int) -> None:
    data = b"Title: Ferry\nDate: 2026-03-02\n\nbody"
    policy = ReadPolicy(actions={"front-matter/no-fence": action})
    document = read(data, policy)
    assert (document.tree, len(document.problems), len(document.warnings)) == (None, problems, warnings)
    assert Reader(ReadPolicy(actions={"front-matter/no-fence": "accept"})).read(data) is None


def test_an_unusual_fence_is_a_warning_at_the_start_of_the_file() -> None:
    document = read(b"\n---\ntitle: Ferry\n---\nbody")
    assert (document.tree, document.body) == ({"title": "Ferry"}, "body")
    assert [(each.code, each.line) for each in document.warnings] == [("front-matter/blank-first", 1)]
    assert locations("\n---\ntitle: Ferry\n---\n")["title"] == (3, 8)


def locations(text: str) -> dict[str, tuple[int, int]]:
    found = locate(text.encode(), ReadPolicy())
    return {".".join(map(str, path)): location for path, location in found.items()}


def test_locations_in_yaml_are_those_of_scalars_and_of_the_keys_of_collections() -> None:
    assert locations("---\ntitle: é\nr:\n  - a: 1\n    b: 'q'\n  - [x]\np:\n  q: ~\n---\n") == {
        "": (2, 1),
        "title": (2, 8),
        "r": (3, 1),
        "r.0": (4, 5),
        "r.0.a": (4, 8),
        "r.0.b": (5, 8),
        "r.1": (6, 5),
        "r.1.0": (6, 6),
        "p": (7, 1),
        "p.q": (8, 6),
    }


def test_locations_in_json() -> None:
    assert locations('{"a": {},\n "b": [1, {"c": "x,y"}],\n "d": []}\n') == {
        "": (1, 1),
        "a": (1, 2),
        "b": (2, 2),
        "b.0": (2, 8),
        "b.1": (2, 11),
        "b.1.c": (2, 17),
        "d": (3, 2),
    }


def test_locations_in_toml() -> None:
    text = "+++\na = 1\n'b c'.d = '''\nx = 1\n'''\n[t.u]\nv = 2\n[[k]]\nw = 3\n[[k]]\nw = 4\n[k.m]\nn = 5\n+++\n"
    assert locations(text) == {
        "": (2, 1),
        "a": (2, 5),
        "b c.d": (3, 11),
        "t.u": (6, 1),
        "t.u.v": (7, 5),
        "k.0": (8, 1),
        "k.0.w": (9, 5),
        "k.1": (10, 1),
        "k.1.w": (11, 5),
        "k.1.m": (12, 1),
        "k.1.m.n": (13, 5),
    }


def test_an_unknown_path_has_the_location_of_the_nearest_ancestor() -> None:
    found = locate(b"---\nr:\n  - a: 1\n---\n", ReadPolicy())
    assert location_of(found, ("r", 0, "missing", "deeper")) == (3, 5)
    assert location_of(found, ("nowhere",)) == (2, 1)


def test_what_stands_before_a_fault_is_located_and_a_file_that_cannot_be_read_has_one_location() -> None:
    assert locations("---\na: 1\nb: [\n---\n")["a"] == (2, 4)
    assert locate(b"text", ReadPolicy()) == {(): (1, 1)}
    assert locate(b"---\na: \xff\n---\n", ReadPolicy()) == {(): (1, 1)}
