from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from omicshelf.backend.store.marks import Mark, take_mark


def write(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(b"!")


def write_and_set_time_back(path: Path) -> None:
    before = path.stat()
    write(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace(path: Path) -> None:
    copy = path.with_name("copy")
    shutil.copy2(path, copy)
    copy.replace(path)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"!")


@pytest.mark.parametrize("change", [write, write_and_set_time_back, replace, append, Path.unlink])
def test_every_change_breaks_the_mark(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"data")
    mark = take_mark(path)
    time.sleep(0.02)  # longer than the tick of the file system's clock
    assert mark.holds(path)
    assert path.read_bytes() == b"data"
    assert mark.holds(path)
    change(path)
    assert not mark.holds(path)


def test_a_mark_survives_being_written_down(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"data")
    mark = take_mark(path)
    assert Mark.parse(str(mark)) == mark
    assert Mark(1, 2, -3, 4) == Mark.parse("1:2:-3:4")


@pytest.mark.parametrize("text", ["", "1:2:3", "1:2:3:x", "a:b:c:d", "1:2:3:4:5", "1:2::4"])
def test_what_is_no_mark(text: str) -> None:
    assert Mark.parse(text) is None
