"""Overlays: every key works, the result is a whole contract, and mistakes are refused with their line."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from jsonschema import Draft201909Validator

from config.contract import Contract, contract_document, load_contract
from config.contract_docs import published_page
from config.contract_types import Check, Column
from config.errors import ContractError
from config.overlay import NO_KEY, overlay_text

STANDARD = Draft201909Validator(json.loads((files("open_data_contract_standard") / "schema.json").read_text("utf-8")))
EVERYTHING = """
  title: {from: [headline, heading], only: true, description: The headline.}
  published_at: {from: posted_on, order: dmy, timezone: Europe/Berlin}
  excerpt: {from: not}
  language: {from: {key: path}, required: true, default: de}
  permalink: {pattern: {_posts: '/:year/:slug/'}}
  reading_time: {from: readingTime, type: integer, required: true, description: Minutes.}
  pals: {from: [pals, extra.pals], type: strings}
rules:
  - {column: title, not_pattern: '^[A-Z !?]+$', severity: warning, message: The title is all capitals.}
  - {column: reading_time, one_of: ["5", "7"]}
"""


def overlay(folder: Path, columns: str) -> Path:
    """An overlay file with these lines below `columns:`."""
    path = folder / "site.yaml"
    path.write_text(f"overlay: 1\ncolumns:{columns}", encoding="utf-8")
    return path


def columns_of(contract: Contract, table: str = "articles") -> dict[str, Column]:
    return {column.name: column for column in contract[table].columns}


def test_every_key_works(tmp_path: Path) -> None:
    contract, packaged = load_contract(overlay(tmp_path, EVERYTHING)), columns_of(load_contract())
    found = columns_of(contract)
    assert (found["title"].sources, found["title"].derive) == ((("headline",),), ("heading",))
    assert found["title"].description == "The headline."
    assert found["title"].checks == (Check("not_pattern", "^[A-Z !?]+$", "warning", "The title is all capitals."),)
    assert found["published_at"].sources == (("posted_on",), *packaged["published_at"].sources)
    assert (found["published_at"].order, found["published_at"].zone) == ("dmy", "Europe/Berlin")
    assert (found["excerpt"].sources, found["excerpt"].derive) == (((NO_KEY,),), ())
    assert found["language"].sources[0] == ("path",)
    assert (found["language"].required, found["language"].severity) == (True, "error")
    assert (found["language"].default, found["permalink"].patterns) == ("de", {"_posts": "/:year/:slug/"})
    assert (found["reading_time"].type, found["reading_time"].description) == (pa.int64(), "Minutes.")
    assert (found["reading_time"].required, found["reading_time"].type_severity) == (True, "error")
    assert found["reading_time"].checks[0].value == ("5", "7")
    assert (found["pals"].type, found["pals"].sources) == (pa.list_(pa.string()), (("pals",), ("extra", "pals")))
    assert found.keys() - packaged.keys() == {"reading_time", "pals"}


def test_columns_without_a_word_are_the_packaged_ones(tmp_path: Path) -> None:
    assert load_contract(overlay(tmp_path, " {}")) == load_contract()


def test_the_whole_and_the_published_contract_are_odcs_and_mean_the_same(tmp_path: Path) -> None:
    path = overlay(tmp_path, EVERYTHING)
    document, whole = contract_document(path), tmp_path / "whole.yaml"
    whole.write_text(yaml.safe_dump(document), encoding="utf-8")
    assert load_contract(whole) == load_contract(path)
    published = yaml.safe_load(published_page(path))
    for found in (document, published):
        assert [error.message for error in STANDARD.iter_errors(json.loads(json.dumps(found, default=str)))] == []
    tables = {table["name"]: [entry["name"] for entry in table["properties"]] for table in published["schema"]}
    assert {"reading_time", "pals"} <= {*tables["articles"]} & {*tables["duplicates"]}


@pytest.mark.parametrize("page", ["README.md", "docs/contract.md"])
def test_the_overlays_of_the_docs_are_overlays(tmp_path: Path, page: str) -> None:
    text = (Path(__file__).parents[2] / page).read_text(encoding="utf-8")
    examples = re.findall(r"^```yaml\n(overlay: 1\n.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert examples
    for example in examples:
        path = tmp_path / "site.yaml"
        path.write_text(example, encoding="utf-8")
        assert load_contract(path) != load_contract()


def test_a_written_overlay_is_read_as_it_was_meant(tmp_path: Path) -> None:
    columns: dict[str, tuple[dict[str, Any], str]] = {
        "published_at": ({"from": ["on", "datum"]}, "`on` is in 7 files."),
        "mood": ({"from": "stimmung", "type": "strings"}, "`stimmung` is in 5 files."),
    }
    path = tmp_path / "site.yaml"
    path.write_text(overlay_text(columns), encoding="utf-8")
    found = columns_of(load_contract(path))
    assert found["published_at"].sources[:2] == (("on",), ("datum",))
    assert found["mood"].sources == (("stimmung",),)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("\n  titel: {from: x}\n", "line 3: There is no column 'titel'. Did you mean 'title'?"),
        ("\n  title: {form: x}\n", "line 3: Unknown key 'form'. Did you mean 'from'?"),
        ("\n  title: {from: a}\n  title: {from: b}\n", "line 4: 'title' stands in line 3 already."),
        ("\n  - title: {from: a}\n", "line 2: `columns` is not a mapping."),
        ("\n  title: a\n", "line 3: title is not a mapping."),
        ("\n  url: {from: a}\n", "line 3: url is computed"),
        ("\n  title: {from: a, type: string}\n", "line 3: title is a string already."),
        ("\n  title: {from: path}\n", "line 3: title cannot be derived from path. Valid: heading, file_name, keys."),
        ("\n  title:\n    from: on\n", "line 4: `from` has True."),
        ("\n  title: {from: [not, a]}\n", "line 3: `from` contradicts itself."),
        ("\n  title: {only: true}\n", "line 3: title has `only` without `from`."),
        ("\n  title: {from: a, only: 1}\n", "line 3: only is 1. Write true or false."),
        ("\n  title: {required: 'no'}\n", "line 3: required is 'no'. Write true or false."),
        ("\n  mood: {from: a}\n", "line 3: There is no column 'mood'. A new one says both"),
        ("\n  mood: {from: a, type: strnig}\n", "line 3: type is 'strnig'. Did you mean 'string'?"),
        ("\n  mood: {from: heading, type: string}\n", "line 3: mood is a new column. New columns are read from keys."),
        ("\n  mood: {from: a, only: true, type: string}\n", "line 3: mood is a new column. It has no other keys"),
        ("\n  my mood: {from: a, type: string}\n", "line 3: my mood: this is no name for a column."),
        ("\n  title: {order: dmy}\n", "line 3: title is no time."),
        ("\n  published_at: {order: ymd}\n", "line 3: order is 'ymd'. Did you mean"),
        ("\n  published_at: {timezone: Berlin}\n", "line 3: timezone: 'Berlin' is no time zone."),
        ("\n  title: {pattern: x}\n", "line 3: title is no address within the site. `pattern` is the form of perma"),
        ("\n  permalink: {pattern: x}\n", "line 3: permalink: patterns is 'x'."),
        (
            "\n  permalink: {pattern: {blog: '/:yeer/'}}\n",
            "line 3: permalink: patterns is 'yeer'; did you mean 'year'?",
        ),
        ("\n  published_at: {default: x}\n", "line 3: published_at: the default is no text."),
        ("\n  title: {not_pattern: x}\n", "line 3: Unknown key 'not_pattern'. It belongs to a rule"),
        (
            "\n  title: {transformSourceObjects: [x]}\n",
            "line 3: Unknown key 'transformSourceObjects'. That is a",
        ),
        ("\n  rules: []\n", "line 3: `rules` stands under `columns`."),
        (" {}\npublished_at: {from: x}\n", "line 3: Unknown key 'published_at'. A column stands below `columns:`"),
        (" {}\nfrom: x\n", "line 3: Unknown key 'from'. It belongs to a column"),
        (" {}\nrules: {column: title}\n", "line 3: `rules` is not a list."),
        (" {}\nrules: [{column: title}]\n", "line 3: rules: title: a rule has one check."),
        (" {}\nrules: [{column: titel, pattern: a}]\n", "line 3: column is 'titel'. Did you mean 'title'?"),
        (" {}\nrules: [{column: title, pattern: '('}]\n", "line 3: rules: title: the pattern '('"),
        (" {}\nrules: [{column: title, pattern: a, severity: warn}]\n", "line 3: severity is 'warn'. Did you mean"),
        (" {}\nrules: [{column: title, pattern: a, from: b}]\n", "line 3: Unknown key 'from'. It belongs to a column"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, lines: str, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        load_contract(overlay(tmp_path, lines))
    assert message in str(caught.value)
    assert "site.yaml: " in caught.value.message


def test_an_overlay_that_does_not_say_its_form_is_told(tmp_path: Path) -> None:
    path = tmp_path / "site.yaml"
    path.write_text("columns: {title: {from: headline}}\n", encoding="utf-8")
    with pytest.raises(ContractError, match="Its first line is `overlay: 1`"):
        load_contract(path)
