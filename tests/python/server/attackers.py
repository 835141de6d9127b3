"""Users of one live server who write REST by hand, and so can say what no client of ours says."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import requests
import zstandard
from blake3 import blake3

from omicshelf.backend.store.chunks import ChunkParams, scan
from omicshelf.backend.store.parts import first_of_each, frame, from_bits, parts_of
from omicshelf.backend.wire import API, HASH_HEADER, USER_HEADER
from omicshelf.testing.servers.forked import ForkedServer

ERROR = {"title", "detail", "kind"}


@dataclass
class User:
    """Somebody with a credential of a server that believes them who they are."""

    server: ForkedServer
    name: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.session.trust_env = False
        self.session.headers.update(
            {"Authorization": f"token {self.server.token}", USER_HEADER: quote(self.name)}
        )

    @property
    def catalog(self) -> Path:
        """The folder of the server's catalog."""
        return self.server.folder / "catalog"

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        """Send a request; the path goes out as it is written, dots and all."""
        options.setdefault("timeout", 60)
        request = requests.Request(method, f"{self.server.url}x", json=body, **pick(options))
        prepared = self.session.prepare_request(request)
        query = prepared.url.partition("?")[2] if prepared.url else ""
        prepared.url = f"{self.server.url.rstrip('/')}{API}{path}{'?' if query else ''}{query}"
        return self.session.send(prepared, **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.ask("GET", path, **options)

    def begin(self, dataset_id: str, size: int, data_format: str, **more: Any) -> Any:
        """Begin an upload for a version; gives the answer."""
        version = {"dataset_id": dataset_id, "mode": "save", "data_type": "T"}
        body = {"atlas": "atlas", "dataset_id": dataset_id, "size": size,
                "data_format": data_format, "version": version}  # fmt: skip
        return self.ask("POST", "/uploads", {**body, **more})

    def part(self, upload: str, number: int, data: bytes) -> requests.Response:
        told = {HASH_HEADER: blake3(data).hexdigest()}
        return self.ask("PUT", f"/uploads/{upload}/parts/{number}", data=data, headers=told)

    def fill(self, upload: dict[str, Any], data: bytes) -> None:
        """Send all parts of bytes as they are."""
        size = upload["part_size"]
        for number, start in enumerate(range(0, len(data), size)):
            answer = self.part(upload["upload"], number, data[start : start + size])
            assert answer.status_code == 204, answer.text

    def save(self, dataset_id: str, upload: str, *, atlas: str = "atlas") -> requests.Response:
        body = {"dataset_id": dataset_id, "mode": "save", "data_type": "T", "upload": upload}
        return self.ask("POST", f"/atlases/{atlas}/datasets", body)

    def put(self, dataset_id: str, data: bytes, data_format: str, **more: Any) -> requests.Response:
        """Write a version of bytes that the server examines; gives the last answer."""
        begun = self.begin(dataset_id, len(data), data_format, **more)
        assert begun.status_code == 201, begun.text
        self.fill(begun.json(), data)
        atlas = more.get("atlas", "atlas")
        return self.save(dataset_id, begun.json()["upload"], atlas=atlas)

    def attach(self, dataset_id: str, name: str, data: bytes) -> requests.Response:
        """Attach a file; gives the last answer."""
        begun = self.begin(dataset_id, len(data), "html", version=None, file_name=name)
        if begun.status_code != 201:
            return begun
        self.fill(begun.json(), data)
        body = {"file_name": name, "file_format": "html", "upload": begun.json()["upload"]}
        return self.ask("POST", f"/atlases/atlas/datasets/{dataset_id}/files", body)

    def chunked(
        self,
        dataset_id: str,
        data: bytes,
        data_format: str = "csv",
        *,
        told: dict[str, Any] | None = None,
        inspection: Any = None,
        **more: Any,
    ) -> requests.Response:
        """Write a version that this client has cut and examined, as far as it tells the truth.

        ``told`` takes the place of what is true of the chunks, ``inspection`` of the summary.
        """
        begun = self.begin(dataset_id, len(data), data_format, chunked=True, **more)
        assert begun.status_code == 201, begun.text
        upload, params = begun.json()["upload"], begun.json()["params"]
        chunks = {**self.cut(data, params), **(told or {})}
        planned = self.ask("PUT", f"/uploads/{upload}/chunks", chunks)
        if planned.status_code != 200:
            return planned
        for number, part in enumerate(as_parts(data, chunks, begun.json(), planned.json())):
            answer = self.part(upload, number, part)
            assert answer.status_code == 204, answer.text
        given = inspection or {"summary": {"kind": "file"}}
        answer = self.ask("PUT", f"/uploads/{upload}/inspection", given)
        if answer.status_code != 200:
            return answer
        return self.save(dataset_id, upload, atlas=more.get("atlas", "atlas"))

    def cut(self, data: bytes, params: dict[str, Any]) -> dict[str, Any]:
        """Cut bytes as a client does."""
        path = self.server.folder / f"cut-{self.name}"
        path.write_bytes(data)
        found = scan(path, params=ChunkParams(**params))
        return {
            "size": found.size,
            "blake3": found.blake3,
            "lengths": base64.b64encode(found.lengths.astype("<u4").tobytes()).decode(),
            "hashes": base64.b64encode(found.hashes.tobytes()).decode(),
            "all": True,
        }


def pick(options: dict[str, Any]) -> dict[str, Any]:
    """Take what belongs to a request, and not to its sending."""
    own = ("params", "data", "headers", "files")
    return {name: options.pop(name) for name in own if name in options}


def as_parts(data: bytes, chunks: Any, begun: Any, plan: Any) -> Iterator[bytes]:
    """Give the parts that a plan wants."""
    lengths = np.frombuffer(base64.b64decode(chunks["lengths"]), "<u4")
    hashes = np.frombuffer(base64.b64decode(chunks["hashes"]), np.uint8).reshape(-1, 32)
    missing = from_bits(base64.b64decode(plan["missing"]), len(lengths))
    wanted = first_of_each(hashes, missing) if plan["packed"] else list(range(len(lengths)))
    starts = np.cumsum(lengths, dtype=np.int64) - lengths
    pack = zstandard.ZstdCompressor(level=1)
    for part in parts_of(lengths, wanted, begun["part_size"]):
        pieces = [data[starts[i] : starts[i] + lengths[i]] for i in part]
        yield b"".join(frame(x, pack) if plan["packed"] else x for x in pieces)


def is_refusal(answer: requests.Response) -> bool:
    """Whether an answer is one of 4xx in our shape."""
    if not 400 <= answer.status_code < 500:
        return False
    return answer.request.method == "HEAD" or set(answer.json()) == ERROR


@contextmanager
def team(
    folder: Path, *, environment: Mapping[str, str] | None = None, **options: Any
) -> Iterator[ForkedServer]:
    """Run a server that tells users apart: ada is its admin, nobody else may anything."""
    told = {
        "OmicshelfServer.url": str(folder / "catalog"),
        "OmicshelfServer.user": "ada",
        "OmicshelfServer.proxies": ["*"],
        "OmicshelfServer.admins": ["ada"],
        "OmicshelfServer.default_role": "none",
        **options,
    }
    server = ForkedServer(folder, told, environment or {})
    try:
        yield server.start()  # type: ignore[misc]
    finally:
        server.kill()
