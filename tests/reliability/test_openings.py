"""Catalogs that are opened by several at once, or by one that is killed."""

from __future__ import annotations

import os
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
    rounds = 60 if LONG else 6
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
from contextlib import closing
from pathlib import Path
import alembic.command, alembic.config, sqlalchemy as sa
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.records import Origin

def killed_at(at):
    count = 0
    def step(*_args, **_kwargs):
        nonlocal count
        count += 1
        if count == at:
            os.kill(os.getpid(), 9)
    for name in ("mkdir", "replace", "rename", "fsync"):
        def stepped(*args, call=getattr(os, name), **kwargs):
            step()
            return call(*args, **kwargs)
        setattr(os, name, stepped)
    sa.event.listen(sa.Engine, "before_cursor_execute", step)
    sa.event.listen(sa.Engine, "commit", step)

folder, stride, at, killed = Path(sys.argv[1]), int(sys.argv[2]), 1, 0
while True:
    root = folder / f"catalog{at}"
    child = os.fork()
    if not child:
        killed_at(at)
        EmbeddedBackend(root).close()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    with closing(EmbeddedBackend(root)) as backend:
        backend.create_atlas("atlas", by=Origin())
        assert backend.verify().ok
        assert not list(root.glob(".omicshelf.json*")) or at < 8
    if status == 0:
        break
    assert os.WTERMSIG(status) == 9, status
    killed += 1
    # The statements that make the tables are many, and of one kind.
    at += 1 if at < 8 else stride
print(killed)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_an_opening_that_is_killed_at_any_step(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), "1" if LONG else "7"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) >= 10


def test_a_catalog_may_be_moved(tmp_path: Path) -> None:
    with closing(EmbeddedBackend(tmp_path / "old")) as backend:
        backend.create_atlas("atlas", by=Origin())
    (tmp_path / "old").rename(tmp_path / "new ü")
    with closing(EmbeddedBackend(tmp_path / "new ü")) as backend:
        assert [a.name for a in backend.list_atlases()] == ["atlas"]
