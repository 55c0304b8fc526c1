import pytest
import yaml

from tasks.front_matter import yaml_events
from tasks.front_matter.findings import MAX_FINDINGS, Findings, Node, StopReadingError
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.yaml_events import read_yaml

LENIENT = dict.fromkeys(("yaml/duplicate-key", "yaml/anchor", "yaml/alias", "yaml/tag"), "warn")
STRICT = ReadPolicy(actions={"yaml/duplicate-key": "reject"})


def read(text: str, policy: ReadPolicy | None = None) -> tuple[Node, Findings]:
    findings = Findings(policy or ReadPolicy(), text, first_line=2)
    try:
        return read_yaml(findings), findings
    except StopReadingError:
        return None, findings


def found(text: str, policy: ReadPolicy = STRICT) -> list[tuple[str, str, int, int]]:
    _, findings = read(text, policy)
    return [(each.code, each.field, each.line, each.column) for each in findings.problems]


def test_scalars_are_text_and_plain_nothing_is_null() -> None:
    tree, _ = read("a: No\nb:\nc: ~\nd: '~'\ne: \"\"\nf: |\n  x\ng: [1, {h: null}]\n")
    assert tree == {"a": "No", "b": None, "c": None, "d": "~", "e": "", "f": "x\n", "g": ["1", {"h": None}]}


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_nothing_is_an_empty_mapping(text: str) -> None:
    assert read(text)[0] == {}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ("yaml/duplicate-key", "a", 3, 1)),
        ("r:\n  - b: 1\n    b: 2\n", ("yaml/duplicate-key", "r[0].b", 4, 5)),
        ("a: &x y\n", ("yaml/anchor", "a", 2, 4)),
        ("é: !t y\n", ("yaml/tag", "é", 2, 4)),
        ("? [a]\n: b\n", ("yaml/complex-key", "", 2, 3)),
        ("a: {[b]: c}\n", ("yaml/complex-key", "a", 2, 5)),
        ("a: 1\n--- x\n", ("yaml/multiple-documents", "", 3, 1)),
        ("a: *x\n", ("yaml/syntax", "a", 2, 4)),
        ("a: b: c\n", ("yaml/syntax", "", 2, 5)),
        ('ok: 1\na: "x\n', ("yaml/syntax", "", 3, 4)),
        ("a:\n\tb: 1\n", ("yaml/syntax", "", 3, 1)),
        ("a: [1\n", ("yaml/syntax", "", 3, 1)),
        ('a: "\\ud83d"\n', ("text/surrogate", "a", 2, 4)),
        ('b: {a: "\\ude00\\ud83d"}\n', ("text/surrogate", "b.a", 2, 8)),
        ("a: x\0y\n", ("text/control-character", "", 2, 5)),
        ("a: x\x9dy\n", ("text/control-character", "", 2, 5)),
    ],
)
def test_every_finding_has_its_code_and_location(text: str, expected: tuple[str, str, int, int]) -> None:
    assert found(text) == [expected]


def test_both_halves_of_a_character_are_one() -> None:
    tree, findings = read('a: "\\ud83d\\ude00 x"\nb: {c: "\\uD83D\\uDE00"}\nd: \'\\ud83d\\ude00\'\n')
    assert tree == {"a": "😀 x", "b": {"c": "😀"}, "d": "\\ud83d\\ude00"}
    assert not findings.problems


def test_a_byte_order_mark_is_text_in_values_and_nothing_before_keys() -> None:
    tree, findings = read('\ufeffb: "\ufeffy"\na: \ufeffx\n')
    assert tree == {"a": "\ufeffx", "b": "\ufeffy"}
    assert not findings.problems


def test_of_a_repeated_key_the_last_one_counts_with_a_warning() -> None:
    tree, findings = read("a: {x: 1}\na: [2]\n")
    assert tree == {"a": ["2"]}
    assert (findings.problems, [each.code for each in findings.warnings]) == ([], ["yaml/duplicate-key"])


def test_all_findings_are_reported_and_the_tree_is_kept() -> None:
    tree, findings = read("a: &x 1\na: 2\nb: *x\nc: !t z\nd: x\x07\n", STRICT)
    assert tree == {"a": "2", "b": "1", "c": "z", "d": "x\ufffd"}
    names = ["alias", "anchor", "duplicate-key", "tag"]
    assert sorted(each.code for each in findings.problems) == ["text/control-character", *(f"yaml/{n}" for n in names)]
    assert [code for code, *_ in found("a: 1\na: 2\nb: [\n")] == ["yaml/duplicate-key", "yaml/syntax"]


def test_a_lenient_policy_warns_and_reads_on() -> None:
    tree, findings = read("a: &x [1]\na: 2\nb: *x\nc: !t ~\n<<: *x\n", ReadPolicy(actions=LENIENT))
    assert tree == {"a": "2", "b": ["1"], "c": "~", "<<": ["1"]}
    assert findings.problems == []
    assert {each.code for each in findings.warnings} == set(LENIENT)


def test_accepted_findings_leave_no_trace() -> None:
    _, findings = read("a: &x 1\n", ReadPolicy(actions={"yaml/anchor": "accept"}))
    assert (findings.problems, findings.warnings) == ([], [])


def test_depth_and_nodes_are_limited() -> None:
    assert found("a: [[1]]\n", ReadPolicy(max_depth=3)) == []
    assert found("a: [[1]]\n", ReadPolicy(max_depth=2)) == [("limit/depth", "a[0]", 2, 5)]
    assert found("a: 1\nb: 2\n", ReadPolicy(max_nodes=3)) == []
    assert found("a: 1\nb: 2\nc: 3\n", ReadPolicy(max_nodes=3)) == [("limit/nodes", "c", 4, 4)]


@pytest.mark.parametrize("level", ["[", "- ", "? ", "{a: ", "[{a: "])
def test_a_hundred_thousand_levels_stop_at_the_limit(level: str) -> None:
    assert [code for code, *_ in found(level * 100_000)] == ["limit/depth"]


@pytest.mark.parametrize(("value", "limit"), [("x", "limit/aliases"), ("~", "limit/nodes")])
def test_an_alias_bomb_stops_at_the_limits(value: str, limit: str) -> None:
    bomb = f"a0: &a0 [{', '.join([value] * 10)}]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10))
    assert [code for code, *_ in found(bomb, ReadPolicy(actions=LENIENT))] == [limit]


def test_aliases_may_not_stand_for_far_more_text_than_there_is() -> None:
    few = f"a: &a {'x' * 10_000}\nb: [{', '.join(['*a'] * 9)}]\n"
    assert found(few, ReadPolicy(actions=LENIENT)) == []
    many = few.replace("]", ", *a, *a]")
    assert [code for code, *_ in found(many, ReadPolicy(actions=LENIENT))] == ["limit/aliases"]


def test_a_chain_of_aliases_stops_at_the_limit() -> None:
    chain = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert [code for code, *_ in found(chain, ReadPolicy(actions=LENIENT))] == ["limit/depth"]


def test_an_alias_inside_its_own_anchor_is_no_loop() -> None:
    tree, findings = read("a: &a [*a]\n", ReadPolicy(actions=LENIENT))
    assert tree == {"a": [None]}
    assert [each.code for each in findings.problems] == ["yaml/syntax"]


def test_placeholders_of_templates_are_text() -> None:
    tree, findings = read("a: {{ page.title }}\nb: {c: 1, d: {{ x | y }}}\ne: [{{ z }}, 1]\n")
    assert tree == {"a": "{{ page.title }}", "b": {"c": "1", "d": "{{ x | y }}"}, "e": ["{{ z }}", "1"]}
    assert [each.code for each in findings.warnings] == ["yaml/placeholder"] * 3
    assert findings.problems == []


def test_tags_of_the_usual_types_are_no_finding() -> None:
    tree, findings = read('a: !!str 2020\nb: !!timestamp 2020-01-02\nc: !!seq [!!int "1"]\n')
    assert tree == {"a": "2020", "b": "2020-01-02", "c": ["1"]}
    assert findings.problems == findings.warnings == []


def test_a_dangerous_tag_is_only_text() -> None:
    tree, findings = read("a: !!python/object/apply:os.system ['exit 1']\n")
    assert tree == {"a": ["exit 1"]}
    assert [each.code for each in findings.problems] == ["yaml/tag"]


def test_findings_are_bounded() -> None:
    assert len(found("a: 1\n" * 5_000)) == MAX_FINDINGS


def test_it_works_without_libyaml(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_events, "_Loader", yaml.Loader)
    text = "a: &x 1\nb:\n  - c: 'd'\n    c: ~\n"
    assert read(text)[0] == {"a": "1", "b": [{"c": None}]}
    assert found(text) == [("yaml/anchor", "a", 2, 4), ("yaml/duplicate-key", "b[0].c", 5, 5)]
