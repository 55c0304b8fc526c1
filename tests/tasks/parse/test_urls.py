"""URL identity: what is one page, what is not, and what no URL may do to us."""

from __future__ import annotations

import hashlib
import pickle

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from config.url_rules import load_url_rules
from tasks.parse.urls import _cached_article_id, article_ids, canonical_urls, invalid_urls, is_home_page, page_keys

RULES = load_url_rules()


def forms(url: str) -> tuple[str | None, str | None]:
    found = canonical_urls(pa.array([url], pa.string()), RULES)
    return found.url[0].as_py(), found.key[0].as_py()


def canonical(url: str) -> str | None:
    return forms(url)[0]


def key(url: str) -> str | None:
    return forms(url)[1]


@pytest.mark.parametrize(
    ("url", "expected_url", "expected_key"),
    [
        ("HTTPS://www.Example.com:443/a/?utm_id=x&p=7#top", "https://www.example.com/a/?p=7", "example.com/a?p=7"),
        ("http://example.com", "http://example.com/", "example.com"),
        ("http://example.com/?", "http://example.com/", "example.com"),
        ("http://example.com/?p=12", "http://example.com/?p=12", "example.com?p=12"),
        ("http://example.com:8080/a", "http://example.com:8080/a", "example.com:8080/a"),
        ("http://user:secret@example.com/a", "http://example.com/a", "example.com/a"),
        ("http://[2001:DB8::1]:80/a", "http://[2001:db8::1]/a", "[2001:db8::1]/a"),
        ("http://example.com./a", "http://example.com/a", "example.com/a"),
        ("http://www.münchen.de/ü", "http://www.xn--mnchen-3ya.de/%C3%BC", "xn--mnchen-3ya.de/%C3%BC"),
        ("http://www.com/a", "http://www.com/a", "www.com/a"),
        ("http://example.com/a/../b//c/", "http://example.com/b//c/", "example.com/b//c"),
        ("http://example.com/a;/.b/..", "http://example.com/a;/", "example.com/a;"),
        ("http://example.com//.b[c/%2E%2e/d", "http://example.com//d", "example.com//d"),
        ("http://example.com/%7ea%2fb%c3", "http://example.com/~a%2Fb%C3", "example.com/~a%2Fb%C3"),
        ("http://example.com/100%?q=%%34%31", "http://example.com/100%25?q=%2541", "example.com/100%25?q=%2541"),
        ("http://example.com/a|b?c[]=[", "http://example.com/a%7Cb?c%5B%5D=%5B", "example.com/a%7Cb?c%5B%5D=%5B"),
        ("  http://example.com/a b\tc\n ", "http://example.com/a%20bc", "example.com/a%20bc"),
        ("http://example.com/a\u2028b", "http://example.com/a%E2%80%A8b", "example.com/a%E2%80%A8b"),
    ],
)
def test_normal_form(url: str, expected_url: str, expected_key: str) -> None:
    assert forms(url) == (expected_url, expected_key)


@pytest.mark.parametrize(
    "url",
    [
        "", " ", "/assets/x.jpg", "//example.com/a", "example.com/a", "mailto:a@example.com", "javascript:alert(1)",
        "ftp://example.com/a", "data:text/html,x", "http://", "http://.", "http://a..b/", "http://exa mple.com/",
        "http://example.com:99999/", "http://a%00b.com/",
    ],
)  # fmt: skip
def test_what_is_not_an_absolute_http_url_has_neither_form(url: str) -> None:
    assert forms(url) == (None, None)


def test_query_is_sorted_by_name_and_equal_names_keep_their_order() -> None:
    assert canonical("http://example.com/?b=1&a=2&&b=0&a=1") == "http://example.com/?a=2&a=1&b=1&b=0"
    assert key("http://example.com/?b=1;utm_source=x&a") == "example.com?a&b=1;utm_source=x"


@pytest.mark.parametrize("tracking", ["utm_source=x", "UTM_Medium=y", "utm%5Fid=1", "fbclid=z", "amp", "WT.mc_id=1"])
def test_tracking_parameters_go(tracking: str) -> None:
    assert key(f"http://example.com/a?{tracking}&id=1") == key("http://example.com/a?id=1")


@pytest.mark.parametrize(
    "parameter", ["id=1", "p=1", "story=1", "v=1", "cid=1", "ref=1", "utmost=1", "ampere=1", "page=2"]
)
def test_parameters_that_may_identify_a_page_stay(parameter: str) -> None:
    assert key(f"http://example.com/a?{parameter}") == f"example.com/a?{parameter}"


@pytest.mark.parametrize("other", ["/A", "/a%2Fb", "/a/b", "/a?x=1", "/a.html", "/index.html"])
def test_different_pages_have_different_keys(other: str) -> None:
    assert key("http://example.com" + other) != key("http://example.com/a")


@pytest.mark.parametrize(
    "url",
    [
        "https://www.youtube.com/watch?v=Abc-_123xyZ",
        "https://www.youtube.com/watch?list=PL1&v=Abc-_123xyZ&t=30s#comments",
        "https://m.youtube.com/watch?v=Abc-_123xyZ",
        "https://youtu.be/Abc-_123xyZ?si=q",
        "https://youtube.com/shorts/Abc-_123xyZ",
        "https://www.youtube.com/live/Abc-_123xyZ/",
        "https://www.youtube.com/embed/Abc-_123xyZ?autoplay=1",
        "https://www.youtube-nocookie.com/embed/Abc-_123xyZ",
    ],
)
def test_all_addresses_of_a_video_have_one_key(url: str) -> None:
    assert key(url) == "youtube.com/watch?v=Abc-_123xyZ"


def test_addresses_without_a_video_id_keep_the_general_key() -> None:
    paths = ["embed/videoseries?list=PL1", "embed/live_stream?channel=UC1", "playlist?list=PL1", "watch?v=short"]
    for page in (*(f"youtube.com/{path}" for path in paths), "notyoutube.com/watch?t=1&v=Abc-_123xyZ"):
        assert key(f"https://{page}") == page


def test_a_story_on_msn_is_known_by_its_number() -> None:
    assert key("https://www.msn.com/en-us/news/a-title/ar-AA1bcDE?ocid=x&cvid=1") == "msn.com/ar-AA1bcDE"
    assert key("https://www.msn.com/de-de/geld/ein-titel/ar-AA1bcDE") == "msn.com/ar-AA1bcDE"
    assert key("https://www.msn.com/en-us/technology/ar-vr") == "msn.com/en-us/technology/ar-vr"


@pytest.mark.parametrize(
    ("wrapped", "page"),
    [
        ("https://a-com.cdn.ampproject.org/c/s/a.com/x?amp&id=1", "https://a.com/x?id=1"),
        ("https://cdn.ampproject.org/v/a.com/x", "http://a.com/x"),
        ("https://www.google.com/amp/s/www.a.com/x/", "https://www.a.com/x/"),
        ("https://google.com/amp/s/a-com.cdn.ampproject.org/c/s/a%2Ecom/x", "https://a.com/x"),
        ("https://google.com/amp/s/youtu.be/Abc-_123xyZ", "https://youtu.be/Abc-_123xyZ"),
    ],
)
def test_amp_wrappers_come_off(wrapped: str, page: str) -> None:
    assert canonical(wrapped) == page
    assert key(wrapped) == key(page)


@pytest.mark.parametrize(
    "url",
    [
        "https://google.com/amp/s/nodot/x",
        "https://google.com/amp/s/a.com:99999/x",
        "https://google.com/amp/s/" + "google.com/amp/s/" * 3 + "a.com/x",
    ],
)
def test_what_cannot_be_unwrapped_stays(url: str) -> None:
    assert canonical(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/" + "%e4" * 33_000,
        "https://google.com/amp/s/" + "google.com/amp/s/" * 6_000,
        "https://example.com/?" + "a&" * 50_000,
    ],
)
def test_a_huge_url_is_one_more_url(url: str) -> None:
    again = canonical(url)
    assert again is not None
    assert canonical(again) == again


_PIECES = st.sampled_from(
    ["google.com/amp/s/", "x.cdn.ampproject.org/c/", "youtu.be/", "www.", "a", ".", "..", "/", "?", "&", "=",
     "%", "%41", "%2e", "%2F", "%25", "\\", ":", "@", "[", "|", " ", "\n", "é", "\u2028",
     "utm_x=1", "v=Abc-_123xyZ", ";", "#", "#!", "#/", "0x7f.1"]
)  # fmt: skip


@given(st.lists(_PIECES, max_size=12).map(lambda pieces: "https://" + "".join(pieces)))
@example("http://0x7f.1..")
def test_canonical_urls_are_idempotent_ascii_and_keep_the_key(url: str) -> None:
    once = canonical(url)
    if once is not None:
        assert once.isascii()
        assert canonical(once) == once
        assert key(once) == key(url)


_PLAIN_PIECES = st.sampled_from(
    ["www.", "a", "b-c", "--", ".", "..", ".com", "youtube.com", "google.com", "/amp/s/", "/", "//", "1", "~", "_", "A",
     "%41", "?", ":80", "'", "/.x", "/x.html"]
)  # fmt: skip


@given(st.sampled_from(["http://", "https://"]), st.lists(_PLAIN_PIECES, min_size=1, max_size=8).map("".join))
@example("https://", "www.com/a")
@example("https://", "www.a.com//")
@example("https://", "notyoutube.com/watch")
@example("http://", "m.youtube.com/shorts/Abc-_123xyZ")
def test_urls_that_need_no_look_have_the_forms_that_a_look_gives(scheme: str, rest: str) -> None:
    # A blank in front makes every URL one that has to be looked at.
    assert forms(scheme + rest) == forms(" " + scheme + rest)


def test_rows_keep_their_places_and_nulls() -> None:
    urls = pa.array(["http://a.com/1", None, "bad", "http://a.com/1", "http://a.com/2"]).slice(1)
    found = canonical_urls(urls, RULES)
    assert found.key.to_pylist() == [None, None, "a.com/1", "a.com/2"]
    assert found.url.to_pylist() == [None, None, "http://a.com/1", "http://a.com/2"]


def test_empty_and_all_null_columns() -> None:
    for urls in (pa.array([], pa.string()), pa.array([None], pa.string())):
        assert canonical_urls(urls, RULES).key.equals(urls)
        assert article_ids(urls).equals(urls)


def test_rules_work_after_a_trip_to_a_worker_process() -> None:
    urls = pa.array(["https://youtu.be/Abc-_123xyZ"])
    assert canonical_urls(urls, pickle.loads(pickle.dumps(RULES))).key.equals(canonical_urls(urls, RULES).key)


def test_article_id_is_the_start_of_the_sha_256_of_the_key() -> None:
    ids = article_ids(pa.array(["example.com/a", None, "example.com/a"]))
    expected = hashlib.sha256(b"example.com/a").hexdigest()[:32]
    assert ids.to_pylist() == [expected, None, expected]


def test_long_keys_are_not_cached() -> None:
    long = "example.com/" + "long" * 1_000
    cached = _cached_article_id.cache_info().currsize
    assert article_ids(pa.array([long])).to_pylist() == [hashlib.sha256(long.encode()).hexdigest()[:32]]
    assert _cached_article_id.cache_info().currsize == cached


def test_article_ids_never_change() -> None:
    # Readers store these ids: a change here breaks their joins.
    assert article_ids(pa.array(["example.com/a?id=7"]))[0].as_py() == "c51a419f1dde0d7095bec8898015e705"


def test_home_pages_have_neither_path_nor_query() -> None:
    keys = pa.array(["example.com", "example.com:8080", "[::1]", "example.com/a", "example.com?p=1", None])
    assert is_home_page(keys).to_pylist() == [True, True, True, False, False, None]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://example.com/app/#/news/1", "example.com/app#/news/1"),
        ("https://example.com/app/#!/news/1/", "example.com/app#!/news/1"),
        ("https://example.com/app#!about", "example.com/app#!about"),
        ("https://example.com/?p=1#/a b", "example.com?p=1#/a%20b"),
        ("https://example.com/a#top", "example.com/a"),
        ("https://example.com/a#/", "example.com/a"),
        ("https://example.com/a#!", "example.com/a"),
        ("https://example.com/a#!/", "example.com/a"),
        ("https://example.com/a#//", "example.com/a"),
        ("https://example.com/a#/!news", "example.com/a#/!news"),
        ("https://example.com/a#/?utm_source=x", "example.com/a"),
        ("https://example.com/a#/?id=7", "example.com/a#/?id=7"),
        ("https://example.com/a#/news?utm_source=x&b=1&a=2", "example.com/a#/news?a=2&b=1"),
    ],
)
def test_routes_are_pages_and_other_fragments_are_places(url: str, expected: str) -> None:
    assert key(url) == expected
    assert (canonical(canonical(url) or ""), key(canonical(url) or "")) == (canonical(url), expected)


def test_a_route_on_a_home_page_names_an_article() -> None:
    assert is_home_page(pa.array(["example.com#!news"])).to_pylist() == [False]


def test_the_name_of_the_script_in_front_of_a_path_is_noise() -> None:
    assert key("https://example.com/index.php/2026/a") == key("https://example.com/2026/a")
    assert canonical("https://example.com/index.php/2026/a") == "https://example.com/index.php/2026/a"
    assert key("https://example.com/index.php?id=7") == "example.com/index.php?id=7"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("example.com/uk/news/fire", "example.com/news/fire"),
        ("example.com/en-gb/news/fire", "example.com/us/news/fire"),
        ("example.com/news/fire-48211937", "example.com/sport/great-fire-48211937.html"),
        ("example.com/48211937-fire", "example.com/news/48211937"),
    ],
)
def test_two_addresses_of_one_page_have_one_page_key(one: str, other: str) -> None:
    keys = pa.array([one, other])
    pages = pc.coalesce(page_keys(keys, RULES), article_ids(keys))
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    "text",
    [
        "example.com/news/fire",
        "example.com/de/news",
        "example.com/20260401/fire",
        "example.com/fire-20260401",
        "example.com/fire-240102",
        "example.com/fire-2026040112",
        "example.com/gallery/48211937/photo-1",
        "e.com/a123456b",
    ],
)
def test_other_addresses_have_no_page_key(text: str) -> None:
    assert page_keys(pa.array([text, None]), RULES).to_pylist() == [None, None]


def test_a_page_number_is_one_of_its_host() -> None:
    pages = page_keys(pa.array(["a.example/x-48211937", "b.example/x-48211937"]), RULES)
    assert pages[0] != pages[1]


def test_invalid_urls() -> None:
    texts = pa.array(["https://example.com/", "ftp://example.com/", "/a", "", None])
    assert invalid_urls(texts, RULES).to_pylist() == [False, True, True, True, False]


_HOSTS = st.lists(
    st.sampled_from(["xn--a", "xn--80ak6aa92e", "a--b", "-", "1", "0x7f", "256", "com", "x"]) | st.text("ax0-."),
    max_size=6,
).map(".".join)


@given(st.tuples(st.sampled_from(["http://", "https://", "https:"]), _HOSTS, st.text("/ab%?#:@\\ \"'`{|é", max_size=5)))
@example(("https://", ".".join(["a" * 60] * 6), "/"))
@example(("https://", "a.1e", "/"))
def test_the_quick_look_at_urls_says_what_reading_them_says(parts: tuple[str, str, str]) -> None:
    urls = pa.array(["".join(parts)])
    assert invalid_urls(urls, RULES).equals(canonical_urls(urls, RULES).key.is_null())


def test_other_types_are_refused() -> None:
    for function in (article_ids, is_home_page, lambda numbers: canonical_urls(numbers, RULES)):
        with pytest.raises(pa.ArrowTypeError, match="strings"):
            function(pa.array([1]))
