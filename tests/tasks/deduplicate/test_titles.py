"""Comparing two titles: one headline in two dresses, instalments of one template, and links to a text."""

from __future__ import annotations

import pytest

from config.match_rules import load_match_rules
from tasks.deduplicate.titles import Titles

TITLES = Titles(load_match_rules())
LONG = "quayside foods closes smokehouse in dunlough and moves line to narvasund"


def same(a: str, b: str, first: str = "", second: str = "") -> bool:
    verdict = TITLES.same_headline((a, first), (b, second))
    assert verdict == TITLES.same_headline((b, second), (a, first))
    return verdict


def test_fillers_inflections_and_one_spelling_make_no_other_headline() -> None:
    assert same("the ferry merrow returns to dunlough harbour", "ferry merrow returned to dunlough harbor")
    assert same("twelve whales strand near narvasund pier", "12 whales strand near the narvasund pier")
    assert same("provance releases istm family of products", "provance releases itsm family of products")


@pytest.mark.parametrize(
    "other",
    [
        "ferry merrow returns to narvasund harbour",
        "ferry merrow never returns to dunlough harbour",
        "ferry merrow returns to dunlough harbour twice",
        "dunlough returns to ferry merrow harbour",
    ],
)
def test_one_other_word_or_order_is_another_headline(other: str) -> None:
    assert not same("ferry merrow returns to dunlough harbour", other)


def test_a_label_may_be_left_out_of_a_long_headline_only() -> None:
    assert same(f"quayside foods plc {LONG}", LONG, first=LONG)
    short = "child hurt near narvasund smokehouse"
    assert not same(f"hythe {short}", short, first=short)
    assert not same(f"hythe {LONG}", f"merrow {LONG}", first=LONG, second=LONG)


def test_a_stock_headline_is_none() -> None:
    assert not same("what to watch on tv this weekend", "what to watch on the tv this weekend")


def test_instalments_of_one_template_exchange_few_words() -> None:
    assert TITLES.of_one_template("hofläden im oberland teil drei", "hofläden im oberland teil vier")
    assert TITLES.of_one_template("carnet de route deuxième étape", "carnet de route troisième étape")
    assert not TITLES.of_one_template("hofläden im oberland", "hofläden im oberland")
    assert not TITLES.of_one_template("old ferry sinks at noon", "mayor opens new library hall")


def test_a_letter_at_the_end_is_an_instalment() -> None:
    assert TITLES.numbered_apart("lifeboat open day group a", "lifeboat open day group b")
    assert not TITLES.numbered_apart("a lifeboat open day", "lifeboat open day group b")


def test_a_headline_belongs_to_a_text_by_an_uncommon_word() -> None:
    assert TITLES.is_linked("oyster beds reopen", "oyster", "mayor speaks")
    assert TITLES.is_linked("oyster beds reopen", "", "oysters are back")
    assert not TITLES.is_linked("oyster beds reopen", "", "mayor speaks")
    assert not TITLES.is_linked("what is new", "what is", "what is on")


def test_british_and_american_spellings_have_one_root() -> None:
    british, american = (TITLES.canonical(f"{word} labour") for word in ("modernises", "modernizes"))
    assert british == american
    assert TITLES.canonical("defence") == TITLES.canonical("defense")
