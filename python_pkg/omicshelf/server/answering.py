"""From a request to an answer, whatever carries them: HTTP, or the comm of a notebook's widget."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from omicshelf.server.route import Reply, Route

__all__ = ["encoded", "is_known", "tags"]

_TAG = re.compile(r'(?:W/)?("[^"]*")|(\*)')


def encoded(route: Route, reply: Reply) -> bytes:
    """Give the JSON of an answer; nothing where it has no body."""
    return b"" if reply.body is None else _adapter(route.answer).dump_json(reply.body)


def tags(value: str | None) -> tuple[str, ...]:
    """Read the entity tags of ``If-Match`` or ``If-None-Match``; weak ones count as strong.

    Examples
    --------
    >>> tags('"v1", W/"v2"'), tags("*"), tags(None)
    (('"v1"', '"v2"'), ('*',), ())
    """
    return tuple(quoted or star for quoted, star in _TAG.findall(value or ""))


def is_known(etag: str, method: str | None, if_none_match: str | None) -> bool:
    """Whether the caller has already what a request would read."""
    known = tags(if_none_match)
    return method in ("GET", "HEAD") and (etag in known or "*" in known)


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)
