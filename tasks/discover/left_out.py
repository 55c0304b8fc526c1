"""Files that the default patterns leave out although they start like articles.

Belongs here: finding them cheaply in folders of this machine, and the sentence that names them. Does not belong here:
which files count (`tasks.discover.listing`).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Final

from tasks.discover.listing import DEFAULT_INCLUDE, Globs, format_path
from tasks.discover.local import LocalSource
from tasks.front_matter.fences import find_front_matter
from tasks.runs.source import Content, Source

#: Ends of the names of texts that generators and editors know; those of data are not among them.
_TEXTS: Final = tuple(
    ".adoc .asc .asciidoc .htm .liquid .markdn .markdoc .mdc .mdoc .mdown .mdtext .mdtxt .mdwn .mkd .mkdn .mkdown"
    " .njk .org .pandoc .qmd .rmd .rst .svx .text .textile .typ .wiki .xhtml".split()
)
_HEAD_BYTES: Final = 64
#: Enough to name what is left out, and little beside the time that a first run takes.
_MOST_READ: Final = 2_000
_MOST_SEEN: Final = 100_000


def name_left_out(sources: Iterable[Source]) -> str:
    """A sentence on the files with front matter that the sources leave out; empty where there are none."""
    found = left_out(sources)
    return _sentence(found) if found else ""


def left_out(sources: Iterable[Source]) -> Counter[str]:
    """The suffixes of files with front matter that the sources leave out, with the number of files.

    Only folders of this machine that are listed by the default patterns are looked at: who writes patterns knows what
    they leave out. At most some thousand files are opened.
    """
    found: Counter[str] = Counter()
    for source in sources:
        if isinstance(source, LocalSource) and source.globs.suffixes == _DEFAULT.suffixes:
            found += _count(source)
    return found


def _count(source: LocalSource) -> Counter[str]:
    files = [(format_path(path), "") for path, _ in zip(_texts(source), range(_MOST_READ), strict=False)]
    contents = zip(files, source.read_many(files, _HEAD_BYTES), strict=True)
    return Counter(
        PurePosixPath(path).suffix.lower()
        for (path, _), content in contents
        if isinstance(content, Content) and find_front_matter(content.raw) is not None
    )


def _texts(source: LocalSource) -> Iterator[str]:
    """Paths of texts that the source does not list, in no order; links to folders are not followed."""
    seen = 0
    for folder, folders, names in os.walk(source.root):
        prefix = "" if folder == source.root else os.path.relpath(folder, source.root) + "/"
        folders[:] = [name for name in folders if not name.startswith(".") and source.globs.enters(f"{prefix}{name}/")]
        yield from (prefix + name for name in names if name.lower().endswith(_TEXTS) and not name.startswith("."))
        seen += len(names)
        if seen > _MOST_SEEN:
            return


def _sentence(found: Mapping[str, int]) -> str:
    suffixes = sorted(found)
    counts = " and ".join(f"{found[suffix]:,} `{suffix}`" for suffix in suffixes)
    are = "file has front matter and is" if sum(found.values()) == 1 else "files have front matter and are"
    patterns = " ".join(f"--include '{pattern}'" for pattern in (*DEFAULT_INCLUDE, *(f"**/*{s}" for s in suffixes)))
    return f"{counts} {are} left out; to take these too, run with {patterns}"


_DEFAULT: Final = Globs.compile(DEFAULT_INCLUDE)
