"""What a client does when its server is killed, slow, gone, another's, or of another release."""

from __future__ import annotations

import base64
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from omicshelf import errors
from omicshelf.backend import wire
from omicshelf.backend.base import Query, VersionDraft
from omicshelf.backend.remote import client as client_module
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.remote.client import Client
from omicshelf.backend.remote.sending import Sending
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin
from omicshelf.testing.folder import temporary_files
from omicshelf.testing.servers.forked import ForkedServer, forked

BY = Origin(user="ada")
TOKEN = "s3cret-token"
SIZE = 60_000_000  # eight parts


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkedServer]:
    with forked(tmp_path / "server") as server:
        yield server


@pytest.fixture
def backend(server: ForkedServer) -> Iterator[RemoteBackend]:
    with closing(RemoteBackend(server.url, token=server.token)) as backend:
        yield backend


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(np.random.default_rng(0).bytes(SIZE))
    return path


def save(backend: RemoteBackend, path: Path, **draft: Any) -> Any:
    made = VersionDraft("d1", "save", data_type="T", **draft)
    return backend.put_version("a", made, FileSource(path, "bin"), by=BY)


def content(backend: RemoteBackend) -> bytes:
    with backend.open_blob(backend.get_dataset("a", "d1").version.blob) as stream:
        return stream.read()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The bytes of each part that a client puts, in order."""
    found: list[int] = []
    put = Client.put_bytes

    def counting(self: Client, path: str, data: bytes, *rest: Any) -> None:
        put(self, path, data, *rest)
        found.append(len(data))

    monkeypatch.setattr(Client, "put_bytes", counting)
    return found


# -- killed


def test_a_server_killed_and_started_again_in_the_middle_of_an_upload(
    server: ForkedServer, backend: RemoteBackend, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client waits, goes on with the parts that are not there, and nothing is lost."""
    put, puts = Client.put_bytes, []

    def interrupted(self: Client, path: str, data: bytes, *rest: Any) -> None:
        puts.append(path)
        if len(puts) == 3:
            server.kill()
            threading.Thread(target=server.start).start()
        put(self, path, data, *rest)

    monkeypatch.setattr(Client, "put_bytes", interrupted)
    made = save(backend, large)
    assert made.version.size == SIZE
    assert content(backend) == large.read_bytes()
    # A server that is killed may leave a body that it had just taken; the next collection ends it.
    backend.gc()
    assert temporary_files(server.folder / "catalog") == []
    assert backend.verify().ok


KILLED = """
import os, sys
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.remote.client import Client
from omicshelf.backend.source import FileSource
from omicshelf.records import Origin

url, token, path, parts = sys.argv[1:]
put, done = Client.put_bytes, []

def killed(self, *args):
    put(self, *args)
    done.append(args)
    if len(done) == int(parts):
        os.kill(os.getpid(), 9)

Client.put_bytes = killed
backend = RemoteBackend(url, token=token)
draft = VersionDraft("d1", "save", data_type="T")
backend.put_version("a", draft, FileSource(Path(path), "bin"), by=Origin())
"""


def kill_a_client(server: ForkedServer, path: Path, parts: int) -> None:
    command = [sys.executable, "-c", KILLED, server.url, server.token, str(path), str(parts)]
    assert subprocess.run(command).returncode == -signal.SIGKILL


def test_a_client_killed_in_the_middle_goes_on_where_it_was(
    server: ForkedServer, backend: RemoteBackend, large: Path, sent: list[int]
) -> None:
    kill_a_client(server, large, 4)
    assert not backend.has_dataset("a", "d1")
    made = save(backend, large, metadata={"n": 1})
    assert made.version.metadata == {"n": 1}
    assert 0 < sum(sent) <= SIZE - 4 * min(sent[0], SIZE // 8)
    assert content(backend) == large.read_bytes()
    assert temporary_files(server.folder / "catalog") == []
    assert list((backend.cache.folder / "uploads").iterdir()) == []
    (left,) = (backend.cache.folder / "staging").iterdir()
    assert left == backend.staging()  # that of the killed process has been removed


def test_another_file_does_not_go_on_with_it(
    server: ForkedServer, backend: RemoteBackend, large: Path, tmp_path: Path, sent: list[int]
) -> None:
    kill_a_client(server, large, 2)
    other = tmp_path / "other.bin"
    other.write_bytes(np.random.default_rng(1).bytes(SIZE))
    save(backend, other)
    assert sum(sent) == SIZE
    assert content(backend) == other.read_bytes()


def test_a_client_killed_after_its_version_was_made_loses_no_later_metadata(
    server: ForkedServer, backend: RemoteBackend, large: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload that it noted has been used: the same file with other metadata is a new one."""
    with monkeypatch.context() as patch:
        patch.setattr(Sending, "drop", Sending.close)
        save(backend, large, metadata={"n": 1})
    assert list((backend.cache.folder / "uploads").iterdir()) != []
    made = save(backend, large, metadata={"n": 2})
    assert (made.version.seq, made.version.metadata) == (2, {"n": 2})


def test_a_download_that_breaks_goes_on(
    server: ForkedServer, backend: RemoteBackend, large: Path, tmp_path: Path
) -> None:
    blob = save(backend, large).version.blob
    done: list[int] = []

    def progress(size: int) -> None:
        if not done:
            server.kill()
            threading.Thread(target=server.start).start()
        done.append(size)

    backend.download(blob, tmp_path / "out.bin", progress)
    assert (tmp_path / "out.bin").read_bytes() == large.read_bytes()
    assert sum(done) == SIZE


def test_a_server_that_stays_away(
    server: ForkedServer, backend: RemoteBackend, monkeypatch: pytest.MonkeyPatch, large: Path
) -> None:
    monkeypatch.setattr(client_module, "_TRIES", 2)
    monkeypatch.setattr(client_module, "_PATIENT", 2)
    backend.list_atlases()
    server.kill()
    for call in (
        backend.list_atlases,
        lambda: save(backend, large),
        lambda: backend.create_atlas("b", by=BY),
    ):
        with pytest.raises(errors.Unreachable, match="connection refused") as caught:
            call()
        assert f"127.0.0.1:{server.port}" in str(caught.value)
        assert server.token not in str(caught.value)
    server.start()
    assert backend.find("a", Query()).total == 0


# -- strangers: a server of the test's own, which answers as it is told


@dataclass
class Stranger:
    """A server that is none of ours. Each answer is a status, a body and headers."""

    port: int
    answers: Callable[[BaseHTTPRequestHandler], tuple[int, Any, dict[str, str]] | None]
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


INFO = {"version": "0.1.0", "api": wire.VERSION, "store": "x", "user": "ada"}


@contextmanager
def stranger(
    answers: Callable[[BaseHTTPRequestHandler], tuple[int, Any, dict[str, str]] | None],
) -> Iterator[Stranger]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            found.asked.append((self.command, self.path, dict(self.headers)))
            del body
            given = found.answers(self)
            if given is None:
                self.close_connection = True
                return
            status, told, headers = given
            data = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

        def log_message(self, *_: Any) -> None:
            pass

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Stranger(listening.server_address[1], answers)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield found
    finally:
        listening.shutdown()
        thread.join()
        listening.server_close()


def after_info(
    *then: tuple[int, Any, dict[str, str]] | None,
) -> Callable[[BaseHTTPRequestHandler], tuple[int, Any, dict[str, str]] | None]:
    """Say who we are, and then one answer after the other; the last one for ever."""
    waiting = list(then)

    def answer(handler: BaseHTTPRequestHandler) -> tuple[int, Any, dict[str, str]] | None:
        if handler.path == wire.INFO:
            return 200, INFO, {}
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]

    return answer


def told(kind: str, title: str = "No.") -> dict[str, Any]:
    return {"title": title, "detail": "Because.", "kind": kind}


@pytest.mark.parametrize(
    ("api", "parts"),
    [(wire.VERSION + 1, ["omicshelf>=9.9"]), (wire.VERSION - 1, ["who runs the server", "9.9"])],
)
def test_another_protocol(api: int, parts: list[str]) -> None:
    with stranger(lambda _: (200, {**INFO, "api": api, "version": "9.9"}, {})) as other:
        backend = RemoteBackend(other.url, token=TOKEN)
        with pytest.raises(errors.Unreachable, match=f"protocol {api}") as caught:
            backend.list_atlases()
        for part in parts:
            assert part in str(caught.value)
        assert len(other.asked) == 1


def test_no_catalog_there() -> None:
    for page in ((404, b"<html>", {}), (200, b"<html>", {}), (200, {"version": "x"}, {})):
        with stranger(lambda _, page=page: page) as other:
            with pytest.raises(errors.Unreachable, match="no omicshelf catalog") as caught:
                RemoteBackend(other.url, token=TOKEN).list_atlases()
            assert "jupyter server extension list" in str(caught.value)


def test_the_base_is_found_where_a_user_is_called_lab() -> None:
    def answer(handler: BaseHTTPRequestHandler) -> tuple[int, Any, dict[str, str]]:
        if handler.path == f"/user/lab{wire.INFO}":
            return 200, INFO, {}
        if handler.path == f"/user/lab{wire.API}/atlases":
            return 200, {"atlases": []}, {}
        return 404, b"nothing", {}

    with stranger(answer) as other:
        backend = RemoteBackend(f"{other.url}user/lab/lab/tree/a.ipynb?token={TOKEN}#x")
        assert backend.list_atlases() == []
        assert backend.url == f"{other.url}user/lab/"
        assert other.asked[-1][2]["Authorization"] == f"token {TOKEN}"


@pytest.mark.parametrize(
    "page",
    [
        (401, told("Unauthorized"), {}),
        (403, {"message": "Forbidden"}, {}),
        (302, b"", {"Location": "/hub/login?next=x"}),
        (302, b"", {"Location": "/login"}),
    ],
)
@pytest.mark.parametrize(("token", "says"), [(TOKEN, "does not accept"), (None, "asks for")])
def test_a_wrong_token_or_none(page: Any, token: str | None, says: str) -> None:
    with stranger(lambda _: page) as other, pytest.raises(errors.Unauthorized, match=says) as found:
        RemoteBackend(other.url, token=token).list_atlases()
    assert "OMICSHELF_TOKEN" in str(found.value)
    assert TOKEN not in str(found.value)


def test_a_redirection_is_not_followed() -> None:
    with stranger(lambda _: (302, b"", {"Location": "https://evil.example/x?y"})) as other:
        with pytest.raises(errors.Unreachable, match=r"https://evil\.example/"):
            RemoteBackend(other.url, token=TOKEN).list_atlases()
        assert len(other.asked) == 1


def test_errors_are_those_of_the_server() -> None:
    for kind in ("AccessDenied", "NotFound", "Conflict", "IntegrityError", "StorageError"):
        page = (wire.STATUS[kind], told(kind, f"Not that {kind}."), {})
        with (
            stranger(after_info(page)) as other,
            pytest.raises(getattr(errors, kind), match=f"Not that {kind}") as caught,
        ):
            RemoteBackend(other.url).list_atlases()
        assert type(caught.value).__name__ == kind
        assert caught.value.detail == "Because."


def test_reading_is_tried_again_and_changing_is_not() -> None:
    busy = (503, told("Unreachable", "Not yet."), {})
    with stranger(after_info(None, busy, (200, {"atlases": []}, {}))) as other:
        assert RemoteBackend(other.url).list_atlases() == []
        assert [path for _, path, _ in other.asked[1:]] == [f"{wire.API}/atlases"] * 3
    with stranger(after_info(None)) as other:
        with pytest.raises(errors.Unreachable, match="not known whether") as caught:
            RemoteBackend(other.url).create_atlas("a", by=BY)
        assert "connection broke" in str(caught.value)
        assert [method for method, _, _ in other.asked] == ["GET", "POST"]


@pytest.mark.parametrize("status", [429, 503])
def test_whoever_says_when_to_come_again_is_believed(status: int) -> None:
    made = {"name": "a", "created_at": 1}
    later = (status, told("RepositoryLocked"), {"Retry-After": "0"})
    with stranger(after_info(later, later, (201, made, {}))) as other:
        assert RemoteBackend(other.url).create_atlas("a", by=BY).name == "a"
        assert [method for method, _, _ in other.asked] == ["GET", "POST", "POST", "POST"]


def test_a_slow_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Client, "read_timeout", 0.1)
    monkeypatch.setattr(client_module, "_TRIES", 2)
    going = threading.Event()

    def slow(handler: BaseHTTPRequestHandler) -> tuple[int, Any, dict[str, str]] | None:
        if handler.path == wire.INFO:
            return 200, INFO, {}
        going.wait(20)
        return None

    with stranger(slow) as other:
        try:
            with pytest.raises(errors.Unreachable, match="did not answer in time"):
                RemoteBackend(other.url).list_atlases()
        finally:
            going.set()


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"<html>", b'{"datasets": 1}'])
def test_answers_that_nobody_gives(body: bytes) -> None:
    with stranger(after_info((200, body, {}))) as other, pytest.raises(errors.Unreachable):
        RemoteBackend(other.url).get_dataset("a", "d")


def chunks_of(data: bytes) -> dict[str, Any]:
    return {
        "size": len(data),
        "blake3": blake3(data).hexdigest(),
        "params": {},
        "lengths": base64.b64encode(np.array([len(data)], "<u4").tobytes()).decode(),
        "hashes": base64.b64encode(blake3(data).digest()).decode(),
    }


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ((206, b"other bytes", {"Content-Range": "bytes 0-10/11"}), errors.IntegrityError),
        ((206, b"right bytes", {"Content-Range": "bytes 1-11/12"}), errors.Unreachable),
        ((206, b"right bytes", {}), errors.Unreachable),
        ((200, b"right", {}), errors.Unreachable),
    ],
)
def test_bytes_that_are_not_what_was_asked_for(answer: Any, kind: type[Exception]) -> None:
    def answers(handler: BaseHTTPRequestHandler) -> tuple[int, Any, dict[str, str]]:
        if handler.path == wire.INFO:
            return 200, INFO, {}
        if handler.path.endswith("/chunks"):
            return 200, chunks_of(b"right bytes"), {}
        if handler.path.endswith("/blobs/b1"):
            return 200, {"blob": "b1", "size": 11, "blake3": "0" * 64}, {}
        given: tuple[int, Any, dict[str, str]] = answer
        return given

    with stranger(answers) as other, closing(RemoteBackend(other.url)) as backend:
        with backend.open_blob("b1") as stream, pytest.raises(kind):
            stream.read()
        with pytest.raises(kind):
            backend.hold_file("b1", ".txt")


# -- the token, processes


def test_the_token_is_nowhere(server: ForkedServer) -> None:
    backend = RemoteBackend(f"{server.url}?token={server.token}")
    backend.list_atlases()
    for text in (repr(backend), backend.url, repr(backend.client), repr(backend.info())):
        assert server.token not in text
    with pytest.raises(TypeError) as caught:
        pickle.dumps(backend.client)
    assert server.token not in str(caught.value)


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nb", "schlüssel"])
def test_tokens_that_are_none(token: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        RemoteBackend("http://127.0.0.1:1/", token=token)
    assert not token.strip() or token not in str(caught.value)


@pytest.mark.parametrize("url", ["http://", "http://x:99999/", "http://u:pass@x/", "http://[::1/"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        RemoteBackend(url)
    assert "pass@" not in str(caught.value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_after_a_fork_the_child_has_connections_of_its_own(
    server: ForkedServer, backend: RemoteBackend
) -> None:
    backend.create_atlas("a", by=BY)
    staging = backend.staging()
    pid = os.fork()
    if pid == 0:
        good = [a.name for a in backend.list_atlases()] == ["a"] and backend.staging() != staging
        backend.close()
        os._exit(0 if good else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert [a.name for a in backend.list_atlases()] == ["a"]
    assert staging.is_dir()


def test_no_proxy_stands_before_this_machine(
    server: ForkedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with closing(RemoteBackend(server.url, token=server.token)) as backend:
        assert backend.list_atlases() == []


def test_netrc_is_not_asked(
    server: ForkedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login ada password wrong\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with closing(RemoteBackend(server.url, token=server.token)) as backend:
        assert backend.list_atlases() == []
