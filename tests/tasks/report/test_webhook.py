"""A webhook that hangs, refuses or fails costs a bounded time, and its address appears nowhere."""

from __future__ import annotations

import logging

import pytest

from tasks.report.webhook import post_json
from tests.receiver import SECRET, receiving

BODY = b'{"text": "The ferry"}'


def test_a_receiver_gets_the_body_once() -> None:
    with receiving() as receiver:
        assert post_json(receiver.url, BODY, timeout=5, retries=2) == ""
        assert receiver.bodies == [{"text": "The ferry"}]


@pytest.mark.parametrize(("status", "attempts"), [(500, 3), (429, 3), (404, 1), (302, 1)])
def test_what_may_pass_is_tried_again(status: int, attempts: int) -> None:
    with receiving(status) as receiver:
        assert post_json(receiver.url, BODY, timeout=5, retries=2, pause=0) == f"it answered {status}"
        assert len(receiver.bodies) == attempts


def test_a_receiver_that_hangs_is_given_up() -> None:
    with receiving(hang_seconds=60) as receiver:
        assert post_json(receiver.url, BODY, timeout=0.2, retries=0) == "it did not answer within 0.2 s"


def test_nobody_listens() -> None:
    with receiving() as receiver:
        url = receiver.url
    assert post_json(url, BODY, timeout=5, retries=0) == "the connection failed (ConnectError)"


@pytest.mark.parametrize("url", ["hooks.example/x", "ftp://hooks.example/x"])
def test_what_is_no_address(url: str) -> None:
    assert post_json(url, BODY, timeout=5, retries=0) == "its address is not an http or https URL"


def test_no_log_has_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(500) as receiver:
        trouble = post_json(receiver.url, BODY, timeout=5, retries=1, pause=0)
    assert SECRET not in trouble + caplog.text
