"""Git repositories as sources: which commit, which of its files, and nothing that a repository says is run."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from config.errors import SourceError, SourceRefused, UsageError
from config.settings import Access
from tasks.discover.listing import DEFAULT_INCLUDE
from tasks.discover.source import open_source
from tasks.runs.source import VERSION, Content
from tests.builders import bytes_of, committed, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    committed(
        tmp_path / "site", {"a.md": b"first", "b/c.md": b"other", "b/logo.png": b"png", ".drafts/d.md": b"hidden"}
    )
    return tmp_path / "site"


def paths(spec: str) -> list[str]:
    found: list[str] = open_source(spec).list()["source_path"].to_pylist()
    return found


def test_files_of_the_head_are_listed_with_blob_ids_as_etags(repository: Path) -> None:
    source = open_source(f"git+file://{repository}")
    listing = source.list()
    assert source.name == "site"
    assert listing["source_path"].to_pylist() == ["a.md", "b/c.md"]
    assert listing["size"].to_pylist() == [5, 5]
    assert listing["etag"].to_pylist() == [git(repository, "rev-parse", f"HEAD:{path}") for path in ("a.md", "b/c.md")]
    assert listing.schema.metadata[VERSION].decode() == git(repository, "rev-parse", "HEAD")


def test_a_ref_is_a_branch_a_tag_or_a_commit(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    git(repository, "tag", "v1")
    git(repository, "checkout", "--quiet", "-b", "release/2")
    committed(repository, {"new.md": b"new"})
    for ref in ("v1", "main", first, first[:10]):
        assert paths(f"git+file://{repository}@{ref}") == ["a.md", "b/c.md"]
    assert paths(f"git+file://{repository}@release/2") == ["a.md", "b/c.md", "new.md"]
    assert paths(f"git+file://{repository}") == ["a.md", "b/c.md", "new.md"]


def test_blobs_are_read_by_id_in_order_and_no_further_than_the_limit(repository: Path) -> None:
    committed(repository, {f"n/{n}.md": b"%d" % n * 9 for n in range(450)} | {"long.md": b"x" * 100})
    source = open_source(f"git+file://{repository}")
    listing = source.list()
    files = list(zip(listing["source_path"].to_pylist(), listing["etag"].to_pylist(), strict=True))
    committed(repository, {path: b"changed" for path, _ in files})
    contents = dict(zip((path for path, _ in files), source.read_many(files, 50), strict=True))
    assert contents["n/7.md"] == Content(b"7" * 9, dict(files)["n/7.md"])
    assert contents["n/449.md"] == Content(b"449" * 9, dict(files)["n/449.md"])
    assert contents["long.md"].raw == b"x" * 51


def test_links_and_submodules_are_left_alone_and_logged(
    repository: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (repository / "link.md").symlink_to("/etc/hostname")
    committed(tmp_path / "other", {"x.md": b"x"})
    git(
        repository, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(tmp_path / "other"), "sub.md"
    )
    committed(repository)
    with caplog.at_level(logging.WARNING):
        assert paths(f"git+file://{repository}") == ["a.md", "b/c.md"]
    assert "1 symbolic links, such as 'link.md'" in caplog.text
    assert "1 submodules, such as 'sub.md'" in caplog.text


def test_a_path_that_is_not_utf8_is_percent_encoded_as_in_folders(repository: Path) -> None:
    (repository / "caf\udce9.md").write_bytes(b"latin")
    committed(repository)
    source = open_source(f"git+file://{repository}")
    blobs = {row["source_path"]: row["etag"] for row in source.list().to_pylist()}
    assert bytes_of(source, "./caf%E9.md", 10, blobs["./caf%E9.md"]) == b"latin"


def test_refs_that_are_options_or_expressions_are_refused(repository: Path) -> None:
    for ref in ("--upload-pack=touch x", "-x", "a..b", "main:b", "main@{1}", "a b", "main^"):
        with pytest.raises(UsageError, match="is not the name of a branch, tag or commit"):
            open_source(f"git+file://{repository}@{ref}")


def test_no_repository_and_no_commit_are_errors(repository: Path, tmp_path: Path) -> None:
    (repository / "b" / "inner").mkdir()
    with pytest.raises(SourceRefused, match=r"not a git repository.* Name the folder that holds `\.git`"):
        open_source(f"git+file://{repository}/b/inner").list()
    with pytest.raises(SourceRefused, match="has no commit 'nope'"):
        open_source(f"git+file://{repository}@nope").list()
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(SourceRefused, match="has no commit 'HEAD'"):
        open_source(f"git+file://{tmp_path}/empty").list()


def test_nothing_that_a_repository_configures_is_run(repository: Path, tmp_path: Path) -> None:
    listing = open_source(f"git+file://{repository}").list()
    blob = listing["etag"][0].as_py()
    mark = tmp_path / "mark"
    (repository / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    for url in (f"ssh://host/{mark}", f"ext::touch {mark}", f"file://{repository}"):
        hostile = {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "evil",
            "remote.evil.promisor": "true",
            "remote.evil.url": url,
            "remote.evil.uploadpack": f"touch {mark};",
            "core.sshCommand": f"touch {mark};",
            "core.fsmonitor": f"touch {mark};",
            "core.alternateRefsCommand": f"touch {mark};",
            "protocol.allow": "always",
            "protocol.ext.allow": "always",
        }
        for key, value in hostile.items():
            git(repository, "config", key, value)
        with pytest.raises(SourceError):
            open_source(f"git+file://{repository}").list()
        with pytest.raises(SourceError):
            list(open_source(f"git+file://{repository}").read_many([("a.md", blob)], 10))
    assert not mark.exists()


def test_a_hook_that_runs_presslake_does_not_lend_it_its_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed(tmp_path / "other", {"x.md": b"x"})
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    assert paths(f"git+file://{repository}") == ["a.md", "b/c.md"]


def test_a_remote_that_cannot_be_reached_is_worth_another_try(tmp_path: Path) -> None:
    access = Access(cache=str(tmp_path / "cache"))
    with pytest.raises(SourceError, match="unable to access") as raised:
        open_source("git+http://127.0.0.1:9/x.git", None, DEFAULT_INCLUDE, (), access).list()
    assert not isinstance(raised.value, SourceRefused)
