"""The sample newsroom is what its guide and `sample_expected.json` say it is.

Belongs here: checks of the files themselves, by a small reader of this module's own (PyYAML and the
standard library), so that a mistake in presslake's readers cannot hide one in the sample.
Does not belong here: what a run makes of the sample.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from tasks.front_matter.findings import CODES

PROJECT = Path(__file__).parents[1]
SAMPLE = PROJECT / "docs" / "sample"
GUIDE = (PROJECT / "docs" / "sample.md").read_text(encoding="utf-8")
EXPECTED: dict[str, Any] = json.loads((PROJECT / "tests" / "sample_expected.json").read_text(encoding="utf-8"))
PATHS = sorted(path.relative_to(SAMPLE).as_posix() for path in SAMPLE.rglob("*") if path.is_file())
#: What is wrong with the files that are loaded for all that; one only lacks its time, which is no finding.
SLIPS = {path: EXPECTED["warnings"].get(path, ["field/missing"]) for path in PATHS if path.startswith("_slips/")}
ARTICLES = [path for path in PATHS if path not in {*EXPECTED["broken"], *SLIPS, *EXPECTED["ignored"]}]

BAD_CHARACTERS = {
    "text/control-character": r"[\x00-\x08\x0b\x0c\x0e-\x1f]",
    "text/surrogate": r"\\ud[89ab][0-9a-f]{2}(?!\\ud[c-f])",
}
TRACKING = re.compile(r"(?:utm_\w+|fbclid)=[^&]*&?")
YOUTUBE = re.compile(r"(?:youtu\.be/|youtube\.com/(?:watch\?v=|embed/))([\w-]{11})")


class DuplicateKeyError(ValueError):
    """A JSON object names a key twice."""


def unique_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise DuplicateKeyError
    return dict(pairs)


def front_matter(path: str) -> dict[str, Any]:
    """Fields of one file, all scalars as text where it is YAML. Raises what its format's reader raises."""
    text = (SAMPLE / path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    if text.startswith("{"):
        fields, _ = json.JSONDecoder(object_pairs_hook=unique_object).raw_decode(text)
    elif text.startswith("+++\n"):
        fields = tomllib.loads(text[4 : text.index("\n+++\n") + 1])
    else:
        fields = yaml.load(text[4 : text.index("\n---\n") + 1], Loader=yaml.BaseLoader)
    assert isinstance(fields, dict)
    return fields


def defects(path: str) -> set[str]:
    """The codes of everything that is wrong with a file, as far as this module can tell."""
    try:
        text = (SAMPLE / path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return {"text/invalid-utf8"}
    if text.startswith("---\n"):
        return yaml_defects(text)
    try:
        return field_defects(front_matter(path))
    except tomllib.TOMLDecodeError:
        return {"toml/syntax"}
    except json.JSONDecodeError:
        return {"json/syntax"}
    except DuplicateKeyError:
        return {"json/duplicate-key"}


def yaml_defects(text: str) -> set[str]:
    if "\n---\n" not in text[3:]:
        return {"front-matter/unclosed-fence"}
    front = text[4 : text.index("\n---\n", 3) + 1]
    found = {code for code, pattern in BAD_CHARACTERS.items() if re.search(pattern, front)}
    if found:
        return found
    try:
        found = set(event_defects(yaml.parse(front, Loader=yaml.SafeLoader)))
    except yaml.YAMLError:
        return {"yaml/syntax"}
    documents = list(yaml.compose_all(front, Loader=yaml.SafeLoader))
    found |= {code for document in documents for code in key_defects(document)}
    if len(documents) > 1:
        found.add("yaml/multiple-documents")
    if found:
        return found
    tree = yaml.load(front, Loader=yaml.BaseLoader)
    if not isinstance(tree, dict):
        return {"front-matter/not-a-mapping"}
    return {"limit/depth"} if depth(tree) > 32 else field_defects(tree)


def event_defects(events: Iterable[yaml.Event]) -> Iterator[str]:
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            yield "yaml/alias"
        elif isinstance(event, yaml.NodeEvent) and event.anchor:
            yield "yaml/anchor"
        if getattr(event, "tag", None):
            yield "yaml/tag"


def key_defects(node: yaml.Node) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        keys = [key for key, _ in node.value]
        if not all(isinstance(key, yaml.ScalarNode) for key in keys):
            yield "yaml/complex-key"
        elif len({key.value for key in keys}) < len(keys):
            yield "yaml/duplicate-key"
        for _, value in node.value:
            yield from key_defects(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from key_defects(item)


def depth(node: object) -> int:
    items = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return 1 + max(map(depth, items), default=0) if isinstance(node, dict | list) else 0


def field_defects(fields: dict[str, Any]) -> set[str]:
    """What the contract would refuse, in the fields that the sample breaks."""
    published = str(fields.get("publishedDateTime", ""))
    urls = [fields[name] for name in ("originalUrl", "webUrl") if fields.get(name)]
    typed = (
        isinstance(fields["provider"], dict),
        isinstance(fields.get("topics", []), list),
        re.fullmatch(r"-?\d+", str(fields.get("quality", 0))),
    )
    found = {
        "field/missing": not fields.get("title") or not published,
        "field/type": not all(typed),
        "field/length": len(fields.get("title", "")) > 2000,
        "url/invalid": not all(url.startswith(("https://", "http://")) for url in urls),
    }
    try:
        found["field/range"] = bool(published) and datetime.fromisoformat(published).year < 1900
    except ValueError:
        found["time/invalid"] = True
    return {code for code, seen in found.items() if seen}


def addresses(path: str) -> set[str]:
    """What a file's URLs come to without scheme, `www.`, tracking, fragment and trailing slash."""
    fields = front_matter(path)
    return {page(fields[name]) for name in ("originalUrl", "ampWebUrl") if fields.get(name)}


def page(url: str) -> str:
    video = YOUTUBE.search(url)
    if video:
        return f"youtube:{video[1]}"
    plain = re.sub(r"^https?://(?:www\.)?", "", url).partition("#")[0]
    return TRACKING.sub("", plain).rstrip("?&").rstrip("/")


def content(path: str) -> tuple[str, str, str]:
    fields = front_matter(path)
    return fields["title"], fields["excerpt"], fields["provider"]["name"]


def test_every_folder_has_the_files_that_are_expected() -> None:
    counted = Counter(path.partition("/")[0] for path in PATHS)
    assert counted == {name: counts["files"] for name, counts in EXPECTED["folders"].items()}


@pytest.mark.parametrize("folder", [*EXPECTED["folders"].values(), EXPECTED["totals"]])
def test_the_outcomes_of_a_folder_add_up_to_its_files(folder: dict[str, int]) -> None:
    assert sum(folder.values()) - folder["files"] == folder["files"]


def test_the_totals_are_those_of_the_lists() -> None:
    copies = sum(len(group["files"]) - 1 for group in EXPECTED["duplicates"])
    folders = EXPECTED["folders"].values()
    assert EXPECTED["totals"] == {name: sum(folder[name] for folder in folders) for name in EXPECTED["totals"]}
    listed = {"quarantined": len(EXPECTED["broken"]), "duplicate": copies}
    listed |= {name: len(EXPECTED[name]) for name in ("removed", "ignored")}
    assert {name: EXPECTED["totals"][name] for name in listed} == listed
    assert EXPECTED["totals"]["quarantined"] < 0.35 * EXPECTED["totals"]["files"]


def test_every_code_has_a_broken_file_or_a_reason_why_not() -> None:
    shown = Counter(code for codes in EXPECTED["broken"].values() for code in codes)
    assert shown == EXPECTED["files_by_violation"]
    assert {*shown} | {*EXPECTED["not_rejected"]} == {*CODES}
    assert not {*shown} & {*EXPECTED["not_rejected"]}


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith(("_broken/", "_slips/"))])
def test_a_broken_file_has_just_the_defects_of_its_name(path: str) -> None:
    assert defects(path) == {*(EXPECTED["broken"] | SLIPS)[path]}


@pytest.mark.parametrize("path", ARTICLES)
def test_the_other_files_have_none(path: str) -> None:
    assert defects(path) == set()


def test_the_page_without_front_matter_is_the_only_one() -> None:
    plain = [
        path
        for path in PATHS
        if not (SAMPLE / path).read_bytes()[:6].strip(b"\xef\xbb\xbf").startswith((b"---", b"+++", b"{"))
    ]
    assert plain == EXPECTED["ignored"]


def test_two_files_share_an_address_or_a_text_only_where_a_duplicate_is_expected() -> None:
    pairs: dict[str, set[tuple[str, str]]] = {"same_url": set(), "same_content": set()}
    for group in EXPECTED["duplicates"]:
        pairs[group["match"]] |= {tuple(sorted(pair)) for pair in combinations(group["files"], 2)}
    where = {path: addresses(path) for path in ARTICLES}
    text = {path: content(path) for path in ARTICLES}
    same_url = {pair for pair in combinations(ARTICLES, 2) if where[pair[0]] & where[pair[1]]}
    assert same_url == pairs["same_url"]
    same_text = {pair for pair in combinations(ARTICLES, 2) if text[pair[0]] == text[pair[1]]}
    assert same_text - same_url == pairs["same_content"]


def test_drafts_and_removed_files_say_so() -> None:
    fields = {path: front_matter(path) for path in ARTICLES}
    drafts = [path for path, said in fields.items() if str(said.get("published")).lower() == "false"]
    assert drafts == EXPECTED["drafts"]
    assert [path for path, said in fields.items() if said.get("removed")] == EXPECTED["removed"]


def test_related_stories_are_found_in_the_sample() -> None:
    copies = {path for group in EXPECTED["duplicates"] for path in group["files"][1:]}
    kept = [path for path in ARTICLES if path not in {*copies, *EXPECTED["removed"]}]
    found = {page(front_matter(path)["originalUrl"]): path for path in kept}
    related = [entry for path in kept for entry in front_matter(path).get("related", [])]
    pointed_at = Counter(found[page(entry["webUrl"])] for entry in related if page(entry["webUrl"]) in found)
    assert len(related) == EXPECTED["related"]["rows"]
    assert pointed_at.total() == EXPECTED["related"]["rows_that_join"]
    assert {path: pointed_at[path] for path in EXPECTED["related"]["most_related"]} == EXPECTED["related"][
        "most_related"
    ]


def test_the_guide_names_every_special_file_and_every_number() -> None:
    rows = [f"| `{name}/` | " + " | ".join(map(str, row.values())) for name, row in EXPECTED["folders"].items()]
    rows.append("| all | " + " | ".join(map(str, EXPECTED["totals"].values())))
    rows += [f"| `{path}` | {', '.join(f'`{code}`' for code in codes)} |" for path, codes in EXPECTED["broken"].items()]
    rows += [f"`{path}`" for group in EXPECTED["duplicates"] for path in group["files"]]
    rows += [f"`{path}`" for name in ("formats",) for path in EXPECTED[name].values()]
    rows += [f"`{path}`" for name in ("warnings", "repaired", "kept_as_text") for path in EXPECTED[name]]
    assert [row for row in rows if row not in GUIDE] == []


@pytest.mark.parametrize("query", sorted((PROJECT / "docs" / "queries").glob("*.sql")), ids=lambda path: path.name)
def test_a_query_says_what_it_asks_and_why(query: Path) -> None:
    title, why, *sql = query.read_text(encoding="utf-8").splitlines()
    assert re.fullmatch(r"-- \w.+", title)
    assert why.startswith("-- why a warehouse user asks this: ")
    assert re.search(r"^ *FROM (articles|related|quarantine)\b", "\n".join(sql), re.MULTILINE)
