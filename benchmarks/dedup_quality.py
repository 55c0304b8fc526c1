"""How right deduplication is, on labelled pairs of real articles, against plain baselines.

    python -m benchmarks.dedup_quality CORPUS LABELS.jsonl...

A line of labels names two files below CORPUS and says `same` (must merge), `different` (must not) or
`update` (may: a later version of a page); it counts for neither side. `labels.jsonl` beside this
file holds pairs labelled by reading them; they are part of no rule and no rule knows their words.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

import pyarrow as pa

from config.contract import load_contract
from config.match_rules import load_match_rules
from config.settings import load_settings
from config.url_rules import load_url_rules
from tasks.arrow.schemas import KEY_FIELDS
from tasks.deduplicate.decisions import decide
from tasks.deduplicate.manifest import with_nulls
from tasks.deduplicate.pair import Story, jaccard
from tasks.deduplicate.related_pairs import stories
from tasks.front_matter.document import Reader
from tasks.front_matter.policy import ReadPolicy
from tasks.parse.records import build_records
from tasks.warehouse.manifest import manifest_schema

Verdict = Callable[[str, str], bool]
_PERMUTATIONS: Final = 128


def main(corpus: Path, labels: Sequence[Path]) -> None:
    """Print precision and recall of each way to decide, one table a file of labels."""
    records = corpus_records(corpus)
    paths = records["source_path"].to_pylist()
    ways = _ways(records, dict(zip(paths, stories(records), strict=True)))
    for file in labels:
        pairs = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        print(f"{file.name}: {len(pairs)} pairs of {corpus.name}")
        for name, verdict in ways.items():
            print(f"  {name:24} {_scores(pairs, verdict)}")


def _scores(pairs: Sequence[Mapping[str, str]], verdict: Verdict) -> str:
    merged = {label: [p for p in pairs if p["label"] == label and verdict(p["a"], p["b"])] for label in _LABELS}
    same = sum(p["label"] == "same" for p in pairs)
    right, wrong = len(merged["same"]), len(merged["different"])
    precision = f"{right / (right + wrong):.3f}" if merged["same"] or merged["different"] else "-"
    return f"precision {precision}  recall {right / (same or 1):.3f}  ({right} of {same}, {wrong} wrong)"


_LABELS: Final = ("same", "different", "update")


def _ways(records: pa.Table, story_of: Mapping[str, Story]) -> dict[str, Verdict]:
    def alike(least: float) -> Verdict:
        return lambda a, b: jaccard(story_of[a].shingles, story_of[b].shingles) >= least

    decided = decide(records, load_match_rules())
    story = dict(zip(decided["source_path"].to_pylist(), decided["canonical_article_id"].to_pylist(), strict=True))
    return {
        "presslake": lambda a, b: bool(story[a] == story[b]),
        "Jaccard 0.5": alike(0.5),
        "Jaccard 0.7": alike(0.7),
        "equal title": lambda a, b: story_of[a].title == story_of[b].title,
    } | _minhash(story_of)


def _minhash(story_of: Mapping[str, Story]) -> dict[str, Verdict]:
    """MinHash with banding at 0.5, where datasketch is installed."""
    try:
        datasketch = import_module("datasketch")
    except ImportError:  # datasketch, or the SciPy that it needs
        return {}
    index, signatures = datasketch.MinHashLSH(threshold=0.5, num_perm=_PERMUTATIONS), {}
    for path, story in story_of.items():
        signatures[path] = datasketch.MinHash(num_perm=_PERMUTATIONS)
        signatures[path].update_batch([hashed.to_bytes(8, "little", signed=True) for hashed in sorted(story.shingles)])
        index.insert(path, signatures[path])
    near = {path: set(index.query(signature)) for path, signature in signatures.items()}
    return {"MinHash LSH 0.5": lambda a, b: b in near[a]}


def corpus_records(corpus: Path) -> pa.Table:
    """The manifest that the files would have, sorted by path; all of them records."""
    names = sorted(path.relative_to(corpus).as_posix() for path in corpus.rglob("*.md"))
    return records_of((name, (corpus / name).read_bytes()) for name in names)


def records_of(files: Iterable[tuple[str, bytes]]) -> pa.Table:
    """The manifest of files, by path and bytes in the order of paths; those without front matter are left out."""
    reader = Reader(ReadPolicy.of(load_settings(None).read))
    contract, rows, documents = load_contract(), [], []
    for path, raw in files:
        document = reader.read(raw)
        if document is not None and document.tree is not None:
            names = ("corpus", path, hashlib.sha256(raw).hexdigest()[:32])
            rows.append(dict(zip(("source", "source_path", "source_hash"), names, strict=True)))
            documents.append(document)
    listed = pa.Table.from_pylist(rows)
    records = build_records(listed, documents, contract, load_url_rules()).table
    columns = {name: records[name] for name in [field.name for field in KEY_FIELDS]}
    columns |= {name: listed[name] for name in listed.column_names} | {
        "status": pa.repeat(pa.scalar("record"), len(listed))
    }
    return with_nulls(pa.table(columns), manifest_schema(contract))


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]])
