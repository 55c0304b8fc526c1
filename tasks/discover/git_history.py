"""The commits of a Git branch, oldest first, each with the files that it changed.

Belongs here: reading `git log` and the sizes of blobs as streams. Does not belong here: how Git is run
safely (`git_command`), reading blobs (`git`), and what is made of a past (`flows.backfill`).

History is followed along first parents: what was on the branch, when it came there. A merge so is one
step with all that it brought. A commit's time is its committer's; where clocks went backwards, a moment
after the commit before, so that times rise along the branch.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Final

import pyarrow as pa

from config.errors import SourceError
from config.settings import Access
from tasks.discover.git import GitSource, commit_of
from tasks.discover.git_command import Repository, asked, git, pipes, running_git
from tasks.discover.listing import Globs, format_path, inside, listing_table, wants

_PIECE: Final = 1 << 20
_LOG: Final = """
-c log.showRoot=true -c diff.orderFile=/dev/null log --first-parent -m --reverse --raw -z --no-renames --no-abbrev
--no-relative --no-ext-diff --no-textconv --no-color --no-notes --no-show-signature --no-decorate
--ignore-submodules=none
""".split()
#: Modes of plain files; links and submodules are no files to presslake.
_FILES: Final = (b"100644", b"100755", b"100664")
_TICK: Final = timedelta(microseconds=1)


@dataclass
class Commit:
    """One step of a branch.

    Attributes:
        id: the commit's id.
        moment: since when it counts, UTC; later than that of the step before.
        files: `source_path` to blob id of files that are new or changed.
        deleted: `source_path` of files that are not there any more.
    """

    id: str
    moment: datetime
    files: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class GitPast:
    """The past of the files in a folder of a repository on this machine.

    Attributes:
        name: the source's name in the tables.
        root: real path of the repository.
        ref: branch, tag or commit; empty for the head.
        folder: path in the repository that `source_path` is relative to; empty for all of it.
        globs: which files count.
        access: as for `GitSource`.
    """

    name: str
    root: Path
    ref: str
    folder: str
    globs: Globs
    access: Access

    @property
    def source(self) -> GitSource:
        """The source that reads the blobs; paths do not matter to it."""
        return GitSource(self.name, f"git+file://{self.root}", self.ref, self.globs, self.access)

    @property
    def _repository(self) -> Repository:
        return Repository(self.root, self.name)

    def is_shallow(self) -> bool:
        """Whether the repository lacks what was before some commit (`git clone --depth`)."""
        return git(self._repository, "rev-parse", "--is-shallow-repository").strip() == b"true"

    def commits(self) -> Iterator[Commit]:
        """The steps in which files that count changed, oldest first.

        Raises:
            SourceRefused: there is no such repository or ref.
            SourceError: Git failed on the way.
        """
        head = commit_of(self._repository, self.ref or "HEAD", self.ref or "HEAD")
        paths = ["--", self.folder] if self.folder else []
        latest = datetime.min.replace(tzinfo=UTC)
        for commit in self._steps(_tokens(self._repository, [*_LOG, "--format=%H %ct", head, *paths])):
            commit.moment = max(commit.moment, latest + _TICK)
            latest = commit.moment
            if commit.files or commit.deleted:
                yield commit

    def _steps(self, tokens: Iterator[bytes]) -> Iterator[Commit]:
        commit: Commit | None = None
        for token in tokens:
            head = token.lstrip(b"\n")
            if head.startswith(b":"):
                assert commit is not None
                self._note(commit, head, next(tokens))
                continue
            if commit is not None:
                yield commit
            name, _, seconds = head.partition(b" ")
            commit = Commit(name.decode(), datetime.fromtimestamp(int(seconds), UTC))
        if commit is not None:
            yield commit

    def _note(self, commit: Commit, head: bytes, name: bytes) -> None:
        """Add an entry of `--raw`: `:mode mode blob blob status`, then the path."""
        _, mode, _, blob, _ = head.split()
        whole = os.fsdecode(name)
        path = whole.removeprefix(f"{self.folder}/") if self.folder else whole
        if inside(path) != path or not wants(self.globs, path):
            return
        if mode in _FILES:
            commit.files[format_path(path)] = blob.decode()
        else:
            commit.deleted.add(format_path(path))

    def listing(self, files: Sequence[tuple[str, str]]) -> pa.Table:
        """A `LISTING` with a row a path and blob, in their order; `etag` is the blob's id.

        Raises:
            SourceError: a blob is not in the repository.
        """
        blobs = list(dict.fromkeys(blob for _, blob in files))
        sizes = dict(zip(blobs, self._sizes(blobs), strict=True))
        paths, blobs = [path for path, _ in files], [blob for _, blob in files]
        return listing_table(self.name, paths, size=[sizes[blob] for blob in blobs], etag=blobs)

    def _sizes(self, blobs: Sequence[str]) -> Iterator[int]:
        """The size of each blob in bytes."""
        question = "--batch-check=%(objecttype) %(objectsize)"
        with running_git(self._repository, "cat-file", question) as process:
            try:
                for blob, answers in asked(process, blobs):
                    kind, _, size = answers.readline().strip().partition(b" ")
                    if kind != b"blob":
                        raise self._missing(f"blob {blob}")
                    yield int(size)
            except BrokenPipeError as error:
                raise self._missing("a blob") from error

    def _missing(self, what: str) -> SourceError:
        return SourceError(
            f"Source {self.name!r}: {what} of the history cannot be read from {str(self.root)!r}.",
            "`git fsck` says if the repository is damaged; `git fetch --refetch` completes a partial clone.",
        )


def _tokens(repository: Repository, arguments: Sequence[str]) -> Iterator[bytes]:
    """What a Git command prints, cut at NUL bytes, as it comes.

    Raises:
        SourceError: the command failed.
    """
    with running_git(repository, *arguments) as process:
        _, output = pipes(process)
        yield from _cut(output)
        if process.wait():
            raise SourceError(f"Source {repository.name!r}: `git log` failed.", "`git fsck` says what is damaged.")


def _cut(output: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while piece := output.read(_PIECE):
        *tokens, rest = (rest + piece).split(b"\0")
        yield from tokens
    if rest.strip():
        yield rest
