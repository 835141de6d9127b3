"""Reading ranges of packs, wherever they are."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from pathlib import Path

from blake3 import blake3

from omicshelf.backend.store.durable import explained, storage_errors
from omicshelf.backend.store.marks import Mark
from omicshelf.backend.store.objectstore import ObjectStore, Streaming
from omicshelf.errors import IntegrityError, NotFound

__all__ = ["PackAccess"]

_OPEN_PACKS = 64
_BLOCK = 4 << 20


class PackAccess:
    """Reads ranges of packs: local ones through a descriptor kept open, others by request.

    It takes no lock (see :mod:`omicshelf.backend.store.reader`): each step on a dictionary is
    atomic, and at most a pack is opened twice.

    Parameters
    ----------
    store
        Where the packs are.
    marks
        The marks that local packs had when they were last verified.
    """

    def __init__(self, store: ObjectStore, marks: Mapping[str, Mark]) -> None:
        self._store = store
        self._marks = marks
        self._open: dict[str, _Descriptor] = {}
        self._closed = False

    def close(self) -> None:
        """Close all packs, those that another thread reads from once it has done so."""
        self._closed = True
        self._open.clear()

    def descriptor(self, key: str) -> _Descriptor | None:
        """Give the open descriptor of a local pack; None where packs are not local."""
        if self._closed:
            raise ValueError("The blob is closed.")
        found = self._open.get(key)
        if found is None:
            path = self._store.local_path(key)
            if path is None:
                return None
            while len(self._open) >= _OPEN_PACKS:
                self._open.pop(next(iter(self._open.copy()), ""), None)
            found = self._open[key] = _Descriptor(key, path, self._marks.get(key))
        return found

    def trusted(self, key: str) -> bool:
        """Say whether a pack is a local file that did not change since it was verified."""
        descriptor = self.descriptor(key) if key in self._marks else None
        return descriptor is not None and descriptor.trusted

    def read_into(self, key: str, offset: int, target: memoryview) -> bool:
        """Fill ``target``; False when the pack ends before."""
        descriptor = self.descriptor(key)
        if descriptor is not None:
            with storage_errors(f"read the pack {key!r}"):
                return descriptor.read_into(offset, target)
        data = self._ask(key, offset, len(target))
        if len(data) == len(target):
            target[:] = data
        return len(data) == len(target)

    def read(self, key: str, offset: int, length: int) -> memoryview:
        """Read a range; less than ``length`` where the pack ends before."""
        descriptor = self.descriptor(key)
        if descriptor is None:
            return memoryview(self._ask(key, offset, length))
        target = memoryview(bytearray(length))
        return target if self.read_into(key, offset, target) else target[:0]

    def streaming(self, key: str) -> Streaming | None:
        """Give the store, where a long range of a pack comes by one request."""
        distant = self._store.local_path(key) is None
        return self._store if distant and isinstance(self._store, Streaming) else None

    def _ask(self, key: str, offset: int, length: int) -> bytes:
        try:
            return self._store.read_bytes(key, offset, length)
        except NotFound as error:
            raise _missing(key) from error

    def hash(self, key: str, size: int) -> str:
        """Hash a pack of ``size`` bytes as a whole (blake3, hex)."""
        hasher = blake3()
        buffer = memoryview(bytearray(min(size, _BLOCK)))
        for start in range(0, size, _BLOCK):
            part = buffer[: min(_BLOCK, size - start)]
            if not self.read_into(key, start, part):
                break
            hasher.update(part)
        return hasher.hexdigest()


class _Descriptor:
    """An open local pack, closed when nobody refers to it any more."""

    def __init__(self, key: str, path: Path, mark: Mark | None) -> None:
        self.fd = -1
        self._lock = threading.Lock()
        try:
            self.fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(key) from error
        except OSError as error:
            raise explained(error, f"read the pack {key!r}") from error
        self.trusted = mark is not None and Mark.of(os.fstat(self.fd)) == mark

    def __del__(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)

    def read_into(self, offset: int, target: memoryview) -> bool:
        while target:
            if hasattr(os, "preadv"):
                n = os.preadv(self.fd, [target], offset)
            else:  # Windows
                with self._lock:
                    os.lseek(self.fd, offset, os.SEEK_SET)
                    data = os.read(self.fd, len(target))
                n = len(data)
                target[:n] = data
            if not n:
                return False
            target, offset = target[n:], offset + n
        return True


def _missing(key: str) -> IntegrityError:
    return IntegrityError(
        f"The pack {key!r} is missing from the store.",
        "Somebody removed it. Restore it from a backup of the store; `omicshelf verify` lists "
        "all that is missing.",
    )
