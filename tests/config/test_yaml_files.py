"""YAML files of the configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.contract import load_contract
from config.errors import ContractError
from config.yaml_files import NotYamlError, read_yaml


def test_what_is_no_yaml_is_told_with_its_line(tmp_path: Path) -> None:
    wrong = tmp_path / "contract.yaml"
    wrong.write_text("kind: DataContract\nschema: [\n")
    with pytest.raises(NotYamlError, match="line 3"):
        read_yaml(wrong)
    with pytest.raises(ContractError, match=r"(?s)contract\.yaml: the contract is not valid YAML: .*line 3"):
        load_contract(wrong)
