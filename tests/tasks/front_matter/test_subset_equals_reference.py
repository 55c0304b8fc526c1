"""The fast reader gives the reference's tree or leaves the document to it: a differential fuzz.

`PRESSLAKE_FUZZ_EXAMPLES` sets how many documents each property tries.
"""

from __future__ import annotations

import os
from typing import Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.front_matter.findings import Findings, Node, StopReadingError
from tasks.front_matter.policy import ReadPolicy
from tasks.front_matter.yaml_events import read_yaml
from tasks.front_matter.yaml_subset import SubsetReader

EXAMPLES: Final = int(os.environ.get("PRESSLAKE_FUZZ_EXAMPLES", "500"))
FUZZ: Final = settings(
    max_examples=EXAMPLES,
    derandomize="PRESSLAKE_FUZZ_EXAMPLES" not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
POLICY: Final = ReadPolicy(max_depth=6, max_nodes=60)

#: One reader for all examples, so that what one document leaves in the memo meets the next one.
FAST: Final = SubsetReader(POLICY)

DOCUMENTS: Final = (
    'title: "A # heading: \\"quoted\\" \\u00e9\\n"\nheat: -1\nempty:\nurl: https://a.example/b?c=d#e\n',
    "provider:\n  name: Example News\n  images:\n    - url: /a.png\n      width: 50\n"
    "topics:\n  - One\n  - Two: three\n",
    "related:\n  - title: \"It's\"\n    provider:\n      name: 'It''s'\n    images:\n"
    '      - url: "x"\n        width: 1\n\n'
    '  - title: null\n    quality: ~\n    webUrl: ""\n\nend: ""\n',
    "tags:\n- a\n- b: c\n  d:\n  - e\n  f: g\nlast: x y  \n",
    "a:\n    - b: 1\n      c:\n        d:\n          e: 1\n    - plain - text\n",
    "summary: |\n  text\n  - more: text\nnext: >-\n  folded\n",
    'long: "begins\n  and ends"\nother: plain\n  goes on\n',
    "flow: {a: 1, b: [2, 3]}\nanchor: &a x\nalias: *a\ntag: !t y\n? complex\n: value\n",
    "title: café — “déjà vu” \U0001f600\r\ncrlf: yes\r\nlist:\r\n  - one\r\n",
)

FRAGMENTS: Final = (
    *":-#?&*!|>%@`\"'{}[],~=<\\/.",
    *(" ", "  ", "\n", "\t", "\r", "\r\n"),
    *"\0\x7f\x85\xa0\u2028\ufeff\ufffeé\U0001f600",
    *(": ", " #", "- ", "\n\n", "\n- ", "\n  - ", "\n    - ", "\n  ", "\n    ", "key:", "k: v", "---", "...", "<<: x"),
    *("null", '""', "''", '"a"', "'a'", "''''", "-1", "--", "::"),
    *("\\n", "\\x41", "\\u0041", "\\ud800", "\\U0001F600", "\\ ", "\\\n"),
)

words = st.sampled_from(("a", "b", "Ab_c", "x-y", "it's", "1", "-1", "null", "~", "http://x/y", "é", "<<", "=", "No"))
values = st.one_of(
    words,
    st.lists(st.one_of(words, st.sampled_from(FRAGMENTS)), max_size=4).map("".join),
    words.map('"{}"'.format),
    words.map("'{}'".format),
    st.just(""),
)
lines = st.builds(
    "{}{}{}{}{}{}".format,
    st.sampled_from(("", "", "", "  ", "  ", "    ", "    ", "      ", " ", "   ", "\t")),
    st.sampled_from(("", "", "", "- ", "- ", "-", "-  ", "- - ")),
    st.sampled_from(("a:", "b:", "c:", "d:", "e:", "f:", "", "", "'q':", '"q":', "k :", "null:", "<<:", "é:", "1:")),
    st.sampled_from((" ", " ", " ", "", "  ", "\t")),
    values,
    st.sampled_from(("\n", "\n", "\n", "\n", "\n\n", " \n", "\r\n", " # note\n", "\n  \n", "")),
)


@st.composite
def mappings(draw: st.DrawFn, indent: int = 0, depth: int = 1) -> str:
    """A block mapping with sound structure and odd values."""
    text = ""
    for key in draw(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3, unique=True)):
        kind = draw(st.sampled_from(("scalar", "scalar", "mapping", "list", "list"))) if depth < 4 else "scalar"
        text += " " * indent + key + ":"
        if kind == "scalar":
            text += f" {draw(values)}\n"
        elif kind == "mapping":
            text += "\n" + draw(mappings(indent + draw(st.sampled_from((2, 2, 1, 4))), depth + 1))
        else:
            text += "\n" + draw(block_lists(indent + draw(st.sampled_from((2, 2, 0, 4))), depth + 1))
    return text


@st.composite
def block_lists(draw: st.DrawFn, indent: int, depth: int) -> str:
    """A block list whose items are odd values or mappings."""
    text = ""
    for is_mapping in draw(st.lists(st.booleans(), min_size=1, max_size=3)):
        item = draw(mappings(indent + 2, depth + 1))[indent + 2 :] if is_mapping else f"{draw(values)}\n"
        text += " " * indent + "- " + item + draw(st.sampled_from(("", "", "\n")))
    return text


def reference(text: str) -> tuple[Node, bool]:
    """The reference's tree, and whether it had nothing to find fault with."""
    findings = Findings(POLICY, text)
    try:
        tree = read_yaml(findings)
    except StopReadingError:
        return None, False
    return tree, not findings.problems


def check_equal(text: str) -> None:
    for fast in (FAST, SubsetReader(POLICY)):
        tree = fast.read(text.encode())
        if tree is not None:
            assert (tree, True) == reference(text)


@FUZZ
@given(st.lists(lines, min_size=1, max_size=9).map("".join))
def test_near_subset_documents(text: str) -> None:
    check_equal(text)


@FUZZ
@given(mappings())
def test_well_built_documents_with_odd_values(text: str) -> None:
    check_equal(text)


@FUZZ
@given(
    st.sampled_from(DOCUMENTS),
    st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 4), st.one_of(st.just(""), st.sampled_from(FRAGMENTS))),
        min_size=1,
        max_size=3,
    ),
)
def test_mutated_documents(text: str, edits: list[tuple[float, int, str]]) -> None:
    for where, removed, inserted in edits:
        at = int(where * len(text))
        text = text[:at] + inserted + text[at + removed :]
    check_equal(text)


def test_the_fast_reader_takes_what_it_is_made_for() -> None:
    for text in (*DOCUMENTS[:2], DOCUMENTS[2], *DOCUMENTS[3:5], DOCUMENTS[8]):
        tree = SubsetReader(ReadPolicy()).read(text.encode())
        assert tree is not None
        assert tree == read_yaml(Findings(ReadPolicy(), text))
