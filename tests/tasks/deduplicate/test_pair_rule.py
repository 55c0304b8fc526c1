"""The pair rule: what is one story, what only looks like it, and the evidence for it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
from msgspec.structs import replace

from config.match_rules import load_match_rules
from tasks.arrow.texts import normal_text
from tasks.deduplicate.pair import Story
from tasks.deduplicate.pair_rule import KINDS, PairRule, Relation, window_days
from tasks.deduplicate.related_pairs import stories
from tasks.parse.identity import features

RULES = load_match_rules()
MONDAY = datetime(2026, 3, 2, 8, tzinfo=UTC)
SNIPPET = "The night ferry came back to the bay on Sunday after four years of repairs and two broken promises."
LONG_SNIPPET = SNIPPET + " Its new engine runs on rapeseed oil pressed a mile from the quay."
OTHER_SNIPPET = "Harbour master Ines Roth says that nobody at the office believed in it before the first horn."


def record(
    title: str | None,
    excerpt: str | None = None,
    *,
    at: float | None = 0,
    outlet: str = "tides.example",
    **others: Any,
) -> dict[str, Any]:
    """A record's columns; `at` counts days from a Monday."""
    return {"title": title, "excerpt": excerpt, "at": at, "outlet": outlet, **others}


def relate(a: Any, b: Any, rule: PairRule | None = None) -> Relation | None:
    return (rule or PairRule(RULES)).relation(*both(a, b))


def both(a: Any, b: Any) -> list[Story]:
    names = ("title", "excerpt", "body", "type", "language")
    columns = {name: pa.array([r.get(name) for r in (a, b)], pa.string()) for name in names}
    moments = [None if r["at"] is None else int((MONDAY.timestamp() + r["at"] * 86400) * 1e6) for r in (a, b)]
    urls = pa.nulls(2, pa.string())
    found = features(columns, normal_text(columns["title"]), normal_text(columns["excerpt"]), urls)._asdict()
    own = {
        "outlet": pa.array([a["outlet"], b["outlet"]]),
        "language": columns["language"],
        "published_at": pa.array(moments, pa.int64()).cast(pa.timestamp("us", "UTC")),
        "page_key": pa.array([a.get("page_key"), b.get("page_key")], pa.string()),
        "article_id": pa.array(["a", "b"]),
    }
    return stories(pa.table(found | own))


def rule_of(a: Any, b: Any) -> str | None:
    relation = relate(a, b)
    return None if relation is None else relation.rule


def test_another_outlets_copy_with_the_same_headline_is_syndicated_whatever_its_snippet() -> None:
    headline = "Night ferry returns to Merrow Bay after four years"
    relation = relate(record(headline, SNIPPET), record(headline.upper(), OTHER_SNIPPET, outlet="wire.example", at=1.5))
    assert relation is not None
    assert (relation.match, relation.rule, relation.days) == ("syndicated", "equal-title", 1.5)
    assert relation.differing == ((), ())


@pytest.mark.parametrize("title", ["What we are reading this morning", "Divers find a brass compass downtown"])
def test_at_one_outlet_a_short_title_recurs_so_the_texts_have_a_say(title: str) -> None:
    first, next_day = record(title, SNIPPET), record(title, OTHER_SNIPPET, at=1)
    assert relate(first, next_day) is None
    again = relate(first, record(title, SNIPPET, at=0.4))
    assert again is not None
    assert (again.match, again.rule) == ("reposted", "equal-title")
    at_another_outlet = relate(first, {**next_day, "outlet": "wire.example"})
    assert (at_another_outlet is None) == title.startswith("What")


def test_the_evidence_names_shared_and_differing_title_words() -> None:
    a = record("Night ferry returns to Merrow Bay", SNIPPET)
    b = record("Night ferry returns to Merrow Bay at last", SNIPPET, outlet="wire.example")
    relation = relate(a, b)
    assert relation is not None
    assert relation.rule == "alike"
    assert relation.shared == ("bay", "ferry", "merrow", "night", "returns", "to")
    assert relation.differing == ((), ("at", "last"))
    assert 0.4 <= relation.similarity < 1


def test_a_new_headline_over_the_same_text_is_the_same_story_for_some_days() -> None:
    a = record("Night ferry returns to Merrow Bay", SNIPPET)
    b = record("Four years late: horns sound over broken promises", SNIPPET, outlet="wire.example", at=1)
    assert rule_of(a, b) == "retitled"
    assert relate(a, {**b, "at": 4}) is None


def test_a_long_text_that_is_the_same_counts_longer_under_a_new_headline() -> None:
    a = record("Night ferry returns to Merrow Bay", LONG_SNIPPET)
    b = record("Four years late: horns sound over broken promises", LONG_SNIPPET, outlet="wire.example", at=6)
    assert rule_of(a, b) == "retitled"
    assert relate(a, {**b, "at": 8}) is None
    assert relate(a, {**b, "excerpt": LONG_SNIPPET.replace("Sunday", "time").replace("mile", "day")}) is None


@pytest.mark.parametrize("outlet", ["tides.example", "wire.example"])
def test_an_article_may_come_again_months_later_even_if_its_snippet_was_cut_shorter(outlet: str) -> None:
    title = "How Merrow Bay is bringing its night ferry back with rapeseed oil"
    a, b = record(title, LONG_SNIPPET), record(title, SNIPPET, outlet=outlet, at=119)
    relation = relate(a, b)
    assert relation is not None
    assert (relation.rule, relation.days) == ("reissued", 119)
    assert relate(a, {**b, "at": 121}) is None
    assert relate(a, {**b, "excerpt": OTHER_SNIPPET}) is None
    assert relate(a, {**b, "title": f"{title} again"}) is None


def test_a_headline_with_a_number_may_come_again_within_the_week_only() -> None:
    title = "Why 38 gates of the Merrow Bay lock stood ajar"
    a, b = record(title, f"{OTHER_SNIPPET} {SNIPPET}"), record(title, f"{SNIPPET} Others say more.", at=5)
    assert rule_of(a, b) == "reissued"
    assert relate(a, {**a, "at": 21}) is None


@pytest.mark.parametrize(
    "title",
    [
        "This Harlow kettle is cheaper than it has ever been",
        "What the moon means for the harbour this week",
        "Power is out in the harbour: outage map and help",
        "Watch the night ferry come home to Merrow Bay",
        "Register for the tide tables workshop in Merrow Bay",
        "What is open in Merrow Bay on Thursday afternoon then",
    ],
)
def test_what_returns_with_another_story_is_not_an_article_that_came_again(title: str) -> None:
    assert len(title.split()) >= 8
    assert relate(record(title, LONG_SNIPPET), record(title, LONG_SNIPPET, at=7)) is None
    assert relate(record(title, LONG_SNIPPET), record(title, LONG_SNIPPET, at=28, outlet="wire.example")) is None


def test_headlines_differ_by_words_not_by_inflection_or_swapped_letters() -> None:
    a = record("Council announces ITSM tools for ferries", SNIPPET)
    b = record("Council announced ISTM tools for ferries: correction", SNIPPET)
    relation = relate(a, b)
    assert relation is not None
    assert (relation.match, relation.rule) == ("reposted", "alike")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("How to read a lock gate, part 1", "How to read a lock gate, part 2"),
        ("How to read a lock gate, part one", "How to read a lock gate, part two"),
        ("What is new in tide tables: May update", "What is new in tide tables: June update"),
        ("Tide tables 11.2 are here for everyone", "Tide tables 11.3 are here for everyone"),
        ("The Harlow 7 kettle is down to its lowest price", "The Brenner 9 kettle is down to its lowest price"),
    ],
)
@pytest.mark.parametrize("outlet", ["tides.example", "wire.example"])
def test_instalments_versions_and_products_of_one_template_stay_apart(one: str, other: str, outlet: str) -> None:
    assert relate(record(one, SNIPPET), record(other, SNIPPET, outlet=outlet, at=4)) is None


def test_a_deal_that_returns_is_another_one() -> None:
    deal = record("Harlow kettle falls to its lowest price ever", SNIPPET)
    assert relate(deal, {**deal, "at": 2}) is not None
    assert relate(deal, {**deal, "at": 7}) is None


def test_short_headlines_recur_and_short_texts_say_too_little() -> None:
    assert relate(record("Weekly update"), record("Weekly update", outlet="wire.example", at=1)) is None
    assert relate(record("Update", "All of it."), record("Update", "All of it.", outlet="wire.example")) is None


def test_longer_headlines_count_longer() -> None:
    six, eight = "Night ferry returns to Merrow Bay", "Night ferry returns to Merrow Bay after storm"
    for title, day, same in [(six, 7, True), (six, 7.01, False), (eight, 14, True), (eight, 14.01, False)]:
        related = relate(record(title, SNIPPET), record(title, OTHER_SNIPPET, outlet="wire.example", at=day))
        assert (related is not None) == same


def test_uploads_on_a_video_platform_stand_for_themselves() -> None:
    video = record("Night ferry returns to Merrow Bay", SNIPPET, outlet="youtube.com")
    assert relate(video, {**video, "at": 0.1}) is None
    assert relate(video, {**video, "outlet": "wire.example"}) is not None
    course = record("How Merrow Bay is bringing its night ferry back", LONG_SNIPPET, outlet="youtube.com")
    assert relate(course, {**course, "at": 5}) is None


def test_on_a_video_platform_the_very_same_words_without_a_date_are_one_upload() -> None:
    course = record("Reading a lock gate step by step", SNIPPET, at=None, outlet="youtube.com")
    assert rule_of(course, course) == "undated"


def test_a_portal_is_many_outlets() -> None:
    a = record("Night ferry returns to Merrow Bay", SNIPPET, outlet="msn.com")
    relation = relate(a, {**a, "at": 6})
    assert relation is not None
    assert relation.match == "syndicated"


def test_records_without_a_date_are_one_only_word_for_word() -> None:
    course = record("Reading a lock gate step by step", SNIPPET, at=None)
    assert rule_of(course, course) == "undated"
    assert relate(course, {**course, "excerpt": OTHER_SNIPPET}) is None
    assert relate(course, {**course, "at": 0}) is None


def test_pages_without_a_date_and_an_address_are_not_one_by_their_title_alone() -> None:
    page = record("How to read the tables of the tides in Merrow Bay", at=None, outlet="")
    assert relate(page, page) is None
    page = record("How to read the tables of the tides in Merrow Bay", LONG_SNIPPET, at=None, outlet="")
    assert relate(page, page) is not None


@pytest.mark.parametrize(("one", "other"), [("en", "fr"), (None, "fr"), ("zh-CN", "zh_TW")])
def test_texts_in_two_languages_are_not_one_story(one: str | None, other: str) -> None:
    original = record("The night ferry is back in Merrow Bay", SNIPPET, language=one)
    assert relate(original, original) is not None
    assert relate(original, original | {"language": other}) is None
    assert PairRule(RULES).conflicting(*both(original, original | {"language": other}))


def test_another_outlets_copy_need_not_name_its_language() -> None:
    original = record("The night ferry is back in Merrow Bay", SNIPPET, language="en")
    assert relate(original, original | {"language": None, "outlet": "wire.example"}) is not None


def test_the_rule_is_symmetric() -> None:
    a, b = record("Night ferry returns to Merrow Bay", SNIPPET), record("Night ferry returns at last", SNIPPET, at=1)
    b["outlet"] = "wire.example"
    forth, back = relate(a, b), relate(b, a)
    assert forth is not None
    assert back is not None
    assert back.differing == forth.differing[::-1]
    assert (back.rule, back.similarity, back.days) == (forth.rule, forth.similarity, forth.days)


def test_parameters_decide() -> None:
    a = record("Night ferry returns to Merrow Bay", SNIPPET)
    b = record("Night ferry returns to Merrow Bay at last", SNIPPET, outlet="wire.example")
    assert relate(a, b, PairRule(replace(RULES, similarity=0.99))) is None


BODY = " ".join(
    f"{word} of the harbour" for word in "crane rope winch tar mast sail keel bell lamp oar net buoy".split()
)
OTHER_BODY = " ".join(f"the {word} in bloom" for word in "rose apple hedge lawn fern moss tulip plum oak elm".split())
TELLING = "Divers raise bronze cannon off Port Ellery"
STOCK = "Everything you need to know about the match today"


def test_a_stock_headline_at_two_outlets_needs_more_evidence() -> None:
    a = record(STOCK, SNIPPET)
    assert relate(a, record(STOCK, OTHER_SNIPPET, outlet="wire.example")) is None
    assert rule_of(a, record(STOCK, SNIPPET + " More.", outlet="wire.example")) == "equal-title"
    with_body = record(STOCK, SNIPPET, body=BODY)
    assert rule_of(with_body, record(STOCK, OTHER_SNIPPET, outlet="wire.example", body=BODY)) == "equal-title"


def test_bodies_that_differ_keep_two_records_apart_whatever_else_is_equal() -> None:
    a, b = record(TELLING, SNIPPET, body=BODY), record(TELLING, SNIPPET, body=OTHER_BODY, outlet="wire.example")
    assert relate(a, b) is None
    assert PairRule(RULES).conflicting(*both(a, b))
    assert rule_of(a, {**b, "body": BODY}) == "equal-title"
    assert rule_of(a, {**b, "body": "Too short to say anything."}) == "equal-title"


def test_records_without_a_date_need_bodies_that_agree() -> None:
    title = "Notes from the parish and the harbour"
    a, b = (record(title, at=None, body=body) for body in (BODY, OTHER_BODY))
    assert relate(a, b) is None
    assert rule_of(a, record(title, at=None, body=BODY)) == "undated"


def test_a_video_and_an_article_are_two() -> None:
    a, b = record(TELLING, SNIPPET, type="video"), record(TELLING, SNIPPET, type="article")
    assert relate(a, b) is None
    assert relate(a, {**b, "type": "Video"}) is not None


def test_a_daily_programme_is_not_one_article() -> None:
    a, later = record("The evening news in full", SNIPPET), record("The evening news in full", SNIPPET, at=1)
    assert relate(a, later) is None
    assert relate(a, {**later, "at": 0.2}) is not None
    # The very same long body is the same page again.
    assert relate({**a, "body": BODY}, {**later, "body": BODY}) is not None


def test_another_outlets_label_credit_and_spelling_make_no_other_headline() -> None:
    a = record("Quayside Foods closes smokehouse in Dunlough and moves its line", SNIPPET)
    b = record(
        "Quayside plc: Quayside Foods closes smokehouse in Dunlough and moves line | Post",
        OTHER_SNIPPET,
        outlet="b.example",
    )
    assert rule_of(a, b) == "same-headline"
    assert relate(a, {**b, "at": 4}) is None


def test_a_headline_that_has_nothing_to_do_with_the_text_is_no_copy() -> None:
    cookies = (
        "We use cookies to make this site better and to show you advertisements that you may like; read our policy."
    )
    a, b = record("Oyster beds reopen", cookies), record("Mayor sacks coach", cookies, outlet="wire.example")
    assert relate(a, b) is None


def test_instalments_are_apart_in_any_language() -> None:
    a = record("Carnet de route en Laponie, deuxième étape", LONG_SNIPPET)
    b = record("Carnet de route en Laponie, troisième étape", LONG_SNIPPET, outlet="wire.example")
    assert relate(a, b) is None


def test_one_page_under_two_addresses() -> None:
    a = record("Weekly notes", "Tides and trains.", page_key="p")
    assert rule_of(a, record("Weekly notes", "Boats and buses.", page_key="p")) == "same-page"
    assert relate(a, record("Weekly notes", "Boats and buses.", page_key="q")) is None
    assert relate(a, record("Weekly notes", "Boats and buses.", page_key="p", outlet="b.example")) is None


def test_the_evidence_has_the_similarity_of_the_bodies() -> None:
    a, b = record(TELLING, SNIPPET, body=BODY), record(TELLING, SNIPPET, body=BODY, outlet="wire.example")
    relation = relate(a, b)
    assert relation is not None
    assert relation.body == 1.0
    without = relate(a, {**b, "body": None})
    assert without is not None
    assert without.body is None


def test_every_kind_of_match_has_candidates_and_a_window() -> None:
    assert {kind.candidates for kind in KINDS} == {"title", "headline", "page", "text"}
    assert window_days(RULES) == max(kind.days(RULES) for kind in KINDS)
