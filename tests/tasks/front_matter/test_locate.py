from tasks.front_matter.locate import locate, place_of
from tasks.front_matter.policy import ReadPolicy


def places(text: str) -> dict[str, tuple[int, int]]:
    found = locate(text.encode(), ReadPolicy())
    return {".".join(map(str, path)): place for path, place in found.items()}


def test_yaml_scalars_stand_at_their_value_and_collections_at_their_key() -> None:
    assert places("---\ntitle: é\nr:\n  - a: 1\n    b: 'q'\n  - [x]\np:\n  q: ~\n---\n") == {
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


def test_json() -> None:
    assert places('{"a": {},\n "b": [1, {"c": "x,y"}],\n "d": []}\n') == {
        "": (1, 1),
        "a": (1, 2),
        "b": (2, 2),
        "b.0": (2, 8),
        "b.1": (2, 11),
        "b.1.c": (2, 17),
        "d": (3, 2),
    }


def test_toml() -> None:
    text = "+++\na = 1\n'b c'.d = '''\nx = 1\n'''\n[t.u]\nv = 2\n[[k]]\nw = 3\n[[k]]\nw = 4\n[k.m]\nn = 5\n+++\n"
    assert places(text) == {
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


def test_an_unknown_path_has_the_place_of_the_nearest_ancestor() -> None:
    found = locate(b"---\nr:\n  - a: 1\n---\n", ReadPolicy())
    assert place_of(found, ("r", 0, "missing", "deeper")) == (3, 5)
    assert place_of(found, ("nowhere",)) == (2, 1)


def test_what_stands_before_a_syntax_error_is_located() -> None:
    found = locate(b"---\na: 1\nb: [\n---\n", ReadPolicy())
    assert found[("a",)] == (2, 4)


def test_a_file_without_front_matter_or_in_no_encoding_has_one_place() -> None:
    assert locate(b"text", ReadPolicy()) == {(): (1, 1)}
    assert locate(b"---\na: \xff\n---\n", ReadPolicy()) == {(): (1, 1)}
