"""The pointer in both forms: what is read, what a torn one means, and how it moves."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from config.errors import WarehouseError
from tasks.warehouse import pointer


def refuse_links(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object, target_is_directory: bool = False) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "symlink", refuse)


@pytest.fixture(params=["link", "file"])
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "file":
        refuse_links(monkeypatch)
    return str(request.param)


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_announce_then_swap_publishes_and_leaves_nothing_beside(tmp_path: Path, form: str) -> None:
    for number in (1, 42):
        before = pointer.pointed(tmp_path)
        pointer.announce(tmp_path, number)
        assert (pointer.pointed(tmp_path), pointer.announced(tmp_path)) == (before, number)
        pointer.swap(tmp_path)
        assert (pointer.pointed(tmp_path), pointer.announced(tmp_path)) == (number, None)
    assert names(tmp_path) == (["current"] if form == "link" else ["CURRENT"])


def test_a_move_never_looks_like_an_announcement(tmp_path: Path, form: str) -> None:
    pointer.move(tmp_path, 7)
    assert pointer.pointed(tmp_path) == 7
    (tmp_path / "current.move").symlink_to("snapshots/000003") if form == "link" else (
        tmp_path / "CURRENT.move"
    ).write_text("snapshots/000003\n")
    assert pointer.announced(tmp_path) is None
    pointer.withdraw(tmp_path)
    assert names(tmp_path) == (["current"] if form == "link" else ["CURRENT"])


def test_a_warehouse_keeps_its_form_where_links_come_to_work(tmp_path: Path) -> None:
    (tmp_path / "CURRENT").write_text("snapshots/000003\n")
    pointer.move(tmp_path, 4)
    assert (tmp_path / "CURRENT").read_text() == "snapshots/000004\n"
    assert names(tmp_path) == ["CURRENT"]


def test_where_links_stop_working_no_second_pointer_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pointer.move(tmp_path, 3)
    refuse_links(monkeypatch)
    with pytest.raises(WarehouseError, match="Replace it with a file CURRENT"):
        pointer.move(tmp_path, 4)
    assert pointer.pointed(tmp_path) == 3


@pytest.mark.parametrize("torn", ["", "snap", "snapshots/000042", "snapshots/0000421\nx"])
def test_a_torn_announcement_announces_nothing_and_goes(tmp_path: Path, torn: str) -> None:
    (tmp_path / "CURRENT.next").write_text(torn)
    assert pointer.announced(tmp_path) is None
    pointer.withdraw(tmp_path)
    assert names(tmp_path) == []


def test_a_link_that_a_tool_made_absolute_is_understood(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("/mnt/warehouse/snapshots/000042/")
    assert pointer.pointed(tmp_path) == 42


def make_folder(path: Path) -> None:
    """What a copy that follows links makes of the pointer."""
    path.mkdir()


def make_text(path: Path) -> None:
    path.write_text("snapshots/000042")


def make_link(path: Path) -> None:
    path.symlink_to("somewhere")


@pytest.mark.parametrize("spoil", [make_folder, make_text, make_link])
def test_a_pointer_to_something_else_is_an_error_and_none_is_none(
    tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    assert pointer.pointed(tmp_path) is None
    spoil(tmp_path / "current")
    with pytest.raises(WarehouseError, match="does not name a snapshot"):
        pointer.pointed(tmp_path)
