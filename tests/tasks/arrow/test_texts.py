"""Words, stable shingle hashes, and outlets."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasks.arrow.texts import (
    named_outlets,
    normal_text,
    normal_words,
    outlets,
    registrable_domain,
    shingles,
    word_counts,
)


def strings(*texts: str | None) -> pa.StringArray:
    return pa.array(texts, pa.string())


def hashes(title: str | None, excerpt: str | None = None) -> list[int]:
    lists: list[list[int]] = shingles(strings(title), strings(excerpt)).to_pylist()
    return lists[0]


def test_normal_text_keeps_letters_and_digits() -> None:
    assert normal_text(strings("  The ﬁrst “Café”, 10 km—away!", None)).to_pylist() == [
        "the first café 10 km away",
        None,
    ]


def slow_normal_text(texts: pa.StringArray) -> pa.StringArray:
    """With one expression for the signs of all scripts."""
    texts = pc.replace_substring_regex(texts, "[\u00ad\u200b\u200e\u200f\u2060\ufeff™®©℠]", "")
    words = pc.replace_substring_regex(pc.utf8_lower(pc.utf8_normalize(texts, "NFKC")), r"[^\pL\pN\pM]+", " ")
    return pc.utf8_trim_whitespace(words)


def test_signs_of_every_script_are_told() -> None:
    characters = [chr(code) for code in range(1, 0x20000) if not 0xD800 <= code < 0xE000]
    # Blanks between them, so that no two make a tag or an entity.
    texts = [" a ".join(characters[i : i + 200]) for i in range(0, len(characters), 200)]
    expected = slow_normal_text(strings(*texts)).to_pylist()
    assert [normal_text(strings(text))[0].as_py() for text in texts] == expected


@pytest.mark.parametrize(
    ("marked", "bare"),
    [
        ("Acme™ WeldMate® (TM) wins", "acme weldmate wins"),
        ("Donau\u00addampf\u200bschiff", "donaudampfschiff"),
        ("<b>Kelp</b> far<i>mers</i>", "kelp farmers"),
        ("one<br/>two</p><p>three", "one two three"),
        ("L&rsquo;orgue &amp; la fl&#251;te", "l orgue la flûte"),
        ("a < b > c & d", "a b c d"),
        ("Tom &amp;amp; Jerry in &lt;b&gt;Kelp&lt;/b&gt;", "tom jerry in kelp"),
        ("<a href='x'>Link</a>ed <span class=cut", "linked span class cut"),
        ('<div class="intro">Cut short', "cut short"),
        ("Acme(R) wins", "acme wins"),
    ],
)
def test_marks_and_mark_up_are_no_words(marked: str, bare: str) -> None:
    assert normal_text(strings(marked, None, "plain")).to_pylist() == [bare, None, "plain"]


def test_words_of_a_body_are_counted() -> None:
    texts = strings("It's a well-known fact: 12 boats.", "今日は雨 ok", None, "", "नमस्ते दुनिया", "* * *")
    assert word_counts(texts).to_pylist() == [6, 5, 0, 0, 2, 0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The HTML <dialog> element", "The HTML <details> element"),
        ("The HTML &lt;b&gt; element", "The HTML &lt;i&gt; element"),
        ("Preview of group (C)", "Preview of group (R)"),
        ("a<b and c>d", "a and d"),
    ],
)
def test_what_a_title_is_about_is_no_mark_up(one: str, other: str) -> None:
    texts = normal_text(strings(one, other))
    assert texts[0] != texts[1]


@pytest.mark.parametrize("text", ["<b>", "<b ", "</b", "<b x=", "&amp;", "(r)", "= ", "  "])
def test_mark_up_without_end_costs_no_more_than_its_length(text: str) -> None:
    # By the square of its length each would take minutes.
    assert normal_text(strings(f"<b {text * 100_000}z"))[0].as_py().endswith("z")


def test_an_outlet_is_named_by_a_portal() -> None:
    outlet = strings("msn.com", "msn.com", "msn.com", "post.example")
    domains = strings("msn.com", "www.herald.example", None, "post.example")
    names = strings(" The Post on MSN", "Herald", "Times via Yahoo News", " ")
    assert named_outlets(outlet, domains, names).to_pylist() == [
        *("the post on msn", "herald.example", "times via yahoo news", None)
    ]


def test_texts_of_one_batch_may_have_thousands_of_different_signs() -> None:
    texts = strings("Plain, ASCII", *(f"{chr(code)}b{chr(code + 1)}" for code in range(0x2000, 0x3000)))
    assert normal_text(texts).equals(slow_normal_text(texts))


def test_signs_of_scripts_without_spaces_are_words() -> None:
    assert normal_words(strings("夜の船 returns")).to_pylist() == ["夜 の 船 returns"]


def test_hashes_never_change() -> None:
    assert hashes("Night ferry returns") == [7067474087413710893]
    assert hashes("Night") == [-1438448316671056189]


def test_a_text_has_a_run_from_every_word_that_two_follow() -> None:
    assert len(hashes("one two three four five")) == 3
    assert [len(hashes(text)) for text in ("one two three", "one two", "one", "", "…")] == [1, 1, 1, 0, 0]


def test_order_of_words_counts_but_case_and_punctuation_do_not() -> None:
    assert hashes("one two three") != hashes("three two one")
    assert hashes("one two three") == hashes("One, two: THREE!")


def test_title_and_excerpt_make_one_sorted_set() -> None:
    both = hashes("one two three", "one two three four")
    assert both == sorted({*hashes("one two three"), *hashes("two three four")})


def test_hashes_do_not_depend_on_the_rest_of_the_batch() -> None:
    texts = ["one two three", None, "one", "", "two three four five", "one two three"]
    together = shingles(strings(*texts), strings(*reversed(texts))).to_pylist()
    assert together == [hashes(a, b) for a, b in zip(texts, reversed(texts), strict=True)]


def test_no_records_have_no_hashes() -> None:
    assert shingles(strings(), strings()).to_pylist() == []


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("www.tides.example", "tides.example"),
        ("news.bbc.co.uk", "bbc.co.uk"),
        ("Deep.Sub.ABC.net.au.", "abc.net.au"),
        ("t.co", "t.co"),
        ("localhost", "localhost"),
        ("news.orf.at", "orf.at"),
    ],
)
def test_an_outlet_is_a_registrable_domain(host: str, domain: str) -> None:
    assert registrable_domain(host) == domain


def test_the_address_names_the_outlet_and_else_the_provider() -> None:
    urls = strings("https://www.tides.example/a?b=c.example", "http://me@wire.example:8080", None, None)
    domains = strings("other.example", None, "shop.tides.example", None)
    assert outlets(urls, domains).to_pylist() == ["tides.example", "wire.example", "tides.example", None]


def test_a_text_has_one_normal_form_whatever_stands_beside_it() -> None:
    texts = ["Plain, ASCII", "ﬁne — “Ünïcode”", None, "", "東京 Tower", "ＦＵＬＬ width"]
    together = normal_words(strings(*texts)).to_pylist()
    assert together == [normal_words(strings(text))[0].as_py() for text in texts]
    assert together[:2] == ["plain ascii", "fine ünïcode"]
    assert together[4:] == ["東 京 tower", "full width"]
