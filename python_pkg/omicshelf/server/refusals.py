"""Errors as answers: which status each has, and what is told of it; no server is imported."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from http.client import responses

from omicshelf.backend.wire import STATUS, ErrorBody
from omicshelf.errors import RequestException

__all__ = ["KINDS", "Failure", "Refused", "failed", "refusal_of", "status_of", "told"]

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


@dataclass(frozen=True)
class Failure:
    """An answer of status 4xx or 5xx."""

    status: int
    body: ErrorBody
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal_of(error: BaseException, *, hidden: Collection[str] = ()) -> Failure | None:
    """Give the answer to an error that was raised on purpose; None for any other."""
    if isinstance(error, Refused):
        return told(error.status, error.error, error.headers, hidden)
    if isinstance(error, RequestException):
        return told(status_of(error), error, {}, hidden)
    return None


def failed(error: BaseException, log: logging.Logger, who: str) -> Failure:
    """Give the answer to what nobody foresaw; its traceback is logged under an id.

    Parameters
    ----------
    who
        What failed, as a person knows it: ``server``.
    """
    number = uuid.uuid4().hex[:12]
    log.error("A request failed (%s).", number, exc_info=error)
    return told(
        500,
        RequestException(
            f"The {who} failed ({number}).",
            f"Try again; if it stays, ask whoever runs the {who}: its log says more under this id.",
        ),
    )


def status_of(error: RequestException) -> int:
    """Give the status of an error of the tree."""
    for kind in type(error).__mro__:
        if (status := STATUS.get(kind.__name__)) is not None:
            return status
    return 500


def told(
    status: int,
    error: RequestException,
    headers: Mapping[str, str] | None = None,
    hidden: Collection[str] = (),
) -> Failure:
    """Make the answer to an error, without the paths that it must not show."""
    title, detail = error.title or responses.get(status, "Error"), error.detail
    for path in sorted(hidden, key=len, reverse=True):
        title = title.replace(path, "…")
        detail = detail and detail.replace(path, "…")
    return Failure(status, ErrorBody(title=title, detail=detail, kind=error.kind), headers or {})
