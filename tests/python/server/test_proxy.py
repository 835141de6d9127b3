"""A Jupyter server whose catalog is another server's."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import requests
from blake3 import blake3

import omicshelf
from omicshelf.backend.wire import API, HASH_HEADER, USER_HEADER
from omicshelf.errors import Invalid, NotFound, Unauthorized
from omicshelf.server.kernels import credential, is_server, tell_kernels
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def behind(folder: Path) -> Iterator[JupyterServer]:
    """The team's server; whoever has its credential may act for others."""
    options = {"OmicshelfServer.proxies": ["service"]}
    with jupyter(folder / "behind", user="service", options=options) as server:
        yield server


@pytest.fixture(scope="module")
def proxy(folder: Path, behind: JupyterServer) -> Iterator[JupyterServer]:
    """Ada's Jupyter server."""
    token = folder / "token"
    token.write_text(f"{behind.token}\n")
    options = {"OmicshelfServer.token_file": str(token)}
    with jupyter(folder / "proxy", catalog=behind.url, user="ada", options=options) as server:
        yield server


def ask(server: JupyterServer, method: str, path: str, **more: Any) -> requests.Response:
    headers = {"Authorization": f"token {server.token}", **more.pop("headers", {})}
    url = f"{server.url}{API.lstrip('/')}{path}"
    with requests.Session() as session:
        session.trust_env = False
        return session.request(method, url, headers=headers, timeout=60, **more)


def test_everything_goes_through(
    proxy: JupyterServer, behind: JupyterServer, tmp_path: Path
) -> None:
    data = np.random.default_rng(1).bytes(20_000_000)
    (tmp_path / "big.bin").write_bytes(data)
    with omicshelf.connect(proxy.url, token=proxy.token) as connection:
        catalog = omicshelf.Catalog("through")
        catalog.create_dataset("d1", "T", str(tmp_path / "big.bin"), {"tissue": "lung"})
        catalog.get_dataset("d1").download(str(tmp_path / "again.bin"))
        assert (tmp_path / "again.bin").read_bytes() == data
        with pytest.raises(NotFound, match="d2"):
            catalog.get_dataset("d2")
        assert connection.url == proxy.url
    with omicshelf.connect(behind.url, token=behind.token):
        dataset = omicshelf.Catalog("through").get_dataset("d1")
    assert (dataset.author, dataset.metadata()) == ("ada", {"tissue": "lung"})


def test_answers_come_back_as_they_are(proxy: JupyterServer, behind: JupyterServer) -> None:
    ask(behind, "POST", "/atlases", json={"name": "same"})
    for method, path, more in (
        ("GET", "/atlases/same", {}),
        ("GET", "/atlases/none", {}),
        ("GET", "/atlases/same/datasets?limit=x", {}),
        ("POST", "/atlases", {"json": {"name": "same"}}),
        ("POST", "/atlases", {"data": b"{", "headers": {"Content-Type": "application/json"}}),
        ("GET", "/nothing/here", {}),
        ("DELETE", "/info", {}),
    ):
        one, other = ask(proxy, method, path, **more), ask(behind, method, path, **more)
        assert (one.status_code, one.json()) == (other.status_code, other.json()), path
        assert one.headers["Content-Type"] == other.headers["Content-Type"]


def test_ranges_and_tags(proxy: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("0123456789" * 300)
    with omicshelf.connect(proxy.url, token=proxy.token):
        dataset = omicshelf.Catalog("ranges").create_dataset("d1", "T", str(tmp_path / "a.txt"), {})
    path = f"/atlases/ranges/datasets/d1/versions/{dataset.version_id}/data"
    part = ask(proxy, "GET", path, headers={"Range": "bytes=5-14"})
    assert (part.status_code, part.content) == (206, b"5678901234")
    assert part.headers["Content-Range"] == "bytes 5-14/3000"
    known = ask(proxy, "GET", path, headers={"If-None-Match": part.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    head = ask(proxy, "HEAD", path)
    assert (head.headers["Content-Length"], head.content) == ("3000", b"")
    assert head.headers[HASH_HEADER] == blake3((tmp_path / "a.txt").read_bytes()).hexdigest()
    whole = ask(proxy, "GET", path, headers={"Accept-Encoding": "identity"})
    assert len(whole.content) == 3000
    assert whole.headers["Content-Security-Policy"].startswith("sandbox")


def test_what_is_compressed_stays_so(proxy: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    with omicshelf.connect(proxy.url, token=proxy.token):
        catalog = omicshelf.Catalog("packed")
        catalog.create_dataset("d1", "T", str(tmp_path / "a.txt"), {"note": "word " * 2000})
    path = "/atlases/packed/datasets/d1"
    packed = ask(proxy, "GET", path, headers={"Accept-Encoding": "gzip"})
    plain = ask(proxy, "GET", path, headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert int(packed.headers["Content-Length"]) < len(plain.content) // 4


def test_the_proxy_asks_for_a_credential_of_its_own(
    proxy: JupyterServer, behind: JupyterServer
) -> None:
    for token in ("", "wrong", behind.token):
        with requests.Session() as session:
            session.trust_env = False
            answer = session.get(
                f"{proxy.url}{API.lstrip('/')}/info", headers={"Authorization": f"token {token}"}
            )
        assert answer.status_code == 401
    with omicshelf.connect(proxy.url, token="wrong"), pytest.raises(Unauthorized):
        omicshelf.Catalog("x").get_dataset("d1")


def test_the_credential_is_told_to_nobody(proxy: JupyterServer, behind: JupyterServer) -> None:
    for path in ("/info", "/openapi.json", "/nothing", "/atlases", "/changes?wait=0"):
        answer = ask(proxy, "GET", path)
        assert behind.token not in answer.text + str(answer.headers)
    assert behind.token not in proxy.log
    environ = Path(f"/proc/{proxy.process.pid}/environ") if proxy.process else Path()
    if environ.exists():
        assert behind.token.encode() not in environ.read_bytes()


def test_only_who_may_act_for_others_is_believed(behind: JupyterServer, tmp_path: Path) -> None:
    told = {USER_HEADER: "gr%C3%A9ta"}
    assert ask(behind, "GET", "/info", headers=told).json()["user"] == "gréta"
    with jupyter(tmp_path, user="ada") as other:
        assert ask(other, "GET", "/info", headers=told).json()["user"] == "ada"


def test_a_credential_that_is_not_accepted(behind: JupyterServer, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("stale")
    options = {"OmicshelfServer.token_file": str(tmp_path / "token")}
    with jupyter(tmp_path / "p", catalog=behind.url, options=options, until="health") as server:
        answer = ask(server, "GET", "/atlases")
    assert answer.status_code == 502
    assert "credential of this proxy" in answer.json()["title"]
    assert "stale" not in answer.text


def test_a_server_behind_that_is_gone_and_comes_back(tmp_path: Path) -> None:
    with jupyter(tmp_path / "behind") as behind:
        (tmp_path / "token").write_text(behind.token)
        options = {"OmicshelfServer.token_file": str(tmp_path / "token")}
        with jupyter(tmp_path / "proxy", catalog=behind.url, options=options) as proxy:
            assert ask(proxy, "GET", "/atlases").ok
            behind.kill()
            answer = ask(proxy, "GET", "/atlases")
            assert (answer.status_code, answer.json()["kind"]) == (502, "Unreachable")
            behind.start()
            assert ask(proxy, "GET", "/atlases").ok


KERNEL = """
import json, os, sys
import omicshelf
catalog = omicshelf.Catalog("kernels")
dataset = catalog.save(sys.argv[1], sys.argv[2], data_type="T")
print(json.dumps({"url": catalog.connection.url, "author": dataset.author}))
"""


@pytest.mark.parametrize("kind", ["folder", "proxy"])
def test_kernels_find_the_catalog_that_the_server_serves(
    kind: str, proxy: JupyterServer, behind: JupyterServer, tmp_path: Path
) -> None:
    """As a kernel: with the environment that the server left for its children."""
    (tmp_path / "a.txt").write_text(kind)
    (tmp_path / "token").write_text(behind.token)
    options: dict[str, Any] = {"MappingKernelManager.default_kernel_name": "python3"}
    catalog: Any = tmp_path / "catalog"
    if kind == "proxy":
        options["OmicshelfServer.token_file"] = str(tmp_path / "token")
        catalog = behind.url
    with jupyter(tmp_path / "s", catalog=catalog, user="ada", options=options) as server:
        code = f"import sys; sys.argv = ['', 'from-{kind}', {str(tmp_path / 'a.txt')!r}]\n{KERNEL}"
        told = run_in_kernel(server, code)
        found = ask(server, "GET", f"/atlases/kernels/datasets/from-{kind}").json()
    assert found["version"]["author"] == told["author"]
    assert told["url"] == (server.url if kind == "proxy" else str(catalog))


def run_in_kernel(server: JupyterServer, code: str) -> Any:
    """Start a kernel by the server's own API, and run code in it through its connection file."""
    headers = {"Authorization": f"token {server.token}"}
    with requests.Session() as session:
        session.trust_env = False
        started = session.post(f"{server.url}api/kernels", headers=headers, json={}, timeout=60)
        kernel = started.json()["id"]
    connection = server.folder / "runtime" / f"kernel-{kernel}.json"
    script = f"""
from jupyter_client import BlockingKernelClient
client = BlockingKernelClient(connection_file={str(connection)!r})
client.load_connection_file()
client.start_channels()
client.wait_for_ready(timeout=60)
def show(message):
    if message["msg_type"] == "stream":
        print(message["content"]["text"], end="")
    if message["msg_type"] == "error":
        print("\\n".join(message["content"]["traceback"]))
client.execute_interactive({code!r}, output_hook=show, timeout=100)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=200
    )
    for line in done.stdout.splitlines():
        if line.startswith("{"):
            return json.loads(line)
    raise AssertionError(done.stdout + done.stderr)


# -- the pieces


def test_the_credential_leaves_the_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMICSHELF_TOKEN", "secret")
    assert credential("", wanted=False) is None
    assert os.environ["OMICSHELF_TOKEN"] == "secret"
    assert credential("", wanted=True) == "secret"
    assert "OMICSHELF_TOKEN" not in os.environ
    monkeypatch.setenv("JUPYTERHUB_API_TOKEN", "hub")
    assert credential("", wanted=True) == "hub"
    path = tmp_path / "token"
    path.write_text(" of-a-file\n")
    assert credential(str(path), wanted=True) == "of-a-file"
    for content in ("", "two words"):
        path.write_text(content)
        with pytest.raises(Invalid, match="holds no token"):
            credential(str(path), wanted=True)
    with pytest.raises(Invalid, match="cannot be read"):
        credential(str(tmp_path / "none"), wanted=True)


@pytest.mark.parametrize(
    ("ip", "certfile", "base_url", "url"),
    [
        ("", "", "/", "http://127.0.0.1:8889/"),
        ("0.0.0.0", "", "/user/ada/", "http://127.0.0.1:8889/user/ada/"),
        ("::1", "", "/", "http://[::1]:8889/"),
        ("10.1.2.3", "cert.pem", "/", "https://10.1.2.3:8889/"),
    ],
)
def test_what_kernels_are_told(
    ip: str, certfile: str, base_url: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMICSHELF_URL", "before")
    monkeypatch.setenv("OMICSHELF_TOKEN", "before")
    app = SimpleNamespace(sock="", ip=ip, port=8889, certfile=certfile, base_url=base_url)
    tell_kernels(app, None, "minted")
    assert (os.environ["OMICSHELF_URL"], os.environ["OMICSHELF_TOKEN"]) == (url, "minted")


def test_addresses_of_servers() -> None:
    assert is_server("http://a/")
    assert is_server("https://a")
    assert not any(is_server(x) for x in ("/data", "C:\\data", "s3://b/c", "~/http", "file:///x"))
