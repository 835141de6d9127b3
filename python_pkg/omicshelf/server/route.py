"""What a route is: its declaration, the call that it gets, and what it answers.

The functions of the routes are plain and synchronous, and know nothing of tornado: a thread
runs them with a :class:`Call`.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args, get_type_hints
from urllib.parse import unquote_to_bytes

from pydantic import BaseModel, ConfigDict

from omicshelf.backend.guard import Guarded
from omicshelf.backend.source import Source
from omicshelf.backend.wire import (
    ChunkList,
    Info,
    Inspected,
    InspectedState,
    UploadPlan,
    UploadRequest,
    UploadState,
)
from omicshelf.errors import Invalid
from omicshelf.records import Origin

__all__ = [
    "Action",
    "Body",
    "Call",
    "Content",
    "Later",
    "NoQuery",
    "Receiver",
    "Reply",
    "Resource",
    "Role",
    "Route",
    "Router",
    "Table",
    "decoded",
]

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Role = Literal["none", "credential", "viewer", "contributor", "admin"]
Resource = Literal["atlas", "dataset", "file", "run", "admin"]
Action = Literal["read", "write", "execute"]

Q = TypeVar("Q")
B = TypeVar("B")

_PARAMETER = re.compile(r"\{(\w+)\}")


class NoQuery(BaseModel):
    """The parameters of a route that has none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True)
class Body:
    """Bytes that were received into a temporary file, which the server removes afterwards."""

    path: str
    size: int
    blake3: str


class Receiver(Protocol):
    """A backend that takes bytes in parts; every upload belongs to the user who began it."""

    def begin_upload(self, request: UploadRequest, *, user: str) -> UploadState: ...
    def upload_state(self, upload: str, *, user: str) -> UploadState: ...
    def drop_upload(self, upload: str, *, user: str) -> None: ...
    def plan_upload(self, upload: str, chunks: ChunkList, *, user: str) -> UploadPlan: ...
    def inspected(self, upload: str, found: Inspected, *, user: str) -> InspectedState: ...
    def put_part(
        self, upload: str, number: int, received: Path, blake3: str, *, user: str
    ) -> None: ...
    def take_direct(self, upload: str, number: int, *, user: str) -> None: ...
    def uploaded(self, upload: str, *, user: str) -> Source: ...


@dataclass(frozen=True)
class Call(Generic[Q, B]):
    """A request, checked: what a route's function gets.

    Attributes
    ----------
    backend
        The catalog, as far as the caller may use it.
    uploads
        The part of it that takes bytes; who may is decided when an upload begins.
    path
        The parameters of the path, decoded.
    query, body
        Of the route's models.
    by
        Where the change comes from; its user is the caller's identity.
    if_match
        The tags of ``If-Match``; empty where anything may be changed.
    info
        What the server says of itself to this caller.
    gone
        Set when the client has left: nobody waits for the answer.
    """

    backend: Guarded
    uploads: Receiver
    path: Mapping[str, str]
    query: Q
    body: B
    by: Origin
    if_match: tuple[str, ...]
    info: Callable[[], Info]
    gone: threading.Event

    @property
    def user(self) -> str:
        """The caller's name."""
        return self.by.user or ""

    def check(self, method: str, atlas: str) -> None:
        """Assert that the caller may call a method of the backend for an atlas."""
        self.backend.check(method, atlas)

    @property
    def atlas(self) -> str:
        """The atlas that the path names."""
        return self.path["atlas"]

    @property
    def dataset_id(self) -> str:
        """The dataset that the path names."""
        return self.path["dataset_id"]


@dataclass(frozen=True)
class Reply:
    """An answer: a record, with its status and tag."""

    body: Any = None
    status: int = 200
    etag: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Content:
    """An answer that is the bytes of a blob, or of a range of it."""

    blob: str
    size: int
    blake3: str
    file_name: str
    suffix: str


@dataclass(frozen=True)
class Later:
    """No answer yet: ask again when the change log is above ``after``.

    ``seconds`` after the request began it is answered with ``reply`` all the same.
    """

    after: int
    seconds: float
    reply: Reply


Function = Callable[[Call[Any, Any]], Reply | Content | Later]


@dataclass(frozen=True)
class Route:
    """The declaration of one route.

    Attributes
    ----------
    needs
        The role that the caller needs in the atlas (or on the server) that the call is about;
        decided below, by the guarded backend.
    resource, action
        What jupyter_server's Authorizer is asked for.
    query, body
        Models; ``body=Body`` is bytes that go into a file.
    answer
        What a success is made of; None without a body, :class:`Content` for bytes.
    errors
        The kinds of errors that it may answer with, besides those that every route has.
    optional_body
        Whether the body may be missing: then it is the model's defaults.
    may_be_unchanged
        Whether the answer is 200 where nothing had to be made.
    max_body
        The largest body in bytes, where it is not the server's limit of JSON bodies.
    """

    method: Method
    path: str
    summary: str
    needs: Role
    resource: Resource
    action: Action
    function: Function
    query: type[BaseModel] = NoQuery
    body: type[Any] | None = None
    answer: Any = None
    status: int = 200
    errors: tuple[str, ...] = ()
    optional_body: bool = False
    may_be_unchanged: bool = False
    max_body: Literal["json", "chunks", "part"] = "json"

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters."""
        return tuple(_PARAMETER.findall(self.path))

    @property
    def name(self) -> str:
        """The name of the operation, ``get_dataset``."""
        return self.function.__name__


class Table:
    """Routes of one subject, gathered by decorators beside the functions."""

    def __init__(self, resource: Resource) -> None:
        self.routes: list[Route] = []
        self._resource: Resource = resource

    def __iter__(self) -> Iterator[Route]:
        return iter(self.routes)

    def __call__(
        self, method: Method, path: str, summary: str, needs: Role, **declared: Any
    ) -> Callable[[Function], Function]:
        """Declare that the decorated function answers ``method`` at ``path``.

        The models of parameters and body are those of its annotation, ``Call[Query, Body]``.
        """

        def add(function: Function) -> Function:
            query, body = get_args(get_type_hints(function)["call"])
            told = {"resource": self._resource, "action": _ACTIONS[method], **declared}
            told |= {"query": query, "body": None if body is type(None) else body}
            self.routes.append(Route(method, path, summary, needs, function=function, **told))
            return function

        return add


_ACTIONS: dict[Method, Action] = {
    "GET": "read",
    "POST": "write",
    "PUT": "write",
    "PATCH": "write",
    "DELETE": "write",
}


class Router:
    """Finds the route of a path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, Route]]] = {}
        for route in routes:
            _, methods = self._patterns.setdefault(route.path, (_pattern(route.path), {}))
            if route.method in methods:
                raise ValueError(f"{route.method} {route.path} is declared twice")
            methods[route.method] = route

    def find(self, path: str) -> tuple[dict[str, Route], dict[str, str]]:
        """Give the routes of a raw path by method, and its parameters still quoted.

        Both are empty where there is no such path.
        """
        for pattern, methods in self._patterns.values():
            if (found := pattern.fullmatch(path)) is not None:
                return methods, found.groupdict()
        return {}, {}


def _pattern(path: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(path)  # what is literal, and the names in between
    for place, part in enumerate(parts):
        parts[place] = f"(?P<{part}>[^/]+)" if place % 2 else re.escape(part)
    return re.compile("".join(parts))


def decoded(parameters: Mapping[str, str]) -> dict[str, str]:
    """Decode the parameters of a path.

    Raises
    ------
    omicshelf.errors.Invalid
        One is not UTF-8, or has control characters.
    """
    found = {}
    for name, quoted in parameters.items():
        try:
            text = unquote_to_bytes(quoted).decode()
        except UnicodeDecodeError as error:
            raise Invalid(
                f"The path's {name} '{quoted[:100]}' is not UTF-8.",
                "Encode the name as UTF-8, then percent-encode it.",
            ) from error
        if any(ord(sign) < 32 or ord(sign) == 127 for sign in text):
            raise Invalid(
                f"The path's {name} {text[:100]!r} has control characters.",
                "No name has them: look for a line break or NUL in what made the address.",
            )
        found[name] = text
    return found
