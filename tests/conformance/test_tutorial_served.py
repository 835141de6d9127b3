"""The acceptance program, unchanged, over a server: for oneself, for a team, through a proxy.

Apart from the program on a folder, which also runs where there is no network but loopback.
"""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
import requests
from test_tutorial import program, run_tutorial

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.wire import API
from omicshelf.records import Origin
from omicshelf.testing.servers.forked import forked, proxied
from omicshelf.testing.servers.team import replicas

pytestmark = pytest.mark.conformance
pytest_plugins = (
    "omicshelf.testing.servers.ceph",
    "omicshelf.testing.servers.fixtures",
)
__all__ = ["program"]


def run_over(url: str, token: str, program: Path, folder: Path) -> None:
    """Run the program with nothing but the address and a credential of ada."""
    local = folder / "local"
    local.mkdir()
    settings = {
        "OMICSHELF_URL": url,
        "OMICSHELF_TOKEN": token,
        "OMICSHELF_CACHE": str(local / "cache"),
        "XDG_DATA_HOME": str(local / "data"),
    }
    run_tutorial(program, local, settings)
    assert not (local / "data").exists()  # nothing was put into a catalog of this machine
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"token {token}"
        base = f"{url.rstrip('/')}{API}"
        assert session.get(f"{base}/info", timeout=60).json()["user"] == "ada"
        told = session.get(f"{base}/changes", params={"limit": 1000}, timeout=60).json()["changes"]
    assert len(told) > 100
    assert {change["user"] for change in told} == {"ada"}


def test_on_a_folder(program: Path, tmp_path: Path) -> None:
    with forked(tmp_path / "server") as server:
        run_over(server.url, server.token, program, tmp_path)


def test_through_a_proxy(program: Path, tmp_path: Path) -> None:
    with proxied(tmp_path / "servers") as (front, _behind):
        run_over(front.url, front.token, program, tmp_path)


def test_on_postgres_and_ceph(
    program: Path, tmp_path: Path, postgres_url: str, ceph_bucket: str
) -> None:
    """As a member of a team: with a personal token, made where the database is reached."""
    by = Origin(user="ada")
    team = EmbeddedBackend(tmp_path / "made", database_url=postgres_url, storage_url=ceph_bucket)
    with closing(team):
        _record, token = team.create_token("ada", by=by)
    arguments = ("--admin", "ada", "--identity", "tokens")
    with replicas(
        tmp_path / "team", postgres_url, ceph_bucket, user="nobody", arguments=arguments
    ) as (server,):
        run_over(server.url, token, program, tmp_path)
