"""The bytes of a blob on a server, as a store of one object that is read in ranges."""

from __future__ import annotations

import io
import re
from collections.abc import Generator, Iterator, Mapping
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
        return b"".join(self.stream(key, start, stop - start))

    def stream(self, key: str, start: int, length: int) -> Generator[bytes]:
        """Give a range in pieces, going on from where the connection broke."""
        fruitless, stop = 0, start + length
        while start < stop:
            begin = start
            broken: Exception = requests.ConnectionError("it sent nothing")
            wanted = {"Range": f"bytes={start}-{stop - 1}"}
            with self._client.stream(self._path, wanted) as answer:
                self._check(answer, start, stop)
                try:
                    while start < stop and (data := _next(answer, stop - start)):
                        start += len(data)
                        yield data
                except (HTTPError, OSError) as error:
                    broken = error
            fruitless = 0 if start > begin else fruitless + 1
            if fruitless >= _FRUITLESS:
                raise failures.unreachable(self._client.base, broken) from broken

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


def _next(answer: requests.Response, left: int) -> bytes:
    """Read what comes next, at most ``left`` bytes; nothing where it has ended."""
    data: bytes = answer.raw.read(min(_BLOCK, left), decode_content=False)
    return data
