"""Imports run one way: flows, then stages, then what stages share, then config. Prefect stays outside.

Every worker process imports the pure modules; Prefect among them would cost each more than a second.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Final

import pytest

PROJECT: Final = Path(__file__).parents[1]
OWN: Final = ("config", "tasks", "flows")
SHARED: Final = ("config", "tasks.front_matter", "tasks.arrow", "tasks.warehouse", "tasks.runs")


def module_name(path: Path) -> str:
    """The name by which a file of the project is imported."""
    return ".".join(path.relative_to(PROJECT).with_suffix("").parts).removesuffix(".__init__")


MODULES: Final = {module_name(path): path for top in OWN for path in sorted((PROJECT / top).rglob("*.py"))}


def layer(module: str) -> str:
    """The part of the project that a module is in: `config`, `flows`, or a package below `tasks`."""
    parts = module.split(".")
    return ".".join(parts[:2]) if parts[0] == "tasks" else parts[0]


def may_import(importing: str, imported: str) -> bool:
    """Whether a module may import one of the project's own."""
    lower, upper = layer(imported), layer(importing)
    if upper in (lower, "flows"):
        return True
    if upper in SHARED:
        return lower in SHARED[: SHARED.index(upper)]
    return lower in SHARED


def may_import_prefect(module: str) -> bool:
    """Only flows and the thin task around each stage know Prefect."""
    return layer(module) == "flows" or (module.startswith("tasks.") and module.endswith(".task"))


def imports(source: str, module: str) -> Iterator[str]:
    """Full names of the modules and names that a module imports, also inside functions and `if`s."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def offences(source: str, module: str) -> list[str]:
    """What a module imports although it may not."""
    found = []
    for name in imports(source, module):
        root = name.split(".")[0]
        if root.split("_")[0] == "prefect" and not may_import_prefect(module):
            found.append(name)
        if root in OWN and not may_import(module, name):
            found.append(name)
        if name.startswith("tasks.") and ".task" in name.removeprefix("tasks") and layer(module) != "flows":
            found.append(name)
    return found


def test_no_modules_import_one_another_in_a_circle() -> None:
    needs = {
        module: {
            name if name in MODULES else name.rpartition(".")[0] for name in imports(path.read_text("utf-8"), module)
        }
        for module, path in MODULES.items()
    }
    order = TopologicalSorter({module: names & MODULES.keys() - {module} for module, names in needs.items()})
    order.prepare()  # raises CycleError, which names the circle


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_lies_below_it(module: str) -> None:
    assert offences(MODULES[module].read_text(encoding="utf-8"), module) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("tasks.parse.trees", "from tasks.validate.batch import validate_parsed"),
        ("tasks.parse.trees", "from tasks import write"),
        ("tasks.parse.trees", "from ..write import publish"),
        ("tasks.parse.trees", "import flows.ingest"),
        ("tasks.parse.trees", "def late():\n    import prefect"),
        ("tasks.parse.trees", "from prefect.logging import get_run_logger"),
        ("tasks.parse.trees", "import prefect_dask"),
        ("tasks.parse.trees", "from tasks.parse.task import parse"),
        ("tasks.warehouse.parquet", "from tasks.parse.trees import build_level"),
        ("tasks.front_matter.fences", "from tasks.arrow.keys import file_keys"),
        ("tasks.arrow.keys", "from tasks.warehouse.pointer import pointed"),
        ("tasks.warehouse.pointer", "from tasks.runs.run import Run"),
        ("config.contract", "from tasks.arrow import keys"),
        ("config.contract", "import prefect"),
    ],
)
def test_what_goes_the_wrong_way_is_found(module: str, source: str) -> None:
    assert offences(source, module) != []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("flows.ingest", "import prefect\nfrom tasks.parse.task import parse"),
        ("tasks.parse.task", "from prefect import task\nfrom tasks.parse.batch import read_batch"),
        ("tasks.parse.trees", "from . import casts\nfrom tasks.arrow.keys import file_keys"),
        ("tasks.arrow.rules", "from tasks.front_matter.findings import CODES\nfrom config.errors import RunError"),
    ],
)
def test_what_goes_the_right_way_is_not(module: str, source: str) -> None:
    assert offences(source, module) == []


def test_no_library_brings_prefect_into_a_worker() -> None:
    pure = [module for module in MODULES if not may_import_prefect(module) and not module.endswith("__main__")]
    script = f"import sys, {', '.join(pure)}\nprint([name for name in sys.modules if name.startswith('prefect')])"
    done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
