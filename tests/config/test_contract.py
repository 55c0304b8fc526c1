"""The contract: what columns and schemas come from it, and what a mistake in it is told."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from jsonschema import Draft201909Validator

from config.contract import CLUSTER_COLUMNS, PACKAGED, TABLES, Contract, load_contract
from config.contract_keys import OF_CONTRACT, OF_PROPERTY, OF_TABLE
from config.contract_types import Column
from config.errors import ContractError

DOCUMENT: dict[str, Any] = yaml.safe_load(PACKAGED.read_text(encoding="utf-8"))
STANDARD = Draft201909Validator(json.loads((files("open_data_contract_standard") / "schema.json").read_text("utf-8")))
SUBTITLE = {"name": "subtitle", "description": "Second headline.", "transformSourceObjects": ["subTitle"]}

Edit = Callable[[dict[str, Any]], object]
Edited = Callable[[Edit], Contract]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """The packaged contract after an edit of its document."""

    def load(edit: Edit) -> Contract:
        document = plain_copy()
        edit(document)
        path = tmp_path / "contract.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        return load_contract(path)

    return load


def plain_copy() -> dict[str, Any]:
    """The packaged document as JSON has it: YAML's aliases would carry an edit of one table into another."""
    document: dict[str, Any] = json.loads(json.dumps(DOCUMENT, default=str))
    return document


def table(document: dict[str, Any], name: str = "articles") -> dict[str, Any]:
    """One table of a contract document."""
    found: dict[str, Any] = next(entry for entry in document["schema"] if entry["name"] == name)
    return found


def prop(document: dict[str, Any], name: str, of: str = "articles") -> dict[str, Any]:
    """One property of a table of a contract document."""
    found: dict[str, Any] = next(entry for entry in table(document, of)["properties"] if entry["name"] == name)
    return found


def column(contract: Contract, name: str, of: str = "articles") -> Column:
    """One column of a contract."""
    return next(column for column in contract[of].columns if column.name == name)


def change(name: str, /, **properties: Any) -> Edit:
    """An edit that gives a property of `articles` other values."""
    return lambda document: prop(document, name).update(properties)


def add(properties: dict[str, Any]) -> Edit:
    """An edit that adds a property to `articles`."""
    return lambda document: table(document)["properties"].append(copy.deepcopy(properties))


# The packaged contract


def test_the_packaged_contract_is_valid_odcs() -> None:
    assert [error.message for error in STANDARD.iter_errors(plain_copy())] == []


def test_a_misspelt_key_would_not_be_valid_odcs() -> None:
    document = plain_copy()
    table(document)["propertys"] = []
    assert not STANDARD.is_valid(document)


def test_it_has_every_table_and_describes_every_column() -> None:
    contract = load_contract()
    assert tuple(contract.tables) == TABLES
    for name in TABLES:
        assert contract[name].description
        assert [column.name for column in contract[name].columns if not column.description] == []


def test_types_are_those_that_every_engine_reads() -> None:
    schema = load_contract()["articles"].schema
    assert schema.field("title").type == pa.string()
    assert schema.field("published_at").type == pa.timestamp("us", "UTC")
    assert schema.field("quality").type == pa.int32()
    assert schema.field("is_published").type == pa.bool_()
    assert schema.field("topics").type == pa.list_(pa.string())
    assert schema.field("images").type.value_type.field("width").type == pa.int32()
    assert load_contract()["quarantine"].schema.field("raw").type == pa.binary()


def test_descriptions_are_in_the_schema_and_partition_columns_are_not() -> None:
    articles = load_contract()["articles"]
    assert articles.schema.field("heat").metadata[b"description"].startswith(b"Momentary popularity")
    assert "published_year" not in articles.names
    assert column(load_contract(), "published_year").partitioned


def test_a_column_knows_where_it_is_read_from() -> None:
    contract = load_contract()
    assert column(contract, "provider_logo_url").sources == (("provider", "images", 0, "url"),)
    assert column(contract, "updated_at").sources[:2] == (("updatedDateTime",), ("modifiedDateTime",))
    assert column(contract, "article_id").sources == ()
    assert {c.name for c in contract.source_columns} >= {"title", "related"}
    assert not {c.name for c in contract.source_columns} & {"article_id", "extra"}


def test_a_column_knows_its_rules() -> None:
    contract = load_contract()
    assert column(contract, "heat").sentinels == {"-1"}
    assert column(contract, "title").rules.max_length == 2000
    assert column(contract, "original_url").rules.is_url
    assert column(contract, "published_at").rules.minimum == datetime(1900, 1, 1, tzinfo=UTC)


def test_duplicates_have_the_columns_of_articles_then_their_own() -> None:
    contract = load_contract()
    of_articles = [name for name in contract["articles"].names if name not in CLUSTER_COLUMNS]
    names = contract["duplicates"].names
    assert names[: len(of_articles)] == of_articles
    assert names[len(of_articles) :][:3] == ["related", "canonical_article_id", "match"]
    assert contract["duplicates"].columns[-1].name == "published_year"


# Editing it


def test_a_field_is_added_by_the_contract_alone(edited: Edited) -> None:
    contract = edited(add(SUBTITLE))
    assert column(contract, "subtitle").sources == (("subTitle",),)
    assert contract["articles"].schema.field("subtitle").metadata == {b"description": b"Second headline."}
    assert "subtitle" in {c.name for c in contract.source_columns}
    assert "subtitle" in contract["duplicates"].names


def test_the_tag_changes_with_what_a_record_is_and_not_with_words(edited: Edited) -> None:
    before = edited(lambda document: None).tag
    assert edited(add(SUBTITLE)).tag != before
    assert edited(change("title", logicalTypeOptions={"minLength": 2, "maxLength": 2000})).tag != before
    assert edited(change("heat", customProperties=[])).tag != before
    assert edited(change("category", transformSourceObjects=["section"])).tag != before
    assert edited(lambda document: document["customProperties"][0].update(value="withdrawn")).tag != before
    assert before.startswith("1.0.0+")
    assert edited(change("title", description="The headline.")).tag == before
    assert edited(lambda document: table(document).update(description="Stories.")).tag == before


def test_the_field_that_withdraws_an_article_can_be_renamed(edited: Edited) -> None:
    assert load_contract().removed_field == "removed"
    assert edited(lambda document: document["customProperties"][0].update(value="gone")).removed_field == "gone"


def test_every_key_of_the_standard_is_known() -> None:
    defined, keys = STANDARD.schema["$defs"], STANDARD.schema["properties"].keys()
    element = defined["SchemaElement"]["properties"].keys()
    assert {*keys, "rules"} == OF_CONTRACT
    assert element | defined["SchemaObject"]["properties"].keys() == OF_TABLE
    assert element | defined["SchemaBaseProperty"]["properties"].keys() | {"items", "properties"} == OF_PROPERTY


def test_what_other_tools_keep_is_read_past(edited: Edited) -> None:
    assert edited(change("category", customProperties=[{"property": "dataSteward", "value": "desk"}]))
    others = {
        "businessName": "Desk",
        "classification": "public",
        "quality": [],
        "encryptedName": "x",
        "deprecated": True,
    }
    assert edited(change("category", **others)) == load_contract()
    assert edited(change("category", logicalTypeOptions={"multipleOf": 2})) == load_contract()
    assert edited(lambda document: document.update(team={"members": []}, price={})) == load_contract()


# Mistakes


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (change("title", logicalType="strnig"), "articles.title: logicalType is 'strnig'; did you mean 'string'?"),
        (change("heat", logicalTypeOptions={"format": "i23"}), "articles.heat: format is 'i23'; did you mean"),
        (change("topics", items=None), "articles.topics: an array without `items`."),
        (change("title", logicalTypeOptions={"pattern": "a(?=b)"}), "articles.title: the pattern 'a(?=b)' is not a"),
        (change("title", requird=True), "articles.title: unknown key 'requird'. Did you mean 'required'?"),
        (change("title", logicalTypeOptions={"minLenght": 1}), "unknown option 'minLenght'. Did you mean 'minLength'?"),
        (change("category", name="My Field"), "articles.My Field: this is no name for a column."),
        (change("title", logicalTypeOptions={"pattern": "("}), "articles.title: the pattern '(' is not a regular"),
        (change("heat", logicalTypeOptions={"minimum": "few"}), "articles.heat: the bound 'few' does not fit"),
        (change("published_at", logicalTypeOptions={"minimum": "soon"}), "the bound 'soon' is not an ISO 8601 time"),
        (
            change("heat", customProperties=[{"property": "sentinel", "value": ["-1"]}]),
            "articles.heat: unknown custom property 'sentinel'. Did you mean 'sentinels'?",
        ),
        (
            change("title", customProperties=[{"property": "severity", "value": "warn"}]),
            "articles.title: severity is 'warn'; did you mean 'warning'?",
        ),
        (
            change("title", customProperties=[{"property": "repair", "value": "lines"}]),
            "articles.title: repair is 'lines'; did you mean 'line'?",
        ),
        (
            change("images", items={"logicalType": "object", "properties": [{"name": "url", "logicalType": "text"}]}),
            "articles.images[].item.url: logicalType is 'text'",
        ),
        (add(SUBTITLE | {"transformSourceObjects": []}), "articles.subtitle says neither which front-matter field"),
        (add(SUBTITLE | {"name": "title"}), "table 'articles' has the column 'title' twice."),
        (change("body", name="text"), "articles.text says neither"),
        (lambda document: table(document)["properties"].remove(prop(document, "body")), "articles.body is missing."),
        (lambda document: document["schema"].remove(table(document, "runs")), "`schema` has no table 'runs'."),
        (
            change("title", severity="warning"),
            "unknown key 'severity'. It belongs under `customProperties`",
        ),
        (change("title", maxLength=9), "unknown key 'maxLength'. It belongs in `logicalTypeOptions`"),
        (change("title", logicalTypeOptions={"enum": []}), "unknown option 'enum'. It belongs at a property"),
        (change("title", source="headline"), "articles.title: unknown key 'source'. "),
        (change("title", customProperties=[SUBTITLE]), "articles.title: an entry of `customProperties` has no"),
        (
            change("title", customProperties=[{"property": "derive", "value": ["path"]}]),
            "title: derive is 'path'",
        ),
        (lambda document: document["customProperties"].append(SUBTITLE), "subtitle stands under `customProperties`."),
        (
            lambda document: document["schema"].append(SUBTITLE),
            "table 'subtitle': unknown key",
        ),
        (lambda document: document["servers"].append(SUBTITLE), "stands under `servers`. Move it to `schema`"),
        (lambda document: table(document, "runs")["properties"].append(SUBTITLE), "runs.subtitle is a front"),
        (
            lambda document: table(document, "duplicates")["properties"].append(SUBTITLE),
            "subtitle is a front-matter",
        ),
        (lambda document: document.update(columns={}), "this is half an overlay and half a whole contract."),
        (lambda document: document.update(shema=[]), "unknown key 'shema'. Did you mean 'schema'?"),
        (lambda document: document.update(apiVersion="v2.2.2"), "`apiVersion` is 'v2.2.2', presslake reads v3."),
        (lambda document: document.update(kind="Schema"), "this is not a data contract."),
    ],
)
def test_a_mistake_is_named_with_its_place(edited: Edited, edit: Edit, message: str) -> None:
    with pytest.raises(ContractError) as caught:
        edited(edit)
    assert message in str(caught.value)
    assert "contract.yaml: " in caught.value.message


def test_a_contract_that_is_not_there_or_not_yaml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"none\.yaml: cannot read the contract: No such file"):
        load_contract(tmp_path / "none.yaml")
    path = tmp_path / "contract.yaml"
    path.write_text("kind: DataContract\nschema: [\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"(?s)contract\.yaml: the contract is not valid YAML: .*line 3"):
        load_contract(path)
