"""What a specification means: the kind of a source, its name, where it is, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import UsageError
from tasks.discover.location import SourceLocation, refuse_overlap
from tasks.discover.source import KINDS, parse_location


@pytest.mark.parametrize(
    ("spec", "location"),
    [
        ("s3://bucket", SourceLocation("bucket", "objects", "s3://bucket")),
        ("feed=gs://bucket/a/b/", SourceLocation("feed", "objects", "gs://bucket/a/b")),
        ("az://container/year=2021", SourceLocation("year=2021", "objects", "az://container/year=2021")),
        ("git+https://host/team/site.git", SourceLocation("site", "git", "git+https://host/team/site.git")),
        ("git+https://host/site@release/2", SourceLocation("site", "git", "git+https://host/site", "release/2")),
        (
            "git+http://host/~me@home/site.git@v1",
            SourceLocation("site", "git", "git+http://host/~me@home/site.git", "v1"),
        ),
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


def test_places_of_which_one_holds_the_other_are_refused() -> None:
    inner, outer = parse_location("a=s3://bucket/news/today"), parse_location("b=s3://bucket/news")
    with pytest.raises(UsageError, match="Source 'a' lies inside source 'b'"):
        refuse_overlap([inner, outer])
    refuse_overlap([outer, parse_location("c=s3://bucket/newsletter")])
    main, other = (parse_location(f"{ref}=git+https://host/site@{ref}") for ref in ("main", "other"))
    refuse_overlap([main, other])
    with pytest.raises(UsageError, match="lies inside"):
        refuse_overlap([main, parse_location("again=git+https://host/site@main")])


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(UsageError) as raised:
        parse_location("git+https://me:s3cret@host/site.git")
    assert "s3cret" not in str(raised.value)


def test_every_kind_is_told_of_where_none_fits() -> None:
    with pytest.raises(UsageError) as raised:
        parse_location("sftp://host/news")
    assert all(kind.form in raised.value.hint for kind in KINDS)
