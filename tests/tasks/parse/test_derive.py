"""What path and body say where the front matter does not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from config.contract import Contract, load_contract
from tests.batches import parsed

CONTRACT = load_contract()


def row(path: str, front: str = "title: T", body: str = "Text.", contract: Contract = CONTRACT) -> dict[str, Any]:
    """The record of one file, with what was found in it."""
    batch = parsed({path: f"---\n{front}\n---\n{body}\n".encode()}, contract)
    record: dict[str, Any] = batch.table.to_pylist()[0]
    return record | {"found": batch.found["code"].to_pylist()}


@pytest.mark.parametrize(
    ("path", "front", "day", "where"),
    [
        ("_posts/2021-04-15-hello.md", "title: T", "2021-04-15", "file name"),
        ("notes/2021-4-5_hello.md", "title: T", "2021-04-05", "file name"),
        ("2021-04-15T10:20:30Z-hello.md", "title: T", "2021-04-15", "file name"),
        ("blog/2021-04-15-hello/index.mdx", "title: T", "2021-04-15", "folder"),
        ("blog/2021/04/15/hello.md", "title: T", "2021-04-15", "folder"),
        ("weekly/update.2021-04-15.md", "title: T", "2021-04-15", "file name"),
        ("hello.md", "title: T\npath: 2021/04/15/hello", "2021-04-15", "permalink"),
        ("2021-04-15-hello.md", "title: T\ndate: 2020-01-02", "2020-01-02", None),
        ("notes/20210415_hello.md", "title: T", "2021-04-15", "file name"),
        ("notes/202104151-hello.md", "title: T", None, None),
        ("2021-02-30-hello.md", "title: T", None, None),
        ("2021/04/hello.md", "title: T", None, None),
        ("0021-04-15-hello.md", "title: T", None, None),
        ("v2021-04.md", "title: T", None, None),
    ],
)
def test_time(path: str, front: str, day: str | None, where: str | None) -> None:
    record = row(path, front)
    assert record["published_at"] == (datetime.fromisoformat(f"{day}T00:00+00:00") if day else None)
    names = [name for name in record["derived"] if name.startswith("published_at")]
    assert names == ([f"published_at: {where}"] if where else [])


def test_the_label_of_menus_is_the_title_where_nothing_else_is() -> None:
    assert row("x.md", "sidebar_label: Ferry", "# The ferry")["title"] == "The ferry"
    assert row("2021-04-15-x.md", "linkTitle: Ferry", "")["title"] == "Ferry"


def test_a_day_is_one_of_the_contracts_zone() -> None:
    articles = CONTRACT["articles"]
    columns = tuple(
        replace(column, zone="Europe/Berlin") if column.name == "published_at" else column
        for column in articles.columns
    )
    contract = replace(CONTRACT, tables=CONTRACT.tables | {"articles": replace(articles, columns=columns)})
    assert row("2021-04-15-x.md", contract=contract)["published_at"] == datetime(2021, 4, 14, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "body", "title", "where"),
    [
        ("x.md", "Intro\n\n# The *night* ferry #\n\n# Second", "The night ferry", "heading"),
        ("x.md", "The ferry\n=========\n", "The ferry", "heading"),
        ("x.md", '<h1 class="a">The <em>ferry</em></h1>', "The ferry", "heading"),
        ("x.md", "# [The ferry](https://a.example) {#top}", "The ferry", "heading"),
        ("x.md", "```sh\n# install\n```\n\n# The ferry", "The ferry", "heading"),
        ("x.md", "~~~\n# never closed", None, None),
        ("x.md", "#hashtag and text\n## Second level", None, None),
        ("2021-04-15-the-night-ferry.md", "Text", "The Night Ferry", "file name"),
        ("2021-04-15-x.md", "# The ferry", "The ferry", "heading"),
        ("notes/Night ferry.md", "Text", "Night ferry", "file name"),
        ("notes/ferry.md", "See [[Harbour]].", "ferry", "file name"),
        ("notes/ferry.md", "```sh\n[[ -f x ]] && [[y]]\n```\nSee [[ this ]]", None, None),
    ],
)
def test_title(path: str, body: str, title: str | None, where: str | None) -> None:
    record = row(path, "author: Ann", body)
    assert record["title"] == title
    assert ("field/missing" in record["found"]) == (title is None) or title is None
    assert f"title: {where}" in record["derived"] or where is None


@pytest.mark.parametrize(
    ("path", "front", "language", "where"),
    [
        ("posts/x.fr.md", "title: T", "fr", "file name"),
        ("posts/x/index.zh-CN.md", "title: T", "zh-CN", "file name"),
        ("fr/posts/x.md", "title: T", "fr", "folder"),
        ("src/content/docs/pt-br/x.mdx", "title: T", "pt-br", "folder"),
        ("src/content/blog/de/x.md", "title: T", "de", "folder"),
        ("i18n/fr/docusaurus-plugin-content-docs/current/x.md", "title: T", "fr", "folder"),
        ("fr/x.md", "title: T\nlang: en_GB", "en_GB", None),
        ("fr/x.md", "title: T\nlang: no", "no", None),
        ("posts/it/x.md", "title: T", None, None),
        ("v1.2.md", "title: T", None, None),
        ("docs/ja/guide/x.md", "title: T", "ja", "folder"),
        ("_posts/fr/news/2021-04-15-x.md", "title: T", "fr", "folder"),
        ("website/blog/pt-BR/x.md", "title: T", "pt-BR", "folder"),
        ("src/site/content/ru/x.md", "title: T", "ru", "folder"),
        ("public/content/translations/it/x.md", "title: T", "it", "folder"),
        ("notes/cs/x.md", "title: T", None, None),
        ("blog/hi-fi/x.md", "title: T", None, None),
        ("paper.co.uk.md", "title: T", None, None),
        ("g.co.md", "title: T", None, None),
        ("it.md", "title: T", None, None),
        ("node.js.md", "title: T", None, None),
        ("x.md", "title: T\nlanguage: C++ and more", None, None),
    ],
)
def test_language(path: str, front: str, language: str | None, where: str | None) -> None:
    record = row(path, front)
    assert record["language"] == language
    assert [n for n in record["derived"] if n.startswith("language")] == ([f"language: {where}"] if where else [])


@pytest.mark.parametrize(
    ("path", "front", "permalink"),
    [
        ("_posts/2021-04-15-hello.md", "title: T", "/2021/04/15/hello/"),
        ("news/_posts/2021-04-15-hello.md", "title: T", "/news/2021/04/15/hello/"),
        ("blog/2021-04-15-hello/index.md", "title: T", "/blog/2021/04/15/hello/"),
        ("content/posts/hello/index.md", "title: T", "/posts/hello/"),
        ("content/posts/hello.fr.md", "title: T", "/fr/posts/hello/"),
        ("content/posts/hello.md", "title: T\nslug: bye", "/posts/bye/"),
        ("docs/hello.md", "title: T\nslug: /bye", "/bye"),
        ("src/content/docs/en/hello.mdx", "title: T", "/en/hello/"),
        ("apps/site/pages/en/blog/hello.md", "title: T", "/en/blog/hello/"),
        ("_recipes/hello.md", "title: T", "/recipes/hello/"),
        ("My notes/A day.md", "title: T", "/My-notes/A-day/"),
        ("index.md", "title: T", "/"),
        ("x.md", "title: T\npermalink: /about/", "/about/"),
        ("x.md", "title: T\nurl: about.html", "about.html"),
        ("x.md", "title: T\npermalink: false", None),
        ("x.md", "title: T\npermalink: /:year/:title/", "/x/"),
        ("content/3.docs/1.start/0.index.md", "title: T", "/docs/start/"),
        ("docs/2.0-release.md", "title: T", "/docs/2.0-release/"),
        ("docs/release-2.x/v1.y.md", "title: T", "/docs/release-2.x/v1.y/"),
        ("guide/README.md", "title: T", "/guide/"),
        ("website/blog/2021-04-15-hello.md", "title: T", "/blog/2021/04/15/hello/"),
        ("blog/2021-04-15-hello.md", "title: T\nslug: bye", "/blog/bye/"),
        ("blog/_posts/2021-04-15-hello.md", "title: T\nslug: bye", "/blog/2021/04/15/bye/"),
        ("data/blog/hello.mdx", "title: T", "/blog/hello/"),
        ("fr/_posts/2021-04-15-x.md", "title: T\npermalink: /fr/:year/:title", "/fr/2021/x"),
        ("_posts/2021-04-15-x.md", "title: T\npermalink: /:unknown/:title", "/2021/04/15/x/"),
        ("source/_posts/sea/x.md", "title: T\ndate: 2021-04-15 10:00:00", "/2021/04/15/sea/x/"),
        ("_posts/x.md", "title: T\ndate: 2021-04-15 10:00:00", "/posts/x/"),
        ("content/blog/2021-04-15-x.md", "title: T\nextra: {a: b}", "/blog/x/"),
        ("content/blog/2021-04-15-x.md", "title: T\nslug: y\ntaxonomies: {tags: [a]}", "/blog/y/"),
        ("_drafts/x.md", "title: T", None),
    ],
)
def test_permalink(path: str, front: str, permalink: str | None) -> None:
    assert row(path, front)["permalink"] == permalink


@pytest.mark.parametrize(
    ("path", "front", "is_published"),
    [
        ("_drafts/x.md", "title: T", False),
        ("content/drafts/x.md", "title: T", False),
        ("_drafts/x.md", "title: T\npublished: true", True),
        ("x.md", "title: T\ndraft: true", False),
        ("x.md", "title: T\nDraft: 'Yes'", False),
        ("x.md", "title: T\ndraft: false", True),
        ("x.md", "title: T\npublished: true\ndraft: true", False),
        ("x.md", "title: T\npublished: false", False),
        ("x.md", "title: T\npublished: 2025-04-30", None),
        ("x.md", "title: T\nstatus: private", False),
        ("x.md", "title: T\nstatus: Publish", True),
        ("x.md", "title: T\nstatus: evergreen", None),
        ("x.md", "title: T\nunlisted: false", None),
        ("x.md", "title: T\nexpiryDate: 2001-01-01\narchived: true\nhomepage: false\nend: 2001-01-01", None),
    ],
)
def test_state(path: str, front: str, is_published: bool | None) -> None:
    record = row(path, front)
    assert record["is_published"] is is_published
    assert record["found"] == []


@pytest.mark.parametrize(
    ("path", "front", "code"),
    [
        ("posts/_index.md", "title: Posts", "front-matter/section"),
        ("posts/_index.fr.md", "title: Posts", "front-matter/section"),
        ("old.md", "redirect_to: /new/", "front-matter/redirect"),
        ("old.md", "layout: redirect\nto: /new/", "front-matter/redirect"),
        ("old.md", "aliases: [/a, /b]", "front-matter/redirect"),
        ("old.md", "title: Still here\nredirect_to: /new/", None),
        ("index.html", "layout: home", "front-matter/section"),
        ("2021-04-15-x.md", "layout: post", None),
        ("posts/index.md", "title: Posts\naliases: [/a]", None),
    ],
)
def test_section_pages_and_redirects_are_ignored_with_a_reason(path: str, front: str, code: str | None) -> None:
    record = row(path, front)
    assert record["state"] == ("ignored" if code else "record")
    assert record["found"] == ([code] if code else [])


def test_derived_is_sorted_and_empty_where_the_front_matter_says_all() -> None:
    assert row("fr/2021-04-15-hello.md", "layout: x")["derived"] == [
        "language: folder",
        "permalink: path",
        "published_at: file name",
        "title: file name",
    ]
    assert row("x.md", "title: T\npermalink: /x/")["derived"] == []
