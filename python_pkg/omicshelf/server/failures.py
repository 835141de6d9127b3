"""From what went wrong to an answer: always ``{title, detail, kind}`` with the right status."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http.client import responses

from tornado import web

from omicshelf.backend.wire import STATUS, ErrorBody
from omicshelf.errors import (
    AccessDenied,
    Conflict,
    Invalid,
    NotFound,
    RepositoryLocked,
    RequestException,
    Unauthorized,
    Unreachable,
)

__all__ = ["KINDS", "Failure", "HttpRefused", "Refused", "failure_of"]

# What an exception means that comes from tornado or Jupyter and not from our tree.
_OF_STATUS: dict[int, type[RequestException]] = {
    401: Unauthorized,
    403: AccessDenied,
    404: NotFound,
    409: Conflict,
    412: Conflict,
    423: RepositoryLocked,
    429: RepositoryLocked,
    502: Unreachable,
    503: Unreachable,
}

KINDS: dict[str, tuple[int, ...]] = {name: (status,) for name, status in STATUS.items()} | {
    "Invalid": (400, 405, 408, 413, 415, 416),
    "Conflict": (409, 412),
    "RepositoryLocked": (423, 429),
    "Unreachable": (502, 503),
}
"""The statuses under which an error of each kind may be answered."""


class Refused(Exception):
    """An error of the tree under another status than its own."""

    def __init__(
        self, status: int, error: RequestException, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(str(error))
        self.status = status
        self.error = error
        self.headers = dict(headers or {})


class HttpRefused(web.HTTPError):
    """A refusal where Jupyter's handlers stand between, which know only tornado's errors."""

    def __init__(self, cause: Refused | RequestException) -> None:
        if isinstance(cause, Refused):
            super().__init__(cause.status, "%s", cause.error.title)
        else:  # its words may name what only the server's own log may
            super().__init__(_status_of(cause), "The catalog cannot be asked at the moment.")
        self.cause = cause


@dataclass(frozen=True)
class Failure:
    """An answer of status 4xx or 5xx."""

    status: int
    body: ErrorBody
    headers: Mapping[str, str] = field(default_factory=dict)


def failure_of(
    error: BaseException, log: logging.Logger, *, hidden: Collection[str] = ()
) -> Failure:
    """Give the answer to an exception; what nobody foresaw is logged under an id.

    Parameters
    ----------
    error
        Of our tree, or anything else.
    log
        Where the traceback of an unforeseen exception goes.
    hidden
        Paths of the server, which no answer may show.
    """
    if isinstance(error, HttpRefused):
        error = error.cause
    if isinstance(error, Refused):
        return _told(error.status, error.error, error.headers, hidden)
    if isinstance(error, RequestException):
        return _told(_status_of(error), error, {}, hidden)
    if isinstance(error, web.HTTPError):
        return _told(error.status_code, _of_jupyter(error), {}, hidden)
    number = uuid.uuid4().hex[:12]
    if isinstance(error, asyncio.CancelledError):
        log.warning("A request was cancelled (%s).", number)
    else:
        log.error("A request failed (%s).", number, exc_info=error)
    told = RequestException(
        f"The server failed ({number}).",
        "Try again; if it stays, ask whoever runs the server: its log says more under this id.",
    )
    return _told(500, told, {}, hidden)


def _status_of(error: RequestException) -> int:
    for kind in type(error).__mro__:
        if (status := STATUS.get(kind.__name__)) is not None:
            return status
    return 500


def _told(
    status: int, error: RequestException, headers: Mapping[str, str], hidden: Collection[str]
) -> Failure:
    title, detail = error.title or responses.get(status, "Error"), error.detail
    for path in sorted(hidden, key=len, reverse=True):
        title = title.replace(path, "…")
        detail = detail and detail.replace(path, "…")
    return Failure(status, ErrorBody(title=title, detail=detail, kind=error.kind), headers)


def _of_jupyter(error: web.HTTPError) -> RequestException:
    kind = _OF_STATUS.get(error.status_code)
    if kind is None:
        kind = Invalid if error.status_code < 500 else RequestException
    try:
        said = (error.log_message or "") % error.args if error.args else error.log_message or ""
    except TypeError:
        said = error.log_message or ""
    if "_xsrf" in said:
        return kind(
            "The request has a cookie and no token against forged requests.",
            "Send the value of the cookie `_xsrf` in the header X-XSRFToken, or a token in the "
            "header Authorization.",
        )
    return kind(said or responses.get(error.status_code, "The request was refused."))
