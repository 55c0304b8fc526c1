"""Running the command `git` so that nothing in a repository decides what runs.

Belongs here: environment and options of every call, talking with a command while it runs, and what
Git's complaints mean. Does not belong here: what is asked of Git (`tasks.discover.git`).

A repository's own configuration can name commands (hooks, fsmonitor, ssh, remotes of missing objects).
Only commands are called that read objects; what else could start is switched off; no protocol is
allowed but, for a fetch, HTTP(S). Whose repositories may be read at all is Git's `safe.directory` to say.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from config.errors import SourceError, SourceRefused

#: Source: `git rev-parse --local-env-vars`. A Git hook that calls presslake has them set, for its own repository.
_OF_ANOTHER_REPOSITORY: Final = frozenset(
    """
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_COMMON_DIR GIT_CONFIG GIT_CONFIG_PARAMETERS GIT_DIR GIT_GRAFT_FILE
    GIT_IMPLICIT_WORK_TREE GIT_INDEX_FILE GIT_INTERNAL_SUPER_PREFIX GIT_NAMESPACE GIT_OBJECT_DIRECTORY
    GIT_PREFIX GIT_REPLACE_REF_BASE GIT_SHALLOW_FILE GIT_WORK_TREE
    """.split()
)
_OPTIONS: Final = (
    *("--no-pager", "--no-replace-objects", "--literal-pathspecs"),
    *("-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.autoDetach=false"),
    *("-c", "core.alternateRefsCommand=true", "-c", "core.sshCommand=false"),
)
#: Blob ids that are asked for before the answers are read; they fit into a pipe (64 KiB on Linux).
_ASKED: Final = 400
#: What Git says of what will not be otherwise next time, and what to do about it.
_FINAL: Final = {
    "dubious ownership": "Another user owns it. If you trust it: `git config --global --add safe.directory PATH`.",
    "not a git repository": "Name the folder that holds `.git`, or a bare repository.",
    "could not read username": "It needs credentials: docs/sources.md says where they belong.",
    "authentication failed": "The credentials were refused: docs/sources.md says where they belong.",
    "error: 403": "The credentials do not allow it: docs/sources.md says where they belong.",
    "not found": "Check the URL, and that the credentials may see it.",
    "find remote ref": "Name a branch, a tag, or a whole commit id of the repository.",
    "no such remote ref": "Name a branch, a tag, or a whole commit id of the repository.",
    "not our ref": "Name a branch, a tag, or a whole commit id that the server still has.",
    "not allowed": "It is a partial clone: fetch all its objects first (`git fetch --refetch`).",
}


class Repository(NamedTuple):
    """A repository: the real path of its folder, and the name of the source, for errors."""

    path: Path
    name: str


def git(repository: Repository, *arguments: str, protocols: str = "none") -> bytes:
    """What a Git command prints.

    Args:
        repository: where it runs.
        arguments: the command.
        protocols: what a fetch may use, separated by colons.

    Raises:
        SourceRefused: Git is missing, or says what it will say again.
        SourceError: the command failed otherwise.
    """
    try:
        done = subprocess.run(  # noqa: S603
            _command(repository, arguments), env=_environment(repository, protocols),
            stdin=subprocess.DEVNULL, capture_output=True, check=False,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise _missing(repository) from error
    if done.returncode:
        raise _failure(repository, done.stderr.decode(errors="replace"))
    return done.stdout


@contextmanager
def running_git(repository: Repository, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A Git command to talk with through pipes, ended with the context; raises as `git`."""
    try:
        process = subprocess.Popen(  # noqa: S603
            _command(repository, arguments), env=_environment(repository, "none"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise _missing(repository) from error
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def asked(process: subprocess.Popen[bytes], blobs: Sequence[str]) -> Iterator[tuple[str, IO[bytes]]]:
    """Ask a `git cat-file` that runs for blobs.

    Args:
        process: from `running_git`.
        blobs: their ids.

    Yields:
        Each id and the stream with Git's answer, which must be read to its end before the next.

    Raises:
        BrokenPipeError: Git ended before it had answered.
    """
    questions, answers = pipes(process)
    for start in range(0, len(blobs), _ASKED):
        part = blobs[start : start + _ASKED]
        questions.write("".join(f"{blob}\n" for blob in part).encode())
        questions.flush()
        yield from ((blob, answers) for blob in part)


def _command(repository: Repository, arguments: Sequence[str]) -> list[str]:
    return ["git", *_OPTIONS, "-C", str(repository.path), *arguments]


def pipes(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    """What goes to a command of `running_git`, and what comes from it."""
    assert process.stdin is not None and process.stdout is not None
    return process.stdin, process.stdout


def _environment(repository: Repository, protocols: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key not in _OF_ANOTHER_REPOSITORY}
    return kept | {
        "GIT_ALLOW_PROTOCOL": protocols,
        # A folder that is no repository must not be taken for a part of one around it.
        "GIT_CEILING_DIRECTORIES": str(repository.path.parent),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


def _missing(repository: Repository) -> SourceRefused:
    return SourceRefused(f"Source {repository.name!r} needs the command `git`, and there is none.", "Install Git.")


def _failure(repository: Repository, complaint: str) -> SourceError:
    """The error for what Git printed; its last line says what is wrong."""
    lines = [line for line in complaint.strip().splitlines() if line.strip()] or ["git failed without a word"]
    wanted = [line for line in lines if line.startswith(("fatal:", "error:", "remote:"))] or lines
    message = f"Source {repository.name!r}: {wanted[0]}"
    for words, remedy in _FINAL.items():
        if words in complaint.lower():
            return SourceRefused(message, remedy)
    return SourceError(message, "Check that the repository can be reached, then run again.")
