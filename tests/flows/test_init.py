"""`presslake init`, then `presslake run`, in an empty folder: sites of the usual generators load with what they say."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import yaml

from config.contract import load_contract
from flows import site_evidence
from flows.cli import main
from tasks.warehouse.warehouse import Warehouse

Files = Mapping[str, str]


def day(month: int, of_month: int, hour: int = 0) -> datetime:
    return datetime(2021, month, of_month, hour, tzinfo=UTC)


class Site(NamedTuple):
    """A generator's site: its files, and the values that its documentation gives some of them."""

    files: Files
    truth: Mapping[str, Mapping[str, Any]]


SITES: Final = {
    "Jekyll": Site(
        {
            "_config.yml": (
                "url: https://paper.example\nbaseurl: /blog\nlang: de\ntimezone: Europe/Berlin\n"
                "permalink: /:categories/:year/:title/\ndefaults: [{scope: {path: ''}, values: {layout: post}}]\n"
            ),
            "_posts/2021-04-15-night-ferry.md": (
                "---\ntitle: Die Nachtfähre\ndate: 2021-04-15 10:00\ntags: see fähre\nauthor: Ann\n---\nText.\n"
            ),
            "harbour/_posts/2021-05-01-dry-dock.md": "---\nlayout: post\ncategories: Dock Works\n---\nNo title.\n",
            "_drafts/half.md": "---\ntitle: Half\nlast_modified_at: 2021-05-02\n---\nText.\n",
        },
        {
            "_posts/2021-04-15-night-ferry.md": {
                **{"title": "Die Nachtfähre", "published_at": day(4, 15, 8), "topics": ["see", "fähre"]},
                **{"authors": ["Ann"], "language": "de", "permalink": "/2021/night-ferry/", "warnings": []},
                **{"url": "https://paper.example/blog/2021/night-ferry/"},
            },
            "harbour/_posts/2021-05-01-dry-dock.md": {
                **{"title": "Dry Dock", "published_at": day(4, 30, 22), "topics": ["Dock", "Works"]},
                **{"permalink": "/harbour/dock/works/2021/dry-dock/"},
            },
            "_drafts/half.md": {"is_published": False, "updated_at": day(5, 1, 22), "published_at": None},
        },
    ),
    "Hugo": Site(
        {
            "hugo.toml": (
                "baseURL = 'https://example.org/'\ndefaultContentLanguage = 'fr'\ntimeZone = 'Europe/Paris'\n"
                "[permalinks]\nposts = '/:year/:month/:slug/'\n"
            ),
            "content/posts/_index.md": "---\ntitle: Billets\n---\n",
            "content/posts/bac.md": (
                "+++\ntitle = 'Le bac'\ndate = 2021-04-15\nlastmod = 2021-05-01T10:00:00Z\ndraft = true\n"
                "categories = ['mer']\n[params]\nauthor = 'Ann'\n+++\nTexte.\n"
            ),
            "content/posts/ferry/index.en.md": "---\ntitle: Ferry\ndate: 2021-04-16T09:00\nslug: boat\n---\nText.\n",
            "content/about.md": '{"title": "À propos", "description": "Nous."}\nTexte.\n',
        },
        {
            "content/posts/bac.md": {
                **{"published_at": day(4, 14, 22), "updated_at": day(5, 1, 10), "is_published": False},
                **{"topics": ["mer"], "authors": ["Ann"], "language": "fr", "permalink": "/2021/04/le-bac/"},
            },
            "content/posts/ferry/index.en.md": {
                **{"language": "en", "published_at": day(4, 16, 7), "permalink": "/en/2021/04/boat/", "url": None},
            },
            "content/about.md": {"excerpt": "Nous.", "permalink": "/about/"},
        },
    ),
    "Zola": Site(
        {
            "config.toml": "base_url = 'https://paper.example'\ndefault_language = 'pt'\n[languages.en]\n",
            "content/blog/2021-04-15-balsa.md": (
                "+++\ntitle = 'A balsa'\nupdated = 2021-05-01\nauthors = ['Ann', 'Bob']\n"
                "[taxonomies]\ntags = ['mar']\n[extra]\ndraft = false\n+++\nTexto.\n"
            ),
            "content/blog/balsa.en.md": "+++\ntitle = 'The ferry'\ndate = 2021-04-15T10:00:00-04:00\n+++\nText.\n",
        },
        {
            "content/blog/2021-04-15-balsa.md": {
                **{"published_at": day(4, 15), "updated_at": day(5, 1), "authors": ["Ann", "Bob"]},
                **{"topics": ["mar"], "language": "pt", "url": "https://paper.example/blog/balsa/"},
            },
            "content/blog/balsa.en.md": {"language": "en", "published_at": day(4, 15, 14)},
        },
    ),
    "Hexo": Site(
        {
            "_config.yml": (
                "url: https://paper.example\nlanguage: zh-CN\ntimezone: Asia/Tokyo\nnew_post_name: :title.md\n"
                "permalink: :year/:month/:title.html\n"
            ),
            "source/_posts/sea/ferry.md": (
                "title: 夜航\ndate: 2021-04-15 10:00:00\ncategories: [[海, 船]]\nkeywords: 渡轮,港口\n---\n正文\n"
            ),
            "source/_drafts/half.md": "---\ntitle: 半\n---\n正文\n",
        },
        {
            "source/_posts/sea/ferry.md": {
                **{"title": "夜航", "published_at": day(4, 15, 1), "language": "zh-CN"},
                **{"permalink": "/2021/04/sea/ferry.html", "url": "https://paper.example/2021/04/sea/ferry.html"},
            },
            "source/_drafts/half.md": {"is_published": False},
        },
    ),
    "Eleventy": Site(
        {
            "eleventy.config.js": "module.exports = () => { throw new Error('executed'); };\n",
            "posts/2021-04-15/ferry.md": '---json\n{"title": "Ferry", "tags": ["sea"], "readingTime": 4}\n---\nText.\n',
            "posts/dock.md": "---\n# A\ntitle: Dock\ndate: Apr 16, 2021\nreadingTime: 5\ntags: harbour\n---\nText.\n",
        },
        {
            "posts/2021-04-15/ferry.md": {"published_at": day(4, 15), "topics": ["sea"], "reading_time": 4},
            "posts/dock.md": {"published_at": day(4, 16), "topics": ["harbour"], "reading_time": 5, "language": None},
        },
    ),
    "Astro": Site(
        {
            "astro.config.mjs": "throw new Error('executed');\n",
            "src/content/blog/ferry.mdx": (
                "---\ntitle: Ferry\ndescription: Back.\npubDate: 'Apr 15 2021'\nupdatedDate: 2021-05-01\n"
                "author: {name: Ann, url: https://ann.example}\nheroImage: ./a.png\n---\nimport A from './A'\n\n<A />\n"
            ),
            "src/content/docs/fr/guide.mdx": "---\ntitle: Guide\n---\nTexte.\n",
        },
        {
            "src/content/blog/ferry.mdx": {
                **{"published_at": day(4, 15), "updated_at": day(5, 1), "excerpt": "Back.", "authors": ["Ann"]},
            },
            "src/content/docs/fr/guide.mdx": {"language": "fr", "permalink": "/fr/guide/", "published_at": None},
        },
    ),
    "Docusaurus": Site(
        {
            "docusaurus.config.ts": "throw new Error('executed');\n",
            "blog/2021/04/15/ferry.md": (
                "---\nauthors: [{name: Ann, title: Editor}, bob]\ntags: [{label: Sea, permalink: /sea}]\n---\n"
                "```\n# not a title\n```\n\n# The ferry is back\n"
            ),
            "docs/intro.md": "---\nlast_update: {date: 2021-05-01}\nunlisted: true\n---\n# Intro\n",
        },
        {
            "blog/2021/04/15/ferry.md": {
                **{"title": "The ferry is back", "published_at": day(4, 15), "authors": ["Ann", "bob"]},
                **{"topics": ["Sea"]},
            },
            "docs/intro.md": {"title": "Intro", "is_published": False, "updated_at": day(5, 1)},
        },
    ),
    "Obsidian": Site(
        {
            ".obsidian/app.json": "{}",
            "Notes/Night ferry.md": "---\ncreated: 2021-04-15\ntags: [sea]\n---\nText.\n",
            "Notes/Dry dock.md": "---\ntags: [sea]\n---\n# The dry dock\nText.\n",
            "Notes/Plain.md": "No front matter.\n",
        },
        {
            "Notes/Night ferry.md": {"title": "Night ferry", "published_at": day(4, 15), "topics": ["sea"]},
            "Notes/Dry dock.md": {"title": "The dry dock"},
        },
    ),
    "MkDocs": Site(
        {
            "mkdocs.yml": (
                "site_url: https://docs.paper.example\ntheme: {name: material, language: ja}\n"
                "markdown_extensions:\n  - toc:\n      slugify: !!python/name:pymdownx.slugs.uslugify\n"
            ),
            "docs/blog/posts/ferry.md": (
                "---\ndate:\n  created: 2021-04-15\n  updated: 2021-05-01\nauthors: [ann]\ncategories: [Sea]\n"
                "---\n# 船\n"
            ),
        },
        {
            "docs/blog/posts/ferry.md": {
                **{"title": "船", "published_at": day(4, 15), "updated_at": day(5, 1), "authors": ["ann"]},
                **{"topics": ["Sea"], "language": "ja"},
            },
        },
    ),
    "own names": Site(
        {
            "a.md": "---\nschlagzeile_titel: Die Fähre\nerscheint_datum: 15.04.2021\nressort: Hafen\n---\nText.\n",
            "b.md": "---\nschlagzeile_titel: Das Dock\nerscheint_datum: 16.04.2021\nressort: Hafen\n---\nText.\n",
        },
        {"a.md": {"title": "Die Fähre", "published_at": day(4, 15), "ressort": "Hafen"}},
    ),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the site is beside it."""
    for name in list(os.environ):
        if name.startswith("PRESSLAKE_"):
            monkeypatch.delenv(name)
    monkeypatch.delenv("COLUMNS", raising=False)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def write(folder: Path, files: Files) -> str:
    """Write a site's files, and return its folder as it is typed."""
    for path, text in files.items():
        (folder / "site" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "site" / path).write_text(text, encoding="utf-8")
    return "../site"


def articles() -> dict[str, dict[str, Any]]:
    current = Warehouse(Path("warehouse")).current()
    assert current is not None
    return {row["source_path"]: row for row in current.read("articles").to_pylist()}


def state(root: Path) -> dict[str, tuple[int, bytes]]:
    return {
        path.relative_to(root).as_posix(): (path.stat().st_mtime_ns, path.read_bytes())
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("name", SITES)
def test_a_site_loads_as_its_generator_reads_it(name: str, folder: Path) -> None:
    site = write(folder, SITES[name].files)
    before = state(folder / "site")
    assert main(["init", site, "--quiet"]) == 0
    assert main(["run", "--quiet"]) == 0
    assert state(folder / "site") == before
    rows = articles()
    for path, truth in SITES[name].truth.items():
        assert {column: rows[path][column] for column in truth} == truth, path
    text = Path("presslake-contract.yaml").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 30
    assert load_contract("presslake-contract.yaml")


JEKYLL: Final = SITES["Jekyll"].files


def test_the_table_says_what_comes_from_where(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = {"_posts/2021-06-01-broken.md": "---\ntitle: [\n---\n", "odd.md": "---\ntitle: Odd\nupdated: soon\n---\n"}
    assert main(["init", write(folder, {**JEKYLL, **broken})]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines[0].startswith("5 files: 4 articles, 0 ignored")
    assert any(line.startswith("title `title` 75%, file name 25% 100%") for line in lines)
    assert any(line.startswith("- updated_at: expected a time") and "odd.md:3" in line for line in lines)
    assert any(line.startswith("- 1 with yaml/syntax, such as _posts/2021-06-01-broken.md:3") for line in lines)
    assert lines[-1].endswith("Next: presslake run")


def test_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", write(folder, JEKYLL), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["status"], report["files"], report["articles"]) == ("written", 3, 3)
    titles = next(column for column in report["columns"] if column["column"] == "title")
    assert {"where": "file name", "is_key": False, "files": 1} in titles["origins"]


def test_what_is_there_is_only_replaced_by_force(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = write(folder, JEKYLL)
    Path("presslake.yaml").write_text("run: {workers: 1}\n", encoding="utf-8")
    assert main(["init", site]) == 2
    assert "presslake.yaml is there already" in capsys.readouterr().err
    assert not Path("presslake-contract.yaml").exists()
    assert main(["init", site, "--force", "--quiet", "--base-url", "https://other.example"]) == 0
    settings = yaml.safe_load(Path("presslake.yaml").read_text(encoding="utf-8"))
    assert settings["contract"]["base_url"] == "https://other.example"
    assert settings["sources"] == {"site": "../site"}


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"data.bin": ""}, "no file of the kinds"),
        ({"a.md": "Plain text.\n"}, "None of the 1 files has front matter"),
        ({"a.md": "---\ntitle: [\n---\n"}, "None of the 1 files can be loaded"),
        ({"a.rst": "---\ntitle: A\n---\n"}, "but some others have front matter"),
    ],
)
def test_nothing_to_understand(files: Files, reason: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init", write(folder, files)]) == 2
    assert reason in " ".join(capsys.readouterr().err.split())
    assert not Path("presslake.yaml").exists()


@pytest.mark.parametrize(
    ("config", "permalink"),
    [
        (
            "url: https://a.example\npermalink: /:short_year/:i_month/:i_day/:title:output_ext\n",
            "/21/4/5/ferry.html",
        ),
        ("url: https://a.example\nnew_post_name: x\npermalink: :year/:i_month/:i_day/:name/\n", "/2021/4/5/ferry/"),
    ],
)
def test_days_in_addresses_without_leading_zeros(config: str, permalink: str, folder: Path) -> None:
    files = {"_config.yml": config, "_posts/2021-04-05-ferry.md": "---\ntitle: Ferry\n---\n"}
    assert main(["init", write(folder, files), "--quiet"]) == 0
    assert main(["run", "--quiet"]) == 0
    assert articles()["_posts/2021-04-05-ferry.md"]["permalink"] == permalink


def test_files_of_other_kinds_are_taken_if_they_have_front_matter(folder: Path) -> None:
    assert main(["init", write(folder, {**JEKYLL, "old.rst": "---\ntitle: Old\n---\n"}), "--quiet"]) == 0
    assert main(["run", "--quiet"]) == 0
    assert articles()["old.rst"]["title"] == "Old"


def test_many_broken_files_do_not_stop_the_run(folder: Path) -> None:
    broken = {f"broken-{number}.md": f"---\nlayout: part {number}\n---\n" for number in range(10)}
    assert main(["init", write(folder, {**JEKYLL, **broken}), "--quiet"]) == 0
    assert main(["run", "--quiet"]) == 0
    assert len(articles()) == 3


@pytest.mark.parametrize("config", ["lang: [\n", "timezone: Mars/Base\n", "permalink: /:hash/\n"])
def test_a_configuration_that_cannot_be_used_is_told(
    config: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["init", write(folder, {**JEKYLL, "_config.yml": config}), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["notes"]) == 1
    assert main(["run", "--quiet"]) == 0


def test_of_many_files_some_of_every_folder_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(site_evidence, "_MOST", 10)
    many = {f"many/{number:03}.md": f"---\ntitle: Number {number}\n---\n" for number in range(100)}
    few = {f"few-{number}/a.md": f"---\ntitle: Few {number}\ndate: 2021-04-15\n---\n" for number in range(3)}
    assert main(["init", write(folder, {**many, **few}), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["files"] == 103
    assert report["read"] < 20
    dates = next(column for column in report["columns"] if column["column"] == "published_at")
    assert dates["files"] == 3
