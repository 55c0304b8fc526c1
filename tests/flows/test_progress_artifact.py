"""Progress in the Prefect UI: one artifact, at intervals, and never the end of a run."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from flows.prefect_support import ArtifactProgress


class Server:
    """Stands in for Prefect's: remembers what it was told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.told: list[tuple[float, str]] = []
        self.created = 0
        self.is_down = False
        monkeypatch.setattr("prefect.artifacts.create_progress_artifact", self.create)
        monkeypatch.setattr("prefect.artifacts.update_progress_artifact", self.update)

    def create(self, percent: float, key: str, description: str) -> UUID:
        self.created += 1
        self.told.append((percent, description))
        return uuid4()

    def update(self, _artifact: UUID, percent: float, description: str) -> None:
        if self.is_down:
            raise ConnectionError("no answer")
        self.told.append((percent, description))


def test_it_is_told_at_intervals_with_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    server, now = Server(monkeypatch), [0.0]
    progress = ArtifactProgress(clock=lambda: now[0])
    progress.start("discover", None, "")
    progress.finish("discover")  # too soon
    now[0] = 3.0
    progress.start("parse", 200, "files")
    now[0] = 4.0
    progress.advance("parse", 50)  # too soon
    now[0] = 6.0
    progress.advance("parse", 50)
    progress.end()
    assert server.told == [
        (0, "discover"),
        (10, "parse: 0 of 200 files"),
        (37.5, "parse: 100 of 200 files"),
        (100, "done"),
    ]
    assert server.created == 1


def test_a_server_that_does_not_answer_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    server, now = Server(monkeypatch), [0.0]
    progress = ArtifactProgress(clock=lambda: now[0])
    progress.start("discover", None, "")
    server.is_down, now[0] = True, 5.0
    progress.start("parse", 2, "files")
    server.is_down, now[0] = False, 10.0
    progress.advance("parse", 2)
    assert server.told == [(0, "discover")]
