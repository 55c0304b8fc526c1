"""What is understood without the parser is what the parser understands; the rest is left to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from flows.commands.app import app_for
from flows.commands.checking import check_files
from flows.commands.plain import plain_arguments
from flows.commands.run import run

COMMANDS: dict[str, Callable[..., int]] = {"run": run, "check": check_files}


def parsed(words: list[str]) -> tuple[list[str], dict[str, Any]]:
    """Sources and options as cyclopts reads a command line."""
    _, bound, *_ = app_for(words).parse_args(words, exit_on_error=False, print_error=False)
    return list(bound.args), dict(bound.kwargs)


@pytest.mark.parametrize(
    "line",
    [
        "run",
        "run content",
        "run news=a archive=b.zip --warehouse w",
        "run --json content --quiet",
        "run content --json true",
        "run --warehouse w content --config presslake.yaml --workers 0",
        "run content --workers 007",
        "run --include a/*.md --include b/ content --exclude drafts/",
        "run git+https://git.example/site.git@main s3://bucket/articles",
        "run content --full-refresh --accept-removals --accept-quarantine --accept-contract",
        "check",
        "check content one.md",
        "check content --no-warnings --json",
        "check --exclude drafts/ --config presslake.yaml content",
    ],
)
def test_plain_words_mean_what_the_parser_says(line: str) -> None:
    words = line.split()
    plain = plain_arguments(COMMANDS[words[0]], words[1:])
    assert plain is not None
    assert plain == parsed(words)


def test_words_with_blanks_stay_whole() -> None:
    words = ["run", "my content", "--warehouse", "my warehouse"]
    assert plain_arguments(run, words[1:]) == parsed(words)


@pytest.mark.parametrize(
    "line",
    [
        "run --help",
        "run content -h",
        "run content --warehouse=w",
        "run content --warehouse",
        "run content --warehouse --json",
        "run content --warehouse v --warehouse w",
        "run content --json --json",
        "run content --workers -1",
        "run content --workers two",
        "run content --workers 1_000",
        "run content --no-json",
        "run content --full_refresh",
        "run content --unknown",
        "run -- --content",
        "run - content",
        "check content --warnings",
    ],
)
def test_other_words_are_left_to_the_parser(line: str) -> None:
    words = line.split()
    assert plain_arguments(COMMANDS[words[0]], words[1:]) is None


def test_empty_words_are_left_to_the_parser() -> None:
    assert plain_arguments(run, [""]) is None
    assert plain_arguments(run, ["content", "--warehouse", ""]) is None


def test_an_option_of_another_kind_is_left_to_the_parser() -> None:
    def command(*source: str, since: float | None = None) -> int:
        return len(source)

    assert plain_arguments(command, ["content"]) == (["content"], {})
    assert plain_arguments(command, ["content", "--since", "1.5"]) is None


@pytest.mark.parametrize("name", COMMANDS)
def test_the_options_are_those_of_the_command_line(name: str) -> None:
    """What is called without the parser has the same options with the same defaults."""
    called = app_for([name])[name].default_command
    assert called is not None
    assert called.__kwdefaults__ == COMMANDS[name].__kwdefaults__
