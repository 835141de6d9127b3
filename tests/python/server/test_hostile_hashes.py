"""A hash, or any other id, never gives access: one user of a server knows everything of another's
data but the bytes, and gets neither those nor a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
import pytest
from attackers import User, is_refusal, team
from blake3 import blake3

from omicshelf.server.routes import ROUTES
from omicshelf.testing.servers.forked import ForkedServer

WORDS = ("hush", "tumour", "verschwiegen", "lab-nine", "quiet")
TABLE = b"gene,hush\n" + b"".join(b"G%d,%d\n" % (i, i * i * 7919 % 99_991) for i in range(20_000))
NAMES = np.sort(np.frombuffer(blake3(b"names").digest(length=24_000), "<u8"))


@dataclass
class Known:
    """All that bob has learnt of ada's dataset, down to the hash of every chunk."""

    blob: str
    version_id: str
    blake3: str
    digest: str
    names_hash: str
    chunks: dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkedServer]:
    with team(tmp_path_factory.mktemp("hashes")) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: ForkedServer) -> User:
    made = User(server, "ada")
    for atlas in ("atlas", "other"):
        assert made.ask("POST", "/atlases", {"name": atlas}).status_code == 201
    role = made.ask("PUT", "/atlases/other/roles/bob", {"role": "contributor"})
    assert role.status_code == 200, role.text
    return made


@pytest.fixture(scope="module")
def bob(server: ForkedServer, ada: User) -> User:
    return User(server, "bob")


@pytest.fixture(scope="module")
def known(ada: User) -> Known:
    """A dataset of an atlas that bob may not read, with something of everything."""
    import base64

    names = base64.b64encode(NAMES.tobytes()).decode()
    inspection = {"summary": {"kind": "file"}, "digest": "d" * 64, "obs_names": names}
    told = {"dataset_id": "hush", "mode": "save", "data_type": "T", "study_id": "lab-nine",
            "metadata": {"tissue": "tumour"}, "message": "verschwiegen"}  # fmt: skip
    answer = ada.chunked("hush", TABLE, inspection=inspection, version=told)
    assert answer.status_code == 201, answer.text
    written = ada.ask("PATCH", "/atlases/atlas/datasets/hush", told | {"mode": "update"})
    assert written.status_code == 200, written.text
    assert ada.attach("hush", "quiet.html", b"quiet").status_code == 201
    labelled = ada.ask("PUT", "/atlases/atlas/datasets/hush/labels/quiet", {"version": "v1"})
    assert labelled.status_code == 200
    version = ada.get("/atlases/atlas/datasets/hush/versions/v1").json()
    # Derived of it, in an atlas that bob may read.
    derived = ada.begin("derived", 3, "txt", atlas="other")
    ada.fill(derived.json(), b"one")
    body = {"dataset_id": "derived", "mode": "save", "data_type": "T",
            "parents": [version["version_id"]], "upload": derived.json()["upload"]}  # fmt: skip
    made = ada.ask("POST", "/atlases/other/datasets", body)
    assert made.status_code == 201, made.text
    from omicshelf.backend.embedded.backend import EmbeddedBackend

    backend = EmbeddedBackend(ada.catalog)
    try:
        sidecar = backend.manifest(version["blob"]).sidecar
    finally:
        backend.close()
    assert sidecar is not None
    chunks = ada.get(f"/blobs/{version['blob']}/chunks").json()
    return Known(
        version["blob"], version["version_id"], version["blake3"], "d" * 64, sidecar.blake3, chunks
    )


def silent(text: str) -> None:
    """Assert that a text names nothing of ada's."""
    assert [word for word in WORDS if word in text] == []


def filled(path: str, known: Known) -> str:
    values = {"atlas": "atlas", "dataset_id": "hush", "version": "v1", "other": "v2",
              "name": "quiet.html" if "/files" in path else "quiet", "study": "lab-nine",
              "version_id": known.version_id, "blob": known.blob, "user": "ada",
              "upload": "none", "number": "0", "token_id": "1"}  # fmt: skip
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path


READING = [route for route in ROUTES if route.method == "GET"]


@pytest.mark.parametrize("route", READING, ids=lambda route: route.path)
def test_no_reading_route_tells_anything(ada: User, bob: User, known: Known, route: Any) -> None:
    path = filled(route.path, known)
    assert "{" not in path
    answer = bob.get(path)
    asked = {part for part in WORDS if part in path}
    # What he asked with may come back in the refusal; what he did not know, may not.
    text = answer.text
    for word in asked:
        text = text.replace(f"'{word}'", "").replace(f"'{word}.html'", "")
    silent(text)
    assert TABLE[:2000] not in answer.content
    if "{" in route.path:
        if answer.status_code == 200:  # an empty list, or what is his own to read
            assert set(answer.json()) & {"studies", "datasets", "versions", "keys"}
            assert '"atlas":"atlas"' not in text
            assert known.blob not in text
        else:
            assert answer.status_code in (403, 404), answer.text


def test_the_route_gives_it_to_who_may(ada: User, known: Known) -> None:
    """The walk above would see the words and the bytes if they came."""
    for path in ("/atlases/atlas/datasets", "/atlases/atlas/studies", "/changes"):
        assert any(word in ada.get(path).text for word in WORDS)
    assert ada.get(f"/blobs/{known.blob}/content").content == TABLE
    assert ada.get(f"/versions/{known.version_id}").json()["dataset_id"] == "hush"


def test_a_name_that_exists_is_refused_as_one_that_does_not(bob: User, known: Known) -> None:
    def told(path: str, name: str) -> tuple[int, str]:
        answer = bob.get(path)
        return answer.status_code, answer.text.replace(name, "…")

    for path in ("/atlases/{}", "/atlases/{}/roles", "/atlases/{}/datasets/hush/versions/v1/data"):
        assert told(path.format("atlas"), "'atlas'") == told(path.format("nix"), "'nix'")
    never = known.blob[:-4] + "0000"
    for tail in ("", "/content", "/chunks", "/summary", "/names", "/sha256"):
        there, absent = told(f"/blobs/{known.blob}{tail}", known.blob), told(
            f"/blobs/{never}{tail}", never
        )  # fmt: skip
        assert there == absent
        assert there[0] == 404


def test_search_and_facets_and_changes(bob: User, known: Known) -> None:
    for params in ({"text": "tumour"}, {"facets": ["tissue", "study_id"]}, {"deleted": "true"}):
        found = bob.get("/atlases/atlas/datasets", params=params)
        assert found.json()["datasets"] == []
        silent(found.text)
    page = bob.get("/atlases/other/datasets", params={"facets": ["tissue"]}).json()
    assert [one["dataset_id"] for one in page["datasets"]] == ["derived"]
    for params in ({}, {"atlas": "atlas"}, {"atlas": "atlas", "dataset_id": "hush"}):
        lines = bob.get("/changes", params=params)
        assert {line["atlas"] for line in lines.json()["changes"]} <= {"other"}
        silent(lines.text)


def test_lineage_ends_where_reading_ends(ada: User, bob: User, known: Known) -> None:
    path = "/atlases/other/datasets/derived/lineage"
    assert "hush" in ada.get(path).text
    told = bob.get(path)
    assert told.status_code == 200
    silent(told.text)
    (parent,) = [n for n in told.json()["nodes"] if n["version_id"] == known.version_id]
    assert parent["missing"] is True
    assert bob.get(f"/versions/{known.version_id}/children").json() == {
        "versions": [bob.get("/atlases/other/datasets/derived/versions/v1").json()]
    }


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/atlases/atlas/datasets/hush/copy", {"atlas": "other", "dataset_id": "mine"}),
        ("POST", "/atlases/atlas/datasets/hush/undelete", {}),
        ("POST", "/atlases/atlas/datasets/hush/reindex", {}),
        ("POST", "/atlases/atlas/datasets/hush/study", {"study_id": "mine"}),
        ("POST", "/atlases/atlas/datasets/hush/versions/v1/rollback", {}),
        ("PATCH", "/atlases/atlas/datasets/hush", {"dataset_id": "hush", "message": "mine"}),
        ("PUT", "/atlases/atlas/datasets/hush/labels/mine", {"version": "v1"}),
        ("DELETE", "/atlases/atlas/datasets/hush/labels/quiet", None),
        ("DELETE", "/atlases/atlas/datasets/hush/files/quiet.html", None),
        ("DELETE", "/atlases/atlas/datasets/hush", None),
        ("DELETE", "/atlases/atlas", None),
        ("POST", "/atlases/atlas/metadata", {"datasets": ["hush"], "set": {"a": 1}}),
        ("PUT", "/atlases/atlas/roles/bob", {"role": "admin"}),
        ("PUT", "/admin/roles/bob", {"role": "admin"}),
        ("POST", "/admin/verify", {"atlas": "atlas"}),
        ("POST", "/admin/gc", {}),
        ("POST", "/admin/purge", {"atlas": "atlas", "dataset_id": "hush", "whole": True}),
        ("POST", "/tokens", {"user": "ada"}),
    ],
)
def test_no_writing_route_does_anything(
    ada: User, bob: User, known: Known, method: str, path: str, body: Any
) -> None:
    before = ada.get("/changes").json()
    answer = bob.ask(method, path, body)
    assert answer.status_code in (403, 404), answer.text
    silent(answer.text.replace("'hush'", "").replace("hush/", ""))
    assert ada.get("/changes").json() == before


def test_a_parent_that_one_may_not_read(bob: User, known: Known) -> None:
    body = {"dataset_id": "child", "data_type": "T", "parents": [known.version_id]}
    begun = bob.begin("child", 3, "txt", atlas="other").json()
    bob.fill(begun, b"two")
    refused = bob.ask("POST", "/atlases/other/datasets", {**body, "upload": begun["upload"]})
    assert (refused.status_code, refused.json()["kind"]) == (404, "NotFound")
    unknown = {**body, "parents": ["0" * 26], "upload": begun["upload"]}
    absent = bob.ask("POST", "/atlases/other/datasets", unknown)
    assert refused.text.replace(known.version_id, "…") == absent.text.replace("0" * 26, "…")


def test_known_chunks_are_wanted_all_the_same(bob: User, known: Known) -> None:
    """Everything is missing, and of what is not sent nothing is made."""
    begun = bob.begin("guess", known.chunks["size"], "csv", chunked=True, atlas="other").json()
    path = f"/uploads/{begun['upload']}"
    for everything in (False, True):
        plan = bob.ask("PUT", f"{path}/chunks", {**known.chunks, "all": everything})
        assert plan.status_code == 200, plan.text
        assert plan.json()["n_parts"] >= 1
        assert not plan.json()["packed"]
    told = {"summary": {"kind": "file"}, "names_hash": known.names_hash}
    assert bob.ask("PUT", f"{path}/inspection", told).json() == {"lacks_names": True}
    told = {"summary": {"kind": "file"}, "digest": known.digest}
    assert bob.ask("PUT", f"{path}/inspection", told).status_code == 200
    refused = bob.save("guess", begun["upload"], atlas="other")
    assert (refused.status_code, refused.json()["kind"]) == (400, "Invalid")
    lie = bob.part(begun["upload"], 0, b"x" * len(TABLE))
    assert lie.status_code == 400
    assert bob.get("/atlases/other/datasets/guess").status_code == 404


def test_a_known_digest_changes_nothing(bob: User, known: Known) -> None:
    """Beginning a save of content that only another's dataset has is no question about it."""
    begun = bob.begin("guess", 10, "csv", chunked=True, atlas="other", digest=known.digest)
    assert (begun.status_code, begun.json()["unchanged"]) == (201, None)
    same_id = bob.begin("hush", 10, "csv", chunked=True, atlas="other", digest=known.digest)
    assert (same_id.status_code, same_id.json()["unchanged"]) == (201, None)
    not_his = bob.begin("hush", 10, "csv", chunked=True, digest=known.digest)
    assert not_his.status_code == 404
    silent(not_his.text)


def test_an_upload_of_another_is_none(ada: User, bob: User, known: Known) -> None:
    begun = ada.begin("new", len(TABLE), "csv", chunked=True).json()
    path = f"/uploads/{begun['upload']}"
    ada.ask("PUT", f"{path}/chunks", ada.cut(TABLE, begun["params"]))
    chunks = {**known.chunks, "all": True}
    asked = [
        bob.get(path),
        bob.ask("DELETE", path),
        bob.ask("PUT", f"{path}/chunks", chunks),
        bob.ask("PUT", f"{path}/inspection", {"summary": {"kind": "file"}}),
        bob.part(begun["upload"], 0, TABLE[:100]),
        bob.ask("POST", f"{path}/parts/0"),
        bob.save("stolen", begun["upload"], atlas="other"),
    ]
    for answer in asked:
        assert (answer.status_code, answer.json()["kind"]) == (404, "NotFound"), answer.text
        assert is_refusal(answer)
    assert json.loads(ada.get(path).text)["parts"] == []


def test_who_has_the_bytes_shares_them_and_nothing_else(bob: User, known: Known) -> None:
    """He sends every byte; his version then has his own summary, and not her names."""
    answer = bob.chunked("mine", TABLE, atlas="other")
    assert answer.status_code == 201, answer.text
    version = answer.json()["version"]
    assert version["blake3"] == known.blake3
    assert bob.get("/atlases/other/datasets/mine/versions/v1/data").content == TABLE
    assert bob.get(f"/blobs/{version['blob']}/names").json() == {
        "obs_names": None, "var_names": None
    }  # fmt: skip
    silent(bob.get(f"/blobs/{version['blob']}/summary").text)
