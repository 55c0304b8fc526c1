"""The files of sources without a warehouse: each once, and what reading them needs.

Belongs here: what the linter and the commands on contracts share before they read. Does not belong here: reading
(`tasks.parse.batch`), and the listing of a run, which knows the files of the run before (`tasks.discover`).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from config.contract import load_contract
from config.errors import UsageError
from config.settings import Settings
from config.url_rules import load_url_rules
from tasks.arrow.schemas import LISTING
from tasks.discover import local
from tasks.discover.location import expanded, split_name
from tasks.discover.source import kind_of, open_source
from tasks.parse.batch import ParseJob
from tasks.report.words import near, printable
from tasks.runs.source import Source


def parse_job(sources: Mapping[str, Source], settings: Settings) -> ParseJob:
    """What reading files of sources needs, as the settings say.

    Raises:
        UsageError: the contract or the URL rules cannot be used.
    """
    contract, rules = load_contract(settings.contract.path), load_url_rules(settings.contract.url_rules)
    return ParseJob.of(settings, contract, rules, sources)


def list_files(specs: Sequence[str], settings: Settings) -> tuple[pa.Table, dict[str, Source], set[str]]:
    """Every file once, as a `LISTING`, the sources, and the names of those that are listed whole.

    A source is named by its place as the user can open it.

    Raises:
        SourceError: a source is not there or cannot be listed.
    """
    sources: dict[str, Source] = {}
    whole: set[str] = set()
    listings, absolute = [LISTING.empty_table()], [pa.array([], pa.string())]
    for spec in specs:
        source, listing, root = _listed(split_name(spec)[1], settings)
        sources.setdefault(source.name, source)
        if not expanded(split_name(spec)[1]).is_file():
            whole.add(source.name)
        listings.append(listing)
        absolute.append(pc.binary_join_element_wise(root, listing["source_path"], "/").combine_chunks())
    return _each_once(pa.concat_tables(listings), pa.concat_arrays(absolute)), sources, whole


def _listed(text: str, settings: Settings) -> tuple[Source, pa.Table, str]:
    """The source at a place, its files, and the root that makes their paths unlike any others'."""
    include, exclude = settings.discover.include, settings.discover.exclude
    if kind_of(text) is not local.KIND:
        source = open_source(text, printable(text), include, exclude, settings.access)
        return source, source.list(), text
    single = path.resolve() if (path := expanded(text)).is_file() else None
    folder = single.parent if single else path
    name = printable(near(str(folder)))
    source = open_source(str(folder) if single else text, name, include, exclude)
    return source, _listing_of(name, single) if single else source.list(), printable(str(folder.resolve()))


def _listing_of(name: str, file: Path) -> pa.Table:
    """The listing of a single file.

    Raises:
        UsageError: its name cannot stand in a table.
    """
    if file.name != os.fsencode(file.name).decode(errors="replace"):
        raise UsageError(f"The name of {printable(str(file))} is not UTF-8.", "Rename the file, or check its folder.")
    status = file.stat()
    modified = status.st_mtime_ns // 1000
    return pa.table([[name], [file.name], [status.st_size], [modified], [None], [None], [None]], schema=LISTING)


def _each_once(files: pa.Table, absolute: pa.Array) -> pa.Table:
    """Files that two specifications name are kept where they stand first."""
    paths = pc.unique(absolute)
    return files if len(paths) == len(files) else files.take(pc.index_in(paths, absolute))
