"""An S3 that keeps everything in memory, for quick tests.

It takes wrong keys and checksums for right ones, so that it proves little: what holds on it must
hold on a real object store too (:mod:`omicshelf.testing.servers.ceph`). Register the fixtures with
``pytest_plugins = ["omicshelf.testing.servers.moto"]``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from omicshelf.testing.servers.buckets import S3Server

__all__ = ["moto_bucket", "moto_server"]


@pytest.fixture(scope="session")
def moto_server() -> Iterator[S3Server]:
    """An S3 in this process, on a free port."""
    server_module = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    server = server_module.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", "moto", "moto-secret")
    finally:
        server.stop()


@pytest.fixture
def moto_bucket(moto_server: S3Server) -> str:
    """The storage URL of an empty bucket, for one test."""
    return moto_server.make_bucket(f"test-{uuid.uuid4().hex[:12]}")
