"""Six processes on one catalog, one of which is killed again and again.

``python fleet.py FOLDER KILLS SEED`` runs four writers, a deleter and a collector with grace 0
on ``FOLDER/catalog``, and kills one of them with SIGKILL at a random moment, ``KILLS`` times.
The catalog's records and bytes are where ``FLEET_DATABASE`` and ``FLEET_STORAGE`` say, if they
do. With ``FLEET_FAULTS=1`` the network may fail: what is refused then is not acknowledged.
What was acknowledged is in ``FOLDER/ledger``, a line each; what should not have happened in
``FOLDER/errors``.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sys
import time
import traceback
import uuid
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from blake3 import blake3

from omicshelf.backend.base import CopyDraft, FileDraft, VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.errors import NotFound, RepositoryLocked, StorageError, Unreachable
from omicshelf.records import Origin

BY = Origin(user="ada")
ATLAS = "atlas"
LARGE = b"".join(b"%d:%d\n" % (i, i * i * 7919 % 1_000_003) for i in range(25_000))


PAUSE = float(os.environ.get("FLEET_PAUSE", "0.5"))  # seconds between two kills, at most
FAULTS = (StorageError, Unreachable) if os.environ.get("FLEET_FAULTS") == "1" else ()


def connect(folder: Path) -> EmbeddedBackend:
    return EmbeddedBackend(
        folder / "catalog",
        database_url=os.environ.get("FLEET_DATABASE"),
        storage_url=os.environ.get("FLEET_STORAGE"),
    )


class Worker:
    """One process: its backend, its chance, and its ledger."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.chosen = random.Random(seed)
        self.name = f"{seed:x}"
        self.backend = connect(folder)
        self.mine: list[tuple[str, str, str]] = []  # dataset, version, hash
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._ledger = os.open(folder / "ledger", flags, 0o644)

    def note(self, **line: Any) -> None:
        os.write(self._ledger, json.dumps(line).encode() + b"\n")

    def content(self) -> bytes:
        """Give new bytes, most of which other versions have too."""
        if self.chosen.random() < 0.3:
            return self.chosen.randbytes(self.chosen.randrange(3000))
        at = self.chosen.randrange(len(LARGE))
        return LARGE[:at] + self.chosen.randbytes(8) + LARGE[at:]

    def put(self, dataset_id: str, mode: Any, data: bytes) -> Any:
        path = self.folder / f"source-{self.name}"
        path.write_bytes(data)
        draft = VersionDraft(dataset_id, mode, data_type="T", metadata={"by": self.name})
        made = self.backend.put_version(ATLAS, draft, FileSource(path, "txt"), by=BY)
        return made.version

    def write(self) -> None:
        """Write a version or a file, say so, and read something again."""
        data = self.content()
        choice = self.chosen.random()
        if choice < 0.35 or not self.mine:
            dataset_id = f"w-{uuid.uuid4().hex[:12]}"
            version = self.put(dataset_id, "create", data)
        elif choice < 0.6:
            dataset_id = self.mine[-1][0]
            version = self.put(dataset_id, "update", data)
        elif choice < 0.7:
            dataset_id = "shared"
            version = self.put(dataset_id, "save", data)
        elif choice < 0.8:
            dataset_id, old, digest = self.chosen.choice(self.mine)
            version = self.backend.rollback(ATLAS, dataset_id, old, by=BY).version
            assert version.blake3 == digest
            data = b""
        elif choice < 0.9:
            dataset_id = self.chosen.choice(self.mine)[0]
            path = self.folder / f"source-{self.name}"
            path.write_bytes(data)
            source = FileSource(path, "pdf", inspect=False)
            draft = FileDraft(dataset_id, f"{uuid.uuid4().hex}.pdf", "pdf")
            file = self.backend.put_file(ATLAS, draft, source, by=BY)
            self.note(dataset=dataset_id, file=draft.file_name, blake3=file.blake3)
            return
        else:
            dataset_id = self.chosen.choice(self.mine)[0]
            copy = CopyDraft(ATLAS, dataset_id, ATLAS, f"c-{uuid.uuid4().hex[:12]}")
            version = self.backend.copy_dataset(copy, by=BY).version
            dataset_id = copy.dataset_id
            data = b""
        assert not data or version.blake3 == blake3(data).hexdigest()
        self.note(dataset=dataset_id, version=version.version_id, blake3=version.blake3)
        if dataset_id != "shared":
            self.mine.append((dataset_id, version.version_id, version.blake3))
        self.read_again()

    def read_again(self) -> None:
        dataset_id, version, digest = self.chosen.choice(self.mine or [("", "", "")])
        if not dataset_id:
            return
        record = self.backend.get_version(ATLAS, dataset_id, version)
        if self.chosen.random() < 0.5:
            with self.backend.open_blob(record.blob) as stream:
                found = stream.read()
        else:
            with self.backend.local_file(record.blob, ".txt") as path:
                found = path.read_bytes()
        assert blake3(found).hexdigest() == digest, f"{dataset_id} {version} reads wrong"

    def remove(self) -> None:
        """Delete, bring back and purge datasets that share bytes with others."""
        dataset_id = f"doomed-{uuid.uuid4().hex[:12]}"
        version = self.put(dataset_id, "create", self.content())
        self.put(dataset_id, "update", self.content())
        self.backend.delete_dataset(ATLAS, dataset_id, by=BY)
        if self.chosen.random() < 0.3:
            self.backend.undelete_dataset(ATLAS, dataset_id, by=BY)
            self.note(dataset=dataset_id, version=version.version_id, blake3=version.blake3)
        elif self.chosen.random() < 0.7:
            self.backend.purge_dataset(ATLAS, dataset_id, by=BY)
            self.note(dataset=dataset_id, purged=True)
        with contextlib.suppress(NotFound):
            self.backend.purge_versions(ATLAS, "shared", keep_last=3, by=BY)

    def collect(self) -> None:
        """Collect at once; and find nothing damaged while others write."""
        self.backend.gc(grace=0)
        time.sleep(self.chosen.random() * 0.02)
        if self.chosen.random() < 0.1:
            report = self.backend.verify()
            assert report.ok, report.problems

    def run(self, work: Callable[[Worker], None]) -> None:
        while True:
            with contextlib.suppress(RepositoryLocked, *FAULTS):
                work(self)


ROLES = [Worker.write] * 4 + [Worker.remove, Worker.collect]


def start(folder: Path, role: int, seed: int) -> int:
    child = os.fork()
    if child:
        return child
    try:
        Worker(folder, seed).run(ROLES[role])
    except BaseException:
        with (folder / "errors").open("a") as errors:
            traceback.print_exc(file=errors)
    finally:
        os._exit(1)


def main(folder: Path, kills: int, seed: int) -> None:
    # In a process of its own: a connection to a bucket does not survive the forks that follow.
    maker = os.fork()
    if not maker:
        with closing(connect(folder)) as backend:
            backend.create_atlas(ATLAS, by=BY)
        os._exit(0)
    assert os.waitpid(maker, 0)[1] == 0
    chosen = random.Random(seed)
    running = {role: start(folder, role, seed * 1000 + role) for role in range(len(ROLES))}
    for number in range(kills):
        time.sleep(chosen.uniform(0.1, 1) * PAUSE if number else 3 * PAUSE)
        role = chosen.randrange(len(ROLES))
        os.kill(running[role], signal.SIGKILL)
        os.waitpid(running[role], 0)
        running[role] = start(folder, role, seed * 1000 + 100 + number)
    for child in running.values():
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
