"""Processes that are killed at any moment lose nothing that was acknowledged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.catalog.keeping import rebuild
from omicshelf.errors import NotFound
from omicshelf.testing.folder import describe, objects_in, temporary_files

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"
HERE = Path(__file__).parent


def test_kill_9_under_six_processes(tmp_path: Path) -> None:
    kills, seed = (250, 1) if LONG else (40, 1)
    done = subprocess.run(
        [sys.executable, str(HERE / "fleet.py"), str(tmp_path), str(kills), str(seed)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    errors = tmp_path / "errors"
    assert not errors.exists(), errors.read_text()[:3000]
    root = tmp_path / "catalog"
    lines = [json.loads(line) for line in (tmp_path / "ledger").read_bytes().splitlines()]
    assert len(lines) >= 20
    with closing(EmbeddedBackend(root)) as backend:
        assert lost(backend, lines) == []
        check_collected(backend)
        before = describe(backend), [change.model_dump() for change in backend.changes()]
    report = rebuild(root)
    assert report.ok, (report.missing, report.damaged)
    assert report.last_seq == before[1][-1]["seq"]
    with closing(EmbeddedBackend(root)) as backend:
        assert [change.model_dump() for change in backend.changes()] == before[1]
        assert describe(backend) == before[0]
        assert lost(backend, lines) == []


def lost(backend: EmbeddedBackend, lines: list[dict[str, Any]]) -> list[str]:
    """Give what was acknowledged and is not there, or has other bytes."""
    problems = []
    newest = [v.seq for v in backend.list_versions("atlas", "shared")]
    for line in lines:
        dataset_id = line["dataset"]
        try:
            if line.get("purged"):
                if backend.list_versions("atlas", dataset_id, include_deleted=True):
                    problems.append(f"{dataset_id} is there again")
                continue
            if "file" in line:
                record: Any = backend.get_file("atlas", dataset_id, line["file"])
            else:
                record = backend.get_version("atlas", dataset_id, line["version"])
        except NotFound:
            if dataset_id != "shared":
                problems.append(f"lost: {line}")
            continue
        with backend.open_blob(record.blob) as stream:
            found = blake3(stream.read()).hexdigest()
        if not found == record.blake3 == line["blake3"]:
            problems.append(f"wrong bytes: {line}")
    if len(newest) < 3:
        problems.append(f"the last versions of the shared dataset are gone: {newest}")
    return problems


def check_collected(backend: EmbeddedBackend) -> None:
    """Expect that what the killed left can be told from what is in use, and be removed."""
    backend.gc(grace=0)
    report = backend.gc(grace=0)
    assert (report.dead_objects, report.in_use) == (0, 0)
    assert backend.verify().ok
    root = backend.root
    with backend.db.reading() as connection:
        known = connection.exec_driver_sql("SELECT key, state FROM object").all()
        sessions = connection.exec_driver_sql("SELECT id FROM session").scalars().all()
    assert {row.state for row in known} == {"live"}
    assert {str(path.relative_to(root)) for path in objects_in(root)} == {r.key for r in known}
    locks = [path.stem for path in (root / "sessions").iterdir()]
    assert locks == list(sessions)
    assert temporary_files(root) == []


WRITER = """
import sys
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin

root, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
backend = EmbeddedBackend(root)
path = root.parent / name
for number in range(count):
    path.write_text(f"{name} {number}")
    draft = VersionDraft("shared", "save", metadata={"writer": name, "number": number})
    made = backend.put_version("atlas", draft, FileSource(path, "txt"), by=Origin(user=name))
    print(made.version.version_id, flush=True)
backend.close()
"""


def test_four_writers_on_one_dataset(tmp_path: Path) -> None:
    count = 200 if LONG else 25
    root = tmp_path / "catalog"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), f"w{number}", str(count)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    written = []
    for writer in writers:
        out, err = writer.communicate()
        assert (writer.returncode, err) == (0, "")
        written += out.split()
    assert len(set(written)) == 4 * count
    with closing(EmbeddedBackend(root)) as backend:
        versions = backend.list_versions("atlas", "shared")
        assert [v.seq for v in versions] == list(range(4 * count, 0, -1))
        assert {v.version_id for v in versions} == set(written)
        assert backend.get_dataset("atlas", "shared").version == versions[0]
        for version in versions:
            with backend.open_blob(version.blob) as stream:
                text = stream.read().decode()
            assert text == "{writer} {number}".format(**version.metadata)
        assert len(list(backend.changes())) == 4 * count
        check_collected(backend)
