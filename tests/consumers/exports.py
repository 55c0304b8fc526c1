"""What datacontract-cli makes of the published contract: `python -m tests.consumers.exports docs/contract`.

Belongs here: which exports docs/contract has, and the call that makes each. Does not belong here: the
contract itself (`config.contract_docs`), and holding the exports current (`test_datacontract`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[2]
PUBLISHED: Final = PROJECT / "docs" / "contract" / "articles.odcs.yaml"
COMMAND: Final = PROJECT / ".venv-datacontract" / "bin" / "datacontract"
#: Name of each export to the words after `datacontract export`.
EXPORTS: Final[Mapping[str, Sequence[str]]] = {
    "dbt_sources.yml": ("dbt-sources",),
    "snowflake.sql": ("sql", "--dialect", "snowflake"),
    "databricks.sql": ("sql", "--dialect", "databricks"),
    "articles.html": ("html",),
}
#: Exports that are too large to be kept in the repository.
NOT_KEPT: Final = frozenset({"articles.html"})


def datacontract(*arguments: str, folder: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    """Run datacontract-cli in a folder.

    Raises:
        FileNotFoundError: its environment is missing; `make test-contract` makes it.
    """
    return subprocess.run([str(COMMAND), *arguments], cwd=folder, capture_output=True, text=True, check=False)


def export(folder: Path) -> None:
    """Write every export into a folder.

    Raises:
        RuntimeError: datacontract-cli refused.
    """
    for name, words in EXPORTS.items():
        done = datacontract("export", *words, str(PUBLISHED), "--output", str(folder.absolute() / name))
        if done.returncode:
            raise RuntimeError(f"{name}: {done.stdout[-1000:]}{done.stderr[-1000:]}")


if __name__ == "__main__":
    export(Path(sys.argv[1]))
