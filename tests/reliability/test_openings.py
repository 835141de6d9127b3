"""Catalogs that are opened by several at once, or by one that is killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.records import Origin

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"

OPENER = """
import os, sys, time
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin

folder, name, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
source = folder / f"{name}.txt"
source.write_text(name)
(folder / f"ready-{name}").touch()
while not (folder / "go").exists():
    time.sleep(0.001)
for number in range(rounds):
    root = folder / f"catalog{number}"
    backend = EmbeddedBackend(root)
    draft = VersionDraft(name, "create", data_type="T")
    backend.put_version("atlas", draft, FileSource(source, "txt"), by=Origin())
    backend.close()
"""


def test_several_make_the_same_catalog_at_once(tmp_path: Path) -> None:
    rounds = 60 if LONG else 12
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, str(tmp_path), f"o{number}", str(rounds)],
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    while len(list(tmp_path.glob("ready-*"))) < 4:
        assert all(opener.poll() is None for opener in openers)
        time.sleep(0.01)
    (tmp_path / "go").touch()
    for opener in openers:
        _, err = opener.communicate()
        assert opener.returncode == 0, err
    for number in range(rounds):
        with closing(EmbeddedBackend(tmp_path / f"catalog{number}")) as backend:
            assert all(backend.has_dataset("atlas", f"o{n}") for n in range(4))
            assert [a.name for a in backend.list_atlases()] == ["atlas"]
            assert not list(backend.root.glob(".omicshelf*"))


KILLED = """
import os, sys
count, at = 0, int(sys.argv[2])

def stepped(name):
    call = getattr(os, name)
    def step(*args, **kwargs):
        global count
        count += 1
        if count == at:
            os.kill(os.getpid(), 9)
        return call(*args, **kwargs)
    setattr(os, name, step)

from omicshelf.backend.embedded.backend import EmbeddedBackend
import alembic.command, alembic.config, sqlalchemy as sa
for name in ("mkdir", "replace", "rename", "fsync", "write"):
    stepped(name)
sa.event.listen(sa.Engine, "before_cursor_execute", lambda *a: os.write(null, b"."))
null = os.open(os.devnull, os.O_WRONLY)
EmbeddedBackend(sys.argv[1]).close()
print("opened", count)
"""


def test_an_opening_that_is_killed_at_any_step(tmp_path: Path) -> None:
    killed, at = 0, 1
    while True:
        root = tmp_path / f"catalog{at}"
        done = subprocess.run(
            [sys.executable, "-c", KILLED, str(root), str(at)], capture_output=True, text=True
        )
        with closing(EmbeddedBackend(root)) as backend:
            backend.create_atlas("atlas", by=Origin())
            assert backend.verify().ok
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL, done.stderr
        killed += 1
        # The statements that make the tables are many, and of one kind.
        at += 1 if LONG or at < 8 else 12
    assert killed >= 8


def test_a_catalog_may_be_moved(tmp_path: Path) -> None:
    with closing(EmbeddedBackend(tmp_path / "old")) as backend:
        backend.create_atlas("atlas", by=Origin())
    (tmp_path / "old").rename(tmp_path / "new ü")
    with closing(EmbeddedBackend(tmp_path / "new ü")) as backend:
        assert [a.name for a in backend.list_atlases()] == ["atlas"]
