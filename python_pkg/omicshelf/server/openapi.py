"""The description of the REST API, OpenAPI 3.1, made from the table of routes."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Iterable
from functools import cache
from http.client import responses
from typing import Any

from pydantic import TypeAdapter

from omicshelf.backend.wire import API, HASH_HEADER, ORIGIN_HEADER, VERSION, ErrorBody
from omicshelf.server.failures import KINDS
from omicshelf.server.route import Body, Content, Route
from omicshelf.server.routes import ROUTES

__all__ = ["document", "main", "statuses"]

_REF = "#/components/schemas/{model}"
_JSON = "application/json"
_BYTES = "application/octet-stream"
_STRING = {"type": "string"}

# Every route may answer so: who asks is looked at first, then how often; the catalog may be
# closed at the moment, and the server may fail.
_ALWAYS = (400, 401, 403, 429, 500, 503, 507)
_WITH_BODY = (408, 413, 415)


def statuses(route: Route) -> set[int]:
    """Give every status that a route may answer with."""
    found = {route.status, *_ALWAYS}
    for kind in route.errors:
        # Another status than the kind's own is told by what the route takes, below.
        found.add(KINDS[kind][0])
    if route.parameters:
        found.add(404)
    if route.body is not None:
        found.update(_WITH_BODY)
    if route.answer is Content:
        found.update((200, 206, 304, 416))
    elif route.method == "GET":
        found.add(304)
    if takes_match(route):
        found.add(412)
    if route.may_be_unchanged:
        found.add(200)
    return found


def takes_match(route: Route) -> bool:
    """Whether ``If-Match`` means something to a route."""
    return route.path.endswith("/datasets/{dataset_id}") and route.method in ("PATCH", "DELETE")


@cache
def document() -> dict[str, Any]:
    """Give the whole document."""
    schemas, components = _schemas(ROUTES)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "omicshelf",
            "version": str(VERSION),
            "description": "A versioned catalog for omics datasets. Times are milliseconds since "
            "1970, UTC. Every error is an ErrorBody.",
            "license": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
        },
        "servers": [{"url": API}],
        "security": [{"token": []}, {"cookie": [], "xsrf": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "_xsrf",
                    "description": "Jupyter's login cookie, beside the one named here.",
                },
                "xsrf": {"type": "apiKey", "in": "header", "name": "X-XSRFToken"},
            },
        },
    }


def _schemas(routes: Iterable[Route]) -> tuple[dict[Any, Any], dict[str, Any]]:
    """Give the schema of each model in use, and the components that they refer to."""
    wanted: dict[tuple[Any, Any], TypeAdapter[Any]] = {
        (ErrorBody, "serialization"): TypeAdapter(ErrorBody)
    }
    for route in routes:
        if route.body not in (None, Body):
            wanted[route.body, "validation"] = TypeAdapter(route.body)
        if route.answer not in (None, Content):
            wanted[route.answer, "serialization"] = TypeAdapter(route.answer)
    inputs = [(model, mode, adapter) for (model, mode), adapter in wanted.items()]
    found, rest = TypeAdapter.json_schemas(inputs, ref_template=_REF)
    return _plain(dict(found)), _plain(rest.get("$defs", {}))


def _plain(schema: Any) -> Any:
    """Tell pairs and triples as lists of a length: not every reader knows ``prefixItems``."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: _plain(value) for key, value in schema.items()}
    if (places := found.pop("prefixItems", None)) is not None:
        kinds = [one for n, one in enumerate(places) if one not in places[:n]]
        found["items"] = kinds[0] if len(kinds) == 1 else {"anyOf": kinds}
    return found


def _operation(route: Route, schemas: dict[Any, Any]) -> dict[str, Any]:
    told = inspect.getdoc(route.function) or ""
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "description": f"{told}\n\nNeeds: {route.needs}.".strip(),
        "tags": [route.resource],
        "parameters": _parameters(route),
        "responses": {
            str(status): _response(route, status, schemas) for status in sorted(statuses(route))
        },
    }
    if route.body is Body:
        content: dict[str, Any] = {_BYTES: {"schema": {"type": "string", "format": "binary"}}}
        found["requestBody"] = {"required": True, "content": content}
    elif route.body is not None:
        content = {_JSON: {"schema": schemas[route.body, "validation"]}}
        found["requestBody"] = {"required": not route.optional_body, "content": content}
    return found


def _parameters(route: Route) -> list[dict[str, Any]]:
    found = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.parameters
    ]
    for name, schema in _properties(route).items():
        if "anyOf" in schema:  # a parameter that may be null is one that may be left out
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
        found.append({"name": name, "in": "query", "required": False, "schema": schema})
    headers = []
    if route.method == "GET":
        headers.append("If-None-Match")
    if route.answer is Content:
        headers += ["Range", "If-Range"]
    if takes_match(route):
        headers.append("If-Match")
    if route.method != "GET":
        headers.append(ORIGIN_HEADER)
    found += [{"name": name, "in": "header", "schema": _STRING} for name in headers]
    if route.body is Body:
        hexadecimal = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
        found.append({"name": HASH_HEADER, "in": "header", "required": True, "schema": hexadecimal})
    return found


def _properties(route: Route) -> dict[str, Any]:
    # The parameters of a query are told one by one: their model is no component of anything.
    schema = TypeAdapter(route.query).json_schema(ref_template=_REF)
    found: dict[str, Any] = schema.get("properties", {})
    return found


def _response(route: Route, status: int, schemas: dict[Any, Any]) -> dict[str, Any]:
    described = {"description": responses.get(status, "An answer")}
    if status == 304 or status == 204:
        return described
    if status >= 400:
        content = {_JSON: {"schema": schemas[ErrorBody, "serialization"]}}
        return {**described, "content": content}
    if route.answer is Content:
        return {**described, "content": {"*/*": {"schema": {}}}}
    if route.answer is None:
        return described
    schema = schemas[route.answer, "serialization"]
    return {**described, "content": {_JSON: {"schema": schema}}}


def main() -> None:
    """Write the document to the standard output, as the front end is built from it."""
    sys.stdout.write(json.dumps(document(), indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
