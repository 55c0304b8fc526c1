"""The overlay of a site: what files and generator's configuration say differently from the packaged contract.

Belongs here: deciding what goes into the overlay, each with its reason. Does not belong here: the evidence
(`flows.site_evidence`), and the overlay's form (`config.overlay`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from config.contract import Contract
from config.contract_types import time_zone
from config.overlay import key_origin
from flows.site_evidence import Row
from tasks.discover.site_config import SiteConfig
from tasks.parse.times import read_time
from tasks.report.field_shapes import shapes
from tasks.report.suggestion import column_name

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
#: Words in the names of fields with titles and with times of publication, in the languages of many sites.
_TITLES: Final = re.compile(
    r"tit|head|topic|subject|otsik|nadpis|заглав|заголов|标题|標題|题|題|タイトル|제목", re.IGNORECASE
)
_TIMES: Final = re.compile(r"dat|publ|post|creat|time|fech|zeit|temps|releas|дат|日|时间|時|날짜", re.IGNORECASE)
_LONGEST_TITLE: Final = 300


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
    if key := _renamed(untitled, _TITLES, _is_title):
        overlay["title"] = ({"from": key}, f"{len(untitled):,} files have their title there.")
    elif untitled and (_names_are_titles(articles) or (site and site.generator in _NAMED)):
        because = f"{len(untitled):,} files have no title; names of files are titles here."
        overlay["title"] = ({"from": ["heading", "file_name"]}, because)
    undated = [row for row in (*articles, *untitled) if row["published_at"] is None]
    if len(undated) > _COMMON * len(rows) and (key := _renamed(undated, _TIMES, _is_time)):
        said, because = overlay.get("published_at", ({}, ""))
        because = f"{len(undated):,} files have no other time. {because}".strip()
        overlay["published_at"] = ({"from": key, **said}, because)
    _add_fields(contract, [*articles, *untitled], overlay)
    return overlay


def lacks_title(row: Row) -> bool:
    """Whether a file is quarantined for want of a title alone."""
    errors = {(found["code"], found["field"]) for found in row["findings"] if found["severity"] == "error"}
    return errors == {("field/missing", "title")}


def _add_fields(contract: Contract, rows: Sequence[Row], overlay: Overlay) -> None:
    """Columns for the fields that most files have, the most frequent ones first."""
    extra = shapes((row["extra"], ()) for row in rows)
    known = {str(path[0]) for column in contract.source_columns for path in column.sources}
    known |= {key for said, _ in overlay.values() for key in _listed(said.get("from"))}
    taken = {column.name for column in contract["duplicates"].columns}
    for key, shape in sorted(extra.fields.items(), key=lambda entry: -entry[1].count):
        inner = shape.item if shape.item is not None else shape
        is_plain = len(shape.forms) == 1 and inner.forms == {"text"} and not re.search(r"[.\[\]]", key)
        if shape.count < _COMMON * len(rows) or not is_plain or key in known or len(overlay) >= _MOST:
            continue
        name = column_name((key,), taken)
        taken.add(name)
        example = next(iter(inner.examples), "")
        says = {"from": key_origin(key), "type": "strings" if shape.item is not None else shape.logical}
        overlay[name] = (says, f"`{key}` is in {shape.count / len(rows):.0%} of the files, such as {example!r}.")


def _listed(given: Any) -> list[str]:
    return [str(key) for key in given] if isinstance(given, list) else [str(given)]


def _renamed(rows: Sequence[Row], names: re.Pattern[str], fits: Callable[[str], bool]) -> Any:
    """The field that has what a column lacks in most of some files: by its values, and among several by its name."""
    values: dict[str, list[str]] = {}
    for row in rows:
        for key, value in (msgspec.json.decode(row["extra"]) if row["extra"] else {}).items():
            if isinstance(value, str):
                values.setdefault(key, []).append(value)
    found = {
        key: len(texts)
        for key, texts in values.items()
        if len(texts) > _COMMON * len(rows) and all(map(fits, texts)) and names.search(key)
    }
    return key_origin(max(found, key=lambda key: found[key])) if found else None


def _is_title(text: str) -> bool:
    return 0 < len(text.strip()) <= _LONGEST_TITLE and not re.match(r"https?://|/|[\d\W]*$", text)


def _is_time(text: str) -> bool:
    return read_time(text).moment is not None


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
