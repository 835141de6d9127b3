"""Bytes that come up in parts, as a browser or curl sends them, and chunk by chunk."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from blake3 import blake3

from conftest import Client
from omicshelf.backend.wire import HASH_HEADER


def begin(client: Client, dataset_id: str, data: bytes, **more: Any) -> dict[str, Any]:
    version = {"dataset_id": dataset_id, "data_type": "Test data", "data_format": "txt"}
    body = {
        "atlas": "atlas", "dataset_id": dataset_id, "size": len(data), "data_format": "txt",
        "version": version, **more,
    }  # fmt: skip
    answer = client.post("/uploads", body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def send(client: Client, upload: dict[str, Any], data: bytes, numbers: Any) -> None:
    size = upload["part_size"]
    for number in numbers:
        part = data[number * size : (number + 1) * size]
        answer = client.ask(
            "PUT",
            f"/uploads/{upload['upload']}/parts/{number}",
            data=part,
            headers={HASH_HEADER: blake3(part).hexdigest()},
        )
        assert answer.status_code == 204, answer.text


def test_as_they_are(client: Client) -> None:
    data = np.random.default_rng(5).bytes(20_000_000)
    upload = begin(client, "uploaded", data)
    last = -(-len(data) // upload["part_size"])
    send(client, upload, data, reversed(range(1, last)))
    body = {
        "dataset_id": "uploaded", "data_type": "Test data", "data_format": "txt",
        "upload": upload["upload"],
    }  # fmt: skip
    early = client.post("/atlases/atlas/datasets", body)
    client.refused(early, 400, "Invalid", "number 0")
    state = client.get(f"/uploads/{upload['upload']}").json()
    assert sorted(state["parts"]) == list(range(1, last))
    send(client, upload, data, [0])
    send(client, upload, data, [0])  # again: it is there
    made = client.post("/atlases/atlas/datasets", body)
    assert made.status_code == 201, made.text
    version = made.json()["version"]
    assert (version["size"], version["blake3"]) == (len(data), blake3(data).hexdigest())
    assert client.get("/atlases/atlas/datasets/uploaded/versions/v1/data").content == data


def test_a_file(client: Client) -> None:
    client.put("with-file")
    data = b"%PDF attached"
    body = {
        "atlas": "atlas", "dataset_id": "with-file", "size": len(data), "data_format": "pdf",
        "file_name": "a.pdf",
    }  # fmt: skip
    upload = client.post("/uploads", body).json()
    send(client, upload, data, [0])
    path = "/atlases/atlas/datasets/with-file/files"
    told = {"file_name": "a.pdf", "file_format": "pdf", "upload": upload["upload"]}
    client.refused(client.ask("PUT", f"{path}/b.pdf", json=told), 400, "Invalid", "'b.pdf'")
    made = client.post(path, told)
    assert made.status_code == 201, made.text
    assert client.get(f"{path}/a.pdf/content").content == data


def test_what_would_be_refused_at_the_end_is_refused_at_once(client: Client) -> None:
    client.put("taken")
    version = {"dataset_id": "taken", "mode": "create", "data_type": "x", "data_format": "txt"}
    body = {
        "atlas": "atlas", "dataset_id": "taken", "size": 5, "data_format": "txt",
        "version": version,
    }  # fmt: skip
    client.refused(client.post("/uploads", body), 409, "AlreadyExists", "taken")


def test_a_part_that_is_not_what_it_should_be(client: Client) -> None:
    data = b"x" * 1000
    upload = begin(client, "parts", data)
    path = f"/uploads/{upload['upload']}/parts"
    told = {HASH_HEADER: blake3(b"short").hexdigest()}
    client.refused(client.ask("PUT", f"{path}/0", data=b"short", headers=told), 400, "Invalid")
    told = {HASH_HEADER: blake3(data).hexdigest()}
    client.refused(client.ask("PUT", f"{path}/7", data=data, headers=told), 400, "Invalid", "7")
    client.refused(client.ask("PUT", f"{path}/x", data=data, headers=told), 400, "Invalid", "'x'")
    assert client.get(f"/uploads/{upload['upload']}").json()["parts"] == []
    assert client.ask("DELETE", f"/uploads/{upload['upload']}").status_code == 204
    client.refused(client.get(f"/uploads/{upload['upload']}"), 404, "NotFound")


@pytest.mark.parametrize("path", ["/uploads/none", "/uploads/none/chunks"])
def test_an_upload_that_is_none(client: Client, path: str) -> None:
    if path.endswith("chunks"):
        body = {"size": 0, "blake3": blake3().hexdigest(), "lengths": "", "hashes": ""}
        client.refused(client.ask("PUT", path, json=body), 404, "NotFound")
    else:
        client.refused(client.get(path), 404, "NotFound")
        client.refused(client.ask("DELETE", path), 404, "NotFound")
