"""From what went wrong to an answer: always ``{title, detail, kind}`` with the right status."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from http.client import responses

from tornado import web

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
from omicshelf.server.refusals import KINDS, Failure, Refused, failed, refusal_of, status_of, told

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


class HttpRefused(web.HTTPError):
    """A refusal where Jupyter's handlers stand between, which know only tornado's errors."""

    def __init__(self, cause: Refused | RequestException) -> None:
        if isinstance(cause, Refused):
            super().__init__(cause.status, "%s", cause.error.title)
        else:  # its words may name what only the server's own log may
            super().__init__(status_of(cause), "The catalog cannot be asked at the moment.")
        self.cause = cause


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
    if (refusal := refusal_of(error, hidden=hidden)) is not None:
        return refusal
    if isinstance(error, web.HTTPError):
        return told(error.status_code, _of_jupyter(error), {}, hidden)
    if isinstance(error, asyncio.CancelledError):
        log.warning("A request was cancelled.")
        return told(500, RequestException("The request was cancelled.", "Send it again."))
    return failed(error, log, "server")


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
