"""The bytes of a blob on a server, as a store of one object that is read in ranges."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NoReturn

import requests
from urllib3.exceptions import HTTPError

from omicshelf.backend.remote import failures
from omicshelf.backend.remote.client import Client, path_of
from omicshelf.backend.store.objectstore import ObjectInfo, ObjectStore

__all__ = ["BlobRanges"]

_BLOCK = 1 << 20  # what is lost, at most, where a connection breaks
_FRUITLESS = 4  # answers in a row that break before their first byte
_CONTENT_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


class BlobRanges(ObjectStore):
    """One object, the bytes of a blob. What comes is not believed: its reader verifies it.

    Parameters
    ----------
    blob, size
        The blob, which is the object's key as well, and its bytes.
    """

    def __init__(self, client: Client, blob: str, size: int) -> None:
        self._client = client
        self._blob = blob
        self._size = size
        self._path = path_of("blobs", blob, "content")

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read a range, going on from where the connection broke."""
        stop = self._size if length is None else min(start + length, self._size)
        # BytesIO hands its bytes out without copying them.
        whole = io.BytesIO(bytes(max(0, stop - start)))
        with whole.getbuffer() as view:
            self._read_into(start, view)
        return whole.getvalue()

    def _read_into(self, start: int, target: memoryview) -> None:
        fruitless, stop = 0, start + len(target)
        while target:
            wanted = {"Range": f"bytes={start}-{stop - 1}"}
            with self._client.stream(self._path, wanted) as answer:
                self._check(answer, start, stop)
                n, error = _fill(answer, target)
            start, target = start + n, target[n:]
            fruitless = 0 if n else fruitless + 1
            if fruitless >= _FRUITLESS:
                broken = error or requests.ConnectionError("it sent nothing")
                raise failures.unreachable(self._client.base, broken) from error

    def _check(self, answer: requests.Response, start: int, stop: int) -> None:
        """Make sure that the answer begins where it should; its end shows by itself."""
        if answer.status_code == 206:
            told = _CONTENT_RANGE.fullmatch(answer.headers.get("Content-Range", ""))
            right = told is not None and (int(told[1]), int(told[2]) + 1) == (start, stop)
        else:
            right = answer.status_code == 200 and (start, stop) == (0, self._size)
        if not right or answer.headers.get("Content-Encoding", "identity") != "identity":
            raise failures.unreadable(self._client.base)

    def local_path(self, key: str) -> Path | None:
        return None

    def size(self, key: str) -> int:
        return self._size

    def exists(self, key: str) -> bool:
        return key == self._blob

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if self._blob.startswith(prefix):
            yield ObjectInfo(self._blob, self._size, 0)

    def put_bytes(self, key: str, data: bytes) -> NoReturn:
        raise io.UnsupportedOperation("A blob is never changed.")

    def put_file(self, key: str, staged: Path) -> NoReturn:
        raise io.UnsupportedOperation("A blob is never changed.")

    def put_many(self, items: Mapping[str, Path | bytes]) -> NoReturn:
        raise io.UnsupportedOperation("A blob is never changed.")

    def delete(self, key: str) -> NoReturn:
        raise io.UnsupportedOperation("A blob is never changed.")

    def staging(self) -> NoReturn:
        raise io.UnsupportedOperation("A blob is never changed.")


def _fill(answer: requests.Response, target: memoryview) -> tuple[int, Exception | None]:
    """Read what comes, at most to the end of ``target``; give its bytes and what broke it off."""
    n = 0
    try:
        while n < len(target) and (data := answer.raw.read(min(_BLOCK, len(target) - n))):
            target[n : n + len(data)] = data
            n += len(data)
    except (HTTPError, OSError) as error:
        return n, error
    return n, None
