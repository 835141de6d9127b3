"""Bodies as they arrive: limited before they are read, and large ones into a file."""

from __future__ import annotations

import asyncio
import uuid
from concurrent.futures import Executor
from pathlib import Path
from typing import IO, Protocol

from blake3 import blake3

from omicshelf.errors import Invalid, StorageError
from omicshelf.server.failures import Refused
from omicshelf.server.route import Body

__all__ = ["Discarded", "InFile", "InMemory", "Received", "too_large"]

_BLOCK = 1 << 20


class Received(Protocol):
    """Takes a body piece by piece."""

    async def take(self, piece: bytes) -> None:
        """Take the next piece; raises to refuse the rest."""
        ...

    async def complete(self) -> None:
        """Note that all of it is there."""
        ...

    def close(self) -> None:
        """Let go of it, whether it is complete or not."""
        ...


def too_large(limit: int) -> Refused:
    """Make the answer to a body beyond a limit."""
    return Refused(
        413,
        Invalid(
            f"The body is larger than {limit:,} bytes.",
            "Send less at once: bytes of data go up in the parts of an upload, and lists by pages.",
        ),
    )


class Discarded:
    """A body that nobody wants: of a request that is refused, or one that has no use for it."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    async def take(self, piece: bytes) -> None:
        self._left -= len(piece)
        if self._left < 0:
            raise too_large(0)

    async def complete(self) -> None:
        return

    def close(self) -> None:
        return


class InMemory:
    """A body of JSON."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.data = bytearray()

    async def take(self, piece: bytes) -> None:
        if len(self.data) + len(piece) > self._limit:
            raise too_large(self._limit)
        self.data += piece

    async def complete(self) -> None:
        return

    def close(self) -> None:
        self.data = bytearray()


class InFile:
    """A body that goes to disk as it arrives, and is hashed on its way."""

    def __init__(self, folder: Path, limit: int, threads: Executor) -> None:
        self.path = folder / f"body-{uuid.uuid4().hex}"
        self._limit = limit
        self._threads = threads
        self._hash = blake3()
        self._size = 0
        self._waiting = bytearray()
        self._handle: IO[bytes] | None = None
        self._closed = False

    async def take(self, piece: bytes) -> None:
        if self._size + len(self._waiting) + len(piece) > self._limit:
            raise too_large(self._limit)
        self._waiting += piece
        if len(self._waiting) >= _BLOCK:
            await self._write()

    async def complete(self) -> None:
        await self._write()
        if self._handle is not None:
            self._handle.close()

    async def _write(self) -> None:
        block, self._waiting = bytes(self._waiting), bytearray()
        try:
            # The next piece is not read before this one is on its way: memory stays flat.
            await asyncio.get_running_loop().run_in_executor(self._threads, self._keep, block)
        except OSError as error:
            raise StorageError(
                f"The body could not be written: {error.strerror or 'the disk failed'}.",
                "Free space on the server's disk, then send it again.",
            ) from error
        finally:
            if self._closed:
                self._remove()

    def _keep(self, block: bytes) -> None:
        if self._closed:
            return
        if self._handle is None:
            self._handle = self.path.open("xb")
        self._handle.write(block)
        self._hash.update(block)
        self._size += len(block)

    def body(self) -> Body:
        """Give what was received."""
        return Body(str(self.path), self._size, self._hash.hexdigest())

    def close(self) -> None:
        self._closed = True
        self._waiting = bytearray()
        self._remove()

    def _remove(self) -> None:
        if self._handle is not None:
            self._handle.close()
        self.path.unlink(missing_ok=True)
