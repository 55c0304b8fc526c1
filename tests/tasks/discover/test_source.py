"""How a specification becomes a source: its kind, name and location, and which files its patterns choose."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pathspec import PathSpec

from config.errors import SourceError, UsageError
from tasks.arrow.schemas import LISTING
from tasks.discover.listing import DEFAULT_INCLUDE, Globs
from tasks.discover.location import SourceLocation, refuse_overlap
from tasks.discover.source import KINDS, open_source, open_sources, parse_location
from tests.builders import bytes_of


@pytest.fixture
def content(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    folder.mkdir()
    (folder / "a.md").write_text("hello")
    return folder


def test_name_is_the_folders_base_name_or_stands_before_the_path(content: Path) -> None:
    assert open_source(f"{content}/").name == "content"
    source = open_source(f"news={content}")
    assert source.name == "news"
    assert source.list()["source"].to_pylist() == ["news"]


def test_given_name_leaves_the_specification_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "year=2021").mkdir()
    monkeypatch.chdir(tmp_path)
    assert open_source("year=2021", "archive").name == "archive"
    assert open_source("./year=2021").name == "year=2021"


def test_name_is_that_of_the_link_not_of_its_target(content: Path) -> None:
    link = content.with_name("current")
    link.symlink_to(content)
    assert open_source(str(link)).name == "current"


def test_home_is_expanded(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(content.parent))
    assert bytes_of(open_source("news=~/content"), "a.md", 10) == b"hello"


def test_a_pickled_source_still_reads(content: Path) -> None:
    source = pickle.loads(pickle.dumps(open_source(str(content), None, ["**/a*"], ["drafts/"])))
    assert bytes_of(source, "a.md", 10) == b"hello"
    assert source.list().schema == LISTING


def test_missing_folder_names_the_nearest(content: Path) -> None:
    with pytest.raises(SourceError, match=r"does not exist. Did you mean .*/content'\?"):
        open_source(str(content.with_name("contnet")))
    with pytest.raises(SourceError, match="is mounted"):
        open_source(str(content / "no" / "such"))


def test_a_file_is_not_a_source(content: Path) -> None:
    with pytest.raises(SourceError, match=f"is not a folder, nor an archive .*Name the folder it is in: '{content}'"):
        open_source(str(content / "a.md"))


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("ftp://host/articles", "kind ftp:// are not supported.*Supported: archives .*folders, git"),
        ("news=svn+ssh://host/x", "kind svn"),
        ("git+https://host", "names no repository"),
        ("s3://", "is no bucket"),
        ("s3://bucket/x?sig=1", "is no bucket"),
        ("", "A source is empty"),
        ("/", "no usable name"),
    ],
)
def test_specifications_that_mean_nothing(spec: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        open_source(spec)


def test_a_name_that_tables_cannot_hold(tmp_path: Path) -> None:
    folder = tmp_path / "caf\udce9"
    folder.mkdir()
    with pytest.raises(UsageError, match="Name it yourself"):
        open_source(str(folder))


def test_several_sources_keep_their_order(content: Path) -> None:
    other = content.with_name("another")
    other.mkdir()
    sources = open_sources([str(content), f"x={other}"])
    assert [source.name for source in sources] == ["content", "x"]


def test_no_source_two_of_one_name_and_one_in_another(content: Path) -> None:
    inner = content / "inner"
    inner.mkdir()
    link = content.with_name("link")
    link.symlink_to(inner)
    with pytest.raises(UsageError, match="No source"):
        open_sources([])
    with pytest.raises(UsageError, match="Two sources are called 'content'"):
        open_sources([str(content), str(content)])
    with pytest.raises(UsageError, match=r"'link' lies inside source 'content'"):
        open_sources([str(link), str(content)])
    with pytest.raises(UsageError, match="lies inside"):
        open_sources([f"a={content}", f"b={content}"])


@pytest.mark.parametrize(
    ("spec", "location"),
    [
        ("s3://bucket", SourceLocation("bucket", "objects", "s3://bucket")),
        ("feed=gs://bucket/a/b/", SourceLocation("feed", "objects", "gs://bucket/a/b")),
        ("az://container/year=2021", SourceLocation("year=2021", "objects", "az://container/year=2021")),
        ("git+https://host/team/site.git", SourceLocation("site", "git", "git+https://host/team/site.git")),
        ("git+https://host/site@release/2", SourceLocation("site", "git", "git+https://host/site", "release/2")),
        ("git+http://host/~me@home/a.git@v1", SourceLocation("a", "git", "git+http://host/~me@home/a.git", "v1")),
    ],
)
def test_urls(spec: str, location: SourceLocation) -> None:
    assert parse_location(spec) == location


@pytest.mark.parametrize("name", ["news.zip", "news.TAR", "news.tar.gz", "news.tgz", "news.tar.zst"])
def test_an_archive_is_a_file_with_such_a_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert parse_location(str(tmp_path / name)) == SourceLocation(
        "news", "zip" if name.endswith(".zip") else "tar", str(tmp_path / name)
    )


def test_a_folder_may_be_called_like_an_archive(tmp_path: Path) -> None:
    (tmp_path / "news.zip").mkdir()
    assert parse_location(str(tmp_path / "news.zip")).kind == "folder"


def test_an_at_sign_in_the_name_of_a_repository_is_no_ref(tmp_path: Path) -> None:
    (tmp_path / "me@home").mkdir()
    (tmp_path / "a b").mkdir()
    assert parse_location(f"git+file://{tmp_path}/me@home") == SourceLocation(
        "me@home", "git", f"git+file://{tmp_path}/me@home"
    )
    assert parse_location(f"git+file://{tmp_path}/me@home@v1").ref == "v1"
    assert parse_location(f"git+file://{tmp_path}/a%20b").name == "a b"


def test_locations_of_which_one_holds_the_other_are_refused() -> None:
    inner, outer = parse_location("a=s3://bucket/news/today"), parse_location("b=s3://bucket/news")
    with pytest.raises(UsageError, match="Source 'a' lies inside source 'b'"):
        refuse_overlap([inner, outer])
    refuse_overlap([outer, parse_location("c=s3://bucket/newsletter")])
    main, other = (parse_location(f"{ref}=git+https://host/site@{ref}") for ref in ("main", "other"))
    refuse_overlap([main, other])
    with pytest.raises(UsageError, match="lies inside"):
        refuse_overlap([main, parse_location("again=git+https://host/site@main")])


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(UsageError, match="holds a user name or password") as raised:
        parse_location("git+https://me:s3cret@host/site.git")
    assert "s3cret" not in str(raised.value)


def test_every_kind_is_named_where_none_fits() -> None:
    with pytest.raises(UsageError) as raised:
        parse_location("sftp://host/news")
    assert all(kind.form in raised.value.hint for kind in KINDS)


names = st.text(st.sampled_from("ab.mdxhtlM -\n\udce9é"), min_size=1, max_size=9)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)


@given(paths)
def test_suffixes_decide_as_the_patterns_do(path: str) -> None:
    fast = Globs.compile(DEFAULT_INCLUDE)
    general = Globs.compile([*DEFAULT_INCLUDE, "/no/such/file"])
    assert (fast.suffixes, fast.include) == ((".md", ".markdown", ".mdx", ".html", ".txt"), ())
    assert fast.names(path) is path.lower().endswith(fast.suffixes) is general.takes(path)


# Git takes all that lies in a folder that a pattern matches; an include pattern speaks of the file itself.
@given(paths.filter(lambda path: "\n" not in path and ".md/" not in path and ".t/" not in path))
def test_patterns_decide_as_pathspec_does(path: str) -> None:
    patterns = ["*.md", "a*/**/b*.t", "!*.d.md", "/a/"]
    assert Globs.compile(patterns).takes(path) is PathSpec.from_lines("gitignore", patterns).match_file(path)


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("news/*.md", "news/a.md", "news/x/a.md"),
        ("news/", "x/news/y/a.txt", "news"),
        ("news/**", "news/y/a.txt", "x/news/a.txt"),
        ("**", "a/b.c", ""),
        ("*.m[dk]", "a/line\nbreak/b.mk", "a.md/picture.png"),
    ],
)
def test_include_patterns(pattern: str, taken: str, left: str) -> None:
    globs = Globs.compile([pattern])
    assert globs.takes(taken)
    assert not globs.takes(left)


def test_exclude_is_a_gitignore() -> None:
    globs = Globs.compile(DEFAULT_INCLUDE, ["# ours", "drafts/", "/top/*.md"])
    assert not globs.enters("x/drafts/")
    assert globs.enters("top/")
    assert not globs.takes("top/a.md")
    assert globs.takes("x/top/a.md")


@given(paths.filter(lambda path: "\n" not in path))
def test_plain_folders_are_left_out_as_their_patterns_say(path: str) -> None:
    patterns = ["a/", "M/", "*.d"]
    fast, general = Globs.compile(["**"], patterns), Globs.compile(["**"], [*patterns, "!/no/such/file"])
    assert (sorted(fast.folders), sorted(general.folders)) == (["M", "a"], [])
    assert fast.takes(path) is general.takes(path)
    assert fast.enters("x/a/") is False


def test_exclude_can_give_back_what_it_took() -> None:
    globs = Globs.compile(DEFAULT_INCLUDE, ["drafts/**", "!drafts/keep.md"])
    assert globs.enters("drafts/")
    assert globs.takes("drafts/keep.md")
    assert not globs.takes("drafts/other.md")


def test_patterns_that_mean_nothing() -> None:
    with pytest.raises(UsageError, match="No include pattern"):
        Globs.compile(["# only a comment"])
    with pytest.raises(UsageError, match="'!' is not valid"):
        Globs.compile(["!"])
