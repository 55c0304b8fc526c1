"""What runs and checks say that fail for most files: the cause, what the files have, and the way out, in that order."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from config.errors import GuardRailError
from config.settings import Settings
from flows.check import check_sources
from flows.cli import main
from tests.builders import Desk, article


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    return Desk(tmp_path, {"guards": {"accept_quarantine": False}})


def refused(desk: Desk, **sections: Any) -> GuardRailError:
    """The error of a run that publishes nothing."""
    with pytest.raises(GuardRailError) as caught:
        desk.run(**sections)
    assert desk.warehouse.current() is None
    return caught.value


def in_order(text: str, parts: Sequence[str]) -> bool:
    places = [text.find(part) for part in parts]
    return -1 not in places and places == sorted(places)


def write_untitled(desk: Desk, files: int) -> None:
    for number in range(files):
        desk.write(f"blog/{number}.md", article(None, titel=f"The sea, part {number}", mood="calm"))


WAY_OUT = (
    "files have no `title`, such as blog/0.md.",
    'All of them have `titel`, such as "The sea, part 0": it can fill `title`.',
    "`presslake init news` writes a contract",
    "`--exclude ",
)


def test_a_run_names_the_cause_and_the_way_out_and_last_what_to_accept(desk: Desk) -> None:
    write_untitled(desk, 9)
    desk.write("a.md", article())
    error = refused(desk)
    assert error.message.startswith("9 of 10 files (90%) would be quarantined")
    assert in_order(error.hint, ("Nothing was published. 9", *WAY_OUT, "`--accept-quarantine`"))
    assert desk.run(guards={"accept_quarantine": True}).records.quarantined == 9


def test_a_first_run_of_a_few_files_without_a_row_is_an_error_too(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    write_untitled(desk, 2)
    assert main(["run", "news", "--json"]) == 1
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["status"], outcome["message"]) == ("failed", "No article would come of 2 files: 2 quarantined.")
    assert in_order(outcome["hint"], ("2 files have no `title`", *WAY_OUT[1:], "`--accept-quarantine`"))
    assert desk.run(guards={"accept_quarantine": True}).records.quarantined == 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"# Notes\n", "Nothing was published. presslake reads files that begin with front matter"),
        (b"Title: Ferry\nDate: 2026-03-02\n\nText.\n", "1 of them have keys at their top, without the lines `---`"),
        (b"---\nredirect_to: /b/\n---\n", "1 of them only redirect. "),
    ],
    ids=["no front matter", "no fence", "a redirect"],
)
def test_a_first_run_of_no_articles_says_what_they_are(desk: Desk, content: bytes, reason: str) -> None:
    desk.write("a.md", content)
    error = refused(desk)
    assert error.message == "No article would come of 1 file: 1 ignored."
    assert reason in error.hint


def test_a_later_run_may_empty_the_tables_and_a_first_one_may_have_no_files(desk: Desk) -> None:
    (desk.root / "news").mkdir()
    desk.run()
    desk.write("a.md", article())
    desk.run()
    desk.write("a.md", b"# Notes\n")
    assert desk.run().files.ignored == 1


def test_files_that_cannot_be_read_are_to_be_mended(desk: Desk) -> None:
    for number in range(3):
        desk.write(f"{number}.md", b"---\ntitle: [a\n---\n")
    hint = refused(desk).hint
    assert in_order(
        hint, ("3 files have yaml/syntax, such as 0.md:3:1: ", "`presslake check news` lists", "`--exclude")
    )
    assert "init" not in hint


def test_a_check_that_fails_for_most_files_says_the_same(desk: Desk) -> None:
    write_untitled(desk, 3)
    desk.write("a.md", article())
    report = check_sources(["news"], Settings())
    assert in_order(report.hint, ("3 files have no `title`", *WAY_OUT[1:3], "`--exclude PATTERN` leaves out"))
    assert "accept" not in report.hint
    for number in range(3):
        desk.write(f"{number}.md", article())
    assert check_sources(["news"], Settings()).hint == ""


def test_fields_that_fill_nothing_are_named(desk: Desk) -> None:
    for number in range(2):
        desk.write(f"notes/{number}.md", article(None, mood="calm", views=number))
    desk.write("a.md", article())
    hint = check_sources(["news"], Settings()).hint
    assert "The fields that they have and the contract does not know: `mood` (2), `views` (2)." in hint
    assert "`--exclude notes/` leaves out 2 of them, if they are no articles." in hint
