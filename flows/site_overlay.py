"""The overlay of a site: what files and generator's configuration say differently from the packaged contract.

Belongs here: deciding what goes into the overlay, each with its reason. Does not belong here: the evidence
(`flows.site_evidence`), and the overlay's form (`config.overlay`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from math import ceil
from typing import Any, Final

from config.contract import Contract
from config.contract_types import time_zone
from flows.site_evidence import SHOWN, Row
from flows.unknown_fields import reads_as_time
from tasks.discover.site_config import SiteConfig
from tasks.report.field_shapes import shapes
from tasks.report.renames import ALIKE, renames
from tasks.report.suggestion import filled_from, fills, suggest

#: Column to what the overlay says of it, and the reason.
Overlay = dict[str, tuple[Mapping[str, Any], str]]

#: Share of the files that must have a field for a column of its own, and most columns of the overlay.
_COMMON: Final = 0.5
_MOST: Final = 12
#: Share and number of the files whose title must be their name for names to be titles; generators whose notes are
#: always so.
_HABIT: Final = 0.5
_LEAST: Final = 3
_NAMED: Final = ("Obsidian", "Quartz")

#: Words in the names of fields with titles.
_TITLES: Final = re.compile(
    r"tit|headl|subject|berschrift|schlagz|betreff|otsik|nadpis|naslov|başlık|заглав|заголов|题|題|タイトル|제목|عنوان",
    re.IGNORECASE,
)


def overlay_of(contract: Contract, rows: Sequence[Row], site: SiteConfig | None, notes: list[str]) -> Overlay:
    """What a site's contract says differently.

    Args:
        contract: the packaged one.
        rows: the evidence under it.
        site: the generator's configuration, if there is one.
        notes: takes what a person should know besides.
    """
    articles = [row for row in rows if row["status"] == "record"]
    untitled = [row for row in rows if lacks_title(row)]
    overlay: Overlay = {}
    if site:
        _of_config(site, articles, overlay, notes)
    read = [*articles, *untitled]
    seen = shapes(((row["extra"], _lacking(row)) for row in read), reads_as_time)
    for rename in renames(seen, [column for column in contract.source_columns if column.name in SHOWN]):
        name = rename.column.name
        is_called_so = rename.likeness >= ALIKE or _TITLES.search(str(rename.path[-1])) is not None
        if is_called_so if name == "title" else rename.lacking > _COMMON * len(read):
            said, because = overlay.get(name, ({}, ""))
            overlay[name] = ({**filled_from(rename), **said}, f"{fills(rename)}. {because}".strip())
    if untitled and "title" not in overlay and (_names_are_titles(articles) or (site and site.generator in _NAMED)):
        because = f"{len(untitled):,} files have no title; names of files are titles here."
        overlay["title"] = ({"from": ["heading", "file_name"]}, because)
    found = suggest(seen, contract, least=ceil(_COMMON * len(read)))
    new = {name: line for name, line in found.columns.items() if name not in contract["articles"].names}
    return overlay | dict(islice(new.items(), max(_MOST - len(overlay), 0)))


def _lacking(row: Row) -> list[str]:
    """The columns that a file has no value for."""
    return [name for name in SHOWN if row[name] in (None, "", [])]


def lacks_title(row: Row) -> bool:
    """Whether a file is quarantined for want of a title alone."""
    errors = {(found["code"], found["field"]) for found in row["findings"] if found["severity"] == "error"}
    return errors == {("field/missing", "title")}


def _of_config(site: SiteConfig, articles: Sequence[Row], overlay: Overlay, notes: list[str]) -> None:
    """Language, time zone and addresses by the site's configuration, where its files leave them open."""
    because = f"by {site.file.name}"
    if site.zone:
        try:
            time_zone(site.zone)
        except ValueError:
            notes.append(f"{site.file.name} has the time zone {site.zone!r}, which nobody knows; UTC is taken.")
        else:
            for column in ("published_at", "updated_at"):
                if any(column in row["origins"] for row in articles):
                    overlay[column] = ({"timezone": site.zone}, f"The zone of times without one, {because}.")
    if site.language and any(row["language"] is None for row in articles):
        overlay["language"] = ({"default": site.language}, f"The language of pages that name none, {because}.")
    folders = {folder for row in articles for folder in row["source_path"].split("/")[:-1]}
    patterns = {folder: pattern for folder, pattern in site.patterns.items() if folder in folders or not folder}
    if patterns:
        overlay["permalink"] = ({"pattern": patterns}, f"The form of addresses below these folders, {because}.")


def _names_are_titles(articles: Sequence[Row]) -> bool:
    """Whether the stated titles of most files are their names, as in a vault of notes."""
    stated = [row for row in articles if row["origins"].get("title", ("", False))[1]]
    same = sum(
        _words(row["title"]) == _words(row["source_path"].rpartition("/")[2].rpartition(".")[0]) for row in stated
    )
    return same >= max(_LEAST, _HABIT * len(stated))


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower().replace("_", " "))
