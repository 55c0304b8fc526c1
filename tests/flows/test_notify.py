"""Who is told of what: by the runs themselves, to a receiver on loopback."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prefect.blocks.webhook import Webhook
from pydantic import SecretStr

from config.errors import GuardRailError, PresslakeError, SourceError, WarehouseError
from flows.start import run_maintenance
from tests.builders import Desk, article, page
from tests.newsroom import settings_for
from tests.receiver import SECRET, Receiver, receiving

STRICT = {"accept_quarantine": False, "accept_removals": False}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.write("a.md", article("The ferry", originalUrl=page(1)))
    return desk


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving() as open_receiver:
        monkeypatch.setenv("PRESSLAKE_NOTIFY_URL", open_receiver.url)
        yield open_receiver


def events(receiver: Receiver) -> list[str]:
    return [body["event"] for body in receiver.bodies]


def break_files(desk: Desk) -> None:
    for number in range(9):
        desk.write(f"{number}.md", article(title=None))


def test_a_run_that_goes_well_tells_nobody(desk: Desk, receiver: Receiver) -> None:
    desk.run()
    desk.run()
    assert events(receiver) == []


def test_trouble_is_told_once_and_its_end_is_told(desk: Desk, receiver: Receiver) -> None:
    break_files(desk)
    for _ in range(2):
        with pytest.raises(GuardRailError):
            desk.run(guards=STRICT)
    with pytest.raises(GuardRailError):
        desk.run(guards=STRICT, notify={"repeat_hours": 0})
    desk.run()
    desk.run()

    assert events(receiver) == ["guard-rail", "guard-rail", "recovered"]
    assert "9 of 10 files (90%) would be quarantined" in receiver.bodies[0]["text"]
    assert "--accept-quarantine" in receiver.bodies[0]["hint"]
    assert receiver.bodies[2]["reason"] == "GuardRailError"


def test_another_trouble_is_told_at_once(desk: Desk, receiver: Receiver) -> None:
    break_files(desk)
    with pytest.raises(GuardRailError):
        desk.run(guards=STRICT)
    with pytest.raises(SourceError):
        desk.run("nowhere", guards=STRICT)
    assert [(body["event"], body["reason"]) for body in receiver.bodies] == [
        ("guard-rail", "GuardRailError"),
        ("failure", "SourceError"),
    ]


def test_no_new_article_is_told_until_one_comes(
    desk: Desk, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    desk.run(notify={"stale_after_hours": 1})
    desk.run(notify={"stale_after_hours": 0})
    desk.run(notify={"stale_after_hours": 0})
    desk.write("b.md", article("The tram", originalUrl=page(2)))
    desk.run(notify={"stale_after_hours": 1})

    assert events(receiver) == ["stale", "recovered"]
    assert "newest article came" in receiver.bodies[0]["message"]
    assert "newest article came" in caplog.text


def test_maintenance_tells_of_its_own_trouble(desk: Desk, receiver: Receiver) -> None:
    with pytest.raises(WarehouseError):
        run_maintenance(settings_for(desk.root / "none"))
    desk.run()
    next((desk.snapshot.path / "articles").rglob("*.parquet")).unlink()
    run_maintenance(settings_for(desk.root / "warehouse"))
    desk.run()

    assert [(body["event"], body["reason"]) for body in receiver.bodies][:2] == [
        ("failure", "WarehouseError"),
        ("failure", "AuditError"),
    ]


def test_markup_of_a_hostile_path_is_not_read_as_markup(desk: Desk, receiver: Receiver) -> None:
    with pytest.raises(PresslakeError):
        desk.run("<!channel> & co")
    assert "&lt;!channel&gt; &amp; co" in receiver.bodies[0]["text"]


@pytest.mark.parametrize(
    ("status", "hang_seconds", "timeout", "said"),
    [(500, 0, 60, "it answered 500"), (200, 60, 0.2, "did not answer within 0.2 s")],
)
def test_a_receiver_in_trouble_fails_no_run_and_is_named_in_the_log_alone(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    status: int,
    hang_seconds: float,
    timeout: float,
    said: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    desk.run()
    with receiving(status, hang_seconds) as receiver:
        monkeypatch.setenv("PRESSLAKE_NOTIFY_URL", receiver.url)
        outcome = desk.run(notify={"stale_after_hours": 0, "retries": 0, "timeout_seconds": timeout})
    assert outcome.status == "unchanged"
    assert said in caplog.text
    files = [path.read_bytes() for path in (desk.root / "warehouse").rglob("*") if path.is_file()]
    assert SECRET not in caplog.text
    assert not any(SECRET.encode() in content for content in files)


def test_the_variable_is_the_users_choice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as receiver:
        monkeypatch.setenv("NEWS_HOOK", receiver.url)
        with pytest.raises(PresslakeError):
            desk.run("nowhere", notify={"url_variable": "NEWS_HOOK"})
        assert events(receiver) == ["failure"]


@pytest.mark.xdist_group("prefect")
@pytest.mark.timeout(180)
@pytest.mark.usefixtures("prefect_server")
def test_the_address_may_stand_in_a_block(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    with receiving() as receiver:
        Webhook(url=SecretStr(receiver.url)).save("newsroom", overwrite=True)
        with pytest.raises(PresslakeError):
            desk.run("nowhere", notify={"block": "webhook/newsroom"})
        assert events(receiver) == ["failure"]
    with pytest.raises(PresslakeError, match="nowhere"):
        desk.run("nowhere", notify={"block": "webhook/unknown", "repeat_hours": 0})
    assert "there is no block `webhook/unknown`" in caplog.text
