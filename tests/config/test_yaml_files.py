"""YAML files of the configuration: the packaged ones are read without YAML, and mean the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from config import yaml_files
from config.contract import PACKAGED, load_contract
from config.errors import ContractError
from config.match_rules import DEFAULT_MATCH_RULES, load_match_rules
from config.url_rules import DEFAULT_URL_RULES, load_url_rules
from config.yaml_files import NotYamlError, packaged_text, parse_yaml, read_yaml

FILES = (PACKAGED, DEFAULT_URL_RULES, DEFAULT_MATCH_RULES)


@pytest.fixture
def no_yaml(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever parses YAML fails."""

    def fail(source: bytes) -> None:
        raise AssertionError(source[:80])

    monkeypatch.setattr(yaml_files, "parse_yaml", fail)


@pytest.fixture
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """`packaged.json` is not there."""
    monkeypatch.setattr(yaml_files, "_PACKAGED", Path("gone.json"))
    yaml_files._packaged.cache_clear()
    yield
    yaml_files._packaged.cache_clear()


def test_what_is_packaged_is_current() -> None:
    assert Path(yaml_files.__file__).with_name("packaged.json").read_text("utf-8") == packaged_text(), "run `make docs`"


@pytest.mark.parametrize("path", FILES)
def test_packaged_files_say_what_their_yaml_says(path: Path, no_yaml: None) -> None:
    assert read_yaml(path) == parse_yaml(path.read_bytes())


@pytest.mark.usefixtures("no_yaml")
def test_contract_and_rules_need_no_yaml() -> None:
    for load in (load_contract, load_url_rules, load_match_rules):
        assert load().version


@pytest.mark.usefixtures("nothing_known")
def test_without_it_the_yaml_counts() -> None:
    assert read_yaml(DEFAULT_URL_RULES)["version"] == load_url_rules().version


def test_an_edited_file_is_read_as_yaml(tmp_path: Path) -> None:
    edited = tmp_path / "contract.yaml"
    edited.write_bytes(PACKAGED.read_bytes().replace(b"\nversion: 1.0.0", b"\nversion: 9.9.9"))
    assert (load_contract(edited).version, load_contract().version) == ("9.9.9", "1.0.0")


def test_what_two_readers_got_is_not_shared() -> None:
    read_yaml(PACKAGED).clear()
    assert read_yaml(PACKAGED)


def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = tmp_path / "contract.yaml"
    wrong.write_text("kind: DataContract\nschema: [\n")
    with pytest.raises(NotYamlError, match="line 3"):
        read_yaml(wrong)
    with pytest.raises(ContractError, match=r"(?s)contract\.yaml: the contract is not valid YAML: .*line 3"):
        load_contract(wrong)
