"""Git repositories as a source: the files of a commit, without a checkout.

Belongs here: finding the commit, listing its files and reading blobs. Does not belong here: how Git is
run safely (`tasks.discover.git_command`).

- A file's etag is its blob id. So what Git knows to be the same is never read again, also where another
  commit or branch is loaded; and a file is read by that id, so a push during a run changes nothing.
- A repository on this machine is read where it is. Of a remote one the newest commit alone is kept, in a
  bare clone in the cache (`git fetch --depth 1`), and brought up to date when it is listed.
- As with folders, symbolic links are not followed and hidden files do not count. Submodules are left
  alone: name them as sources. Files are as committed: no line ends are changed, no filter (LFS) runs.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final
from urllib.parse import unquote

import pyarrow as pa

from config.errors import SourceError, SourceRefused, UsageError
from config.settings import Access
from tasks.discover.cache import cache_folder, kept_to_one
from tasks.discover.git_command import Repository, asked, git, running_git
from tasks.discover.listing import Gathered, Globs, inside
from tasks.discover.location import SourceKind, SourceLocation, existing
from tasks.runs.source import Content

_SKIPPED_BYTES: Final = 1 << 20
_LINK: Final = b"120000"
#: What Git allows in the name of a branch or tag, and nothing that it reads as an option or an expression.
#: Source: git-check-ref-format(1).
_REF: Final = re.compile(r"(?!-)(?!.*(?:\.\.|@\{|//))[^\x00-\x20\x7f~^:?*\[\\]+(?<![/.])")
_LOCAL: Final = "git+file"
_FORM: Final = "git+file:///path@ref, git+https://host/path@ref"


@dataclass(frozen=True)
class GitSource:
    """A Git repository at a ref; small and picklable. See `tasks.runs.source.Source`.

    Attributes:
        name: the source's name in the tables.
        url: `git+file://` and a real path, or `git+https://…`.
        ref: branch, tag or commit; empty for the head of the repository.
        globs: which files count.
        access: the cache and time-outs.
    """

    name: str
    url: str
    ref: str
    globs: Globs
    access: Access

    @property
    def root(self) -> str:
        """What the user called it, for the table `runs`."""
        return f"{self.url}@{self.ref}" if self.ref else self.url

    def list(self) -> pa.Table:
        """All files of the commit that the ref means now; the commit id is the listing's version.

        Raises:
            SourceRefused: there is no such repository or ref, or it must not be read.
            SourceError: a remote repository did not answer.
        """
        repository = self._repository()
        ref = self._fetched(repository) if self._is_remote else self.ref or "HEAD"
        commit = commit_of(repository, ref, self.ref or "HEAD")
        gathered = Gathered(self.name, self.globs)
        for entry in git(repository, "ls-tree", "-r", "-l", "-z", "--full-tree", commit).split(b"\0")[:-1]:
            _note(gathered, entry)
        return gathered.table(version=commit)

    def read_many(self, files: Sequence[tuple[str, str]], limit: int) -> Iterator[Content | OSError]:
        """The blobs of listed files, in their order, from one Git process.

        Raises:
            SourceError: a blob is not in the repository any more.
        """
        with running_git(self._repository(), "cat-file", "--batch") as process:
            try:
                for blob, answers in asked(process, [blob for _, blob in files]):
                    yield Content(self._blob(answers, limit), blob)
            except BrokenPipeError as error:
                raise self._missing() from error

    def _blob(self, answers: IO[bytes], limit: int) -> bytes:
        """The next blob; of one that is too long no more than `limit + 1` bytes are kept."""
        header = answers.readline().split()
        if len(header) != 3 or header[1] != b"blob":
            raise self._missing()
        size = int(header[2])
        raw = answers.read(min(size, limit + 1))
        left = size - len(raw) + 1  # a line feed ends the answer
        while left and (skipped := answers.read(min(left, _SKIPPED_BYTES))):
            left -= len(skipped)
        if left:
            raise self._missing()
        return raw

    def _missing(self) -> SourceError:
        return SourceError(
            f"Source {self.name!r}: an object that was listed cannot be read from {self.url}.",
            "Was the repository changed or cleaned up meanwhile? Run again; `git fsck` says if it is damaged.",
        )

    @property
    def _is_remote(self) -> bool:
        return not self.url.startswith("git+file://")

    def _repository(self) -> Repository:
        if self._is_remote:
            return Repository(cache_folder(self.access, "git", self.url), self.name)
        return Repository(Path(self.url.removeprefix("git+file://")), self.name)

    def _fetched(self, repository: Repository) -> str:
        """Bring the clone in the cache up to date; returns the local ref of what was fetched."""
        local = f"refs/presslake/{hashlib.sha256(self.ref.encode()).hexdigest()[:16]}"
        seconds = max(1, round(self.access.request_timeout_seconds))
        patience = ("-c", "http.lowSpeedLimit=1000", "-c", f"http.lowSpeedTime={seconds}")
        with kept_to_one(repository.path):
            _make_clone(repository)
            git(
                repository, *patience, "fetch", "--quiet", "--force", "--depth=1", "--no-tags",
                "--no-recurse-submodules", "--no-write-fetch-head", "--end-of-options",
                self.url.removeprefix("git+"), f"+{self.ref or 'HEAD'}:{local}",
                protocols="http:https",
            )  # fmt: skip
        return local


def _make_clone(repository: Repository) -> None:
    """An empty bare repository where none is; without a template, so without hooks."""
    if (repository.path / "HEAD").exists():
        return
    shutil.rmtree(repository.path, ignore_errors=True)
    repository.path.mkdir(mode=0o700)
    git(repository, "init", "--quiet", "--bare", "--template=")


def commit_of(repository: Repository, ref: str, called: str) -> str:
    """The commit id that a ref means.

    Raises:
        SourceRefused: there is no such commit.
    """
    # Asked first, so that a missing repository is not reported as a missing ref.
    git(repository, "rev-parse", "--git-dir")
    try:
        found = git(repository, "rev-parse", "--verify", "--end-of-options", f"{ref}^{{commit}}")
    except SourceError as error:
        raise SourceRefused(
            f"Source {repository.name!r}: the repository has no commit {called!r}.",
            "Name a branch, a tag or a commit id after `@`; `git branch --all` lists branches.",
        ) from error
    return found.decode().strip()


def _note(gathered: Gathered, entry: bytes) -> None:
    """Add an entry of `git ls-tree`: mode, type, id and size, a tab, and the path."""
    head, _, name = entry.partition(b"\t")
    mode, kind, blob, size = head.split()
    path = os.fsdecode(name)
    if kind == b"commit":
        gathered.skip("submodules", path)
    elif inside(path) != path:
        if gathered.wants_outside(path):
            gathered.skip("files whose path leads out of the repository", path)
    elif not gathered.wants(path):
        return
    elif mode == _LINK:
        gathered.skip("symbolic links", path)
    elif size == b"BAD":
        raise SourceRefused(
            f"Source {gathered.name!r}: the repository does not hold the content of {path!r}.",
            "Is it a partial clone, or damaged? `git fetch --refetch` brings all objects, `git fsck` tells.",
        )
    else:
        gathered.note(path, int(size), blob.decode())


def _parse(spec: str) -> SourceLocation:
    scheme, rest = spec.split("://", 1)
    scheme = scheme.lower()
    host, slash, path = rest.partition("/")
    if scheme == _LOCAL and not host:
        return _location(scheme, "", *_split_ref(unquote(slash + path)))
    if scheme != _LOCAL and host and path:
        return _location(scheme, host, *_at_last(slash + path))
    raise UsageError(f"The source {spec!r} names no repository.", f"Write {_FORM}.")


def _location(scheme: str, host: str, path: str, ref: str) -> SourceLocation:
    if ref and not _REF.fullmatch(ref):
        raise UsageError(f"{ref!r} is not the name of a branch, tag or commit.", "Write it as `git branch` shows it.")
    path = (path if host else str(existing(Path(path)))).rstrip("/")
    return SourceLocation(path.rsplit("/", 1)[-1].removesuffix(".git"), "git", f"{scheme}://{host}{path}", ref)


def _split_ref(path: str) -> tuple[str, str]:
    """Path and ref; an `@` in the name of a folder that exists is part of it."""
    ends = [at for at, character in enumerate(path) if character == "@"]
    for end in (len(path), *reversed(ends)):
        if Path(path[:end]).is_dir():
            return path[:end], path[end + 1 :]
    return _at_last(path)


def _at_last(path: str) -> tuple[str, str]:
    before, at, after = path.rpartition("@")
    return (before, after) if at and before else (path, "")


def _open(location: SourceLocation, globs: Globs, access: Access) -> GitSource:
    return GitSource(location.name, location.root, location.ref, globs, access)


KIND: Final = SourceKind("git", _FORM, (_LOCAL, "git+https", "git+http"), _parse, _open)
