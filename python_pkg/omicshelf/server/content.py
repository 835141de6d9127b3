"""Bytes of a blob as an answer: ranges, tags, and headers that disarm pages."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import IO
from urllib.parse import quote

from omicshelf.backend.base import Backend
from omicshelf.backend.wire import HASH_HEADER
from omicshelf.errors import Invalid
from omicshelf.server.refusals import Refused
from omicshelf.server.route import Content

__all__ = ["Span", "content_headers", "open_content", "span_of", "wanted_span"]

_RANGE = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE)
_DIGITS = 18


@dataclass(frozen=True)
class Span:
    """A range of bytes; ``partial`` where it was asked for and is not simply everything."""

    start: int
    end: int
    partial: bool

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.end - self.start


def span_of(header: str | None, size: int) -> Span:
    """Read a ``Range``; several ranges, or what is none, mean everything, as the rules allow.

    Raises
    ------
    Refused
        416: the range begins behind the end.

    Examples
    --------
    >>> span_of("bytes=2-4", 10), span_of("bytes=-3", 10).start, span_of("bytes=8-99", 10).end
    (Span(start=2, end=5, partial=True), 7, 10)
    """
    whole = Span(0, size, False)
    found = _RANGE.fullmatch(header) if header else None
    if found is None:
        return whole
    first, last = found.groups()
    if max(len(first), len(last)) > _DIGITS or not (first or last):
        return whole
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return whole
    if start >= size or start >= end:
        raise Refused(
            416,
            Invalid(
                f"The range '{header}' lies outside of the {size:,} bytes.",
                f"Ask for bytes from 0 to {max(size - 1, 0)}.",
            ),
            {"Content-Range": f"bytes */{size}"},
        )
    return Span(start, end, True)


def content_headers(content: Content, span: Span) -> dict[str, str]:
    """Give the headers of bytes.

    They are an attachment, of the type that their name says and no other, in a sandbox: an HTML
    or SVG page that somebody attached can never act in JupyterLab's origin.
    """
    kind, encoding = mimetypes.guess_type(content.file_name)
    name = quote(content.file_name.encode("utf-8", "replace"), safe="")
    headers = {
        "Content-Type": kind if kind and not encoding else "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Accept-Ranges": "bytes",
        "Content-Length": str(span.length),
        "ETag": f'"{content.blake3}"',
        HASH_HEADER: content.blake3,
        "Cache-Control": "private, no-cache",
    }
    if span.partial:
        headers["Content-Range"] = f"bytes {span.start}-{span.end - 1}/{content.size}"
    return headers


def wanted_span(headers: Mapping[str, str], content: Content) -> Span:
    """Give what of the bytes a request asks for, as ``Range`` and ``If-Range`` say."""
    condition = headers.get("If-Range")
    if condition is not None and condition.strip() != f'"{content.blake3}"':
        return Span(0, content.size, False)
    return span_of(headers.get("Range"), content.size)


def open_content(backend: Backend, content: Content, span: Span, held: ExitStack) -> IO[bytes]:
    """Open the bytes: of a range chunk by chunk, of everything as a local file.

    A client that loads a version asks for ranges: it must not wait for the first one until a
    blob that is no file has been put together as a whole.
    """
    if span.partial:
        stream = held.enter_context(backend.open_blob(content.blob))
    else:
        file: AbstractContextManager[object] = backend.local_file(content.blob, content.suffix)
        stream = held.enter_context(open(held.enter_context(file), "rb", buffering=0))  # type: ignore[call-overload] # noqa: PTH123, SIM115
    stream.seek(span.start)
    return stream
