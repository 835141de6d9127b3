"""Processes of a team that are killed at any moment, also while the network fails."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from test_kills import lost

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild_database
from omicshelf.testing.folder import describe, temporary_files
from omicshelf.testing.servers.buckets import S3Server, raw_keys
from omicshelf.testing.servers.faults import NOTHING, OFTEN, FaultyProxy

pytestmark = pytest.mark.reliability
pytest_plugins = ("omicshelf.testing.servers.ceph", "omicshelf.testing.servers.fixtures")

LONG = os.environ.get("RELIABILITY") == "long"
FLEET = Path(__file__).with_name("fleet.py")


@pytest.mark.parametrize("network", ["sound", "faulty"])
def test_kill_9_under_six_processes(
    network: str,
    tmp_path: Path,
    postgres_url: str,
    postgres_server: Any,
    ceph_server: S3Server,
    ceph_bucket: str,
) -> None:
    with FaultyProxy(ceph_server.endpoint, NOTHING if network == "sound" else OFTEN) as proxy:
        run_fleet(tmp_path, postgres_url, through(proxy, ceph_server, ceph_bucket), network)
        if network == "faulty":
            assert all(proxy.done[fault] for fault in OFTEN)
    lines = [json.loads(line) for line in (tmp_path / "ledger").read_bytes().splitlines()]
    assert len(lines) >= 10
    opened = EmbeddedBackend(tmp_path / "after", database_url=postgres_url, storage_url=ceph_bucket)
    with closing(opened) as backend:
        assert lost(backend, lines) == []
        check_collected(backend, postgres_url, ceph_bucket, exact=network == "sound")
        before = (
            describe(backend, content=False),
            [change.model_dump() for change in backend.changes()],
        )
    assert temporary_files(tmp_path / "after") == []
    new_url = postgres_server.url(postgres_server.new_database())
    report = rebuild_database(new_url, storage_url=ceph_bucket)
    assert report.ok, (report.missing, report.damaged)
    again = EmbeddedBackend(tmp_path / "again", database_url=new_url, storage_url=ceph_bucket)
    with closing(again) as backend:
        assert [change.model_dump() for change in backend.changes()] == before[1]
        assert describe(backend, content=False) == before[0]


def through(proxy: FaultyProxy, server: S3Server, url: str) -> str:
    """Give a storage URL that goes through a proxy."""
    bucket, _, rest = url.removeprefix("s3://").partition("/")
    return server.storage_url(bucket, rest.partition("?")[0], proxy.url)


def run_fleet(folder: Path, database: str, storage: str, network: str) -> None:
    environment = {
        **os.environ,
        "FLEET_DATABASE": database,
        "FLEET_STORAGE": storage,
        "FLEET_FAULTS": "1" if network == "faulty" else "0",
        "FLEET_PAUSE": "2",  # to begin takes a process longer here
    }
    kills = 100 if LONG else 10
    done = subprocess.run(
        [sys.executable, FLEET, folder, str(kills), "1"],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    errors = folder / "errors"
    assert not errors.exists(), errors.read_text()[:5000]


def check_collected(
    backend: EmbeddedBackend, database_url: str, storage_url: str, *, exact: bool
) -> None:
    """Expect that what the killed left is kept while they may live, and removed afterwards.

    Parameters
    ----------
    exact
        Whether nothing else may be in the bucket. Where answers were lost, a request that was
        given up can be done after what it wrote was removed: ``rebuild`` knows such an object
        for dead.
    """
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        pending = "SELECT count(*) FROM object WHERE state = 'pending'"
        left = connection.execute(pending).fetchone()
        backend.gc(grace=0)
        assert connection.execute(pending).fetchone() == left  # it could be a pause
        connection.execute(
            "UPDATE session SET heartbeat_at = 0 WHERE id <> %s", [backend.session.id]
        )
        connection.commit()
        backend.gc(grace=0)
        report = backend.gc(grace=0)
        assert (report.dead_objects, report.in_use) == (0, 0)
        known = connection.execute("SELECT key, state FROM object").fetchall()
        sessions = connection.execute("SELECT id FROM session").fetchall()
    assert backend.verify().ok
    assert {state for _key, state in known} == {"live"}
    assert sessions == [(backend.session.id,)]
    found, expected = set(raw_keys(storage_url, "objects/")), {key for key, _state in known}
    assert expected <= found
    assert not exact or found == expected
