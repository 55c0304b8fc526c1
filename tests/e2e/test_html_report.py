"""The HTML report in a real browser: it loads from a file, alone, and shows the numbers of the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from flows.cli import main
from tests.builders import Desk, article, page
from tests.e2e.browser import Seen, opened_page

SCRIPT = "</title></style></script><script>alert(1)</script><img src=x onerror=alert(1)>"
SAMPLE = Path(__file__).parents[2] / "docs" / "sample"
PHONE = {"viewport": {"width": 360, "height": 740}, "is_mobile": True, "has_touch": True}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """The sample newsroom, and a source whose texts try to be scripts, loaded in two runs."""
    desk = Desk(tmp_path_factory.mktemp("report"))
    (desk.root / "sample").symlink_to(SAMPLE)
    desk.run("sample")
    for number in range(3):
        provider = {"name": f"{number} {SCRIPT}", "domain": f"x{number}.example"}
        fields = {"topics": [SCRIPT], "provider": provider, "originalUrl": page(1)}
        desk.write(f"{number}.md", article(f"The ferry {SCRIPT}", f"Text {number}.", **fields))
    desk.write("bad.md", article(SCRIPT, publishedDateTime=SCRIPT))
    desk.run("news")
    yield desk


@pytest.fixture(scope="module")
def url(desk: Desk) -> str:
    file = desk.root / "report.html"
    assert main(["report", "--warehouse", str(desk.warehouse.root), "-o", str(file)]) == 0
    return file.as_uri()


@pytest.fixture
def shown(watched_page: tuple[Page, Seen], url: str) -> Page:
    watched_page[0].goto(url)
    return watched_page[0]


def numbers(page: Page, figure: str) -> list[list[str]]:
    """The rows of a figure's table, as a reader sees them once it is open."""
    page.locator(f"#{figure} summary").click()
    rows = page.locator(f"#{figure} tbody tr").all()
    return [row.locator("th, td").all_inner_texts() for row in rows]


def test_it_loads_alone_without_an_error_and_runs_no_script(watched_page: tuple[Page, Seen], url: str) -> None:
    page, seen = watched_page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url, wait_until="networkidle")
    assert [request for request in asked if not request.startswith("data:")] == [url]
    assert (seen.errors, seen.dialogs, seen.outside) == ([], [], [])
    assert page.locator("script, img").count() == 0
    assert page.get_by_text(f"The ferry {SCRIPT}").count() == 1


def test_the_policy_would_stop_a_script_that_got_in(watched_page: tuple[Page, Seen], desk: Desk, url: str) -> None:
    page, seen = watched_page
    file = desk.root / "tampered.html"
    html = (desk.root / "report.html").read_text()
    file.write_text(html.replace("</main>", "<script>alert(1)</script><img src=x onerror=alert(1)></main>"))
    page.goto(file.as_uri())
    assert seen.dialogs == []
    assert len(seen.errors) >= 2


def test_tiles_say_what_the_tables_have(shown: Page, desk: Desk) -> None:
    for name in ("articles", "duplicates", "quarantine", "sources"):
        value = shown.locator(f"#tile-{name}").evaluate("tile => tile.firstChild.textContent")
        assert int(value.replace(",", "")) == len(desk.rows(name)), name


def test_charts_are_drawn_with_the_numbers_of_the_tables(shown: Page, desk: Desk) -> None:
    months = numbers(shown, "articles-by-month")
    by_month = Counter(f"{row['published_at']:%Y-%m}" for row in desk.rows("articles") if row["published_at"])
    assert {row[0]: int(row[-1]) for row in months if row[-1] != "0"} == by_month
    tips = shown.locator("#articles-by-month .wide title").all_text_contents()
    assert sum(int(tip.rsplit(": ", 1)[1].split()[0]) for tip in tips) == sum(by_month.values())
    matches = Counter(row["match"] for row in desk.rows("duplicates"))
    assert {name: int(number) for name, number in numbers(shown, "duplicates-by-kind")} == matches
    files: Counter[str] = Counter()
    for row in desk.rows("quarantine"):
        files.update({finding["code"] for finding in row["violations"] if finding["severity"] == "error"})
    assert {name: int(number) for name, number in numbers(shown, "quarantine-now")} == files
    runs = numbers(shown, "run-durations")
    parse = [stage["seconds"] for row in desk.rows("runs") for stage in row["stages"] if stage["stage"] == "parse"]
    assert [row[2] for row in runs] == [f"{seconds:.2f}" for seconds in reversed(parse)]
    for chart in shown.locator(".wide").all():
        box = chart.locator("svg").bounding_box()
        assert box
        assert box["width"] > 500
        assert chart.locator("path[fill^=var]").count() > 0


def test_a_phone_shows_it_without_scrolling_sideways(browser: Browser, url: str) -> None:
    with opened_page(browser, **PHONE) as (page, seen):
        page.goto(url)
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        assert page.locator(".wide:visible").count() == 0
        assert page.locator(".narrow:visible").count() == page.locator("figure").count()
        assert seen.errors == []


def contrast(page: Page, text: str, ground: str) -> float:
    """Contrast of an element's colour with another's background (WCAG 2.2, relative luminance)."""
    script = """([text, ground]) => {
        const light = colour => colour.match(/[\\d.]+/g).slice(0, 3)
            .map(part => part / 255).map(part => part <= .04045 ? part / 12.92 : ((part + .055) / 1.055) ** 2.4)
            .reduce((sum, part, place) => sum + part * [.2126, .7152, .0722][place], 0);
        const style = element => getComputedStyle(document.querySelector(element));
        const a = light(text.endsWith('rect') ? style(text).fill : style(text).color);
        const b = light(style(ground).backgroundColor);
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    }"""
    ratio: float = page.evaluate(script, [text, ground])
    return ratio


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(browser: Browser, url: str, scheme: str) -> None:
    with opened_page(browser, color_scheme=scheme) as (page, _):
        page.goto(url)
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(14, 17, 22)"
        assert dark == (scheme == "dark")
        for text in (".soft", ".attention .more", ".badge", ".attention strong"):
            ground = {".soft": "section", ".badge": ".badge"}.get(text, ".attention li")
            assert contrast(page, text, ground) >= 4.5, text
        for colour in range(1, page.locator("#articles-by-month .legend li").count() + 1):
            assert contrast(page, f"#articles-by-month .legend li:nth-child({colour}) rect", "section") >= 3, colour


def test_it_can_be_used_by_keyboard(shown: Page) -> None:
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.className") == "skip"
    shown.locator("#articles-by-topic summary").focus()
    shown.keyboard.press("Enter")
    assert shown.locator("#articles-by-topic table").is_visible()
    shown.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.getAttribute('role')") == "region"
