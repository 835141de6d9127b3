"""The description of the API, and a server that is asked whatever the description allows.

The short form runs every day; ``HYPOTHESIS_PROFILE=long`` asks a thousand times a route.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import assume, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from conftest import Client
from omicshelf.backend.wire import API, STATUS
from omicshelf.server.openapi import document
from omicshelf.server.routes import ROUTES
from omicshelf.testing.backend_base import Material
from omicshelf.testing.servers.jupyter import jupyter

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
]
EXAMPLES = settings.default.max_examples if settings.default.max_examples > 100 else 8

# What is there, so that half of all requests get beyond "there is no such thing".
THERE = {
    "atlas": "atlas", "dataset_id": "d1", "version": "v1", "other": "v1", "name": "a.html",
    "study": "study", "user": "ada", "blob": "", "version_id": "", "upload": "", "number": "0",
}  # fmt: skip

schema = schemathesis.openapi.from_dict(document())


@schema.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> Any:
    """Put what is there into every other path."""
    for name, known in THERE.items():
        value = (path_parameters or {}).get(name)
        if value is not None and zlib.crc32(str(value).encode("utf-8", "replace")) % 2:
            assert path_parameters is not None
            path_parameters[name] = known
    return path_parameters


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server of this module's own, with one of everything."""
    folder = tmp_path_factory.mktemp("schema")
    options = {"OmicshelfServer.rate_limit": 0.0}
    with jupyter(folder, options=options) as server:
        client = Client(server, folder, Material(folder / "material"))
        with client.session:
            seed(client)
            yield client


def seed(client: Client) -> None:
    record = client.put("d1", client.material.in_memory(client.material.anndata()))
    client.attach("d1", "a.html", "<p>")
    client.post("/atlases/atlas/datasets/d1/study", {"study_id": "study"})
    body = {
        "atlas": "atlas", "dataset_id": "d1", "size": 5, "data_format": "txt", "file_name": "b.txt"
    }  # fmt: skip
    upload = client.post("/uploads", body).json()["upload"]
    found = {"blob": record.version.blob, "version_id": record.version.version_id}
    THERE.update(found, upload=upload)


def known_blob(client: Client) -> str:
    blob: str = client.put("blob", client.material.text("blob")).version.blob
    return blob


@schema.parametrize()
@settings(max_examples=EXAMPLES)
def test_whatever_the_description_allows(case: schemathesis.Case, asked: Client) -> None:
    # tornado closes the connection on a head of more than 64 KiB, before anything is routed.
    assume(len(urlencode(case.query or {}, doseq=True)) < 60_000)
    if case.query and case.query.get("wait"):
        case.query["wait"] = 0.0  # it is only slow
    about = (case.path_parameters or {}).get("dataset_id")
    if isinstance(case.body, dict) and "dataset_id" in case.body and about == THERE["dataset_id"]:
        case.body["dataset_id"] = about  # else the answer is that the two differ, every time
    base = f"{asked.server.url.rstrip('/')}{API}"
    headers = {"Authorization": f"token {asked.server.token}"}
    response = case.call(base_url=base, headers=headers, timeout=60)
    assert response.status_code != 401
    case.validate_response(response, checks=CHECKS)
    if response.status_code >= 400:
        told = response.json()
        assert told["kind"] in STATUS
        assert str(asked.folder) not in response.text


# -- the document itself


def test_every_route_is_described(client: Client) -> None:
    told = client.get("/openapi.json").json()
    assert told == document()
    assert told["openapi"] == "3.1.0"
    described = {(m.upper(), path) for path, each in told["paths"].items() for m in each}
    assert described == {(route.method, route.path) for route in ROUTES}
    names = [route.name for route in ROUTES]
    assert len(set(names)) == len(names)


def test_every_answer_is_described() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            where = f"{method} {path}"
            assert operation["summary"].endswith("."), where
            assert {"401", "403", "500", "503"} <= set(operation["responses"]), where
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    reference = response["content"]["application/json"]["schema"]["$ref"]
                    assert reference == "#/components/schemas/ErrorBody", where


def test_every_reference_leads_somewhere() -> None:
    def walk(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            if isinstance(value.get("$ref"), str):
                yield value["$ref"]
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    told = document()
    for reference in set(walk(told)):
        assert reference.removeprefix("#/components/schemas/") in told["components"]["schemas"]


def test_blobs_of_the_description(client: Client) -> None:
    blob = known_blob(client)
    for end in ("", "/content", "/chunks", "/summary", "/names", "/sha256"):
        assert client.get(f"/blobs/{blob}{end}").status_code == 200
