"""The HTTP side of the remote backend: sessions, time limits, repetition, and errors.

A session belongs to one thread. h5py calls a blob's file object under its own lock, and takes
that lock whenever garbage collection frees one of its objects, in whatever thread: a pool that
threads share has a lock of its own, and the two can wait for each other for ever.
"""

from __future__ import annotations

import contextlib
import os
import random
import socket
import threading
import time
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.cookiejar import DefaultCookiePolicy
from importlib import metadata
from typing import IO, Any, TypeVar
from urllib.parse import quote, urlencode

import requests
from pydantic import BaseModel, TypeAdapter, ValidationError
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection

from omicshelf import rules
from omicshelf.backend import wire
from omicshelf.backend.remote import failures
from omicshelf.backend.remote.address import Address, proxies_for
from omicshelf.errors import Invalid, NotFound, Unreachable
from omicshelf.records import Origin

__all__ = ["Client", "as_record", "as_records", "path_of"]

T = TypeVar("T")
_JSON = {"Content-Type": "application/json"}
_BUSY = frozenset({429, 502, 503, 504})
_TRIES = 5
_PATIENT = 9  # for bytes under way: about half a minute, in which a server can be started again
_LONGEST_PAUSE = 8.0
_LONGEST_ASKED = 60.0  # of a Retry-After
_LONGEST_NAME = 2_000
_LONGEST_URL = 60_000


@dataclass(frozen=True)
class _Request:
    """A request as it is sent, perhaps more than once.

    ``repeat``: it may be, although it reached the server. ``changes``: it changes the catalog.
    """

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes | memoryview | IO[bytes] | None = None
    repeat: bool = False
    stream: bool = False
    read_timeout: float | None = 60.0
    tries: int = _TRIES

    @property
    def changes(self) -> bool:
        return self.method in ("POST", "PATCH", "PUT", "DELETE")


class Client:
    """Asks one server. May be used from several threads, and after a fork.

    Parameters
    ----------
    address
        Where the server may be.
    token
        The credential. It leaves this object only in the header of a request.
    """

    connect_timeout = 5.0
    read_timeout = 60.0
    first_byte_timeout = 600.0  # of content: a server may have to put a large file together

    def __init__(self, address: Address, token: str | None) -> None:
        self._address = address
        self._token = token
        self._base: str | None = None
        self._info: wire.Info | None = None
        self._guard = threading.Lock()
        self._local = threading.local()
        self._sessions: weakref.WeakSet[requests.Session] = weakref.WeakSet()
        self._pid = os.getpid()

    def __repr__(self) -> str:
        return f"Client({self.base!r})"

    def __reduce__(self) -> Any:
        raise TypeError("A connection cannot be pickled; open it again where it is needed.")

    @property
    def base(self) -> str:
        """The address below which all routes are; until the server was asked, the likely one."""
        return self._base or self._address.bases[0]

    def close(self) -> None:
        """Close all connections. Asking again opens them again."""
        self._local = threading.local()
        for session in list(self._sessions):
            session.close()

    # -- the first question

    def info(self) -> wire.Info:
        """Give what the server is and can do; asked once.

        Raises
        ------
        omicshelf.errors.Unreachable
            There is no server, it has no omicshelf, or it speaks another protocol.
        """
        if self._info is None:
            if os.getpid() != self._pid:  # the lock may be held by a thread of the parent
                self._pid, self._guard = os.getpid(), threading.Lock()
            with self._guard:
                if self._info is None:
                    self._info = self._find()
        return self._info

    def _find(self) -> wire.Info:
        for base in self._address.bases:
            answer = self._sent(base, _Request("GET", wire.INFO, repeat=True))
            found = _info_of(answer)
            if found is not None:
                self._base = base
                return self._agreed(base, found)
            if answer.status_code < 300:
                error: Exception = failures.no_catalog(base)
            else:
                error = failures.error_of_answer(base, answer, has_token=self._token is not None)
            if base == self._address.bases[-1] or _is_ours(answer):
                raise error
        raise AssertionError("an address has a base")

    @staticmethod
    def _agreed(base: str, found: wire.Info) -> wire.Info:
        if found.api == wire.VERSION:
            return found
        ours = _release()
        told = f"It is of release {found.version}, and this is release {ours}."
        if found.api > wire.VERSION:
            remedy = f"Upgrade here: pip install --upgrade 'omicshelf>={found.version}'"
        else:
            remedy = f"Ask who runs the server to upgrade it to omicshelf {ours}."
        raise Unreachable(
            f"The server at {base}/ speaks protocol {found.api}, and this client {wire.VERSION}.",
            f"{told} {remedy}",
        )

    # -- all others

    def ask(
        self,
        method: str,
        path: str,
        *,
        params: Iterable[tuple[str, str]] = (),
        body: BaseModel | None = None,
        by: Origin | None = None,
        repeat: bool | None = None,
        lasting: bool = False,
    ) -> Any:
        """Ask for, or send, JSON; give the answer's.

        Parameters
        ----------
        path
            Below the API's address, as :func:`path_of` gives it.
        by
            Where a change comes from.
        repeat
            It may be sent again although it reached the server; default: reading may.
        lasting
            It may take the server any time.
        """
        data = None if body is None else body.__pydantic_serializer__.to_json(body)
        headers = dict(_JSON) if data is not None else {}
        if by is not None:
            headers[wire.ORIGIN_HEADER] = wire.encode_origin(by)
        request = _Request(
            method,
            _with_query(path, params),
            headers,
            data,
            repeat=method == "GET" if repeat is None else repeat,
            read_timeout=None if lasting else self.read_timeout,
        )
        answer = self._answered(request)
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise failures.unreadable(self.base) from error

    def has(self, path: str) -> bool:
        """Whether something is there, by a HEAD."""
        request = _Request("HEAD", wire.API + path, repeat=True, read_timeout=self.read_timeout)
        self.info()
        answer = self._sent(self.base, request)
        if answer.ok:
            return True
        if answer.status_code in (400, 404):
            return False
        raise failures.error_of_answer(self.base, answer, has_token=self._token is not None)

    def put_bytes(self, path: str, data: bytes | memoryview, headers: Mapping[str, str]) -> None:
        """Send bytes to a place of their own; sent again where the connection breaks."""
        headers = {"Content-Type": "application/octet-stream", **headers}
        self._answered(
            _Request(
                "PUT",
                wire.API + path,
                headers,
                data,
                repeat=True,
                read_timeout=self.read_timeout,
                tries=_PATIENT,
            )
        )

    def stream(self, path: str, headers: Mapping[str, str]) -> requests.Response:
        """Ask for bytes that are then read from the answer as they come; close it."""
        return self._answered(
            _Request(
                "GET",
                wire.API + path,
                {"Accept-Encoding": "identity", **headers},
                repeat=True,
                stream=True,
                read_timeout=self.first_byte_timeout,
                tries=_PATIENT,
            )
        )

    def forward(
        self, method: str, path: str, headers: Mapping[str, str], data: bytes | IO[bytes] | None
    ) -> requests.Response:
        """Pass on a request of somebody else's; give the answer, whatever it says, to be read.

        It is sent once: whether to ask again is for whoever asked first.
        """
        self.info()
        request = _Request(
            method, wire.API + path, headers, data, stream=True, read_timeout=None, tries=1
        )
        return self._sent(self.base, request)

    def _answered(self, request: _Request) -> requests.Response:
        self.info()
        answer = self._sent(self.base, request)
        if answer.ok and answer.status_code < 300:
            return answer
        with answer:
            raise failures.error_of_answer(self.base, answer, has_token=self._token is not None)

    def _sent(self, base: str, request: _Request) -> requests.Response:
        """Send a request until it is answered, as often as it may be sent."""
        for attempt in range(1, request.tries + 1):
            last = attempt == request.tries
            asked = None
            try:
                answer = self._send(base, request)
            except requests.exceptions.SSLError as error:
                raise failures.unreachable(base, error) from error
            except requests.RequestException as error:
                again = request.repeat or failures.never_left(error)
                if last or not again:
                    in_doubt = request.changes and not failures.never_left(error)
                    raise failures.unreachable(base, error, in_doubt=in_doubt) from error
            else:
                asked = _asked_pause(answer)
                # Whoever says when to come again has done nothing yet.
                again = request.repeat or asked is not None
                if last or not again or answer.status_code not in _BUSY:
                    return answer
                answer.close()
            pause = min(_LONGEST_PAUSE, 0.1 * 2**attempt) * random.uniform(0.5, 1)  # noqa: S311
            time.sleep(pause if asked is None else asked)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, base: str, request: _Request) -> requests.Response:
        session = self._session(base)
        prepared = session.prepare_request(
            requests.Request(request.method, f"{base}/", dict(request.headers), data=request.data)
        )
        # requests would take a name such as '..' for a way through folders.
        prepared.url = base + request.path
        settings = session.merge_environment_settings(
            prepared.url, proxies_for(base), request.stream, None, None
        )
        return session.send(
            prepared,
            timeout=(self.connect_timeout, request.read_timeout),
            allow_redirects=False,
            **settings,
        )

    def _session(self, base: str) -> requests.Session:
        known: tuple[int, requests.Session] | None = getattr(self._local, "session", None)
        if known is not None and known[0] == os.getpid():
            return known[1]
        session = requests.Session()
        # Also without a token: else requests looks for a name and password in ~/.netrc.
        session.auth = _Authorization(self._token)
        session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        session.headers["User-Agent"] = f"omicshelf/{_release()}"
        session.headers[wire.CLIENT_HEADER] = _release()
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(pool_connections=2, pool_maxsize=2))
        self._local.session = os.getpid(), session
        self._sessions.add(session)
        return session


class _Authorization(requests.auth.AuthBase):
    """The token as a header; nothing where there is none."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"token {self._token}"
        return request


class _Adapter(HTTPAdapter):
    """Notices after some two minutes that the other side is gone, whatever the time limit."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        options = [
            *HTTPConnection.default_socket_options,
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ]
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
            if hasattr(socket, name):
                options.append((socket.IPPROTO_TCP, getattr(socket, name), value))
        super().init_poolmanager(*args, socket_options=options, **kwargs)


def path_of(*names: str) -> str:
    """Give the path of names, each one segment of it.

    Raises
    ------
    omicshelf.errors.NotFound
        A name is none that anything can have.

    Examples
    --------
    >>> path_of("studies", "Lung/2"), path_of("studies", "..")
    ('/studies/Lung%2F2', '/studies/%2E%2E')
    """
    segments = []
    for name in names:
        try:
            segment = quote(name, safe="")
        except UnicodeEncodeError:
            segment = ""
        if not segment or len(segment) > _LONGEST_NAME:
            raise NotFound(
                f"There is nothing named '{rules.shown(name)}'.",
                f"Names are text of at most {_LONGEST_NAME} characters.",
            )
        segments.append(segment.replace(".", "%2E") if name in (".", "..") else segment)
    return "/" + "/".join(segments)


def as_record(kind: type[T], body: Any) -> T:
    """Make a record, or another object with fields, of what an answer holds."""
    try:
        made: T = _adapter(kind).validate_python(body)
    except ValidationError as error:
        raise _not_understood(kind) from error
    return made


def as_records(kind: type[T], body: Any, key: str) -> list[T]:
    """Make the records of a list, which is an object with one key."""
    if not isinstance(body, dict) or key not in body:
        raise _not_understood(kind)
    return as_record(list[kind], body[key])  # type: ignore[valid-type]


_adapters: dict[Any, TypeAdapter[Any]] = {}


def _adapter(kind: Any) -> TypeAdapter[Any]:
    found = _adapters.get(kind)
    if found is None:
        found = _adapters[kind] = TypeAdapter(kind)
    return found


def _not_understood(kind: Any) -> Unreachable:
    name = getattr(kind, "__name__", "record")
    return Unreachable(
        f"The server's answer is no {name} that this release can read.",
        "Upgrade omicshelf here, or on the server: their releases should be the same.",
    )


def _with_query(path: str, params: Iterable[tuple[str, str]]) -> str:
    query = urlencode(list(params), quote_via=quote)
    whole = f"{wire.API}{path}?{query}" if query else wire.API + path
    if len(whole) > _LONGEST_URL:
        raise Invalid(
            f"The question is too long for a server: {len(whole):,} characters.",
            "Ask with fewer words or values, for instance in several questions.",
        )
    return whole


def _info_of(answer: requests.Response) -> wire.Info | None:
    with contextlib.suppress(ValueError, ValidationError):
        return wire.Info.model_validate(answer.json()) if answer.ok else None
    return None


def _is_ours(answer: requests.Response) -> bool:
    """Whether the answer shows that the catalog is at this base, although it refuses."""
    with contextlib.suppress(ValueError):
        body = answer.json()
        return isinstance(body, dict) and bool(body.get("kind"))
    return False


def _asked_pause(answer: requests.Response) -> float | None:
    """Give after how many seconds the server wants to be asked again."""
    if answer.status_code not in (429, 503):
        return None
    try:
        asked = float(answer.headers.get("Retry-After", ""))
    except ValueError:
        return None
    return max(0.0, min(asked, _LONGEST_ASKED))


def _release() -> str:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version("omicshelf")
    return "0"
