"""The routes of records: what comes back, with what status and tag, and what is written."""

from __future__ import annotations

import gzip
import json

import pytest

from conftest import Client, quoted


@pytest.fixture
def atlas(client: Client, request: pytest.FixtureRequest) -> str:
    """An atlas of the test's own."""
    name = f"atlas {request.node.name}"[:200].replace("/", "-")
    answer = client.post("/atlases", {"name": name, "description": "Of a test."})
    assert answer.status_code == 201, answer.text
    return quoted(name)


def tags(answer: object) -> dict[str, str]:
    return {"If-Match": answer.headers["ETag"]}  # type: ignore[attr-defined]


def test_info(client: Client) -> None:
    info = client.get("/info").json()
    assert info["api"] == 1
    assert (info["user"], info["role"]) == ("ada", "admin")
    assert {"changes", "range", "uploads"} <= set(info["capabilities"])
    assert info["limits"]["body"] == 16 << 20
    assert (
        info["store"]
        == json.loads((client.folder / "catalog" / "omicshelf.json").read_text())["store"]
    )


def test_atlases(client: Client, atlas: str) -> None:
    listed = client.get("/atlases").json()["atlases"]
    assert [one["description"] for one in listed if quoted(one["name"]) == atlas] == ["Of a test."]
    assert client.ask("PATCH", f"/atlases/{atlas}", json={}).json()["description"] == "Of a test."
    described = client.ask("PATCH", f"/atlases/{atlas}", json={"description": None})
    assert described.json()["description"] is None
    assert client.ask("DELETE", f"/atlases/{atlas}").status_code == 204
    client.refused(client.get(f"/atlases/{atlas}"), 404, "NotFound")


def test_an_atlas_is_made_once(client: Client, atlas: str) -> None:
    name = client.get(f"/atlases/{atlas}").json()["name"]
    client.refused(client.post("/atlases", {"name": name}), 409, "AlreadyExists", name)
    client.refused(client.post("/atlases", {"name": "a/b"}), 400, "Invalid", "a/b")


def test_a_dataset_and_its_versions(client: Client) -> None:
    client.put("versions")
    path = "/atlases/atlas/datasets/versions"
    first = client.get(path)
    assert first.json()["version"]["seq"] == 1
    assert first.headers["Cache-Control"] == "no-store"
    body = {"dataset_id": "versions", "metadata": {"n": 2}, "message": "two"}
    second = client.ask("PATCH", path, json=body, headers=tags(first))
    assert second.status_code == 200, second.text
    assert (second.json()["version"]["seq"], second.json()["version"]["author"]) == (2, "ada")
    assert second.headers["ETag"] != first.headers["ETag"]

    stale = client.ask("PATCH", path, json=body, headers=tags(first))
    client.refused(stale, 412, "Conflict", "v2")
    assert stale.headers["ETag"] == second.headers["ETag"]
    deleted = client.ask("DELETE", path, headers=tags(first))
    client.refused(deleted, 412, "Conflict", "v2")

    versions = client.get(f"{path}/versions").json()["versions"]
    assert {one["seq"] for one in versions} == {1, 2}
    assert client.get(f"{path}/versions/v1").json()["metadata"] == {"n": 1}
    rolled = client.post(f"{path}/versions/v1/rollback", {"message": "back"})
    assert rolled.status_code == 201
    assert rolled.json()["version"]["metadata"] == {"n": 1}
    client.refused(client.get(f"{path}/versions/v9"), 404, "NotFound", "v9")


def test_a_tag_saves_the_record(client: Client) -> None:
    client.put("tagged")
    path = "/atlases/atlas/datasets/tagged"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    head = client.ask("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["ETag"] == first.headers["ETag"]
    assert int(head.headers["Content-Length"]) == len(first.content)


def test_what_the_address_and_the_body_are_about(client: Client) -> None:
    client.put("about")
    answer = client.ask("PATCH", "/atlases/atlas/datasets/about", json={"dataset_id": "other"})
    client.refused(answer, 400, "Invalid", "'other'", "'about'")
    answer = client.post("/atlases/atlas/datasets", {"dataset_id": "about", "mode": "update"})
    client.refused(answer, 400, "Invalid", "PATCH")


def test_who_and_where_from_is_recorded(client: Client) -> None:
    from omicshelf.backend.wire import ORIGIN_HEADER, encode_origin
    from omicshelf.records import Origin

    client.put("origin")
    told = encode_origin(Origin(user="mallory", notebook="a.ipynb", interface="notebook"))
    body = {"dataset_id": "origin", "metadata": {"n": 3}}
    answer = client.ask(
        "PATCH", "/atlases/atlas/datasets/origin", json=body, headers={ORIGIN_HEADER: told}
    )
    version = answer.json()["version"]
    assert version["author"] == "ada"
    assert version["origin"]["notebook"] == "a.ipynb"
    assert version["origin"]["user"] == "ada"
    bad = client.ask(
        "PATCH", "/atlases/atlas/datasets/origin", json=body, headers={ORIGIN_HEADER: "%%%"}
    )
    client.refused(bad, 400, "Invalid", ORIGIN_HEADER)


def test_finding(client: Client) -> None:
    for name in ("find-1", "find-2", "find-3"):
        client.put(name, atlas="finding")
    page = client.get(
        "/atlases/finding/datasets",
        params=[
            ("order_by", "dataset_id"),
            ("limit", 2),
            ("facets", "n"),
            ("facets", "data_type"),
            ("where", '[["n","=",1]]'),
        ],
    ).json()
    assert [one["dataset_id"] for one in page["datasets"]] == ["find-1", "find-2"]
    assert (page["total"], page["facets"]) == (3, {"n": {"1": 3}, "data_type": {"Test data": 3}})
    rest = client.get(
        "/atlases/finding/datasets",
        params={"order_by": "dataset_id", "limit": 2, "after": page["next"], "count": "false"},
    ).json()
    assert [one["dataset_id"] for one in rest["datasets"]] == ["find-3"]
    assert (rest["total"], rest["next"]) == (None, None)


@pytest.mark.parametrize(
    ("query", "part"),
    [
        ("limit=many", "limit"),
        ("limit=100000", "limit"),
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("where=lung", "where"),
        ("where=[[1,2]]", "where"),
        ('where=[["a","~~","b"]]', "~~"),
        ("order_by=nothing", "nothing"),
        ("after=cursor", "cursor"),
        ("count=perhaps", "count"),
        ("text=%ff", "UTF-8"),
    ],
)
def test_parameters_are_refused_by_name(client: Client, query: str, part: str) -> None:
    client.put("parameters")
    client.refused(client.get(f"/atlases/atlas/datasets?{query}"), 400, "Invalid", part)


def test_labels(client: Client) -> None:
    client.put("labels")
    path = "/atlases/atlas/datasets/labels"
    made = client.ask("PUT", f"{path}/labels/submitted%20%C3%A4", json={"version": "v1"})
    assert made.json()["name"] == "submitted ä"
    assert [one["name"] for one in client.get(f"{path}/labels").json()["labels"]] == ["submitted ä"]
    assert client.get(f"{path}/versions/submitted%20%C3%A4").json()["seq"] == 1
    assert client.ask("DELETE", f"{path}/labels/submitted%20%C3%A4").status_code == 204
    client.refused(client.ask("DELETE", f"{path}/labels/nix"), 404, "NotFound", "nix")
    client.refused(client.ask("PUT", f"{path}/labels/v5", json={"version": "v1"}), 400, "Invalid")


def test_studies(client: Client) -> None:
    client.put("studied", atlas="studies")
    path = "/atlases/studies/datasets/studied"
    assert client.post(f"{path}/study", {"study_id": "GSE 1"}).json()["study_id"] == "GSE 1"
    assert client.get("/atlases/studies/studies").json() == {"studies": ["GSE 1"]}
    assert client.get("/atlases/studies/studies/GSE%201").json() == {"datasets": ["studied"]}
    assert client.post(f"{path}/study", {"study_id": None}).json()["study_id"] is None


def test_metadata_keys(client: Client) -> None:
    client.put("keyed", atlas="keys")
    client.put("other", atlas="keys")
    edited = {"tissue": ["lung", "liver"], "age": 61}
    client.post("/atlases/keys/metadata", {"datasets": ["keyed"], "set": edited})
    client.post("/atlases/keys/metadata", {"datasets": ["other"], "set": {"tissue": "lung"}})
    assert client.get("/atlases/keys/keys").json() == {
        "n_datasets": 2,
        "keys": [
            {"key": "n", "n_datasets": 2, "n_values": 1},
            {"key": "tissue", "n_datasets": 2, "n_values": 2},
            {"key": "age", "n_datasets": 1, "n_values": 1},
        ],
    }


def test_search_as_it_is_typed(client: Client) -> None:
    for name in ("typed-1", "typed-2"):
        client.put(name, atlas="typing")
    client.post("/atlases/typing/metadata", {"datasets": ["typed-1"], "set": {"tissue": "lung"}})
    path = "/atlases/typing/datasets?count=false&search="

    def ids(search: str) -> list[str]:
        return [one["dataset_id"] for one in client.get(path + search).json()["datasets"]]

    assert ids("typed%20tissue:lung") == ["typed-1"]
    assert ids("typed%20-tissue:lung") == ["typed-2"]
    assert ids("type:%22Test%20data%22&text=2") == ["typed-2"]
    refused = client.get(path + "n_obs:%3Emany")
    client.refused(refused, 400, "Invalid", "n_obs")


def test_formats(client: Client) -> None:
    formats = {one["name"]: one for one in client.get("/formats").json()["formats"]}
    assert formats["h5ad"] == {
        "name": "h5ad",
        "title": "AnnData (h5ad)",
        "suffixes": ["h5ad"],
        "loadable": True,
    }
    assert formats["ome.tiff"]["suffixes"] == ["ome.tiff", "ome.tif"]
    assert not formats["png"]["loadable"]


def test_deleted_and_brought_back(client: Client) -> None:
    client.put("deleted")
    path = "/atlases/atlas/datasets/deleted"
    assert client.ask("DELETE", path).status_code == 204
    client.refused(client.get(path), 404, "NotFound", "deleted")
    assert client.post(f"{path}/undelete").json()["version"]["seq"] == 1
    assert client.ask("DELETE", path, json={"message": "again"}).status_code == 204
    purged = client.post("/admin/purge", {"atlas": "atlas", "dataset_id": "deleted", "whole": True})
    assert len(purged.json()["removed"]) == 1


def test_a_copy_and_its_lineage(client: Client) -> None:
    client.put("source")
    copied = client.post(
        "/atlases/atlas/datasets/source/copy", {"atlas": "atlas", "dataset_id": "copy"}
    )
    assert copied.status_code == 201
    lineage = client.get("/atlases/atlas/datasets/copy/lineage").json()
    assert lineage["version_id"] == copied.json()["version"]["version_id"]
    assert {node["dataset_id"] for node in lineage["nodes"]} == {"source", "copy"}
    source = client.get("/atlases/atlas/datasets/source").json()["version"]["version_id"]
    assert client.get(f"/versions/{source}").json()["dataset_id"] == "source"
    children = client.get(f"/versions/{source}/children").json()["versions"]
    assert [one["dataset_id"] for one in children] == ["copy"]


def test_what_changed(client: Client) -> None:
    client.put("diff", client.material.csv("gene,count\nTP53,3\n"))
    client.put("diff", client.material.csv("gene,count,more\nTP53,3,1\nMYC,1,2\n"))
    path = "/atlases/atlas/datasets/diff/versions"
    found = client.get(f"{path}/v1/diff/v2").json()
    assert found["heading"] == "diff: v1 -> v2"
    assert found["changes"]["rows"] == {"was": 1, "now": 2}
    assert "more" in found["summary"]
    assert client.get(f"{path}/v2/summary").json()["n_rows"] == 2


def test_blobs(client: Client) -> None:
    import base64

    from blake3 import blake3

    version = client.put("blobs", client.material.text("some text")).version
    blob = f"/blobs/{version.blob}"
    assert client.get(blob).json() == {
        "blob": version.blob, "size": 9, "blake3": version.blake3, "data_format": "txt"
    }  # fmt: skip
    assert client.get(f"{blob}/content").content == b"some text"
    chunks = client.get(f"{blob}/chunks").json()
    assert base64.b64decode(chunks["hashes"]) == blake3(b"some text").digest()
    assert base64.b64decode(chunks["lengths"]) == (9).to_bytes(4, "little")
    assert client.get(f"{blob}/names").json() == {"obs_names": None, "var_names": None}
    assert client.get(f"{blob}/summary").json()["format"] == "txt"
    assert len(client.get(f"{blob}/sha256").json()["sha256"]) == 64
    client.refused(client.get("/blobs/no-such-blob"), 404, "NotFound")


def test_metadata_of_many(client: Client) -> None:
    for name in ("edit-1", "edit-2"):
        client.put(name, atlas="edited")
    body = {"where": [["n", "=", 1]], "set": {"tissue": "lung"}}
    dry = client.post("/atlases/edited/metadata", {**body, "dry_run": True}).json()
    assert (set(dry["changed"]), dry["dry_run"]) == ({"edit-1", "edit-2"}, True)
    done = client.post("/atlases/edited/metadata", {"datasets": ["edit-1"], "set": {"a": 1}})
    assert done.json()["changed"] == {"edit-1": [{"n": 1}, {"n": 1, "a": 1}]}
    twice = client.post("/atlases/edited/metadata", {**body, "datasets": ["edit-1"]})
    client.refused(twice, 400, "Invalid", "twice")


def test_roles(client: Client) -> None:
    client.put("roles", atlas="roles")
    path = "/atlases/roles/roles"
    made = client.ask("PUT", f"{path}/b%40x.org", json={"role": "viewer"}).json()
    assert (made["user"], made["role"], made["author"]) == ("b@x.org", "viewer", "ada")
    assert "b@x.org" in [one["user"] for one in client.get(path).json()["roles"]]
    assert client.ask("DELETE", f"{path}/b%40x.org").status_code == 204
    client.refused(client.ask("PUT", f"{path}/b", json={"role": "king"}), 400, "Invalid", "king")


def test_keeping_house(client: Client) -> None:
    client.put("kept")
    verified = client.post("/admin/verify", {"atlas": "atlas", "dataset_id": "kept"}).json()
    assert (verified["checked_versions"], verified["problems"]) == (1, [])
    assert client.post("/admin/gc", {"dry_run": True}).json()["dry_run"] is True
    client.refused(client.post("/admin/verify", {"dataset_id": "kept"}), 400, "Invalid", "atlas")


def test_large_answers_are_compressed(client: Client) -> None:
    client.put("compressed", client.material.in_memory(client.material.anndata()))
    path = "/atlases/atlas/datasets/compressed/versions/v1/summary"
    with client.get(path, headers={"Accept-Encoding": "gzip"}, stream=True) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert answer.headers["Vary"] == "Accept-Encoding"
        raw = answer.raw.read()
    plain = client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(raw) == plain.content
    assert len(raw) < len(plain.content)


def test_previews(client: Client) -> None:
    adata = client.material.anndata()
    client.put("seen", client.material.in_memory(adata))
    path = "/atlases/atlas/datasets/seen/versions/v1/preview"
    listed = client.get(path).json()["contents"]["modalities"][0]
    assert [one["key"] for one in listed["embeddings"]] == ["X_pca"]
    asked = {"kind": "embedding", "embedding": "X_pca", "color": "leiden", "dimensions": [1, 0]}
    points = client.get(path, params=asked).json()["embedding"]
    assert points["n_shown"] == adata.n_obs
    assert points["coordinates"][0] == pytest.approx(adata.obsm["X_pca"][:, 1], abs=1e-3)
    page = {"kind": "table", "columns": ["leiden"], "limit": 3, "offset": 1}
    table = client.get(path, params=page).json()["table"]
    assert table["columns"][0]["values"] == list(adata.obs["leiden"][1:4])
    client.refused(client.get(path, params={"kind": "picture"}), 400, "Invalid", "kind")
    client.refused(client.get(path, params={**asked, "gene": "g"}), 400, "Invalid", "exclude")
    missing = {"kind": "embedding", "embedding": "X_umpa"}
    client.refused(client.get(path, params=missing), 400, "Invalid", "X_umpa")
