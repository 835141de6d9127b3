"""Bodies and requests that are refused: clearly, before they cost much, and with nothing left."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

from conftest import Client
from omicshelf.backend.wire import API, HASH_HEADER
from omicshelf.errors import Invalid
from omicshelf.server.parsing import parse_body
from omicshelf.testing.backend_base import Material
from omicshelf.testing.servers.jupyter import jupyter


@pytest.mark.parametrize(
    ("body", "part"),
    [
        (b"", "no body"),
        (b"   ", "no body"),
        (b"{", "no JSON"),
        (b'{"name": "a",}', "no JSON"),
        (b"[]", "a list"),
        (b"null", "null"),
        (b'"a"', "text"),
        (b"{}", "'name'"),
        (b'{"name": 3}', "'name'"),
        (b'{"name": ["a"]}', "'name'"),
        (b'{"name": "a", "nmae": "b"}', "'nmae'"),
        (b'{"name": "a", "name": "b"}', "twice"),
        (b'{"name": "a", "description": NaN}', "NaN"),
        (b'{"name": "a", "description": 1e999}', "1e999"),
        (b'{"name": "\xff"}', "UTF-8"),
        (b'{"name": "\\ud800"}', "no JSON"),
        (b'{"name": "a\\u0000b"}', "printed"),
        (b'{"name": ' + b"[" * 100_000, "deep"),
        (b'{"name": ' + b"9" * 5000 + b"}", "number"),
    ],
)
def test_broken_bodies(client: Client, body: bytes, part: str) -> None:
    before = client.get("/atlases").json()
    answer = client.ask("POST", "/atlases", data=body)
    client.refused(answer, 400, "Invalid", part)
    assert client.get("/atlases").json() == before


def test_other_types_than_json(client: Client) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = client.ask("POST", "/atlases", data=b"name=a", headers=headers)
    client.refused(answer, 415, "Invalid", "x-www-form-urlencoded")
    headers = {"Content-Type": "application/json; charset=utf-8"}
    answer = client.ask("POST", "/atlases", data=b'{"name": "typed"}', headers=headers)
    assert answer.status_code == 201


def test_metadata_beyond_the_rules(client: Client) -> None:
    deep: object = 1
    for _ in range(70):
        deep = [deep]
    client.put("rules")
    body = {"dataset_id": "rules", "metadata": {"deep": deep}}
    answer = client.ask("PATCH", "/atlases/atlas/datasets/rules", json=body)
    client.refused(answer, 400, "Invalid", "deep")


@pytest.mark.parametrize(
    "path",
    [
        "/atlases/%ff",
        "/atlases/a%00b",
        "/atlases/a%0d%0aX-Evil:%201/datasets",
        "/atlases/a/datasets/x%1b%5b31m",
    ],
)
def test_names_that_are_no_text(client: Client, path: str) -> None:
    answer = client.get(path)
    client.refused(answer, 400, "Invalid")
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("name", ["..%2F..%2Fetc%2Fpasswd", "%2Fetc%2Fpasswd", "..", "%2e%2e%5c"])
def test_a_path_leads_nowhere(client: Client, name: str) -> None:
    client.put("walked")
    for path in (
        f"/atlases/{name}",
        f"/atlases/atlas/datasets/{name}",
        f"/atlases/atlas/datasets/walked/files/{name}/content",
        f"/blobs/{name}/content",
        f"/uploads/{name}",
    ):
        answer = client.get(path)
        assert answer.status_code in (400, 404), path
        assert "root:" not in answer.text


# -- limits


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server with narrow limits."""
    folder = tmp_path_factory.mktemp("strict")
    options = {
        "OmicshelfServer.max_body": 4096,
        "OmicshelfServer.max_part": 100_000,
        "OmicshelfServer.stalled_after": 0.5,
        "OmicshelfServer.access_log": str(folder / "access.log"),
    }
    with jupyter(folder, options=options) as server:
        client = Client(server, folder, Material(folder / "material"))
        with client.session:
            yield client


def raw(client: Client, head: str, *bodies: bytes, end: bool = False) -> bytes:
    """Send a request byte by byte as written, and give all that comes back."""
    start = f"{head}\r\nHost: 127.0.0.1\r\nAuthorization: token {client.server.token}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.server.port), timeout=20) as connection:
        connection.sendall(start.encode())
        for body in bodies:
            connection.sendall(body)
        if end:
            connection.shutdown(socket.SHUT_WR)
        found = b""
        while piece := connection.recv(65536):
            found += piece
            if end is False and complete(found):
                break
        return found


def complete(answer: bytes) -> bool:
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    length = next(
        (
            int(x.split(b":")[1])
            for x in head.split(b"\r\n")
            if x.lower().startswith(b"content-len")
        ),
        0,
    )
    return len(body) >= length


def kind_of(answer: bytes) -> tuple[int, dict[str, object]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)


def test_too_large(strict: Client) -> None:
    answer = strict.post("/atlases", {"name": "x" * 5000})
    strict.refused(answer, 413, "Invalid", "4,096")
    chunked = strict.ask("POST", "/atlases", data=iter([b'{"name": "', b"x" * 5000, b'"}']))
    strict.refused(chunked, 413, "Invalid", "4,096")


def test_very_large_is_refused_at_its_announcement(strict: Client) -> None:
    head = f"POST {API}/atlases HTTP/1.1\r\nContent-Length: 999999999999"
    status, told = kind_of(raw(strict, head))
    assert (status, told["kind"]) == (413, "Invalid")
    head += "\r\nExpect: 100-continue"
    status, told = kind_of(raw(strict, head))
    assert (status, told["kind"]) == (413, "Invalid")


def test_the_limit_of_parts_is_another(strict: Client) -> None:
    path, body = "/uploads/none/parts/0", b"x" * 50_000
    told = {HASH_HEADER: blake3(body).hexdigest()}
    strict.refused(strict.ask("PUT", path, data=body, headers=told), 404, "NotFound")
    body *= 3
    told = {HASH_HEADER: blake3(body).hexdigest()}
    strict.refused(strict.ask("PUT", path, data=body, headers=told), 413, "Invalid", "100,000")
    assert strict.left_over() == []


def test_a_body_that_stalls(strict: Client) -> None:
    head = f"POST {API}/atlases HTTP/1.1\r\nContent-Length: 100"
    status, told = kind_of(raw(strict, head, b'{"name":'))
    assert (status, told["kind"]) == (408, "Invalid")
    assert "8 bytes" in str(told["title"])
    part = f"PUT {API}/uploads/u/parts/0 HTTP/1.1\r\nContent-Length: 90000\r\n"
    status, _ = kind_of(raw(strict, f"{part}{HASH_HEADER}: {'0' * 64}", b"x" * 10))
    assert status == 408
    assert strict.left_over() == []


def test_a_body_that_is_shorter_than_announced(strict: Client) -> None:
    before = strict.get("/atlases").json()
    head = f"POST {API}/atlases HTTP/1.1\r\nContent-Length: 100"
    assert raw(strict, head, b'{"name": "short"}', end=True) == b""
    part = f"PUT {API}/uploads/u/parts/0 HTTP/1.1\r\nContent-Length: 90000\r\n"
    assert raw(strict, f"{part}{HASH_HEADER}: {'0' * 64}", b"x" * 80_000, end=True) == b""
    assert strict.get("/atlases").json() == before
    assert strict.left_over() == []


def test_a_body_that_is_longer_than_announced(strict: Client) -> None:
    head = f"POST {API}/atlases HTTP/1.1\r\nContent-Length: 16"
    answer = raw(strict, head, b'{"name": "long"}{"name": "more"}\r\n\r\n', end=True)
    assert answer.startswith(b"HTTP/1.1 201")
    assert b"HTTP/1.1 400" in answer  # the rest is no request
    names = [one["name"] for one in strict.get("/atlases").json()["atlases"]]
    assert "more" not in names


def test_a_wrong_hash(strict: Client) -> None:
    path = "/uploads/none/parts/0"
    answer = strict.ask("PUT", path, data=b"abc", headers={HASH_HEADER: "0" * 64})
    strict.refused(answer, 400, "Invalid", "hash")
    strict.refused(strict.ask("PUT", path, data=b"abc"), 400, "Invalid", HASH_HEADER)
    assert strict.left_over() == []


def test_too_many_requests(tmp_path: Path) -> None:
    options = {"OmicshelfServer.rate_limit": 0.01, "OmicshelfServer.rate_burst": 3}
    with jupyter(tmp_path, options=options) as server:
        client = Client(server, tmp_path, Material(tmp_path / "material"))
        assert [client.get("/atlases").status_code for _ in range(3)] == [200] * 3
        answer = client.get("/atlases")
        client.refused(answer, 429, "RepositoryLocked", "seconds")
        assert int(answer.headers["Retry-After"]) > 0
        # Who has no credential is refused for that, and costs the user nothing.
        client.refused(client.anonymous("GET", "/atlases"), 401, "Unauthorized")


def test_a_catalog_that_cannot_be_opened(tmp_path: Path) -> None:
    """The server starts, says why it cannot answer, and answers once it can."""
    catalog = tmp_path / "catalog"
    catalog.mkdir()
    (catalog / "foreign.txt").write_text("no catalog")
    with jupyter(tmp_path, catalog=catalog, until="health") as server:
        client = Client(server, tmp_path, Material(tmp_path / "material"))
        answer = client.get("/atlases")
        client.refused(answer, 503, "Unreachable", "cannot be opened", "not empty")
        assert int(answer.headers["Retry-After"]) > 0
        ready = client.session.get(f"{server.url}omicshelf/ready", timeout=30)
        assert ready.status_code == 503
        assert "not empty" not in ready.text
        (catalog / "foreign.txt").unlink()
        server.stop()
        server.until = "ready"
        server.start()
        assert client.get("/atlases").status_code == 200


def test_a_body_by_itself() -> None:
    from omicshelf.backend.wire import AtlasBody, DeleteBody

    assert parse_body(b'{"name": "a"}', AtlasBody).name == "a"
    assert parse_body(b"", DeleteBody, optional=True).message is None
    with pytest.raises(Invalid, match="no body"):
        parse_body(b"", AtlasBody)
    with pytest.raises(Invalid, match="Did you mean 'description'"):
        parse_body(b'{"name": "a", "descripton": "b"}', AtlasBody)
