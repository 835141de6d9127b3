"""A server that is killed in the middle of its clients' writes loses nothing it acknowledged."""

from __future__ import annotations

import os
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3
from test_kills import check_collected, lost

from omicshelf.backend.base import Backend, FileDraft, VersionDraft
from omicshelf.backend.connect import open_backend
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.errors import RepositoryLocked, Unreachable
from omicshelf.records import Origin
from omicshelf.testing.servers.forked import ForkedServer, forked

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"
KILLS, CLIENTS = (100, 4) if LONG else (10, 3)
BY = Origin(user="ada")
LARGE = b"".join(b"%d:%d\n" % (i, i * i * 7919 % 1_000_003) for i in range(25_000))


class Client:
    """Writes over the network until it is told to stop; what was answered is acknowledged."""

    def __init__(self, server: ForkedServer, folder: Path, seed: int) -> None:
        self.server, self.folder = server, folder
        self.chosen = random.Random(seed)
        self.acknowledged: list[dict[str, Any]] = []
        self.unanswered = 0
        self.mine: list[str] = []

    def run(self, stop: threading.Event) -> None:
        with closing(open_backend(self.server.url, token=self.server.token)) as backend:
            while not stop.is_set():
                try:
                    self.write(backend)
                except (Unreachable, RepositoryLocked):
                    self.unanswered += 1  # it may have been done: nobody was told
                    stop.wait(0.05)

    def write(self, backend: Backend) -> None:
        at = self.chosen.randrange(len(LARGE))
        data = LARGE[:at] + self.chosen.randbytes(8) + LARGE[at:]
        path = self.folder / f"source-{id(self)}"
        path.write_bytes(data)
        choice = self.chosen.random()
        if choice < 0.2 and self.mine:
            dataset_id = self.chosen.choice(self.mine)
            draft = FileDraft(dataset_id, f"{uuid.uuid4().hex}.pdf", "pdf")
            source = FileSource(path, "pdf", inspect=False)
            file = backend.put_file("atlas", draft, source, by=BY)
            self.note(dataset_id, data, file.blake3, file=draft.file_name)
            return
        dataset_id = "shared" if choice < 0.4 else f"k-{uuid.uuid4().hex[:12]}"
        if choice > 0.7 and self.mine:
            dataset_id = self.chosen.choice(self.mine)
        draft = VersionDraft(dataset_id, "save", data_type="T", metadata={"at": at})
        made = backend.put_version("atlas", draft, FileSource(path, "txt"), by=BY).version
        self.note(dataset_id, data, made.blake3, version=made.version_id)
        if dataset_id != "shared":
            self.mine.append(dataset_id)
        with backend.open_blob(made.blob) as stream:
            assert stream.read() == data

    def note(self, dataset_id: str, data: bytes, digest: str, **what: str) -> None:
        assert digest == blake3(data).hexdigest()
        self.acknowledged.append({"dataset": dataset_id, "blake3": digest, **what})


def written(clients: list[Client]) -> int:
    return sum(len(client.acknowledged) for client in clients)


def test_kill_9_of_the_server_under_its_clients(tmp_path: Path) -> None:
    chosen = random.Random(1)
    stop = threading.Event()
    with forked(tmp_path) as server, ThreadPoolExecutor(CLIENTS) as pool:
        clients = [Client(server, tmp_path, seed) for seed in range(CLIENTS)]
        running = [pool.submit(client.run, stop) for client in clients]
        try:
            for _ in range(KILLS):
                progress, began = written(clients), time.monotonic()
                while written(clients) < progress + 3:  # the clients go on by themselves
                    for one in running:
                        if one.done():
                            one.result()  # raises what ended it
                    assert time.monotonic() - began < 120, server.log[-2000:]
                    stop.wait(chosen.uniform(0.01, 0.1))
                server.kill()
                server.start()
        finally:
            stop.set()
        for one in running:
            one.result()
    acknowledged = [line for client in clients for line in client.acknowledged]
    assert len(acknowledged) >= 3 * KILLS
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        assert lost(backend, acknowledged) == []
        expire_uploads(backend)
        check_collected(backend)


def expire_uploads(backend: EmbeddedBackend) -> None:
    """Let the day pass after which an upload that nobody goes on with is over."""
    with backend.db.writing() as connection:
        connection.exec_driver_sql("UPDATE upload SET expires_at = 1")
        connection.exec_driver_sql("UPDATE session SET heartbeat_at = 1 WHERE id LIKE 'upload-%'")
