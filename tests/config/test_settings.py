"""Settings: what is accepted, which place wins, and what a mistake is told."""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from config.errors import SettingsError
from config.settings import DEFAULT_FILE, IGNORED_VARIABLES, Read, Settings, load_settings, settings_page
from config.settings_kinds import Setting, all_settings, byte_size
from config.settings_layers import variable_name

PROJECT = Path(__file__).parents[2]
PACKAGED = PROJECT / "config" / "pipeline.yaml"
KEYS = list(all_settings(Settings()))


@pytest.fixture(autouse=True)
def _empty_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def settings(
    yaml: str = "", environ: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """Load `yaml` as the user's file, with this environment and command line and no other."""
    file = Path("my.yaml")
    file.write_text(yaml, encoding="utf-8")
    return load_settings(file, overrides, environ or {})


def mistake(
    yaml: str = "", environ: Mapping[str, str] | None = None, overrides: Mapping[str, Any] | None = None
) -> str:
    """What the user is told about these settings."""
    with pytest.raises(SettingsError) as caught:
        settings(yaml, environ, overrides)
    return str(caught.value)


class TestDefaults:
    def test_no_file_no_variable_no_option(self) -> None:
        assert load_settings(environ={"HOME": "/home/me", "PREFECT_API_URL": "x"}) == Settings()

    def test_the_packaged_file_gives_every_key_its_default(self) -> None:
        assert load_settings(PACKAGED, environ={}) == Settings()
        given = set(re.findall(r"^ *([a-z_]+):", PACKAGED.read_text(encoding="utf-8"), re.MULTILINE))
        assert given == {key for setting in KEYS for key in setting.path}
        changed = PACKAGED.read_text(encoding="utf-8").replace("keep_days: 7", "keep_days: 8")
        assert settings(changed).warehouse.keep_days == 8, "it is not merely equal by being empty"

    @pytest.mark.parametrize("setting", KEYS, ids=lambda setting: ".".join(setting.path))
    def test_every_key_is_described_and_the_packaged_file_says_the_same(self, setting: Setting) -> None:
        indent = "  " * (len(setting.path) - 1)
        assert setting.description.endswith(".")
        assert f"{indent}# {setting.description}\n{indent}{setting.path[-1]}:" in PACKAGED.read_text(encoding="utf-8")

    def test_the_page_is_what_the_module_prints(self) -> None:
        command = [sys.executable, "-m", "config.settings"]
        printed = subprocess.run(command, cwd=PROJECT, capture_output=True, check=True).stdout.decode("utf-8")
        assert printed == settings_page() == (PROJECT / "docs" / "settings.md").read_text(encoding="utf-8")


class TestPrecedence:
    def test_each_place_overrides_the_one_before(self) -> None:
        yaml, environ = "run: {workers: 1}", {"PRESSLAKE_RUN__WORKERS": "2"}
        assert settings().run.workers == 0
        assert settings(yaml).run.workers == 1
        assert settings(yaml, environ).run.workers == 2
        assert settings(yaml, environ, {"run": {"workers": 3}}).run.workers == 3

    def test_a_place_changes_only_what_it_names(self) -> None:
        changed = settings("run: {workers: 1}", {"PRESSLAKE_RUN__RETRIES": "9"}, {"log": {"level": "debug"}})
        assert (changed.run.workers, changed.run.retries, changed.log.level) == (1, 9, "debug")
        assert changed.warehouse == Settings().warehouse

    def test_the_working_folder_s_file_counts_only_where_none_is_named(self) -> None:
        Path(DEFAULT_FILE).write_text("run: {workers: 7}", encoding="utf-8")
        assert load_settings(environ={}).run.workers == 7
        assert settings("log: {level: debug}").run.workers == 0

    def test_mappings_gain_entries_and_lists_are_replaced(self) -> None:
        changed = settings(
            "read: {on: {yaml/tag: warn}}\nsources: {news: a}\ndiscover: {include: ['*.md']}",
            {"PRESSLAKE_SOURCES__BLOG": "b", "PRESSLAKE_DISCOVER__INCLUDE": "*.txt"},
        )
        assert changed.read.on == {**Settings().read.on, "yaml/tag": "warn"}
        assert changed.sources == {"news": "a", "blog": "b"}
        assert changed.discover.include == ("*.txt",)

    def test_changes_do_not_leak_into_the_defaults(self) -> None:
        settings("read: {on: {yaml/tag: warn}}\nsources: {news: a}")
        assert Settings().read.on["yaml/tag"] == "reject"
        assert Settings().sources == {}


class TestFile:
    def test_a_section_whose_keys_are_all_commented_out_is_empty(self) -> None:
        assert settings("run:\n  # workers: 2\nsources:\n") == Settings()

    def test_an_empty_file_and_a_byte_order_mark_are_fine(self) -> None:
        assert settings("# nothing yet\n") == Settings()
        assert settings("\ufefflog: {level: debug}").log.level == "debug"

    @pytest.mark.parametrize(("text", "size"), [("8388608", 8388608), ("8 MiB", 8 * 2**20), ("1.5kB", 1500)])
    def test_sizes(self, text: str, size: int) -> None:
        assert settings(f"run: {{batch_bytes: {text}}}").run.batch_bytes == size

    def test_a_missing_file(self) -> None:
        with pytest.raises(SettingsError, match=r"gone\.yaml cannot be read: No such file"):
            load_settings(Path("gone.yaml"), environ={})

    def test_a_file_that_is_not_utf_8(self) -> None:
        Path("latin.yaml").write_bytes(b"sources: {caf\xe9: a}")
        with pytest.raises(SettingsError, match=r"latin\.yaml"):
            load_settings(Path("latin.yaml"), environ={})


class TestEnvironment:
    @pytest.mark.parametrize(
        ("variable", "text", "section", "key", "value"),
        [
            ("PRESSLAKE_GUARDS__MAX_REMOVED_SHARE", "0.5", "guards", "max_removed_share", 0.5),
            ("PRESSLAKE_GUARDS__ACCEPT_REMOVALS", "true", "guards", "accept_removals", True),
            ("PRESSLAKE_WAREHOUSE__PATH", "2021", "warehouse", "path", "2021"),
            ("PRESSLAKE_READ__MAX_FILE_BYTES", "1 MiB", "read", "max_file_bytes", 2**20),
            ("PRESSLAKE_READ__FALLBACK_ENCODING", "windows-1252", "read", "fallback_encoding", "windows-1252"),
            ("PRESSLAKE_CONTRACT__PATH", "null", "contract", "path", None),
            ("PRESSLAKE_DISCOVER__INCLUDE", "*.md, *.html", "discover", "include", ("*.md", "*.html")),
            ("PRESSLAKE_DISCOVER__INCLUDE", '["a,b.md"]', "discover", "include", ("a,b.md",)),
            ("PRESSLAKE_DISCOVER__INCLUDE", "[ab]*.md", "discover", "include", ("[ab]*.md",)),
            ("PRESSLAKE_DISCOVER__EXCLUDE", "[]", "discover", "exclude", ()),
        ],
    )
    def test_texts_stand_for_values(self, variable: str, text: str, section: str, key: str, value: object) -> None:
        changed = settings(environ={variable: text})
        assert getattr(getattr(changed, section), key) == value

    def test_mappings_are_json(self) -> None:
        environ = {"PRESSLAKE_SOURCES": '{"My blog": "/b"}', "PRESSLAKE_READ__ON": '{"yaml/tag": "accept"}'}
        changed = settings(environ=environ)
        assert changed.sources == {"My blog": "/b"}
        assert changed.read.on["yaml/tag"] == "accept"

    def test_every_default_can_be_said_in_the_environment(self) -> None:
        environ = {variable_name(setting.path): setting.default.strip('"') for setting in KEYS}
        assert settings("run: {workers: 5, retries: 1}\nlog: {level: debug}", environ) == Settings()

    def test_other_variables_are_ignored(self) -> None:
        environ = dict.fromkeys(["PRESSLAKE", "MY_PRESSLAKE_X", "PREFECT_API_URL", *IGNORED_VARIABLES], "x")
        assert settings(environ=environ) == Settings()


class TestOverrides:
    def test_typed_values_and_texts(self) -> None:
        run, warehouse = {"workers": "2", "batch_bytes": "1 MiB"}, {"path": Path("lake"), "durable": False}
        changed = settings(overrides={"run": run, "warehouse": warehouse, "discover": {"include": ["*.md"]}})
        assert (changed.run.workers, changed.run.batch_bytes) == (2, 2**20)
        assert (changed.warehouse.path, changed.warehouse.durable) == ("lake", False)
        assert changed.discover.include == ("*.md",)


class TestMistakes:
    @pytest.mark.parametrize(
        ("yaml", "told"),
        [
            ("log:\n  level: [debug", "not valid YAML (my.yaml, line 2)"),
            ("log:\n  level: !!python/object/apply:os.getcwd []", "not valid YAML (my.yaml, line 2)"),
            ("log: &a\n  level: *a", "my.yaml"),
            ("[" * 5000, "my.yaml"),
            ("warehouse: {path: 2021-02-30}", "my.yaml"),
            ("- run", "A settings file must be a section with the keys sources, discover"),
            ("run: {workers: 1}\nrun: {retries: 1}", "`run` is given twice (my.yaml, lines 1 and 2)"),
            ("log:\n  level: info\n  formt: text", "`log.formt` (my.yaml, line 3). Did you mean `log.format`?"),
            ("\n\nguard: {min_files: 1}", "`guard` (my.yaml, line 3). Did you mean `guards`?"),
            ("workers: 2", "`workers` (my.yaml, line 1). Did you mean `run.workers`?"),
            ("path: x", "Did you mean `contract.path` or `warehouse.path`?"),
            ("run: {keep_snapshot: 2}", "Did you mean `warehouse.keep_snapshots`?"),
            ("log:\n  x: 1", "`log.x` (my.yaml, line 2). There are: level, format."),
            ("read: {on: {yaml/ancor: warn}}", "`read.on.yaml/ancor` (my.yaml, line 1). Did you mean `read.on.yaml/an"),
            ("run:\n  workers: two", 'must be a whole number from 0 to 1024, not "two" (my.yaml, line 2).'),
            ("run: {workers: '2'}", 'not "2"'),
            ("run: {workers: true}", "not true"),
            ("run: {workers: -1}", "not -1"),
            ("run: {retry_delay_seconds: .nan}", "not nan"),
            ("run: {task_timeout_seconds: .inf}", "not inf"),
            ("run: {batch_bytes: 8M}", '`run.batch_bytes` must be a size such as 8 MiB from 1 to 1024 GiB, not "8M"'),
            ("run: {engine: prefct}", 'or local, not "prefct" (my.yaml, line 1). Did you mean `prefect`?'),
            ("log: {level: INFO}", "Did you mean `info`?"),
            ("guards: {max_removed_share: 20}", "must be a number from 0 to 1, not 20"),
            ("guards: {accept_removals: 1}", "must be true or false, not 1"),
            ("warehouse: {keep_snapshots: 0}", "must be a whole number of at least 1, not 0"),
            ("warehouse: {path: ''}", 'must be a text that is not empty, not ""'),
            ("warehouse: {path: null}", "not null"),
            ("discover: {include: []}", "must be a list of texts that is not empty, not []"),
            ("discover: {include: '*.md'}", 'must be a list of texts that is not empty, not "*.md"'),
            ("read: {fallback_encoding: latin-1}", "must be windows-1252, or null"),
            ("read:\n  on:\n    yaml/tag: rejct", "`read.on.yaml/tag` must be accept, warn or reject"),
            ("read:\n  on:\n    yaml/tag: rejct", "(my.yaml, line 3). Did you mean `reject`?"),
            ("sources: {news: 3}", "`sources.news` must be a text that is not empty, not 3"),
            ("sources: here", "`sources` must be a mapping to a text"),
            ("run: 5", "`run` must be a section with the keys engine, executor"),
        ],
        ids=lambda text: text[:30],
    )
    def test_in_a_file(self, yaml: str, told: str) -> None:
        assert told in mistake(yaml)

    @pytest.mark.parametrize(
        ("variable", "text", "told"),
        [
            (
                "PRESSLAKE_RUN__WORKER",
                "2",
                "`run.worker` (environment variable PRESSLAKE_RUN__WORKER). Did you mean `PRESSLAKE_RUN__WORKERS`?",
            ),
            ("PRESSLAKE_WORKERS", "2", "Did you mean `PRESSLAKE_RUN__WORKERS`?"),
            ("PRESSLAKE_RUN_WORKERS", "2", "Did you mean `PRESSLAKE_RUN__WORKERS`?"),
            ("PRESSLAKE_GUARD__MIN_FILES", "2", "Did you mean `PRESSLAKE_GUARDS__MIN_FILES`?"),
            ("PRESSLAKE_RUN__WORKERS__MAX", "2", "environment variable PRESSLAKE_RUN__WORKERS__MAX"),
            ("PRESSLAKE_", "2", "environment variable PRESSLAKE_"),
            ("PRESSLAKE_RUN__WORKERS", "two", '"two" (environment variable PRESSLAKE_RUN__WORKERS)'),
            ("PRESSLAKE_RUN__WORKERS", "", '`run.workers` must be a whole number from 0 to 1024, not ""'),
            ("PRESSLAKE_RUN", "5", "`run` must be a section"),
            ("PRESSLAKE_RUN", '{"workers": 5}', "`run` must be a section"),
            ("PRESSLAKE_SOURCES", "{oops", '`sources` must be a mapping to a text that is not empty, not "{oops"'),
            ("PRESSLAKE_DISCOVER__INCLUDE", '["*.md"', "`discover.include` must be a list of texts"),
            ("PRESSLAKE_GUARDS__MAX_REMOVED_SHARE", "nan", 'not "nan"'),
        ],
    )
    def test_in_the_environment(self, variable: str, text: str, told: str) -> None:
        assert told in mistake(environ={variable: text})

    def test_on_the_command_line(self) -> None:
        told = mistake(overrides={"run": {"retry": 2}})
        assert told == "There is no setting `run.retry` (the command line). Did you mean `run.retries`?"
        told = mistake(overrides={"run": {"workers": 1.5}})
        assert "must be a whole number from 0 to 1024, not 1.5 (the command line)" in told

    def test_a_long_value_is_cut(self) -> None:
        told = mistake(f"run: {{engine: {'x' * 500}}}")
        assert "x…" in told
        assert len(told) < 200


class TestByteSize:
    @pytest.mark.parametrize(
        ("text", "size"),
        [("1", 1), ("1 B", 1), ("1kB", 1000), ("1 KiB", 1024), ("0.5 KiB", 512), (" 2 gib ", 2**31), ("1.5 GB", 15e8)],
    )
    def test_units(self, text: str, size: int) -> None:
        assert byte_size(text) == size

    @pytest.mark.parametrize("text", ["MiB", "-1", "1 M", "1.5 B", "0.3 KiB", "1e3", "1,5 MB", "٣ MB", "9" * 99])
    def test_what_is_no_size(self, text: str) -> None:
        with pytest.raises(ValueError, match=re.escape(text)):
            byte_size(text)


class TestSettings:
    def test_they_pickle(self) -> None:
        changed = settings("sources: {news: a}\nread: {fallback_encoding: windows-1252}")
        assert pickle.loads(pickle.dumps(changed)) == changed

    def test_they_cannot_be_changed(self) -> None:
        with pytest.raises(AttributeError):
            Settings().run.workers = 2  # type: ignore[misc]

    def test_to_dict_can_be_loaded_again(self) -> None:
        changed = settings("sources: {news: a}\nrun: {batch_bytes: 1 MiB}\ndiscover: {exclude: [x]}")
        assert changed.to_dict()["run"]["batch_bytes"] == 2**20
        assert load_settings(overrides=changed.to_dict(), environ={}) == changed

    @pytest.mark.parametrize(
        "read",
        [
            "max_depth: 31",
            "max_nodes: 9",
            "max_file_bytes: 9",
            "fallback_encoding: windows-1252",
            "on: {yaml/tag: warn}",
        ],
    )
    def test_the_fingerprint_changes_with_how_files_are_read(self, read: str) -> None:
        assert settings(f"read: {{{read}}}").read_fingerprint() != Settings().read_fingerprint()

    def test_the_fingerprint_does_not_change_with_anything_else(self) -> None:
        other = settings("run: {workers: 3}\nwarehouse: {path: x}\nsources: {a: b}\nguards: {min_files: 3}")
        assert other.read_fingerprint() == Settings().read_fingerprint()

    def test_the_fingerprint_ignores_the_order_of_the_codes(self) -> None:
        default = Settings()
        backwards = Read(on=dict(reversed(default.read.on.items())))
        assert Settings(read=backwards).read_fingerprint() == default.read_fingerprint()
        assert re.fullmatch("[0-9a-f]{16}", default.read_fingerprint())
