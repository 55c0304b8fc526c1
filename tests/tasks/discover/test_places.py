"""What a specification means: the kind of a source, its name, where it is, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import UsageError
from tasks.discover.places import Place, place_of, refuse_overlap


@pytest.mark.parametrize(
    ("spec", "place"),
    [
        ("s3://bucket", Place("bucket", "objects", "s3://bucket")),
        ("feed=gs://bucket/a/b/", Place("feed", "objects", "gs://bucket/a/b")),
        ("az://container/year=2021", Place("year=2021", "objects", "az://container/year=2021")),
        ("git+https://host/team/site.git", Place("site", "git", "git+https://host/team/site.git")),
        ("git+https://host/site@release/2", Place("site", "git", "git+https://host/site", "release/2")),
        ("git+http://host/~me@home/site.git@v1", Place("site", "git", "git+http://host/~me@home/site.git", "v1")),
    ],
)
def test_urls(spec: str, place: Place) -> None:
    assert place_of(spec) == place


@pytest.mark.parametrize("name", ["news.zip", "news.TAR", "news.tar.gz", "news.tgz", "news.tar.zst"])
def test_an_archive_is_a_file_with_such_a_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert place_of(str(tmp_path / name)) == Place("news", "archive", str(tmp_path / name))


def test_a_folder_may_be_called_like_an_archive(tmp_path: Path) -> None:
    (tmp_path / "news.zip").mkdir()
    assert place_of(str(tmp_path / "news.zip")).kind == "folder"


def test_an_at_sign_in_the_name_of_a_repository_is_no_ref(tmp_path: Path) -> None:
    (tmp_path / "me@home").mkdir()
    (tmp_path / "a b").mkdir()
    assert place_of(f"git+file://{tmp_path}/me@home") == Place("me@home", "git", f"git+file://{tmp_path}/me@home")
    assert place_of(f"git+file://{tmp_path}/me@home@v1").ref == "v1"
    assert place_of(f"git+file://{tmp_path}/a%20b").name == "a b"


def test_places_of_which_one_holds_the_other_are_refused() -> None:
    inner, outer = place_of("a=s3://bucket/news/today"), place_of("b=s3://bucket/news")
    with pytest.raises(UsageError, match="Source 'a' lies inside source 'b'"):
        refuse_overlap([inner, outer])
    refuse_overlap([outer, place_of("c=s3://bucket/newsletter")])
    main, other = (place_of(f"{ref}=git+https://host/site@{ref}") for ref in ("main", "other"))
    refuse_overlap([main, other])
    with pytest.raises(UsageError, match="lies inside"):
        refuse_overlap([main, place_of("again=git+https://host/site@main")])


def test_a_password_is_not_repeated() -> None:
    with pytest.raises(UsageError) as raised:
        place_of("git+https://me:s3cret@host/site.git")
    assert "s3cret" not in str(raised.value)
