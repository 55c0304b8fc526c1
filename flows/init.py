"""Understanding a site: what its files and its generator's configuration say, and the settings and contract for it.

Belongs here: the order of the work, the settings, and the report. Does not belong here: the evidence
(`flows.site_evidence`), the overlay (`flows.site_overlay`), the generators (`tasks.discover.site_config`), and how it
all looks (`flows.commands.init`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import pyarrow as pa

from config.contract import load_contract
from config.errors import UsageError
from config.overlay import overlay_text
from config.settings import DEFAULT_FILE, Settings
from config.yaml_files import format_yaml
from flows.site_evidence import SHOWN, ColumnEvidence, Row, evidence_of, read_evidence, sample_of
from flows.site_overlay import lacks_title, overlay_of
from tasks.discover.left_out import left_out
from tasks.discover.location import split_name
from tasks.discover.site_config import find_site_config
from tasks.discover.source import open_sources
from tasks.report.progress import Progress
from tasks.report.words import format_message
from tasks.runs.source import Source

#: The contract that is written, in the working folder.
CONTRACT_FILE: Final = "presslake-contract.yaml"

#: Share of broken files from which on the contract may be at fault.
_MOST: Final = 0.5


class SiteReport(msgspec.Struct, frozen=True):
    """What was understood and written.

    Attributes:
        status: `written`.
        sources: name to location.
        files: that were found; `read` of them, `articles` of these are articles.
        ignored, quarantined: numbers of those that were read.
        generator: name and configuration; empty where none was found.
        columns: the evidence for each of `SHOWN` that any file has.
        extra: names of columns that are new.
        notes: what a person should know, a sentence each.
        written: the files.
    """

    status: Literal["written"]
    sources: dict[str, str]
    files: int
    read: int
    articles: int
    ignored: int
    quarantined: int
    generator: str
    columns: list[ColumnEvidence]
    extra: list[str]
    notes: list[str]
    written: list[str]


def run_init(
    specs: Sequence[str], settings: Settings, base_url: str | None, *, force: bool, progress: Progress
) -> SiteReport:
    """Understand sources, and write settings and contract for them into the working folder.

    Args:
        specs: the sources.
        settings: patterns, reading policy and workers; the packaged contract counts, whatever they name.
        base_url: address of the site; None takes that of its configuration.
        force: replace the files if they are there.
        progress: gets the stage `read`.

    Raises:
        UsageError: a file is there already, a source cannot be understood, or none of its files has front matter.
        SourceError: a source is not there or cannot be listed.
    """
    if not force and (there := [name for name in (DEFAULT_FILE, CONTRACT_FILE) if Path(name).exists()]):
        raise UsageError(f"{there[0]} is there already.", "Keep it and run, or replace it with --force.")
    sources = open_sources(specs, settings.discover.include, settings.discover.exclude, settings.access)
    listing = pa.concat_tables([source.list().replace_schema_metadata(None) for source in sources])
    sample = sample_of(listing)
    read, packaged = partial(read_evidence, sources, settings, sample, progress=progress), load_contract()
    rows = read(packaged, "read")
    if not any(row["status"] == "record" or lacks_title(row) for row in rows):
        raise UsageError(*_nothing(rows, sources))
    roots = [Path(root) for source in sources if (root := getattr(source, "root", None)) is not None]
    sites = [site for root in roots if (site := find_site_config(root)) is not None]
    site = sites[0] if sites else None
    notes = list(site.notes) if site else []
    notes += [f"{other.file} is another site's; only {sites[0].file} counts." for other in sites[1:] if other != site]
    overlay = overlay_of(packaged, rows, site, notes)
    locations = {source.name: split_name(spec)[1] for source, spec in zip(sources, specs, strict=True)}
    address = base_url or (site.base_url if site else None)
    Path(CONTRACT_FILE).write_text(overlay_text(overlay), encoding="utf-8")
    contract = load_contract(CONTRACT_FILE)
    if overlay:
        rows = read(contract, "read again")
    _write_settings(locations, settings, sorted(left_out(sources)), address, _bad_share(rows, settings, notes))
    counts = Counter(row["status"] for row in rows)
    columns = {column.name: column for column in contract.source_columns}
    evidence = [evidence_of(columns[name], rows) for name in SHOWN]
    return SiteReport(
        status="written",
        sources=locations,
        files=len(listing),
        read=len(rows),
        articles=counts["record"],
        ignored=counts["ignored"],
        quarantined=counts["quarantined"],
        generator=f"{site.generator} ({site.file})" if site else "",
        columns=[found for found in evidence if found.files or found.unusual],
        extra=[name for name in overlay if name not in packaged["articles"].names],
        notes=notes,
        written=[DEFAULT_FILE, CONTRACT_FILE],
    )


def _bad_share(rows: Sequence[Row], settings: Settings, notes: list[str]) -> float | None:
    """The share of quarantined files that the guard must let pass; None where its default does. Notes their reasons."""
    bad = [row for row in rows if row["status"] == "quarantined"]
    errors = [(row, next(found for found in row["findings"] if found["severity"] == "error")) for row in bad]
    for code, files in Counter(found["code"] for _, found in errors).most_common():
        row, found = next((row, found) for row, found in errors if found["code"] == code)
        where = f"{row['source_path']}:{found['line'] or 1}"
        notes.append(f"{files:,} with {code}, such as {where}: {format_message(found['field'], found['message'], '')}")
    share = len(bad) / len(rows)
    if share <= settings.guards.max_quarantined_share:
        return None
    enough = min(1.0, ceil(share * 10 + 1) / 10)
    hint = "; `presslake contract suggest` says what their fields could be" if share > _MOST else ""
    notes.append(
        f"{share:.0%} of the files have errors, so {DEFAULT_FILE} lets {enough:.0%} pass; lower that later{hint}."
    )
    return enough


def _nothing(rows: Sequence[Row], sources: Iterable[Source]) -> tuple[str, str]:
    """Why there is nothing to understand, and the way out."""
    if not rows:
        suffixes = left_out(sources)
        if suffixes:
            patterns = " ".join(f"--include '**/*{suffix}'" for suffix in sorted(suffixes))
            return "No file matches the patterns, but some others have front matter.", f"Run again with {patterns}."
        return "The sources have no file of the kinds that presslake reads.", "Name the folder of the content."
    finding = next((found for row in rows for found in row["findings"] if found["severity"] == "error"), None)
    if finding is None:
        return (
            f"None of the {len(rows):,} files has front matter.",
            "presslake reads files that start with --- (YAML), +++ (TOML) or { (JSON).",
        )
    return (
        f"None of the {len(rows):,} files can be loaded; the first reason is: {finding['message']}.",
        "`presslake check` lists them all.",
    )


def _write_settings(
    sources: Mapping[str, str], settings: Settings, suffixes: Sequence[str], base_url: str | None, share: float | None
) -> None:
    """Write `DEFAULT_FILE`; `suffixes` are those of files that are to be taken as well."""
    tree: dict[str, Any] = {"sources": dict(sources)}
    default = Settings().discover
    include = [*settings.discover.include, *(f"**/*{suffix}" for suffix in suffixes)]
    discover = {
        "include": include if tuple(include) != default.include else None,
        "exclude": list(settings.discover.exclude) if settings.discover.exclude != default.exclude else None,
    }
    if any(discover.values()):
        tree["discover"] = {name: patterns for name, patterns in discover.items() if patterns}
    tree["contract"] = {"path": CONTRACT_FILE} | ({"base_url": base_url} if base_url else {})
    if share is not None:
        tree["guards"] = {"max_quarantined_share": share}
    head = "# Written by `presslake init`. docs/settings.md explains every key; delete what is not needed.\n"
    Path(DEFAULT_FILE).write_text(head + format_yaml(tree, width=118), encoding="utf-8")
