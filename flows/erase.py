"""Erasing articles for good, on the demand of a court or of a person, from all snapshots.

Belongs here: the order of the work, and what is said of it. Does not belong here: the list of erased articles
(`tasks.warehouse.erasures`), rewriting older snapshots (`tasks.write.erase`), what the command line asks and prints.

The list comes first: from then on no run loads the articles again. Then a snapshot without them is published, in which
their duplicates are decided on again, and every snapshot is rewritten. Whatever is interrupted is completed by the same
command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from config.contract import VERSIONS
from config.errors import UsageError, WarehouseError
from config.settings import Settings
from flows.maintenance import quiet_row, quiet_run
from tasks.deduplicate.stage import decided_manifest
from tasks.report.status import existing_warehouse
from tasks.report.words import counted
from tasks.runs.run import Publication, Run, new_run_id
from tasks.warehouse.durable import remove_tree, storage_errors
from tasks.warehouse.erasures import Erasure, read_erasures, write_erasures
from tasks.warehouse.faults import reach
from tasks.warehouse.journal import clear_journal
from tasks.warehouse.lock import locked
from tasks.warehouse.parquet import ParquetOptions
from tasks.warehouse.snapshots import Snapshot
from tasks.warehouse.warehouse import Warehouse, open_warehouse
from tasks.write.erase import Eraser
from tasks.write.manifest_files import Decided
from tasks.write.publish import write_snapshot
from tasks.write.upkeep import clear_staging

#: The reason where none is given.
ON_DEMAND: Final = "on demand"
_DAMAGED: Final = (
    "All others are. Once it is removed, erase again: `PRESSLAKE_WAREHOUSE__KEEP_SNAPSHOTS=1 "
    "PRESSLAKE_WAREHOUSE__KEEP_DAYS=0 presslake maintain` removes all but the current and the newest snapshot."
)
_KNOWN: Final = ["source", "source_path", "article_id", "canonical_article_id"]


class ErasedArticle(msgspec.Struct, frozen=True):
    """One article that is to be erased, or was.

    Attributes:
        article_id: its id; `reason` why.
        files: `source:path` of the files that told it, and that are withdrawn from now on.
        copies: ids of other records of its story, which stay.
        earlier: other ids under which its files were published, which stay.
        listed_by: ids of articles that list it among their related entries; they stay without that entry.
    """

    article_id: str
    reason: str
    files: list[str]
    copies: list[str]
    earlier: list[str]
    listed_by: list[str]


class Erased(msgspec.Struct, frozen=True):
    """What `erase` did.

    Attributes:
        status: `completed`, or `unchanged` where nothing of the articles was left.
        run_id: names its row in `runs`.
        snapshot: number of what readers see now.
        rewritten: number of each snapshot that was rewritten.
    """

    status: str
    run_id: str
    warehouse: str
    snapshot: int
    rewritten: list[int]
    articles: list[ErasedArticle]


def find_articles(settings: Settings, ids: Sequence[str], reason: str = ON_DEMAND) -> list[ErasedArticle]:
    """What is known of articles that are to be erased; nothing is changed.

    Raises:
        UsageError: no snapshot has an article of that id.
        WarehouseError: there is no warehouse, nothing is published, or a snapshot is damaged.
    """
    existing_warehouse(settings.warehouse.path)
    warehouse = open_warehouse(settings)
    _current(warehouse)
    known = {one.article_id: one for one in read_erasures(warehouse.root)}
    snapshots = list(_newest_first(warehouse))
    manifests = [snapshot.read("sources", _KNOWN) for snapshot in snapshots]
    rows = pa.concat_tables(manifests).combine_chunks()
    versions = [snapshot.read(VERSIONS, ["article_id"]) for snapshot in snapshots if VERSIONS in snapshot.tables()]
    past = {name for table in versions for name in pc.unique(table["article_id"]).to_pylist()}
    found = {*pc.unique(rows["article_id"]).to_pylist(), *past, *known}
    for unknown in [name for name in ids if name not in found]:
        raise UsageError(
            f"No article has the id {unknown!r} in any snapshot.",
            "`presslake explain URL` (or a path in its source) prints the article_id.",
        )
    # A file tells the article that its newest record was.
    newest = rows.filter(pc.is_valid(rows["article_id"])).group_by(_KNOWN[:2], use_threads=False)
    last = newest.aggregate([("article_id", "first"), ("article_id", "distinct")]).to_pylist()
    current = snapshots[0].read("related", ["article_id", "related_article_id"])
    articles = []
    for name in dict.fromkeys(ids):
        own = [row for row in last if row["article_id_first"] == name]
        files = [f"{row['source']}:{row['source_path']}" for row in own]
        before = known[name] if name in known else Erasure(name, reason, "")
        files += [":".join(file) for file in before.files]
        cluster = rows.filter(pc.equal(rows["canonical_article_id"], name))
        listing = current.filter(pc.equal(current["related_article_id"], name))
        articles.append(
            ErasedArticle(
                article_id=name,
                reason=reason if reason != ON_DEMAND else before.reason,
                files=sorted({*files}),
                copies=sorted({*cluster["article_id"].to_pylist()} - {*ids, None}),
                earlier=sorted({other for row in own for other in row["article_id_distinct"]} - {*ids, *known}),
                listed_by=sorted({*listing["article_id"].to_pylist()} - {*ids}),
            )
        )
    return articles


def run_erase(settings: Settings, ids: Sequence[str], reason: str = ON_DEMAND) -> Erased:
    """Erase articles from all snapshots, and keep them from coming back.

    Args:
        settings: name the warehouse.
        ids: of the articles, as some snapshot has them.
        reason: stands in `sources.erased_reason`.

    Raises:
        UsageError: no snapshot has an article of that id.
        WarehouseError: nothing is published, the tables wait for a run, a snapshot is damaged, or the disk refused.
    """
    existing_warehouse(settings.warehouse.path)
    warehouse, started_at = open_warehouse(settings), datetime.now(UTC)
    run_id = new_run_id(started_at)
    with locked(warehouse, run_id, settings.run.lock_timeout_seconds):
        clear_staging(warehouse)
        articles = find_articles(settings, ids, reason)
        run = _run(settings, run_id, started_at, _current(warehouse))
        _add_to_list(warehouse, articles, started_at)
        reach("erase.listed")
        with storage_errors(f"remove staged batches of {warehouse.root}"):
            remove_tree(run.batches_folder)
        is_published = _publish(run, articles)
        reach("erase.published")
        options = ParquetOptions(compression_level=settings.warehouse.compression_level)
        eraser = Eraser(warehouse, read_erasures(warehouse.root), options)
        clear_journal(warehouse.root)
        rewritten, errors = list[int](), list[WarehouseError]()
        for number in reversed(warehouse.snapshots()):
            try:
                rewritten += [number] if eraser.rewrite(number) else []
            except WarehouseError as error:
                errors.append(error)
        if errors:
            raise WarehouseError(f"Not all snapshots could be rewritten: {errors[0].message}", _DAMAGED) from errors[0]
        return Erased(
            status="completed" if is_published or rewritten else "unchanged",
            run_id=run_id,
            warehouse=str(warehouse.root),
            snapshot=_current(warehouse).number,
            rewritten=sorted(rewritten),
            articles=articles,
        )


def _current(warehouse: Warehouse) -> Snapshot:
    current = warehouse.current()
    if current is None:
        raise WarehouseError(f"Nothing is published in {warehouse.root}, so there is nothing to erase.")
    return current


def _newest_first(warehouse: Warehouse) -> Iterator[Snapshot]:
    """All snapshots: the one that readers see, then the others from the newest on."""
    current = _current(warehouse)
    yield current
    for number in reversed(warehouse.snapshots()):
        if number != current.number:
            yield warehouse.snapshot(number)


def _run(settings: Settings, run_id: str, started_at: datetime, parent: Snapshot) -> Run:
    run = quiet_run(settings, run_id, started_at, parent)
    if parent.info.summary.get("form") != run.table_form:
        raise WarehouseError(
            "Contract, rules or version are not those of the published tables.",
            "`presslake run` brings them up to date; then erase. Nothing was erased.",
        )
    return run


def _add_to_list(warehouse: Warehouse, articles: Sequence[ErasedArticle], moment: datetime) -> None:
    erasures = {one.article_id: one for one in read_erasures(warehouse.root)}
    for article in articles:
        files = tuple(tuple(file.split(":", 1)) for file in article.files)
        before = erasures.get(article.article_id)
        erased_at = before.erased_at if before else moment.isoformat()
        erasures[article.article_id] = msgspec.convert(
            {"article_id": article.article_id, "reason": article.reason, "erased_at": erased_at, "files": files},
            Erasure,
        )
    if tuple(erasures.values()) != read_erasures(warehouse.root):
        write_erasures(warehouse.root, list(erasures.values()), warehouse.durable)


def _publish(run: Run, articles: Sequence[ErasedArticle]) -> bool:
    """Publish the tables without the articles, if the current ones have any."""
    before = run.parent_manifest.read()
    rows, reread = pa.arange(0, len(before)), pa.repeat(pa.scalar(False), len(before))
    manifest, affected, reindexed = decided_manifest(run, before, before, reread, rows)
    if not pc.any(affected, min_count=0).as_py():
        return False
    ids = ", ".join(f"{article.article_id} ({article.reason})" for article in articles)
    message = f"Erased {counted(len(articles), 'article')}: {ids}."
    publication = Publication((), None, [quiet_row(run, manifest, message)], {"maintenance": message})
    write_snapshot(run, Decided(manifest, affected, reindexed, rows, before), publication)
    return True
