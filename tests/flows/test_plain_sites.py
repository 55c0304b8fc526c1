"""Plain folders of the usual generators load as they are: no configuration, nothing invented, identity stays safe."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from config.contract import load_contract
from tasks.maintain.guarantees import verify_warehouse
from tasks.report.html_data import read_report
from tasks.report.html_page import render_page
from tests.builders import Desk

JEKYLL = {
    "_posts/2021-04-15-night-ferry.md": "---\nlayout: post\ntags: sea ferry\nauthor: Ann\n---\nNo title here.",
    "news/_posts/2021-05-01-dry-dock.markdown": "---\ntitle: Dry dock\ndate: 2021-05-01 10:30:00 -0400\n---\nText.",
    "_posts/2021-06-01-hidden.md": "---\ntitle: Hidden\npublished: false\ndescription: Not yet.\n---\nText.",
    "_drafts/half.md": "---\ntitle: Half\n---\nText.",
    "old.html": "---\nredirect_to: /new/\n---\n",
    "about.md": "---\ntitle: About\npermalink: /about/\n---\nText.",
}
HUGO = {
    "content/_index.md": "---\ntitle: Home\n---\n",
    "content/posts/_index.md": "+++\ntitle = 'Posts'\n+++\n",
    "content/posts/ferry/index.md": (
        "+++\nTitle = 'Ferry'\ndate = 2021-04-15T10:00:00Z\nlastmod = 2021-05-01\ndraft = true\n"
        "tags = ['sea']\ncategories = ['news', 'sea']\n[params]\nauthor = 'Ann'\n+++\nText.\n"
    ),
    "content/posts/ferry/index.fr.md": "---\ntitle: Bac\ndate: 2021-04-15\nsummary: Un bac.\nslug: bac\n---\nTexte.",
    "content/posts/old.md": '{"title": "Old", "publishDate": "2001-02-03", "expiryDate": "2002-01-01"}\nText.',
}
ZOLA = {
    "content/blog/_index.md": "+++\nsort_by = 'date'\n+++\n",
    "content/blog/2021-04-15-ferry.md": (
        "+++\ntitle = 'Ferry'\nupdated = 2021-05-01\nauthors = ['Ann', 'Bob']\n[taxonomies]\ntags = ['sea']\n"
        "[extra]\nimage = 'a.png'\n+++\nText.\n"
    ),
    "content/news.md": "+++\ntitle = 'News'\npath = '2021/05/01/news'\ndescription = 'Short.'\n+++\nText.\n",
}
HEXO = {
    "source/_posts/ferry.md": "title: Ferry\ndate: 2021-04-15 10:00:00\n---\n",
    "source/_posts/sea.md": "---\ntitle: Sea\ndate: 2021-04-15 10:00:00\ncategories: [[Sea, Ships]]\nlang: en\n---\n",
    "source/_drafts/half.md": "---\ntitle: Half\n---\nText.",
}
ELEVENTY = {
    "posts/2021-04-15/ferry.md": '---json\n{"title": "Ferry", "tags": ["post", "sea"]}\n---\nText.',
    "posts/sea.md": "---\ntitle: Sea\ndate: git Last Modified\npermalink: false\n---\nText.",
    "posts/moved.md": "---\ntitle: Moved\nredirect_to: https://other.example/moved\n---\n",
}
ASTRO = {
    "src/content/blog/ferry.mdx": (
        "---\ntitle: Ferry\ndescription: Back.\npubDate: 'Apr 15 2021'\nupdatedDate: 2021-05-01\nheroImage: ./a.png\n"
        "---\nimport A from './A.astro'\n\n<A />\n"
    ),
    "src/content/docs/fr/guide.mdx": "---\ntitle: Guide\n---\nTexte.",
}
DOCUSAURUS = {
    "blog/2021-04-15-ferry/index.md": (
        "---\nslug: ferry-back\nauthors: [{name: Ann, title: Editor}, bob]\ntags: [{label: Sea, permalink: /sea}]\n"
        "---\n```\n# not a title\n```\n\n# The ferry is back\n"
    ),
    "docs/intro.md": "---\nsidebar_position: 1\nlast_update: {date: 2021-05-01}\nunlisted: true\n---\n# Intro\n",
    "i18n/de/docusaurus-plugin-content-blog/2021-04-15-bac.md": "---\ntitle: Fähre\n---\nText.",
}
OBSIDIAN = {
    "Notes/Night ferry.md": "---\ntitle: Night ferry\ncreated: 2021-04-15\ntags: [sea]\naliases: [Bac]\n---\nText.",
    "Notes/Plain.md": "No front matter at all.",
}


def day(year: int, month: int, of_month: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, of_month, hour, minute, tzinfo=UTC)


def loaded(desk: Desk, site: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The rows of `articles` by path, after a run without any setting."""
    for path, text in site.items():
        desk.write(path, text.encode())
    desk.run()
    return {row["source_path"]: row for row in desk.rows("articles")}


def told(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_jekyll(desk: Desk) -> None:
    rows = loaded(desk, JEKYLL)
    assert desk.statuses()["old.html"] == "ignored"
    assert desk.one("sources", "old.html")["violations"] == ["front-matter/redirect"]
    assert len(rows) == 5
    post = rows["_posts/2021-04-15-night-ferry.md"]
    assert told(post, "title", "published_at", "permalink") == (
        *("Night Ferry", day(2021, 4, 15), "/2021/04/15/night-ferry/"),
    )
    assert told(post, "topics", "authors", "is_published") == (["sea", "ferry"], ["Ann"], None)
    dock = rows["news/_posts/2021-05-01-dry-dock.markdown"]
    assert told(dock, "published_at", "permalink") == (day(2021, 5, 1, 14, 30), "/news/2021/05/01/dry-dock/")
    assert told(rows["_posts/2021-06-01-hidden.md"], "is_published", "excerpt") == (False, "Not yet.")
    assert told(rows["_drafts/half.md"], "is_published", "published_at", "permalink") == (False, None, None)
    assert told(rows["about.md"], "permalink", "published_at", "derived") == ("/about/", None, [])


def test_hugo(desk: Desk) -> None:
    rows = loaded(desk, HUGO)
    assert {path for path, status in desk.statuses().items() if status == "ignored"} == {
        *("content/_index.md", "content/posts/_index.md")
    }
    ferry, bac = rows["content/posts/ferry/index.md"], rows["content/posts/ferry/index.fr.md"]
    assert told(ferry, "title", "updated_at", "is_published") == ("Ferry", day(2021, 5, 1), False)
    assert told(ferry, "topics", "authors", "permalink") == (["sea", "news"], ["Ann"], "/posts/ferry/")
    assert told(bac, "language", "excerpt", "permalink") == ("fr", "Un bac.", "/fr/posts/bac/")
    assert told(rows["content/posts/old.md"], "published_at", "is_published") == (day(2001, 2, 3), None)


def test_zola(desk: Desk) -> None:
    rows = loaded(desk, ZOLA)
    post = rows["content/blog/2021-04-15-ferry.md"]
    assert told(post, "published_at", "updated_at", "authors") == (day(2021, 4, 15), day(2021, 5, 1), ["Ann", "Bob"])
    assert told(post, "topics", "derived") == (["sea"], ["permalink: path", "published_at: file name"])
    assert [image["url"] for image in post["images"]] == ["a.png"]
    news = rows["content/news.md"]
    assert told(news, "permalink", "published_at") == ("2021/05/01/news", day(2021, 5, 1))


def test_hexo(desk: Desk) -> None:
    rows = loaded(desk, HEXO)
    sea = rows["source/_posts/sea.md"]
    assert told(sea, "published_at", "topics", "language") == (day(2021, 4, 15, 10), ["Sea", "Ships"], "en")
    assert rows["source/_drafts/half.md"]["is_published"] is False


def test_eleventy(desk: Desk) -> None:
    rows = loaded(desk, ELEVENTY)
    assert told(rows["posts/2021-04-15/ferry.md"], "published_at", "topics") == (day(2021, 4, 15), ["post", "sea"])
    assert rows["posts/sea.md"]["published_at"] is None
    assert "git Last Modified" in rows["posts/sea.md"]["extra"]
    assert [rows[f"posts/{name}.md"]["permalink"] for name in ("sea", "moved")] == [None, None]


def test_astro(desk: Desk) -> None:
    rows = loaded(desk, ASTRO)
    post = rows["src/content/blog/ferry.mdx"]
    assert told(post, "published_at", "updated_at", "excerpt") == (day(2021, 4, 15), day(2021, 5, 1), "Back.")
    assert post["permalink"] == "/blog/ferry/"
    assert told(rows["src/content/docs/fr/guide.mdx"], "language", "permalink") == ("fr", "/fr/guide/")


def test_docusaurus(desk: Desk) -> None:
    rows = loaded(desk, DOCUSAURUS)
    post = rows["blog/2021-04-15-ferry/index.md"]
    assert told(post, "title", "authors", "topics") == ("The ferry is back", ["Ann", "bob"], ["Sea"])
    assert told(post, "permalink", "published_at") == ("/blog/ferry-back/", day(2021, 4, 15))
    intro = rows["docs/intro.md"]
    assert told(intro, "title", "is_published", "updated_at") == ("Intro", False, day(2021, 5, 1))
    translated = rows["i18n/de/docusaurus-plugin-content-blog/2021-04-15-bac.md"]
    assert told(translated, "language", "permalink") == ("de", None)


def test_obsidian(desk: Desk) -> None:
    rows = loaded(desk, OBSIDIAN)
    assert told(rows["Notes/Night ferry.md"], "published_at", "permalink") == (day(2021, 4, 15), "/Notes/Night-ferry/")
    assert desk.statuses()["Notes/Plain.md"] == "ignored"


def test_a_site_without_dates_can_be_verified_and_shown(desk: Desk) -> None:
    loaded(desk, {f"docs/{name}.md": f"---\ntitle: {name}\n---\nText.\n" for name in ("ferry", "tram", "bus")})
    for undated in (3, 2):
        assert [row["published_year"] for row in desk.rows("articles")].count(None) == undated
        verified = verify_warehouse(desk.warehouse, load_contract())
        assert verified.sound, verified
        assert "</html>" in render_page(read_report(desk.warehouse.root, datetime.now(UTC)))
        desk.write("docs/bus.md", b"---\ntitle: Bus\ndate: 2021-04-15\n---\nText.\n")
        desk.run()


LINK = (
    "link: https://other.example/page\nsource_url: https://other.example/page\nexternal_url: https://other.example/page"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a.md", f"title: Two words on a page\n{LINK}"), ("b.md", f"title: More on the same page\n{LINK}")),
        (("posts/x.md", "title: The ferry is back"), ("posts/x.fr.md", "title: The ferry is back")),
        (("en/x.md", "title: The ferry is back"), ("fr/x.md", "title: The ferry is back")),
        (("a.md", "title: First\naliases: [/old/]"), ("b.md", "title: Second\naliases: [/old/]")),
        (("a.md", "title: First\npermalink: /x/"), ("b.md", "title: Second\npermalink: /x/")),
    ],
    ids=["link blog", "suffix", "folder", "alias", "permalink"],
)
def test_two_files_are_two_articles(desk: Desk, one: tuple[str, str], other: tuple[str, str]) -> None:
    more = "description: The night ferry came back to the bay on Sunday after four years of repairs.\ndate: 2021-04-15"
    site = {path: f"---\n{front}\n{more if 'x' in path else ''}\n---\nText.\n" for path, front in (one, other)}
    assert len(loaded(desk, site)) == 2


def test_a_base_url_makes_addresses_and_changes_no_id(desk: Desk) -> None:
    stated = "---\ntitle: Own\ncanonical_url: https://elsewhere.example/own\n---\nText."
    before = loaded(desk, JEKYLL | {"own.md": stated})
    desk.run(contract={"base_url": "https://paper.example/"})
    after = {row["source_path"]: row for row in desk.rows("articles")}
    assert {path: row["article_id"] for path, row in before.items()} == {p: r["article_id"] for p, r in after.items()}
    assert told(after["about.md"], "url", "derived") == ("https://paper.example/about/", ["url: permalink"])
    assert after["own.md"]["url"] == "https://elsewhere.example/own"
    assert after["_drafts/half.md"]["url"] is None
    assert before["about.md"]["url"] is None
