"""Clients that lie, words that attack, connections that break off, and floods, on a live server."""

from __future__ import annotations

import base64
import json
import socket
import sqlite3
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

import numpy as np
import pytest
from attackers import User, is_refusal, team
from blake3 import blake3

from omicshelf.backend.connect import open_backend
from omicshelf.backend.wire import API, HASH_HEADER
from omicshelf.errors import IntegrityError
from omicshelf.testing.folder import snapshot_folder, temporary_files
from omicshelf.testing.servers.forked import ForkedServer

TABLE = b"gene,count\n" + b"".join(b"G%d,%d\n" % (i, i * i * 7919 % 99_991) for i in range(9000))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedServer]:
    with team(tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: ForkedServer) -> User:
    made = User(server, "ada")
    assert made.put("plain", b"gene,count\nTP53,3\n", "csv").status_code == 201
    return made


def content(user: User, dataset_id: str, version: str = "v1") -> Any:
    return user.get(f"/atlases/atlas/datasets/{dataset_id}/versions/{version}/data")


# -- a client that cuts and examines its file, and lies about it


def purge(user: User, dataset_id: str) -> None:
    assert user.ask("DELETE", f"/atlases/atlas/datasets/{dataset_id}").status_code == 204
    body = {"atlas": "atlas", "dataset_id": dataset_id, "whole": True}
    assert user.ask("POST", "/admin/purge", body).status_code == 200


def test_a_wrong_hash_of_a_whole_file_is_refused(ada: User) -> None:
    told = {"blake3": blake3(b"something else").hexdigest()}
    refused = ada.chunked("lie", TABLE, told=told)
    assert (refused.status_code, refused.json()["kind"]) == (400, "Invalid")
    assert blake3(TABLE).hexdigest() in refused.json()["title"]
    assert ada.get("/atlases/atlas/datasets/lie").status_code == 404


def test_a_wrong_hash_of_a_delta_harms_only_who_told_it(ada: User, tmp_path: Path) -> None:
    """It is never taken for the bytes with that hash, and the clients that load it refuse it.

    What the server gives out are the chunks that were sent, each of which has its hash: the
    whole, of which most was there before, it reads only to verify.
    """
    rng = np.random.default_rng(3)
    base = rng.bytes(3_000_000)
    false, true = base + b"false", base + b"true!"
    claimed = blake3(true).hexdigest()
    assert ada.chunked("delta", base, "txt").status_code == 201
    lie = ada.chunked("delta", false, "txt", told={"blake3": claimed, "all": False})
    assert (lie.status_code, lie.json()["version"]["blake3"]) == (201, claimed), lie.text
    assert lie.json()["version"]["added_bytes"] < 1_000_000
    for way in ("chunked", "put"):
        assert getattr(ada, way)(f"true-{way}", true, "txt").status_code == 201
        assert content(ada, f"true-{way}").content == true
    assert content(ada, "delta").content == base
    assert content(ada, "delta", "v2").content == false
    with (
        closing(open_backend(ada.server.url, token=ada.server.token)) as remote,
        pytest.raises(IntegrityError),
    ):
        remote.download(lie.json()["version"]["blob"], tmp_path / "loaded")
    assert not (tmp_path / "loaded").exists()
    report = ada.ask("POST", "/admin/verify", {"atlas": "atlas"}).json()
    assert report["problems"]
    assert all("delta v2" in problem for problem in report["problems"])
    purge(ada, "delta")
    assert ada.ask("POST", "/admin/verify", {"atlas": "atlas"}).json()["problems"] == []


MATRIX = "#1.2\n2\t2\nName\tDescription\ta\tb\nTP53\td\t{}\t2\nMYC\td\t3\t4\n"


def test_a_digest_that_somebody_made_up_loses_no_save(ada: User) -> None:
    """Else a later save of other content would be answered with: nothing has changed."""
    one, two = MATRIX.format(1).encode(), MATRIX.format(2).encode()
    digest = ada.put("honest-two", two, "gct").json()["version"]["digest"]
    told = ada.put("honest-one", one, "gct").json()["version"]
    assert len({told["digest"], digest, None}) == 3
    summary = ada.get("/atlases/atlas/datasets/honest-one/versions/v1/summary").json()
    names = ada.get(f"/blobs/{told['blob']}/names").json()
    for dataset_id in ("honest-one", "honest-two"):
        purge(ada, dataset_id)
    lie = {"summary": summary, "digest": digest, **names}
    made = ada.chunked("made-up", one, "gct", inspection=lie)
    assert made.json()["version"]["digest"] == digest
    saved = ada.put("victim", one, "gct")
    assert saved.json()["version"]["digest"] == told["digest"]
    again = ada.put("victim", two, "gct")
    assert (again.status_code, again.json()["version"]["seq"]) == (201, 2)
    assert content(ada, "victim", "v2").content == two


def nested(depth: int) -> Any:
    found: Any = 1
    for _ in range(depth):
        found = {"d": found}
    return found


@pytest.mark.parametrize(
    "told",
    [
        {"summary": {"kind": "file", "n_obs": "many"}},
        {"summary": {"kind": "file", "elements": [{}]}},
        {"summary": {"kind": "file", "elements": {"X": {"shape": "wide"}}}},
        {"summary": {"kind": "file"}, "obs_names": "A" * 10},
        {"summary": {"kind": "file"}, "obs_names": "%%%"},
        {"summary": {"kind": "file"},
         "obs_names": base64.b64encode(np.array([9, 3], "<u8").tobytes()).decode()},
        {"summary": []},
        {"summary": {"kind": "file"}, "digest": 5},
        {"summary": {"kind": "file"}, "digest": "no digest"},
        {"summary": {"kind": "file"}, "digest": "0" * 5000},
    ],
    ids=lambda told: str(told)[:60],
)  # fmt: skip
def test_an_inspection_that_is_none(ada: User, told: Any) -> None:
    refused = ada.chunked("nonsense", TABLE, inspection=told)
    assert refused.status_code == 400, refused.text
    assert refused.json()["kind"] == "Invalid"
    assert ada.get("/atlases/atlas/datasets/nonsense").status_code == 404


def test_an_inspection_of_nan_or_without_a_bottom(ada: User) -> None:
    begun = ada.begin("nan", 5, "csv", chunked=True).json()
    path = f"/uploads/{begun['upload']}/inspection"
    for body in (
        b'{"summary": {"kind": "file", "n_obs": NaN}}',
        b'{"summary": {"kind": "file", "n_obs": 1e999}}',
        b'{"summary": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001,
        b'{"summary": ' + b"[" * 50_000,
        json.dumps({"summary": {"kind": "file", "uns": nested(900)}}).encode(),
    ):
        answer = ada.ask("PUT", path, data=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 400), answer.text
        assert answer.status_code == 400 or body.startswith(b'{"summary": {"kind": "file", "uns"')


@pytest.mark.parametrize("count", [10**9, 2**63, -1, 10**30])
def test_an_inspection_of_numbers_that_cannot_be(ada: User, count: int) -> None:
    """Numbers beyond all files are refused, or kept as what the client said and read again."""
    dataset_id = f"huge{abs(count) % 997}"
    told = {"summary": {"kind": "file", "n_obs": count, "n_vars": count}}
    answer = ada.chunked(dataset_id, TABLE, inspection=told)
    assert answer.status_code == 201 or is_refusal(answer), answer.text
    for path in ("", "/versions", "/versions/v1/summary", "/versions/v1/preview"):
        found = ada.get(f"/atlases/atlas/datasets/{dataset_id}{path}")
        assert found.status_code == 200 or is_refusal(found), found.text
    assert ada.get("/atlases/atlas/datasets", params={"facets": "n_obs"}).status_code in (200, 400)


def test_a_summary_of_a_hundred_megabytes(ada: User) -> None:
    begun = ada.begin("large", 5, "csv", chunked=True).json()
    told = {"summary": {"kind": "file", "problems": ["x" * 1000] * 100_000}}
    answer = ada.ask("PUT", f"/uploads/{begun['upload']}/inspection", told)
    assert is_refusal(answer), answer.status_code
    assert ada.get("/info").status_code == 200
    assert ada.ask("DELETE", f"/uploads/{begun['upload']}").status_code == 204


# -- words that attack

EVIL = {
    "markup": '<img src=x onerror="alert(1)">',
    "script": "</script><script>alert(1)</script>",
    "javascript": "javascript:alert(1)",
    "newlines": "a\r\nX-Evil: 1\r\n\r\n<html>",
    "nul": "a\0b",
    "escape": "\x1b[31mred\x1b]0;title\x07",
    "bidirectional": "photo\u202egpj.exe",
    "isolate": "a\u2066b\u2069",
    "zero width": "a\u200bb\ufeff",
    "separators": "a\u2028b\u2029c\x85",
    "quotes": "a\"b'c;d=\\e",
    "up": "../../../../etc/passwd",
    "backslash up": "..\\..\\windows",
    "absolute": "/etc/passwd",
    "drive": "C:\\file",
    "dots": "..",
    "dot": ".",
    "long": "x" * 5000,
    "long beyond ascii": "日" * 5000,
    "percent": "%2e%2e%2f%00",
    "template": "${7*7}{{7*7}}%s%n",
    "formula": "=cmd|'/C calc'!A1",
    "spaces": "  ",
    "nothing": "",
    "emoji": "🧬" * 3,
    "combining": "e" + "\u0301" * 200,
}
evil = pytest.mark.parametrize("text", EVIL.values(), ids=EVIL.keys())


def refused_or(answer: Any, status: int = 200) -> bool:
    """Whether an answer is a success; else assert that it refuses in words without control."""
    if answer.status_code == status:
        return True
    assert is_refusal(answer), (answer.status_code, answer.text[:300])
    told = "".join(filter(None, answer.json().values()))
    assert len(told) < 2500
    assert "X-Evil" not in answer.headers
    return False


@evil
def test_text_that_is_kept_comes_back_as_it_was(ada: User, text: str) -> None:
    """In metadata, messages, tags, studies, data types, labels and descriptions."""
    begun = ada.begin("words", 3, "txt").json()
    ada.fill(begun, b"one")
    plain = {"dataset_id": "words", "mode": "save", "data_type": "T"}
    ada.ask("POST", "/atlases/atlas/datasets", {**plain, "upload": begun["upload"]})
    path = "/atlases/atlas/datasets/words"
    for key, value in (
        ("metadata", {"key": text, "list": [text]}),
        ("metadata", {text: 1}),
        ("message", text),
        ("study_id", text),
        ("data_type", text),
    ):
        body = {"dataset_id": "words", key: value}
        if not refused_or(ada.ask("PATCH", path, body)):
            continue
        found = ada.get(path)
        assert found.headers["Content-Type"] == "application/json"
        record = found.json()
        kept = record["version"].get(key, record.get(key))
        if key in ("study_id", "data_type"):  # of the names of one look there is but one
            value = normalize("NFC", text)
        assert kept == value or (key == "message" and not text.strip() and kept is None)
    if refused_or(ada.ask("PUT", f"{path}/labels/{quote(text, safe='')}", {"version": "v1"})):
        assert text in {one["name"] for one in ada.get(f"{path}/labels").json()["labels"]}
    if refused_or(ada.ask("PATCH", "/atlases/atlas", {"description": text})):
        assert ada.get("/atlases/atlas").json()["description"] in (text, None)


@evil
def test_names_that_attack(ada: User, text: str) -> None:
    """Of atlases, datasets, files and users: in a body, and as a part of an address."""
    text = normalize("NFC", text)
    quoted = quote(text, safe="")
    if refused_or(ada.ask("POST", "/atlases", {"name": text}), 201):
        assert ada.get(f"/atlases/{quoted}").json()["name"] == text
        assert ada.ask("DELETE", f"/atlases/{quoted}").status_code == 204
    begun = ada.begin(text, 3, "txt")
    if refused_or(begun, 201):
        assert ada.ask("DELETE", f"/uploads/{begun.json()['upload']}").status_code == 204
    made = ada.attach("plain", text, b"<script>alert(1)</script>")
    if refused_or(made, 201):
        answer = ada.get(f"/atlases/atlas/datasets/plain/files/{quoted}/content")
        kind, _, told = answer.headers["Content-Disposition"].partition("; filename*=UTF-8''")
        assert (kind, told) == ("attachment", quoted)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert "X-Evil" not in answer.headers
    role = ada.ask("PUT", f"/atlases/atlas/roles/{quoted}", {"role": "viewer"})
    if refused_or(role):
        assert role.json()["user"] == text
        assert ada.ask("DELETE", f"/atlases/atlas/roles/{quoted}").status_code == 204


TRAVERSALS = (
    "..%2f..%2f..%2fcatalog.db", "%2e%2e%2fcatalog.db", "../../catalog.db", "..%5c..%5ccatalog.db",
    "%2fetc%2fpasswd", "catalog.db%00.txt", "%252e%252e%252fcatalog.db", "....//catalog.db",
    "%c0%ae%c0%ae%2fcatalog.db", "file:%2f%2f%2fetc%2fpasswd", "~%2f.bashrc", "..;%2fcatalog.db",
)  # fmt: skip
PLACES = (
    "/atlases/{}", "/atlases/{}/datasets", "/atlases/atlas/datasets/{}",
    "/atlases/atlas/datasets/{}/versions/v1/data", "/atlases/atlas/datasets/plain/versions/{}/data",
    "/atlases/atlas/datasets/plain/versions/{}/preview",
    "/atlases/atlas/datasets/plain/versions/v1/diff/{}",
    "/atlases/atlas/datasets/plain/files/{}/content",
    "/atlases/atlas/datasets/plain/files/{}/history", "/atlases/atlas/studies/{}",
    "/versions/{}", "/versions/{}/children", "/blobs/{}", "/blobs/{}/content", "/blobs/{}/chunks",
    "/blobs/{}/summary", "/blobs/{}/names", "/blobs/{}/sha256", "/uploads/{}",
)  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_no_address_leads_out_of_the_catalog(ada: User, place: str) -> None:
    for way in TRAVERSALS:
        # A path that is no text is refused by tornado itself, which then hangs up.
        answer = ada.get(place.format(way), headers={"Connection": "close"})
        empty = place.endswith(("/children", "/history", "/studies/{}", "/datasets"))
        assert is_refusal(answer) or (empty and answer.status_code == 200), (way, answer.text)
        assert b"SQLite format" not in answer.content
        assert b"root:" not in answer.content


# -- nothing that the server is asked makes it ask somebody else

ADDRESSES = ("http://127.0.0.1:{}/a.h5ad", "https://127.0.0.1:{}/a", "s3://bucket/a?endpoint=http:"
             "//127.0.0.1:{}", "ftp://127.0.0.1:{}/a", "file:///etc/passwd")  # fmt: skip


def test_no_route_fetches_an_address(ada: User) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        port = listener.getsockname()[1]
        for pattern in ADDRESSES:
            address = pattern.format(port)
            body = {"dataset_id": "fetched", "mode": "save", "data_type": "T"}
            for key in ("upload", "data", "source", "url"):
                answer = ada.ask("POST", "/atlases/atlas/datasets", {**body, key: address})
                assert is_refusal(answer), answer.text
            begun = ada.begin("fetched", 5, address)
            assert is_refusal(begun)
            file = {"file_name": "a.txt", "file_format": "txt", "upload": address}
            assert is_refusal(ada.ask("POST", "/atlases/atlas/datasets/plain/files", file))
            place = quote(address, safe="")
            for path in PLACES:
                ada.get(path.format(place))
            copy = {"atlas": address, "dataset_id": "copied"}
            ada.ask("POST", "/atlases/atlas/datasets/plain/copy", copy)
            kept = {"metadata": {"url": address}, "ingestion": {"source": address}}
            ada.ask("PATCH", "/atlases/atlas/datasets/plain", {"dataset_id": "plain", **kept})
        with pytest.raises(BlockingIOError):  # nobody has come
            listener.accept()
    assert ada.get("/atlases/atlas/datasets/fetched").status_code == 404


# -- what breaks off, and floods


def broken(user: User, method: str, path: str, sent: bytes = b"") -> None:
    """Begin a request, send or take a piece of a body, and leave without a word."""
    length = f"Content-Length: 1000000\r\n{HASH_HEADER}: {'0' * 64}\r\n" if sent else ""
    head = f"{method} {API}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}"
    credential = f"Authorization: token {user.server.token}\r\nX-Omicshelf-User: {user.name}"
    with socket.create_connection(("127.0.0.1", user.server.port), timeout=30) as connection:
        # No farewell: the other end sees a reset.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.sendall(f"{head}{credential}\r\n\r\n".encode() + sent)
        if not sent:
            assert connection.recv(1000).startswith(b"HTTP/1.1 200")


def test_what_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    """Of half parts, half JSON, half downloads and half uploads there is nothing after a gc."""
    with team(tmp_path) as server:
        ada = User(server, "ada")
        large = np.random.default_rng(1).bytes(20_000_000)
        assert ada.put("kept", large, "txt").status_code == 201
        assert ada.ask("POST", "/admin/gc", {"grace": 0}).status_code == 200
        before = snapshot_folder(ada.catalog)
        sessions = rows(ada, "session")
        uploads = []
        for chunked in (False, True, False):
            begun = ada.begin(f"half{len(uploads)}", len(large), "txt", chunked=chunked).json()
            uploads.append(begun["upload"])
            if chunked:
                chunks = ada.cut(large, begun["params"])
                ada.ask("PUT", f"/uploads/{uploads[-1]}/chunks", chunks)
                told = {"summary": {"kind": "file"}}
                ada.ask("PUT", f"/uploads/{uploads[-1]}/inspection", told)
            else:
                assert ada.part(uploads[-1], 0, large[: begun["part_size"]]).status_code == 204
            broken(ada, "PUT", f"/uploads/{uploads[-1]}/parts/1", large[:300_000])
        broken(ada, "POST", "/atlases/atlas/datasets", b'{"dataset_id": "half", "metada')
        broken(ada, "GET", "/atlases/atlas/datasets/kept/versions/v1/data")
        assert ada.get("/info").status_code == 200
        assert ada.ask("DELETE", f"/uploads/{uploads[0]}").status_code == 204
        with sqlite3.connect(ada.catalog / "catalog.db") as connection:  # their day is over
            half = "SELECT 'upload-' || id FROM upload WHERE version_id IS NULL"
            connection.execute(f"UPDATE session SET heartbeat_at = 1 WHERE id IN ({half})")
            connection.execute("UPDATE upload SET expires_at = 1 WHERE version_id IS NULL")
        connection.close()
        assert ada.get(f"/uploads/{uploads[1]}").status_code == 404
        assert ada.ask("POST", "/admin/gc", {"grace": 0}).status_code == 200
        assert snapshot_folder(ada.catalog) == before
        assert rows(ada, "session") == sessions
        assert temporary_files(ada.catalog) == []


def rows(user: User, table: str) -> list[Any]:
    with sqlite3.connect(f"file:{user.catalog / 'catalog.db'}?mode=ro", uri=True) as connection:
        found = connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()
    connection.close()
    return found


def test_a_flood_of_uploads_ends(server: ForkedServer, ada: User) -> None:
    """One user has at most 200 under way; others go on, and ended ones make room."""
    eve = User(server, "eve")
    assert ada.ask("PUT", "/atlases/atlas/roles/eve", {"role": "contributor"}).status_code == 200
    begun = []
    while (answer := eve.begin("flood", 5, "txt")).status_code == 201:
        begun.append(answer.json()["upload"])
        assert len(begun) <= 200
    assert len(begun) == 200
    assert (answer.status_code, answer.json()["kind"]) == (409, "Conflict")
    assert begun[0] in answer.json()["detail"]
    assert ada.begin("flood", 5, "txt").status_code == 201
    for upload in begun:
        assert eve.ask("DELETE", f"/uploads/{upload}").status_code == 204
    assert eve.begin("flood", 5, "txt").status_code == 201


def test_many_who_begin_at_once_do_not_pass_the_limit(server: ForkedServer, ada: User) -> None:
    mob = User(server, "mob")
    assert ada.ask("PUT", "/atlases/atlas/roles/mob", {"role": "contributor"}).status_code == 200
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: mob.begin("flood", 5, "txt").status_code, range(220)))
    assert sorted(answers) == [201] * 200 + [409] * 20
