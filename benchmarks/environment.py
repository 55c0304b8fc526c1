"""The peers' environment, and what the report says of the machine and the versions.

Belongs here: making `.venv-bench` from `requirements.txt`, reading versions. Does not belong here:
what is run in it (`subjects`).
"""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).resolve().parents[1]
REQUIREMENTS: Final = REPOSITORY / "benchmarks" / "requirements.txt"
ENVIRONMENT: Final = REPOSITORY / ".venv-bench"


def peers_python(environment: Path = ENVIRONMENT) -> Path:
    """The interpreter of the peers' environment, which is made if it is not there or of other versions.

    Raises:
        subprocess.CalledProcessError: the packages could not be installed.
    """
    python = environment / "bin" / "python"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    mark = environment / ".requirements"
    if not mark.exists() or mark.read_text() != wanted:
        print(f"Setting up {environment} for the peers: a minute or two.", file=sys.stderr)
        venv.create(environment, clear=True, with_pip=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(REQUIREMENTS)], check=True)
        mark.write_text(wanted)
    return python


def code() -> str:
    """Names the code that is measured: presslake's and the peers'."""
    digest = hashlib.sha256()
    for folder in ("config", "tasks", "flows", "benchmarks/peers"):
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def versions() -> str:
    """Python and the peers' packages, as `requirements.txt` pins them."""
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    return ", ".join([f"Python {platform.python_version()}", *(line.replace("==", " ") for line in lines)])


def machine() -> str:
    """Cores, processor, memory and system of this machine."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0))
    kernel = ".".join(platform.release().split(".")[:2])
    return f"{cores} cores ({_processor()}), {memory:.0f} GiB of memory, {platform.system()} {kernel}"


def file_system(folder: Path) -> str:
    """The kind of file system that a folder is on, as `stat` calls it."""
    told = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
