"""A real object store for tests: Ceph on one node, started by ``ceph.sh`` beside this file.

Register the fixtures with ``pytest_plugins = ["omicshelf.testing.servers.ceph"]``. All processes
of pytest-xdist share one server, which ends with the process that started them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from omicshelf.testing.servers.buckets import S3Server

__all__ = ["ceph_bucket", "ceph_programs", "ceph_server", "start_ceph", "stop_ceph"]

SCRIPT = Path(__file__).with_name("ceph.sh")
_PROGRAMS = ("ceph-mon", "ceph-mgr", "ceph-osd", "radosgw", "radosgw-admin", "ceph")
_PATIENCE = 180.0


def ceph_programs() -> bool:
    """Say whether Ceph is installed."""
    return all(shutil.which(program) for program in _PROGRAMS)


def start_ceph(folder: Path, owner: int | None = None) -> S3Server:
    """Start a server in a new folder, and end it with the process ``owner``."""
    environment = dict(os.environ)
    if owner is not None:
        environment["CEPH_OWNER"] = str(owner)
    done = subprocess.run(
        ["bash", SCRIPT, "up", folder],
        env=environment, check=False, capture_output=True, text=True, timeout=_PATIENCE,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"Ceph did not start:\n{done.stderr}")
    return _started(folder)


def stop_ceph(folder: Path) -> None:
    """Stop the server of a folder, and remove the folder."""
    subprocess.run(["bash", SCRIPT, "down", folder], check=True, timeout=_PATIENCE)


def _started(folder: Path) -> S3Server:
    lines = (folder / "s3.env").read_text().splitlines()
    said = dict(line.split("=", 1) for line in lines)
    return S3Server(
        said["AWS_ENDPOINT_URL"], said["AWS_ACCESS_KEY_ID"], said["AWS_SECRET_ACCESS_KEY"]
    )


@pytest.fixture(scope="session")
def ceph_server() -> Iterator[S3Server]:
    """A Ceph for all tests of this run; or the one of ``CEPH_FOLDER``, which runs already."""
    if running := os.environ.get("CEPH_FOLDER"):
        yield _started(Path(running))
        return
    if not ceph_programs():
        told = (
            "Ceph is not installed (Debian: apt-get install --no-install-recommends ceph-mon "
            "ceph-mgr ceph-osd radosgw ceph-common)"
        )
        if os.environ.get("CONFORMANCE_REQUIRED") == "1":
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    owner = os.getpid() if run is None else os.getppid()
    # Short: the daemons listen on sockets in it, whose paths may have 107 characters.
    folder = Path(tempfile.gettempdir()) / f"omicshelf-ceph-{(run or uuid.uuid4().hex)[:12]}"
    with FileLock(f"{folder}.lock"):
        there = (folder / "s3.env").exists()
        server = _started(folder) if there else start_ceph(folder, owner)
    yield server
    if run is None:
        stop_ceph(folder)
        Path(f"{folder}.lock").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def _ceph_bucket_of_run(ceph_server: S3Server) -> str:
    # A bucket costs Ceph half a second, a prefix nothing.
    bucket = f"run-{uuid.uuid4().hex[:12]}"
    ceph_server.make_bucket(bucket)
    return bucket


@pytest.fixture
def ceph_bucket(ceph_server: S3Server, _ceph_bucket_of_run: str) -> str:
    """The storage URL of an empty prefix, for one test."""
    return ceph_server.storage_url(_ceph_bucket_of_run, uuid.uuid4().hex[:12])
