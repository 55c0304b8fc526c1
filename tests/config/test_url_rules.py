"""The rules file: it loads, it is documented, and a wrong one is refused with the reason."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import yaml

from config.errors import SettingsError
from config.url_rules import DEFAULT_URL_RULES, load_url_rules

ENTRIES = yaml.safe_load(DEFAULT_URL_RULES.read_text("utf-8"))
DOCUMENT = (Path(__file__).parents[2] / "docs" / "identity.md").read_text("utf-8")


def rules_file(folder: Path, **changes: object) -> Path:
    path = folder / "rules.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "tracking_parameters": {}} | changes), "utf-8")
    return path


def site(**changes: object) -> dict[str, object]:
    return {"site": "A", "hosts": ["a.com"], "path": "^/(?P<id>[0-9]+)$", "key": "a.com/{id}"} | changes


def wrapper(**changes: object) -> dict[str, object]:
    return {"site": "A", "hosts": ["a.com"], "path": "^/(?P<page>.+)$", "page": "https://{page}"} | changes


def test_the_rules_that_presslake_comes_with_load_and_travel() -> None:
    rules = load_url_rules()
    assert rules.version == ENTRIES["version"]
    assert "fbclid" in rules.tracking_names
    assert "utm_" in rules.tracking_prefixes
    assert pickle.loads(pickle.dumps(rules)) == rules


def test_every_tracking_parameter_and_site_is_documented_and_no_parameter_listed_twice() -> None:
    names = [name for group in ENTRIES["tracking_parameters"].values() for name in group]
    assert [name for name in names if f"`{name}`" not in DOCUMENT] == []
    assert [
        rule["site"] for rule in ENTRIES["sites"] + ENTRIES["wrappers"] if f"| {rule['site']} |" not in DOCUMENT
    ] == []
    assert len(names) == len(set(names))


def test_minimal_rules_need_only_a_version_and_parameters(tmp_path: Path) -> None:
    assert load_url_rules(rules_file(tmp_path, version=7)).version == 7


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"version": 0}, "version"),
        ({"version": "new"}, "version"),
        ({"colour": "red"}, "colour"),
        ({"tracking_parameters": {"all": ["*"]}}, "prefix"),
        ({"tracking_parameters": {"short": ["p*"]}}, "prefix"),
        ({"tracking_parameters": {"inside": ["a*b"]}}, "prefix"),
        ({"sites": [site(path="^/([0-9]+)$")]}, "no group"),
        ({"sites": [site(path="(")]}, "unterminated"),
        ({"sites": [site(key="a.com")]}, "{id}"),
        ({"sites": [site(key="a.com/{id}{other}")]}, "{id}"),
        ({"sites": [site(hosts=[])]}, "hosts"),
        ({"sites": [site(hosts=["A.com"])]}, "lower-case"),
        ({"sites": [site(parameter="v")]}, "both"),
        ({"wrappers": [wrapper(path="^/x")]}, "no group"),
        ({"wrappers": [wrapper(page="https://a.com")]}, "{page}"),
    ],
)
def test_a_rule_that_cannot_work_is_refused(tmp_path: Path, changes: dict[str, object], reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        load_url_rules(rules_file(tmp_path, **changes))


def test_a_file_that_is_missing_or_not_yaml_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="Cannot read"):
        load_url_rules(tmp_path / "none.yaml")
    broken = tmp_path / "broken.yaml"
    broken.write_text("version: [", "utf-8")
    with pytest.raises(SettingsError, match=r"broken\.yaml"):
        load_url_rules(broken)
