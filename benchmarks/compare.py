"""Compare presslake with the other ways to do its job, and write `docs/benchmarks.md`.

    python -m benchmarks.compare --files 60000 --repeats 5
    python -m benchmarks.compare --parts scale --scale 100000 1000000
    python -m benchmarks.compare --parts                                (only write the report again)

Every run is noted in `benchmarks/journal.jsonl` as soon as it is over. The same command goes on from there
after an interruption; with `--work` it need not even generate the files again.

Needs presslake's environment with the extra `bench`; the peers get one of their own. Fails without a
report if anyone's counts are not exactly those that the generated files must give.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.environment import ENVIRONMENT, REPOSITORY, code, file_system, machine, peers_python, versions
from benchmarks.generate import generate, load_expected
from benchmarks.journal import Journal
from benchmarks.parts import PARTS, Setup
from benchmarks.plot import draw
from benchmarks.report import render
from benchmarks.results import load_results, measured_now, save_results
from benchmarks.subjects import PEERS, Workplace

#: Files of the trees of the part `scale`.
SIZES: Final = (10_000, 100_000, 1_000_000)


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare")
    parser.add_argument("--files", type=int, default=60_000, help="size of the generated tree")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--changed", type=int, default=50, help="files that change in the part `changed`")
    parser.add_argument("--scale", type=int, nargs="*", default=SIZES, help="sizes of the part `scale`")
    parser.add_argument("--parts", nargs="*", choices=PARTS, default=[name for name in PARTS if name != "scale"])
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS))
    parser.add_argument("--work", type=Path, help="folder for trees; by default a temporary one")
    parser.add_argument("--outputs", type=Path, help="folder for what is written; by default in that for trees")
    parser.add_argument("--environment", type=Path, default=ENVIRONMENT, help="environment of the peers")
    parser.add_argument("--results", type=Path, default=REPOSITORY / "benchmarks" / "results.json")
    parser.add_argument("--journal", type=Path, default=REPOSITORY / "benchmarks" / "journal.jsonl")
    parser.add_argument("--docs", type=Path, default=REPOSITORY / "docs")
    return parser.parse_args(given)


def measure_parts(options: argparse.Namespace, work: Path) -> None:
    """Measure the chosen parts; each is saved as soon as it is done."""
    python = peers_python(options.environment) if options.peers else Path(sys.executable)
    tree = work / "tree"
    if set(options.parts) - {"scale"} and not _is_there(tree, options):
        print(f"Generating {options.files:,} files.", file=sys.stderr)
        shutil.rmtree(tree, ignore_errors=True)
        generate(tree, options.files, options.seed)
    journal = Journal(options.journal, _depends_on(options))
    peers = [PEERS[name] for name in options.peers]
    outputs = options.outputs or work / "outputs"
    outputs.mkdir(parents=True, exist_ok=True)
    place = Workplace(tree, python, outputs)
    storage = f"files on {file_system(work)}, tables on {file_system(outputs)}"
    setup = Setup(place, peers, options.repeats, options.changed, options.scale, journal)
    for name in options.parts:
        print(f"Part {name}:", file=sys.stderr)
        rows = PARTS[name](setup)
        save_results(options.results, load_results(options.results) | {name: measured_now(rows, storage)})
    journal.close()


def _is_there(tree: Path, options: argparse.Namespace) -> bool:
    """Whether an earlier comparison left the tree, as it was generated."""
    if not (tree / "expected.json").exists():
        return False
    found = load_expected(tree)
    return (found.first_files, found.seed, found.rounds) == (options.files, options.seed, 0)


def _depends_on(options: argparse.Namespace) -> dict[str, Any]:
    """What costs depend on: with any of it different a journal is of no use."""
    names = ("files", "seed", "repeats", "changed", "scale")
    return {name: getattr(options, name) for name in names} | {"code": code(), "at": machine(), "with": versions()}


def write_report(options: argparse.Namespace) -> None:
    """Write page and plot from all results there are."""
    results = load_results(options.results)
    (options.docs / "benchmarks.md").write_text(render(results))
    draw(results, options.docs / "benchmarks.svg")


def main(given: Sequence[str]) -> None:
    """Measure, then report."""
    options = arguments(given)
    if options.work:
        measure_parts(options, options.work)
    elif options.parts:
        with tempfile.TemporaryDirectory(prefix="presslake-bench-") as work:
            measure_parts(options, Path(work))
    write_report(options)


if __name__ == "__main__":
    main(sys.argv[1:])
