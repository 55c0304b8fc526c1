"""The settings of presslake: every key with its type, range, default and purpose.

Belongs here: the keys themselves, as frozen structs, and `load_settings`, which puts together what
the defaults, a file, the environment and the command line say. `python -m config.settings` prints
docs/settings.md. Does not belong here: how files and the environment are read and checked
(config.settings_layers), and what is true of the articles rather than of a run (config/articles.odcs.yaml).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field, json, to_builtins

from config.settings_kinds import markdown_sections
from config.settings_layers import Layer, apply_layers, environment_layers, file_layer

#: The file that is read where `--config` names none and the working folder has it.
DEFAULT_FILE: Final = "presslake.yaml"

#: Variables that start like a setting and are none: a secret, the folder of deployments, and test switches.
IGNORED_VARIABLES: Final = frozenset(
    {"PRESSLAKE_NOTIFY_URL", "PRESSLAKE_HOME", "PRESSLAKE_FAULT", "PRESSLAKE_FUZZ_EXAMPLES", "PRESSLAKE_KILLS"}
)

_INTRODUCTION: Final = """\
# Settings

Every setting has a default, so none has to be given. Later places override earlier ones:

1. the defaults below;
2. a YAML file: the one that `--config FILE` names, else `presslake.yaml` of the working folder;
3. the environment: `PRESSLAKE_SECTION__KEY`, such as `PRESSLAKE_RUN__WORKERS=2`;
4. the command line.

Entries are added to mappings (`sources`, `read.on`); lists are replaced. In the environment a list is
comma separated or JSON, a mapping JSON, and `null` is null. Sizes are bytes, or a number with a unit
(`8 MiB` is 8,388,608 bytes, `8 MB` 8,000,000). Relative paths start at the working folder. An
unknown key is an error wherever it stands. `config/pipeline.yaml` holds all of this, ready to copy.

This page is printed by `python -m config.settings`.
"""

Action = Literal["accept", "warn", "reject"]
ProblemCode = Literal[
    "file/empty",
    "text/byte-order-mark",
    "text/windows-1252",
    "text/byte-order-marks",
    "text/utf-16",
    "text/cr-line-ends",
    "text/hidden-character",
    "front-matter/blank-first",
    "front-matter/comment-first",
    "front-matter/long-fence",
    "front-matter/no-opening-fence",
    "front-matter/no-fence",
    "front-matter/early-end",
    "front-matter/unclosed-fence",
    "yaml/duplicate-key",
    "yaml/anchor",
    "yaml/alias",
    "yaml/tag",
    "yaml/placeholder",
    "json/duplicate-key",
]
Text = Annotated[str, Meta(min_length=1)]
Bytes = Annotated[int, Meta(ge=1, le=2**40, extra={"unit": "bytes"})]
Share = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[float, Meta(ge=0, le=7 * 86_400)]
Hours = Annotated[float, Meta(ge=0, le=8_784)]

_ACTIONS: Final[dict[ProblemCode, Action]] = {
    "file/empty": "warn",
    "text/byte-order-mark": "accept",
    "text/windows-1252": "warn",
    "text/byte-order-marks": "warn",
    "text/utf-16": "warn",
    "text/cr-line-ends": "warn",
    "text/hidden-character": "warn",
    "front-matter/blank-first": "warn",
    "front-matter/comment-first": "warn",
    "front-matter/long-fence": "warn",
    "front-matter/no-opening-fence": "warn",
    "front-matter/no-fence": "warn",
    "front-matter/early-end": "warn",
    "front-matter/unclosed-fence": "reject",
    "yaml/duplicate-key": "warn",
    "yaml/anchor": "reject",
    "yaml/alias": "reject",
    "yaml/tag": "reject",
    "yaml/placeholder": "warn",
    "json/duplicate-key": "warn",
}


class Discover(Struct, frozen=True):
    """Which files of a source are source files."""

    include: Annotated[tuple[Text, ...], Meta(min_length=1), "Patterns, as in .gitignore, of files to take."] = (
        "**/*.md",
        "**/*.markdown",
        "**/*.mdx",
        "**/*.html",
        "**/*.txt",
    )
    exclude: Annotated[tuple[Text, ...], "Patterns of files to leave out although `include` takes them."] = (
        "node_modules/",
        "archetypes/",
        "scaffolds/",
        "_site/",
        "_layouts/",
        "_includes/",
    )


class Access(Struct, frozen=True):
    """How sources that are no folders are reached: archives, Git repositories, object stores."""

    cache: Annotated[
        Text | None, "Folder for clones and unpacked archives; null is presslake in the user's cache folder."
    ] = None
    requests: Annotated[
        int, Meta(ge=1, le=4_096), "Objects that one worker process asks an object store for at a time."
    ] = 128
    request_retries: Annotated[
        int, Meta(ge=0, le=100), "How often a request is tried again after throttling, 5xx or a time-out."
    ] = 10
    request_timeout_seconds: Annotated[
        float, Meta(ge=0.1, le=86_400), "A request that takes longer is tried again."
    ] = 30.0
    max_archive_bytes: Annotated[Bytes, "An archive that unpacks to more is refused."] = 16 * 2**30
    max_archive_ratio: Annotated[
        int, Meta(ge=1), "An archive that unpacks to more than its size times this is refused, from 16 MiB on."
    ] = 200


class Read(Struct, frozen=True):
    """How a file is read. A changed value here makes the next run read every file again."""

    max_file_bytes: Annotated[Bytes, "A larger file is quarantined, not parsed."] = 16 * 2**20
    max_depth: Annotated[int, Meta(ge=1, le=200), "Deepest nesting of lists and mappings in front matter."] = 32
    max_nodes: Annotated[int, Meta(ge=1), "Most values that one file's front matter may have."] = 100_000
    fallback_encoding: Annotated[Literal["windows-1252"] | None, "How to read what is not UTF-8; null rejects it."] = (
        None
    )
    on: Annotated[dict[ProblemCode, Action], "What each problem does; reject is quarantine."] = field(
        default_factory=_ACTIONS.copy
    )


class Contract(Struct, frozen=True):
    """Which rules the articles are held to."""

    path: Annotated[Text | None, "The data contract, an overlay or a whole one (ODCS); null is the packaged one."] = (
        None
    )
    base_url: Annotated[
        Text | None, "Address of the site, such as https://example.org; before permalinks it makes `url`, and no id."
    ] = None
    url_rules: Annotated[Text | None, "The rules of URL identity; null is the packaged url_rules.yaml."] = None
    match_rules: Annotated[Text | None, "The rules of near-duplicates; null is the packaged match_rules.yaml."] = None


class Warehouse(Struct, frozen=True):
    """Where the tables are and how they are stored."""

    path: Annotated[Text, "Folder of the warehouse, made if it is not there."] = "warehouse"
    partition_by: Annotated[
        Literal["year", "month", "none"],
        "Publication period that shares a folder. Months cost twice the bytes of years.",
    ] = "year"
    compression_level: Annotated[int, Meta(ge=1, le=22), "Level of zstd: higher is smaller and slower to write."] = 3
    rows_per_file: Annotated[
        int,
        Meta(ge=1, le=1_000_000),
        "Rows of an average file; in large tables more, so that one has at most some 256 files.",
    ] = 1_000
    keep_snapshots: Annotated[int, Meta(ge=1), "How many of the newest snapshots always stay."] = 48
    keep_days: Annotated[
        int, Meta(ge=0, le=36_500), "Snapshots that were current within this time stay as well (days)."
    ] = 7
    keep_runs_days: Annotated[
        int, Meta(ge=0, le=36_500), "`maintain` forgets older `runs` whose records are all deleted (days)."
    ] = 400
    keep_tombstones_days: Annotated[
        int, Meta(ge=0, le=36_500), "`maintain` forgets files that went longer ago (days)."
    ] = 400
    durable: Annotated[bool, "Wait until the disk has every file (fsync)."] = True


class Run(Struct, frozen=True):
    """How the work is done. Nothing here changes what the tables say."""

    engine: Annotated[
        Literal["auto", "prefect", "local"],
        "What runs the flow; auto is prefect where PREFECT_API_URL is set, else local.",
    ] = "auto"
    executor: Annotated[
        Literal["processes", "dask", "ray"],
        "What the batches run on; dask and ray need engine prefect and their extra.",
    ] = "processes"
    executor_address: Annotated[Text | None, "Address of a running Dask or Ray cluster; null starts one here."] = None
    workers: Annotated[int, Meta(ge=0, le=1_024), "Worker processes; 0 is one a core."] = 0
    batch_bytes: Annotated[Bytes, "Bytes of source files that one batch holds."] = 12 * 2**20
    retries: Annotated[int, Meta(ge=0, le=100), "How often a failed storage or network access is tried again."] = 3
    retry_delay_seconds: Annotated[Seconds, "Wait before the first retry; then longer."] = 2.0
    task_timeout_seconds: Annotated[float, Meta(ge=1, le=7 * 86_400), "A slower task fails."] = 3_600.0
    lock_timeout_seconds: Annotated[Seconds, "How long to wait while another run writes; 0 does not wait."] = 60.0


class Guards(Struct, frozen=True):
    """When a run must publish nothing, because its input looks broken rather than changed."""

    max_quarantined_share: Annotated[Share, "Largest share of the files that one run may put into quarantine."] = 0.2
    max_removed_share: Annotated[Share, "Largest share of the articles that one run may lose, for any reason."] = 0.2
    few_files: Annotated[int, Meta(ge=1), "Fewer articles or files than this stop no run, whatever their share."] = 5
    min_files: Annotated[int, Meta(ge=0), "Fewer source files than this stop the run."] = 0
    accept_quarantine: Annotated[
        bool, "Publish even above `max_quarantined_share`; what is lost to quarantine passes."
    ] = False
    accept_removals: Annotated[bool, "Publish even above `max_removed_share`, for all reasons but quarantine."] = False
    accept_contract: Annotated[
        bool, "Publish even if the contract drops, renames or narrows columns that readers know."
    ] = False


class History(Struct, frozen=True):
    """The past of the articles: the table `article_versions`, a row for each observed change."""

    enabled: Annotated[bool | None, "Whether runs write the table; null goes on where the warehouse has one."] = None
    columns: Annotated[
        tuple[Text, ...], "Columns of `articles` to watch; empty takes those the table has, or else the contract's."
    ] = ()


class Notify(Struct, frozen=True):
    """Notifications of runs that go wrong. The address of the webhook is a secret, so no setting holds it."""

    url_variable: Annotated[
        Text, "Environment variable that holds the webhook's URL; while it is unset, nothing is sent."
    ] = "PRESSLAKE_NOTIFY_URL"
    block: Annotated[
        Text | None, "Prefect block with the URL, such as `webhook/presslake`; the variable comes first."
    ] = None
    stale_after_hours: Annotated[Hours | None, "Notify when no new article came for so long; null never does."] = None
    repeat_hours: Annotated[Hours, "The same trouble is notified again only after this time."] = 24.0
    timeout_seconds: Annotated[float, Meta(ge=0.1, le=300), "How long one attempt to reach the webhook may take."] = (
        10.0
    )
    retries: Annotated[int, Meta(ge=0, le=10), "How often a failed attempt is repeated."] = 2


class Log(Struct, frozen=True):
    """Log lines of the run, on stderr and in the Prefect UI."""

    level: Annotated[Literal["debug", "info", "warning", "error"], "Least severe message that is shown."] = "info"
    format: Annotated[Literal["auto", "text", "json"], "Auto: text on a terminal, else one JSON object a line."] = (
        "auto"
    )


class Settings(Struct, frozen=True):
    """All settings of one run; immutable and picklable."""

    sources: Annotated[
        dict[Text, Text], "Name of each source and its folder, archive or URL; used where the command line has none."
    ] = field(default_factory=dict)
    discover: Discover = Discover()
    access: Access = Access()
    read: Read = field(default_factory=Read)
    contract: Contract = Contract()
    warehouse: Warehouse = Warehouse()
    run: Run = Run()
    guards: Guards = Guards()
    notify: Notify = Notify()
    history: History = History()
    log: Log = Log()

    def read_fingerprint(self) -> str:
        """16 hexadecimal digits that change exactly when a setting changes the records.

        That is the whole section `read`, which decides whether a file is read and as what, and the site's address. The
        contract and the URL rules count too, but by their content, so whoever loads them adds it.
        """
        import hashlib  # noqa: PLC0415  (12 ms that the command line's --help need not pay)

        said = json.encode(self.read, order="deterministic") + (self.contract.base_url or "").encode()
        return hashlib.sha256(said).hexdigest()[:16]

    def to_dict(self) -> dict[str, Any]:
        """Nested plain mappings, as `runs` records them; `load_settings(overrides=…)` takes them back."""
        plain: dict[str, Any] = to_builtins(self)
        return plain


def load_settings(
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] = os.environ,
    *,
    with_default_file: bool = True,
) -> Settings:
    """The settings of this run: defaults < file < environment < command line.

    Args:
        config: the user's YAML file; None takes `presslake.yaml` of the working folder, if it is there.
        overrides: what the command line says, nested: `{"run": {"workers": 2}}`; texts are converted.
        environ: variables `PRESSLAKE_SECTION__KEY`; all others are left alone.
        with_default_file: whether the file of the working folder counts.

    Raises:
        SettingsError: a key is unknown or given twice, a value has the wrong type or is out of range,
            or the file cannot be read. It names the full key and the line or variable it stands in.
    """
    layers: list[Layer] = []
    if config is not None or (with_default_file and Path(DEFAULT_FILE).is_file()):
        layers.append(file_layer(config or Path(DEFAULT_FILE)))
    layers += environment_layers(environ, ignored=IGNORED_VARIABLES)
    layers.append(Layer(overrides or {}, "the command line", textual=True))
    return apply_layers(Settings, layers)


def settings_page() -> str:
    """The text of docs/settings.md."""
    return _INTRODUCTION + markdown_sections(Settings())


if __name__ == "__main__":
    sys.stdout.write(settings_page())
