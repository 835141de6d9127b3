"""A blob as a file object."""

from __future__ import annotations

import io
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from omicshelf.backend.store.reader import BlobReader

__all__ = ["ChunkFile"]


class ChunkFile(io.RawIOBase):
    """A blob as a read-only binary file. Several threads may read it, each after its seek."""

    def __init__(self, reader: BlobReader, *, owns_reader: bool = False) -> None:
        super().__init__()
        self._reader = reader
        self._owns_reader = owns_reader
        self._position = 0
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"<ChunkFile of blob {self._reader.manifest.blob}, {self._reader.size} bytes>"

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        self._require_open()
        view = memoryview(buffer).cast("B")
        with self._lock:
            n = self._reader.read_into(self._position, view)
            self._position += n
            return n

    def write(self, data: Buffer) -> int:
        raise io.UnsupportedOperation("A blob is never changed.")

    def readall(self) -> bytes:
        self._require_open()
        with self._lock:
            data = self._reader.read_range(self._position, self._reader.size)
            self._position += len(data)
            return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._require_open()
        with self._lock:
            base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._reader.size}
            if base[whence] + offset < 0:
                raise ValueError(f"A file has no position {base[whence] + offset}.")
            self._position = base[whence] + offset
            return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        if not self.closed and self._owns_reader:
            self._reader.close()
        super().close()

    def _require_open(self) -> None:
        if self.closed:
            raise ValueError("I/O operation on a closed file.")
