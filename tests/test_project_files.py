"""The files around the code: lock, package list, and no trace of the machine that made them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT: Final = Path(__file__).parents[1]
PACKAGES: Final = ("config", "flows", "tasks")
FOLDERS: Final = (*PACKAGES, ".ci", "benchmarks", "docs", "tests")
PYPROJECT: Final[dict[str, Any]] = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))

#: Written with brackets, so that this file does not match itself.
TRACES: Final = {
    "a path of one machine": r"(?<![\w.])/(?:wor[k]/|tm[p]/v/|roo[t]/|User[s]/\w)",
    "a package registry": r"pyp[i]\.org|pythonhoste[d]\.org|registry\.npmj[s]|conda\.anacond[a]|crate[s]\.io",
    "an index for pip": r"--(?:extra-)?index-ur[l]|--find-link[s]|--trusted-hos[t]",
}


def project_files() -> Iterator[Path]:
    """Every file that belongs to the project; what tools leave behind does not."""
    yield from (path for path in PROJECT.iterdir() if path.is_file())
    for folder in FOLDERS:
        yield from (path for path in (PROJECT / folder).rglob("*") if path.is_file() and path.suffix != ".pyc")


def traces(text: str) -> list[str]:
    """What in a text belongs to one machine and not to the project."""
    return [f"{what}: {found[0]}" for what, pattern in TRACES.items() for found in re.finditer(pattern, text)]


def locked() -> dict[str, str]:
    """Version by name in requirements.lock."""
    lines = (PROJECT / "requirements.lock").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def declared() -> Iterator[Requirement]:
    """What pyproject.toml asks for, extras included."""
    project = PYPROJECT["project"]
    for texts in (project["dependencies"], *project["optional-dependencies"].values()):
        yield from (requirement for requirement in map(Requirement, texts) if requirement.name != project["name"])


def test_no_file_names_a_machine_or_a_registry() -> None:
    # A file that is not text has no paths to read; undecodable bytes of the sample do not matter here.
    found = {path: traces(path.read_text(encoding="utf-8", errors="replace")) for path in project_files()}
    assert {str(path.relative_to(PROJECT)): what for path, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "text", ["cd /wor" + "k/main", "https://pyp" + "i.org/simple", "pip install --index-ur" + "l x", '"/roo' + 't/x"']
)
def test_a_trace_would_be_found(text: str) -> None:
    assert traces(text) != []


def test_words_and_addresses_are_no_traces() -> None:
    assert traces("framework/, https://example.com/work/2, ./tmp/v/") == []


def test_the_lock_has_exact_versions_only() -> None:
    pins = [line for line in (PROJECT / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    assert len(pins) > 100


def test_the_lock_has_what_the_project_asks_for() -> None:
    pins = locked()
    unmet = [
        str(requirement)
        for requirement in declared()
        if not requirement.specifier.contains(pins.get(canonicalize_name(requirement.name), "0"), prereleases=True)
    ]
    assert unmet == []


def test_every_folder_of_modules_is_a_package_and_so_is_shipped() -> None:
    modules = [path for top in PACKAGES for path in (PROJECT / top).rglob("*.py")]
    assert {path.parent for path in modules if not (path.parent / "__init__.py").exists()} == set()
    assert PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"] == [f"{top}*" for top in PACKAGES]


def test_every_data_file_is_of_a_kind_that_is_shipped() -> None:
    data = PYPROJECT["tool"]["setuptools"]["package-data"]
    for top in PACKAGES:
        files = (path for path in (PROJECT / top).rglob("*.*") if path.parent.name != "__pycache__")
        shipped = {pattern for package, kinds in data.items() if package.split(".")[0] == top for pattern in kinds}
        assert {f"*{path.suffix}" for path in files} == {"*.py", *shipped}


def test_the_sample_keeps_its_bytes_in_git() -> None:
    assert "docs/sample/** -text" in (PROJECT / ".gitattributes").read_text(encoding="utf-8").splitlines()
