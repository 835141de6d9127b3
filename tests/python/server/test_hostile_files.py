"""Files that attack, uploaded to a live server and looked at: it stays alive, quick and small.

They are examined in worker processes with limits; what is wrong with them is a 400 or a problem
that is told, and nothing of the server's own files ever comes out.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import h5py
import numpy as np
import pytest
from attackers import User, is_refusal, team
from attacks import ATTACKS, MEGA, Attack

from omicshelf.testing.servers.forked import ForkedServer

SECRET = "k7secretword"
NUMBER = 424242.0
LIMITS = {"OMICSHELF_WORKER_TIMEOUT": "2", "OMICSHELF_WORKER_MEMORY": str(512 * MEGA)}
PREVIEWS: tuple[dict[str, Any], ...] = ({}, {"kind": "table"})


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedServer]:
    """A server whose workers have narrow limits, with a secret in its database and beside it."""
    with team(tmp_path_factory.mktemp("files"), environment=LIMITS) as running:
        owner = User(running, "ada")
        body = {"dataset_id": "owned", "data_type": "T", "metadata": {"word": SECRET * 40}}
        begun = owner.begin("owned", 3, "txt").json()
        owner.fill(begun, b"one")
        owner.ask("POST", "/atlases/atlas/datasets", {**body, "upload": begun["upload"]})
        with h5py.File(owner.catalog / "secret.h5", "w") as file:
            file["word"] = np.array([SECRET.encode()] * 60)
            file["numbers"] = np.full((60, 2), NUMBER)
        yield running


@pytest.fixture(scope="module")
def ada(server: ForkedServer) -> User:
    return User(server, "ada")


def resident(pid: int, what: str = "VmRSS") -> int:
    """Give the bytes of memory that a process has, or has had at most (``VmHWM``)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no {what} of {pid}")


def look(ada: User, dataset_id: str) -> list[str]:
    """Read all that a server says of a version's content."""
    base = f"/atlases/atlas/datasets/{dataset_id}/versions/v1"
    found = []
    for path in ("summary", *["preview"] * len(PREVIEWS)):
        params = PREVIEWS[len(found) - 1] if found else {}
        answer = ada.get(f"{base}/{path}", params=params)
        assert answer.status_code == 200 or is_refusal(answer), answer.text
        found.append(answer.text)
    return found


def strike(ada: User, attack: Attack, data: bytes) -> list[str]:
    """Upload a file and look at it; gives all that the server said."""
    made = ada.put(attack.name, data, attack.data_format)
    if made.status_code != 201:
        assert is_refusal(made), made.text
        assert made.json()["kind"] == "Invalid"
        return [made.text]
    kept = ada.get(f"/atlases/atlas/datasets/{attack.name}/versions/v1/data")
    assert kept.content == data
    return [made.text, *look(ada, attack.name)]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack(ada: User, tmp_path: Path, attack: Attack) -> None:
    data = attack.make(tmp_path, ada.catalog / "catalog.db")
    assert len(data) < 32 * MEGA
    process = ada.server.process
    assert process is not None
    before = resident(process.pid)
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # the peak, from now
    bystander = User(ada.server, "ada")
    waits = []
    with ThreadPoolExecutor(1) as pool:
        struck = pool.submit(strike, ada, attack, data)
        while not struck.done() or len(waits) < 3:
            began = time.monotonic()
            assert bystander.get("/atlases/atlas/datasets/owned").status_code == 200
            waits.append(time.monotonic() - began)
        said = struck.result()
    assert process.poll() is None
    assert median(waits) < 0.5
    assert max(waits) < 5  # one of them, on a machine that does other things too
    assert resident(process.pid, "VmHWM") - before < 100 * MEGA + 3 * len(data)
    assert any('"kind": "Invalid"' in text or '"problems":["' in text for text in said)
    for text in said:
        assert SECRET not in text
        assert str(int(NUMBER)) not in text
        assert str(ada.server.folder) not in text
    if attack.steals and attack.data_format == "h5ad":
        assert "not complete in itself" in said[0]


def test_nothing_was_written_elsewhere(ada: User) -> None:
    """A zip that names members outside of itself made no file there."""
    for folder in (ada.catalog, *ada.catalog.parents):
        assert not (folder / "escaped").exists()
    assert ada.ask("POST", "/admin/gc", {"grace": 0}).status_code == 200
    assert ada.ask("POST", "/admin/verify").json()["problems"] == []
