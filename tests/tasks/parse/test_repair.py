"""Text repair: damage goes, and, more important, sound text stays."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.parse.repair import repair

KINDS = ("text", "line", "name", "url")


def repaired(text: str, kind: str = "text") -> str:
    return repair(pa.array([text], pa.string()), kind)[0].as_py()  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("damaged", "expected"),
    [
        ("one â€” two", "one — two"),
        ("Following â€˜Sensitiveâ€™ Exposure", "Following ‘Sensitive’ Exposure"),
        ("São Paulo, cafÃ©", "São Paulo, café"),
        ("ï»¿Hello", "Hello"),
        ("\ufeff Hello", "Hello"),
        ("&acirc;&euro;&trade;tis", "’tis"),
    ],
)
def test_mojibake_is_repaired(damaged: str, expected: str) -> None:
    assert repaired(damaged) == expected


@pytest.mark.parametrize(
    ("damaged", "expected"),
    [
        ("Using &lt;br&gt; in HTML", "Using <br> in HTML"),
        ("We&#8217;re here&hellip;", "We’re here…"),
        ("Tom &amp;amp; Jerry", "Tom & Jerry"),
        ("&amp;amp;quot;x&amp;amp;quot;", '"x"'),
        ("a&nbsp;b", "a b"),
    ],
)
def test_entities_are_unescaped_until_none_is_left(damaged: str, expected: str) -> None:
    assert repaired(damaged) == expected


@pytest.mark.parametrize(
    "text",
    [
        "AT&T", "R&D", "Q&A; more", "R&copy 2021", "&notit;", "&#0;", "&#xD800;", "&#7;", "&amp;amp;amp;amp;lt;",
        "“Curly” ‘quotes’ – and — dashes…", "„Schuß“ und „Spaß“", "« texte » d’été à Noël", "«JOSÉ»",
        "ação, não, à mão",
        "“IRMÃ” chegou", "zażółć gęślą jaźń", "日本語の記事、「引用」",
        "👩‍👩‍👧 ❤️ 🇵🇱",
        "Ελλάδα", "Україна", "50% off", "POKÉMON™",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", ["text", "line", "name"])
def test_sound_texts_stay_as_they_are(text: str, kind: str) -> None:
    assert repaired(text, kind) == text


@pytest.mark.parametrize("space", ["\u00a0", "\u202f", "\u2007"])
def test_non_breaking_spaces_become_spaces(space: str) -> None:
    assert repaired(f"«{space}texte{space}»{space}") == "« texte »"


def test_titles_have_one_line_and_excerpts_keep_their_paragraphs() -> None:
    text = " one \r\n\r\n two\rthree\u2028four  five\n"
    assert repaired(text, "line") == "one two three four  five"
    assert repaired(text) == "one \n\n two\nthree\u2028four  five"


@pytest.mark.parametrize(
    ("damaged", "expected"),
    [
        ("https://a.com/?x=1&amp;y=2", "https://a.com/?x=1&y=2"),
        ("https://a.com/?x=1&#038;y=2&#x26;z&AMP;w", "https://a.com/?x=1&y=2&z&w"),
        ("https://a.com/?x=1&amp;amp;amp;amp;amp;y", "https://a.com/?x=1&y"),
        (" \ufeffhttps://a.com/a b\n", "https://a.com/a b"),
    ],
)
def test_urls_get_their_ampersands_back(damaged: str, expected: str) -> None:
    assert repaired(damaged, "url") == expected


@pytest.mark.parametrize("url", ["https://a.com/?a=1&copy=1&amp=2&lt;=3", "https://a.com/a%20b\u2028c", "/x.jpg", ""])
def test_sound_urls_stay_as_they_are(url: str) -> None:
    assert repaired(url, "url") == url


@pytest.mark.parametrize(
    ("damaged", "expected"),
    [
        ("Smith%2c Jones", "Smith, Jones"),
        ("Jos%C3%A9%20Silva", "José Silva"),
        ("Tom %26amp%3B Jerry", "Tom & Jerry"),
        ("Two\r\nLines ", "Two Lines"),
    ],
)
def test_names_are_percent_decoded(damaged: str, expected: str) -> None:
    assert repaired(damaged, "name") == expected


@pytest.mark.parametrize("name", ["100%", "50%ab", "Fifty%50", "a%0Ab", "a%252cb", "%E9t%E9", "%zz"])
def test_names_whose_decoding_is_doubtful_stay(name: str) -> None:
    assert repaired(name, "name") == name


_PIECES = st.sampled_from(
    ["&", "amp;", "#38;", "#8217;", "lt;", "nbsp;", "â", "€", "”", "“", "Ã", "©", "\u00a0", "ï»¿", "\ufeff", "\r", "\n",
     "\u2028", "\x1c", "\x85", "\u3000", " ", "%2c", "%26", "%25", "%C3", "%A9", "%", "é", "a", "2c", "👍"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map("".join) | st.text())
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_repair_finds_nothing(kind: str, text: str) -> None:
    once = repaired(text, kind)
    assert repaired(once, kind) == once


def test_rows_keep_their_places_and_show_which_changed() -> None:
    texts = pa.array(["x", "a&amp;b", None, "sound", "a&amp;b", " c"]).slice(1)
    found = repair(texts, "text")
    assert found.to_pylist() == ["a&b", None, "sound", "a&b", "c"]
    assert pc.not_equal(found, texts).to_pylist() == [True, None, False, True, True]


def test_a_sound_column_is_handed_back_itself() -> None:
    for texts in (pa.array(["sound", None]), pa.array([], pa.string()), pa.array([None], pa.string())):
        assert repair(texts, "text") is texts


def test_a_long_run_of_spaces_is_one_more_text() -> None:
    assert repaired("a" + " " * 200_000 + "b\n", "line") == "a" + " " * 200_000 + "b"


@pytest.mark.parametrize("kind", KINDS)
def test_other_types_are_refused(kind: str) -> None:
    with pytest.raises(pa.ArrowTypeError, match="strings"):
        repair(pa.array([1]), kind)
