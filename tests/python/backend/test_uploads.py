"""Uploads in parts, as a server hands them to its backend."""

from __future__ import annotations

import base64
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zstandard
from blake3 import blake3

from omicshelf.backend.base import FileDraft, VersionDraft
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.backend.store.chunks import ChunkParams, scan
from omicshelf.backend.store.parts import PART_SIZE, first_of_each, frame, from_bits, parts_of
from omicshelf.backend.wire import ChunkList, Inspected, UploadPlan, UploadRequest, VersionBody
from omicshelf.errors import AlreadyExists, Conflict, Invalid, NotFound, StaleUpload
from omicshelf.records import Origin
from omicshelf.testing.folder import snapshot_folder, temporary_files

ATLAS = "atlas"
BY = Origin(user="ada")
RANDOM = np.random.default_rng(5)


def random_bytes(n: int) -> bytes:
    return RANDOM.bytes(n)


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[EmbeddedBackend]:
    with closing(EmbeddedBackend(tmp_path / "catalog")) as opened:
        yield opened


@dataclass
class Client:
    """The client's half, in the plainest way."""

    backend: EmbeddedBackend
    folder: Path
    user: str = "ada"
    sent: int = 0

    def begin(self, data: bytes, *, mode: Any = "save", dataset: str = "d1", **more: Any) -> Any:
        body = VersionBody(dataset_id=dataset, mode=mode, data_type="T")
        told = {"version": body, **more}
        request = UploadRequest(
            atlas=ATLAS, dataset_id=dataset, size=len(data), data_format="txt", **told
        )
        return self.backend.begin_upload(request, user=self.user)

    def send(self, upload: str, number: int, data: bytes, blake3_hex: str | None = None) -> None:
        received = self.folder / uuid.uuid4().hex
        received.write_bytes(data)
        self.sent += len(data)
        told = blake3_hex or blake3(data).hexdigest()
        try:
            self.backend.put_part(upload, number, received, told, user=self.user)
        finally:
            received.unlink(missing_ok=True)

    def finish(self, upload: str, *, mode: Any = "save", dataset: str = "d1") -> Any:
        source = self.backend.uploaded(upload, user=self.user)
        draft = VersionDraft(dataset, mode, data_type="T")
        return self.backend.put_version(ATLAS, draft, source, by=BY)

    def as_they_are(self, data: bytes, **more: Any) -> Any:
        upload = self.begin(data, **more).upload
        for number in range(-(-len(data) // PART_SIZE)):
            self.send(upload, number, data[number * PART_SIZE : (number + 1) * PART_SIZE])
        return self.finish(upload, mode=more.get("mode", "save"))

    def chunks(self, data: bytes, params: dict[str, Any], all_: bool = False) -> ChunkList:
        path = self.folder / "cut"
        path.write_bytes(data)
        found = scan(path, params=ChunkParams(**params))
        return ChunkList(
            size=found.size,
            blake3=found.blake3,
            lengths=base64.b64encode(found.lengths.astype("<u4").tobytes()).decode(),
            hashes=base64.b64encode(found.hashes.tobytes()).decode(),
            all=all_,
        )

    def parts(self, data: bytes, chunks: ChunkList, plan: UploadPlan) -> list[bytes]:
        lengths = np.frombuffer(base64.b64decode(chunks.lengths), "<u4")
        hashes = np.frombuffer(base64.b64decode(chunks.hashes), np.uint8).reshape(-1, 32)
        missing = from_bits(base64.b64decode(plan.missing), len(lengths))
        wanted = first_of_each(hashes, missing) if plan.packed else list(range(len(lengths)))
        starts = np.cumsum(lengths, dtype=np.int64) - lengths
        pack = zstandard.ZstdCompressor(level=1)
        found = []
        for part in parts_of(lengths, wanted, PART_SIZE):
            pieces = [data[starts[i] : starts[i] + lengths[i]] for i in part]
            found.append(b"".join(frame(x, pack) if plan.packed else x for x in pieces))
        assert len(found) == plan.n_parts
        return found

    def chunked(self, data: bytes, **more: Any) -> Any:
        state = self.begin(data, chunked=True, **more)
        chunks = self.chunks(data, state.params)
        plan = self.backend.plan_upload(state.upload, chunks, user=self.user)
        for number, part in enumerate(self.parts(data, chunks, plan)):
            self.send(state.upload, number, part)
        self.tell(state.upload)
        return self.finish(state.upload)

    def tell(self, upload: str) -> None:
        told = Inspected(summary={"kind": "file"})
        self.backend.inspected(upload, told, user=self.user)


@pytest.fixture
def client(backend: EmbeddedBackend, tmp_path: Path) -> Client:
    (tmp_path / "client").mkdir()
    return Client(backend, tmp_path / "client")


def read(backend: EmbeddedBackend, record: Any) -> bytes:
    with backend.open_blob(record.version.blob) as stream:
        return stream.read()


def edited(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + b"an edit" + data[middle:]


SIZES = (0, 1, 100_000, PART_SIZE, PART_SIZE + 1, 3 * PART_SIZE + 12345)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("way", ["as_they_are", "chunked"])
def test_bytes_arrive_as_they_are(client: Client, way: str, size: int) -> None:
    data = random_bytes(size)
    record = getattr(client, way)(data)
    assert (record.version.size, record.version.seq) == (size, 1)
    assert read(client.backend, record) == data
    assert record.version.blake3 == blake3(data).hexdigest()
    assert client.backend.verify().ok
    assert temporary_files(client.backend.root) == []


@pytest.mark.parametrize("size", [200_000, 30_000_000])
def test_only_what_is_new_travels(client: Client, size: int) -> None:
    data = random_bytes(size)
    client.chunked(data)
    client.sent = 0
    changed = edited(data)
    record = client.chunked(changed)
    assert read(client.backend, record) == changed
    assert client.sent < 0.02 * size + 70_000
    assert record.version.added_bytes <= client.sent + 100
    client.sent = 0
    again = client.chunked(data)  # what v1 has, is there
    assert (again.version.seq, client.sent, again.version.added_bytes) == (3, 0, 0)
    assert client.backend.verify().ok


def test_a_chunk_that_occurs_often_travels_once(client: Client) -> None:
    block = random_bytes(1_000_000)
    first = client.chunked(random_bytes(20_000_000))
    client.sent = 0
    data = read(client.backend, first) + block * 6
    record = client.chunked(data)
    assert read(client.backend, record) == data
    assert client.sent < 1_400_000


def test_a_whole_file_is_one_pack(client: Client) -> None:
    data = random_bytes(2 * PART_SIZE)
    record = client.chunked(data)
    path = client.backend.hold_file(record.version.blob, ".txt")
    assert path.is_relative_to(client.backend.root / "objects")
    assert path.read_bytes() == data


def test_what_another_dataset_has_is_sent_and_then_shared(client: Client) -> None:
    data = random_bytes(500_000)
    client.chunked(data)
    client.sent = 0
    state = client.begin(data, dataset="d2", chunked=True)
    chunks = client.chunks(data, state.params)
    plan = client.backend.plan_upload(state.upload, chunks, user="ada")
    parts = client.parts(data, chunks, plan)
    assert sum(map(len, parts)) == len(data)
    for number, part in enumerate(parts):
        client.send(state.upload, number, part)
    client.tell(state.upload)
    record = client.finish(state.upload, dataset="d2")
    assert record.version.added_bytes == 0
    assert record.version.blob == client.backend.get_dataset(ATLAS, "d1").version.blob


def test_parts_may_come_again_and_in_any_order(client: Client) -> None:
    data = random_bytes(3 * PART_SIZE)
    state = client.begin(data, chunked=True)
    chunks = client.chunks(data, state.params)
    plan = client.backend.plan_upload(state.upload, chunks, user="ada")
    parts = client.parts(data, chunks, plan)
    for number in (2, 0, 2):
        client.send(state.upload, number, parts[number])
    assert client.backend.plan_upload(state.upload, chunks, user="ada") == plan
    there = client.backend.upload_state(state.upload, user="ada")
    assert there.parts == [0, 2]
    client.tell(state.upload)
    with pytest.raises(Invalid, match="number 1"):
        client.finish(state.upload)
    for number in sorted(set(range(plan.n_parts)) - {0, 2}):
        client.send(state.upload, number, parts[number])
    record = client.finish(state.upload)
    assert read(client.backend, record) == data
    # The answer was lost, and the client asks again.
    assert client.finish(state.upload).version == record.version
    assert len(client.backend.list_versions(ATLAS, "d1")) == 1


SERVER = """
import os, sys
from pathlib import Path
from omicshelf.backend.embedded.backend import EmbeddedBackend
backend = EmbeddedBackend(sys.argv[1])
for number, path in enumerate(sys.argv[4:]):
    backend.put_part(sys.argv[2], number, Path(path), sys.argv[3].split(",")[number], user="ada")
os._exit(9)
"""


def test_an_upload_survives_the_process_that_took_its_parts(client: Client) -> None:
    data = random_bytes(3 * PART_SIZE - 5)
    state = client.begin(data)
    parts = [data[i : i + PART_SIZE] for i in range(0, len(data), PART_SIZE)]
    paths, hashes = [], []
    for number, part in enumerate(parts[:2]):
        paths.append(str(client.folder / f"part{number}"))
        Path(paths[-1]).write_bytes(part)
        hashes.append(blake3(part).hexdigest())
    arguments = [str(client.backend.root), state.upload, ",".join(hashes), *paths]
    done = subprocess.run([sys.executable, "-c", SERVER, *arguments])
    assert done.returncode == 9
    client.backend.gc(grace=0)  # leaves alone what is under way
    assert client.backend.upload_state(state.upload, user="ada").parts == [0, 1]
    client.send(state.upload, 2, parts[2])
    assert read(client.backend, client.finish(state.upload)) == data


KILLED = """
import os, sys
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.store.objectstore import LocalDirectory
from omicshelf.backend.wire import ChunkList, Inspected
backend = EmbeddedBackend(sys.argv[1])
LocalDirectory.put_many = lambda *args: os._exit(9)
if sys.argv[3]:
    backend.plan_upload(sys.argv[2], ChunkList.model_validate_json(sys.argv[3]), user="ada")
backend.inspected(sys.argv[2], Inspected(summary={"kind": "file"}), user="ada")
"""


@pytest.mark.parametrize("what", ["chunks", "inspection"])
def test_what_was_being_told_when_the_server_was_killed_is_told_again(
    client: Client, what: str
) -> None:
    data = random_bytes(100_000)
    state = client.begin(data, chunked=True)
    chunks = client.chunks(data, state.params)
    told = chunks.model_dump_json() if what == "chunks" else ""
    arguments = [str(client.backend.root), state.upload, told]
    if not told:
        client.backend.plan_upload(state.upload, chunks, user="ada")
    done = subprocess.run([sys.executable, "-c", KILLED, *arguments])
    assert done.returncode == 9
    plan = client.backend.plan_upload(state.upload, chunks, user="ada")
    for number, part in enumerate(client.parts(data, chunks, plan)):
        client.send(state.upload, number, part)
    client.tell(state.upload)
    assert read(client.backend, client.finish(state.upload)) == data


def test_what_would_be_refused_is_refused_before_a_byte_travels(client: Client) -> None:
    client.as_they_are(b"one")
    before = snapshot_folder(client.backend.root)
    with pytest.raises(AlreadyExists, match="d1"):
        client.begin(b"two", mode="create")
    with pytest.raises(NotFound, match="d9"):
        client.begin(b"two", mode="update", dataset="d9")
    body = VersionBody(dataset_id="d9", mode="save", expected_version="v1")
    with pytest.raises(Conflict):
        client.begin(b"two", dataset="d9", version=body)
    with pytest.raises(NotFound):
        client.begin(b"two", dataset="d9", version=None, file_name="a.txt")
    with pytest.raises(Invalid, match="version or for a file"):
        client.begin(b"two", file_name="a.txt")
    with pytest.raises(Invalid, match="same dataset"):
        client.begin(b"two", version=VersionBody(dataset_id="d2"))
    assert snapshot_folder(client.backend.root) == before


def test_bytes_that_are_not_what_was_announced(client: Client) -> None:
    data = random_bytes(2 * PART_SIZE)
    state = client.begin(data, chunked=True)
    chunks = client.chunks(data, state.params)
    with pytest.raises(Invalid, match="not known yet"):
        client.send(state.upload, 0, data[:10])
    plan = client.backend.plan_upload(state.upload, chunks, user="ada")
    parts = client.parts(data, chunks, plan)
    with pytest.raises(Invalid, match="has the hash"):
        client.send(state.upload, 0, parts[0], "0" * 64)
    with pytest.raises(Invalid, match="bytes and not"):
        client.send(state.upload, 0, parts[0][:-1])
    with pytest.raises(Invalid, match="announced"):
        client.send(state.upload, 0, parts[0][:-1] + b"x")
    for number in (-1, plan.n_parts):
        with pytest.raises(Invalid, match="no part"):
            client.send(state.upload, number, parts[0])
    assert client.backend.upload_state(state.upload, user="ada").parts == []
    raw = client.begin(data)
    with pytest.raises(Invalid, match="bytes and not"):
        client.send(raw.upload, 0, data)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": 5}, "begun for"),
        ({"blake3": "x"}, "no blake3"),
        ({"lengths": "%%%"}, "base64"),
        ({"lengths": "AAAA"}, "cut off"),
        ({"hashes": "AAAA"}, "cut off"),
        ({"lengths": ""}, "lengths and"),
        ({"lengths": base64.b64encode(b"\xff\xff\xff\xff").decode()}, "lengths and"),
    ],
)
def test_chunks_that_are_none(client: Client, change: dict[str, Any], told: str) -> None:
    data = random_bytes(100_000)
    state = client.begin(data, chunked=True)
    chunks = client.chunks(data, state.params).model_copy(update=change)
    with pytest.raises(Invalid, match=told):
        client.backend.plan_upload(state.upload, chunks, user="ada")


def test_packed_parts_that_are_hostile(client: Client) -> None:
    data = random_bytes(100_000)
    client.chunked(data)
    changed = edited(data)
    state = client.begin(changed, chunked=True)
    chunks = client.chunks(changed, state.params)
    plan = client.backend.plan_upload(state.upload, chunks, user="ada")
    assert plan.packed
    (part,) = client.parts(changed, chunks, plan)
    bomb = zstandard.ZstdCompressor().compress(bytes(50_000_000))
    for bad in (b"", b"x", part[:-1], part + part, len(bomb).to_bytes(4, "little") + b"\1" + bomb):
        with pytest.raises(Invalid, match="cannot be taken"):
            client.send(state.upload, 0, bad)


def test_an_upload_belongs_to_who_began_it(client: Client) -> None:
    state = client.begin(b"one")
    for call in (client.backend.upload_state, client.backend.drop_upload, client.backend.uploaded):
        with pytest.raises(NotFound, match="of yours"):
            call(state.upload, user="eve")
    client.backend.drop_upload(state.upload, user="ada")
    with pytest.raises(NotFound):
        client.backend.upload_state(state.upload, user="ada")


def test_what_is_dropped_or_expires_leaves_nothing(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("one")
    draft = VersionDraft("d1", "create", data_type="T")
    client.backend.put_version(ATLAS, draft, FileSource(path, "txt"), by=BY)
    before = snapshot_folder(client.backend.root)
    data = random_bytes(2 * PART_SIZE)
    uploads = []
    for _ in range(2):
        state = client.begin(data, chunked=True)
        chunks = client.chunks(data, state.params)
        plan = client.backend.plan_upload(state.upload, chunks, user="ada")
        client.send(state.upload, 0, client.parts(data, chunks, plan)[0])
        client.tell(state.upload)
        uploads.append(state.upload)
    client.backend.drop_upload(uploads[0], user="ada")
    with client.backend.db.writing() as connection:
        connection.execute(t.upload.update().values(expires_at=1))
    with pytest.raises(NotFound):
        client.backend.upload_state(uploads[1], user="ada")
    client.backend.gc(grace=0)
    assert snapshot_folder(client.backend.root) == before
    assert temporary_files(client.backend.root) == []


def test_shared_chunks_that_are_purged_meanwhile(client: Client) -> None:
    data = random_bytes(30_000_000)
    client.chunked(data)
    changed = edited(data)
    state = client.begin(changed, chunked=True)
    chunks = client.chunks(changed, state.params)
    plan = client.backend.plan_upload(state.upload, chunks, user="ada")
    for number, part in enumerate(client.parts(changed, chunks, plan)):
        client.send(state.upload, number, part)
    client.tell(state.upload)
    client.backend.delete_dataset(ATLAS, "d1", by=BY)
    client.backend.purge_dataset(ATLAS, "d1", by=BY)
    client.backend.gc(grace=0)
    with pytest.raises(StaleUpload, match="all=true"):
        client.finish(state.upload)
    whole = client.chunks(changed, state.params, all_=True)
    plan = client.backend.plan_upload(state.upload, whole, user="ada")
    for number, part in enumerate(client.parts(changed, whole, plan)):
        client.send(state.upload, number, part)
    assert read(client.backend, client.finish(state.upload)) == changed
    assert client.backend.verify().ok


def test_a_save_of_the_same_is_unchanged(client: Client) -> None:
    table = b"#1.2\n1\t2\nName\tDescription\ts1\ts2\ng1\tna\t1.5\t2\n"
    request: dict[str, Any] = {"data_format": "gct", "size": len(table)}
    body = VersionBody(dataset_id="d1", mode="save", data_type="T")
    begin = UploadRequest(atlas=ATLAS, dataset_id="d1", version=body, **request)
    upload = client.backend.begin_upload(begin, user="ada").upload
    client.send(upload, 0, table)
    record = client.finish(upload)
    assert record.version.digest is not None
    again = begin.model_copy(update={"digest": record.version.digest})
    state = client.backend.begin_upload(again, user="ada")
    assert state.unchanged is not None
    assert state.unchanged.version.version_id == record.version.version_id
    assert client.as_they_are(b"x", dataset="d1").version.seq == 2


def test_files_too(client: Client) -> None:
    client.as_they_are(b"one")
    data = random_bytes(PART_SIZE + 7)
    for chunked in (False, True):
        request = UploadRequest(
            atlas=ATLAS, dataset_id="d1", size=len(data), data_format="pdf", file_name="a.pdf",
            chunked=chunked,
        )  # fmt: skip
        state = client.backend.begin_upload(request, user="ada")
        if chunked:
            chunks = client.chunks(data, state.params)
            plan = client.backend.plan_upload(state.upload, chunks, user="ada")
            parts = client.parts(data, chunks, plan)
            assert parts == []  # the file that it replaces has them all
        else:
            parts = [data[:PART_SIZE], data[PART_SIZE:]]
        for number, part in enumerate(parts):
            client.send(state.upload, number, part)
        source = client.backend.uploaded(state.upload, user="ada")
        made = client.backend.put_file(ATLAS, FileDraft("d1", "a.pdf", "pdf"), source, by=BY)
        with client.backend.open_blob(made.blob) as stream:
            assert stream.read() == data
    assert len(client.backend.file_history(ATLAS, "d1", "a.pdf")) == 2
