"""Bytes that go out: ranges, tags, and headers that keep a page from acting."""

from __future__ import annotations

import socket
from urllib.parse import unquote

import pytest

from conftest import Client, quoted
from omicshelf.backend.wire import HASH_HEADER
from omicshelf.server.content import span_of
from omicshelf.server.refusals import Refused

TEXT = b"0123456789" * 20


@pytest.fixture
def path(client: Client) -> str:
    """The address of the bytes of a version."""
    client.put("content", client.material.text(TEXT))
    return "/atlases/atlas/datasets/content/versions/v1/data"


def test_everything(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, TEXT)
    assert answer.headers["Content-Length"] == "200"
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["ETag"] == f'"{answer.headers[HASH_HEADER]}"'
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''content_v1.txt"
    head = client.ask("HEAD", path)
    assert (head.content, head.headers["Content-Length"]) == (b"", "200")


@pytest.mark.parametrize(
    ("asked", "given", "told"),
    [
        ("bytes=0-9", TEXT[:10], "bytes 0-9/200"),
        ("bytes=190-", TEXT[190:], "bytes 190-199/200"),
        ("bytes=-3", TEXT[-3:], "bytes 197-199/200"),
        ("bytes=-500", TEXT, "bytes 0-199/200"),
        ("bytes=150-900", TEXT[150:], "bytes 150-199/200"),
        ("Bytes = 3 - 3", TEXT[3:4], "bytes 3-3/200"),
    ],
)
def test_a_range(client: Client, path: str, asked: str, given: bytes, told: str) -> None:
    answer = client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, given)
    assert answer.headers["Content-Range"] == told
    head = client.ask("HEAD", path, headers={"Range": asked})
    assert (head.status_code, head.headers["Content-Length"]) == (206, str(len(given)))


@pytest.mark.parametrize("asked", ["bytes=0-1,5-6", "lines=1-2", "bytes=9-3", "bytes=-", "bytes"])
def test_what_is_no_single_range_means_everything(client: Client, path: str, asked: str) -> None:
    answer = client.get(path, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, TEXT)


@pytest.mark.parametrize("asked", ["bytes=200-", "bytes=900-901", "bytes=-0"])
def test_a_range_outside(client: Client, path: str, asked: str) -> None:
    answer = client.get(path, headers={"Range": asked})
    client.refused(answer, 416, "Invalid", "200")
    assert answer.headers["Content-Range"] == "bytes */200"


def test_conditions(client: Client, path: str) -> None:
    tag = client.ask("HEAD", path).headers["ETag"]
    known = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
    assert (known.status_code, known.content) == (304, b"")
    same = client.get(path, headers={"Range": "bytes=0-4", "If-Range": tag})
    assert (same.status_code, same.content) == (206, TEXT[:5])
    other = client.get(path, headers={"Range": "bytes=0-4", "If-Range": '"other"'})
    assert (other.status_code, other.content) == (200, TEXT)


def test_no_bytes_at_all(client: Client) -> None:
    client.put("empty", client.material.text(b""))
    path = "/atlases/atlas/datasets/empty/versions/v1/data"
    answer = client.get(path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert client.get(path, headers={"Range": "bytes=0-0"}).status_code == 416


@pytest.mark.parametrize(
    "name", ["page.html", "image.svg", 'a;b "c".html', "ünï#?%.html", "日本.xml"]
)
def test_an_attached_page_can_do_nothing(client: Client, name: str) -> None:
    client.put("pages")
    client.attach("pages", name, "<script>alert(1)</script>")
    answer = client.get(f"/atlases/atlas/datasets/pages/files/{quoted(name)}/content")
    assert answer.content == b"<script>alert(1)</script>"
    disposition = answer.headers["Content-Disposition"]
    kind, _, told = disposition.partition("; filename*=UTF-8''")
    assert kind == "attachment"
    assert unquote(told) == name
    assert told.isascii()
    assert not set(told) & set(" ;,\"'<>\r\n")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"


def test_a_file_and_its_history(client: Client) -> None:
    client.put("files")
    client.attach("files", "a.txt", "one")
    client.attach("files", "a.txt", "two!")
    path = "/atlases/atlas/datasets/files/files"
    assert [one["size"] for one in client.get(path).json()["files"]] == [4]
    assert client.get(f"{path}/a.txt").json()["file_name"] == "a.txt"
    history = client.get(f"{path}/a.txt/history").json()["files"]
    assert sorted(one["state"] for one in history) == ["current", "replaced"]
    assert client.ask("DELETE", f"{path}/a.txt").status_code == 204
    client.refused(client.get(f"{path}/a.txt/content"), 404, "NotFound", "a.txt")


def test_a_delta_comes_whole_and_in_ranges(client: Client) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    one = rng.bytes(6_000_000)
    two = one[:3_000_000] + rng.bytes(1000) + one[3_000_000:]
    client.put("delta", client.material.text(one))
    version = client.put("delta", client.material.text(two)).version
    assert version.added_bytes < 1_000_000
    path = "/atlases/atlas/datasets/delta/versions/v2/data"
    small = client.get(path, headers={"Range": "bytes=2999990-3001009"})
    assert small.content == two[2_999_990:3_001_010]
    assert client.get(path).content == two
    large = client.get(path, headers={"Range": "bytes=5-5500000"})
    assert large.content == two[5:5_500_001]


def test_damaged_bytes_are_never_sent_as_data(client: Client) -> None:
    record = client.put("damaged", client.material.text(b"x" * 1000))
    found = list((client.folder / "catalog" / "objects").rglob(f"{record.version.blob}*"))
    pack = next(path for path in found if path.suffix == ".txt")
    pack.chmod(0o644)
    pack.write_bytes(b"y" + pack.read_bytes()[1:])
    path = "/atlases/atlas/datasets/damaged/versions/v1/data"
    client.refused(client.get(path), 500, "IntegrityError")
    client.refused(client.get(path, headers={"Range": "bytes=0-9"}), 500, "IntegrityError")


def test_a_client_that_leaves_ends_the_stream(client: Client) -> None:
    import numpy as np

    client.put("left", client.material.text(np.random.default_rng(1).bytes(60_000_000)))
    path = "/omicshelf/api/v1/atlases/atlas/datasets/left/versions/v1/data"
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    request = f"{head}Authorization: token {client.server.token}\r\nX-Request-Id: leaves\r\n\r\n"
    with socket.create_connection(("127.0.0.1", client.server.port)) as connection:
        connection.sendall(request.encode())
        assert connection.recv(100_000).startswith(b"HTTP/1.1 200")
    # The next answers come all the same, and the line of the one that was left says so.
    line = wait_for_line(client, "leaves")
    assert line["status"] == 499
    assert line["bytes"] < 60_000_000


def wait_for_line(client: Client, number: str) -> dict[str, object]:
    """Give the line of the access log of a request, asking the server until it is there."""
    import json
    import time

    until = time.monotonic() + 20
    log = client.folder / "access.log"
    while time.monotonic() < until:
        assert client.get("/info").status_code == 200
        for line in log.read_text().splitlines():
            found: dict[str, object] = json.loads(line)
            if found["id"] == number:
                return found
    raise AssertionError(f"no line of the request {number}")


def test_ranges_by_themselves() -> None:
    assert span_of(None, 5).length == 5
    assert (span_of("bytes=1-1", 5).start, span_of("bytes=1-1", 5).end) == (1, 2)
    assert span_of(f"bytes={'9' * 40}-", 5).partial is False
    with pytest.raises(Refused):
        span_of("bytes=0-", 0)
