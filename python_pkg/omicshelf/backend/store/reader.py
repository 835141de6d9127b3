"""Reading a blob back: ranges, a file object, or a whole file; never a byte unverified."""

from __future__ import annotations

import io
import os
import threading
import uuid
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import zstandard
from blake3 import blake3

from omicshelf.backend.store.chunks import Lane, Progress, hash_file
from omicshelf.backend.store.durable import (
    clone,
    discard,
    explained,
    new_file,
    storage_errors,
    write_all,
)
from omicshelf.backend.store.manifest import RAW, BlobManifest
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.errors import IntegrityError, NotFound

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer

__all__ = ["BlobReader", "ChunkFile", "open_blob"]

_RUN = 1 << 20  # stored bytes of neighbouring chunks that are fetched together
_CACHE = 16 << 20  # decoded bytes kept for reads smaller than a chunk
_BLOCK = 4 << 20
_OPEN_PACKS = 64
_IN_FLIGHT = 3
_THREADS = min(4, os.cpu_count() or 1)


class BlobReader:
    """The bytes of one blob.

    Every chunk is checked against the hash in the manifest before a byte of it is returned.
    May be used from several threads; close it, or use it in a ``with`` block.

    Parameters
    ----------
    store
        Where the packs are.
    manifest
        Which bytes of which packs make up the blob.
    """

    def __init__(self, store: ObjectStore, manifest: BlobManifest) -> None:
        self.manifest = manifest
        self.size = manifest.size
        self._packs = _Packs(store)
        self._keys = list(manifest.packs)
        self._starts = manifest.starts
        self._decoded: OrderedDict[int, bytes] = OrderedDict()
        self._decoded_bytes = 0
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._pool_owner = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the packs; a file object from :meth:`open` cannot be read any more."""
        with self._lock:
            pool, self._pool = self._pool, None
            self._decoded.clear()
            self._decoded_bytes = 0
        if pool is not None and self._pool_owner == os.getpid():
            pool.shutdown()
        self._packs.close()

    def read_range(self, start: int, length: int) -> bytes:
        """Read ``length`` bytes from ``start``, or fewer where the blob ends.

        Raises
        ------
        omicshelf.errors.IntegrityError
            Naming the blob, the pack and the place, when the stored bytes are not those that
            were written, or the pack is missing.
        """
        length = max(0, min(length, self.size - start))
        buffer = bytearray(length)
        self.read_into(start, memoryview(buffer))
        return bytes(buffer)

    def read_into(self, start: int, target: memoryview) -> int:
        """Fill ``target`` from ``start`` on; give the number of bytes, fewer at the end."""
        if start < 0:
            raise ValueError(f"A file has no byte {start}.")
        stop = min(start + len(target), self.size)
        if start >= stop:
            return 0
        starts = self._starts
        first = int(np.searchsorted(starts, start, "right")) - 1
        last = int(np.searchsorted(starts, stop, "left"))
        inner, outer = first + (int(starts[first]) < start), last - (int(starts[last]) > stop)
        for i in {first, last - 1}:
            if not inner <= i < outer:
                begin = int(starts[i])
                low, high = max(start, begin), min(stop, int(starts[i + 1]))
                target[low - start : high - start] = self._chunk(i)[low - begin : high - begin]
        if inner < outer:
            low, high = int(starts[inner]) - start, int(starts[outer]) - start
            self._fill(inner, outer, target[low:high], verify=True)
        return stop - start

    def open(self) -> ChunkFile:
        """Give a seekable file object; h5py, pyarrow and pandas take it like an open file."""
        return ChunkFile(self)

    def materialise(
        self, dest: Path, progress: Progress | None = None, *, verify: bool = True
    ) -> str:
        """Write the whole blob to a file: a temporary name next to it first, then a rename.

        Returns
        -------
        The blake3 hash (hex) of what was written, which is the manifest's.

        Raises
        ------
        omicshelf.errors.IntegrityError
            As for :meth:`read_range`; then ``dest`` is what it was before.
        """
        part = dest.with_name(f".{dest.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            if not self._clone(part, verify, progress):
                with new_file(part, mode=0o666) as fd:
                    self._stream(lambda view: write_all(fd, view), progress, verify=verify)
            with storage_errors(f"write {dest}"):
                part.replace(dest)
        except BaseException:
            discard(part)
            raise
        return self.manifest.blake3

    def verify(self, progress: Progress | None = None) -> None:
        """Read everything and check it; raises IntegrityError, naming the place."""
        self._stream(None, progress, verify=True)

    def _clone(self, part: Path, verify: bool, progress: Progress | None) -> bool:
        """Share the extents of a verbatim pack, on file systems that can."""
        key = self.manifest.verbatim
        descriptor = self._packs.descriptor(key) if key is not None else None
        if descriptor is None:
            return False
        with storage_errors(f"write {part}"):
            if not clone(descriptor.fd, part):
                return False
            part.chmod(0o644)
        if verify:
            if hash_file(part, progress=progress) != self.manifest.blake3:
                raise self._damage()
        elif progress is not None:
            progress(self.size)
        return True

    def _stream(
        self, write: Callable[[memoryview], None] | None, progress: Progress | None, verify: bool
    ) -> None:
        """Read in order while other threads hash and write."""
        whole = blake3()
        starts = self._starts
        longest = int(self.manifest.extents["length"].max(initial=_BLOCK))
        buffers = [memoryview(bytearray(min(self.size, longest))) for _ in range(_IN_FLIGHT + 1)]
        small = self.size <= _BLOCK
        with Lane(small) as hash_lane, Lane(small) as write_lane:
            under_way: deque[list[Callable[[], object]]] = deque()
            first, number = 0, 0
            while first < len(starts) - 1:
                reach = int(np.searchsorted(starts, starts[first] + _BLOCK, "right")) - 1
                last = max(first + 1, reach)
                view = buffers[number % len(buffers)][: int(starts[last] - starts[first])]
                self._fill(first, last, view, verify=False)
                waits: list[Callable[[], object]] = []
                if verify:
                    waits.append(hash_lane.submit(whole.update, view))
                if write is not None:
                    waits.append(write_lane.submit(write, view))
                under_way.append(waits)
                if len(under_way) >= _IN_FLIGHT:
                    _settle(under_way)
                if progress is not None:
                    progress(len(view))
                first, number = last, number + 1
            while under_way:
                _settle(under_way)
        if verify and whole.hexdigest() != self.manifest.blake3:
            raise self._damage()

    def _damage(self) -> IntegrityError:
        """Find out which chunk it is that made the hash of the whole file differ."""
        try:
            for i in range(len(self._starts) - 1):
                self._fill(i, i + 1, memoryview(bytearray(self._length(i))), verify=True)
        except IntegrityError as error:
            return error
        return IntegrityError(
            f"Blob {self.manifest.blob} does not have the hash that was recorded.",
            "Its chunks are whole but do not make up the file; restore the store from a backup.",
        )

    def _length(self, i: int) -> int:
        return int(self.manifest.extents["length"][i])

    def _chunk(self, i: int) -> bytes:
        """Give one decoded chunk; the last few are kept for the many small reads of HDF5."""
        with self._lock:
            if (data := self._decoded.get(i)) is not None:
                self._decoded.move_to_end(i)
                return data
        buffer = bytearray(self._length(i))
        self._fill(i, i + 1, memoryview(buffer), verify=True)
        data = bytes(buffer)
        with self._lock:
            self._decoded[i] = data
            self._decoded_bytes += len(data)
            while self._decoded_bytes > _CACHE:
                self._decoded_bytes -= len(self._decoded.popitem(last=False)[1])
        return data

    def _fill(self, first: int, last: int, target: memoryview, *, verify: bool) -> None:
        """Decode the chunks ``first`` to ``last - 1`` into ``target``, which they fill."""
        runs = self._runs(first, last)
        base = int(self._starts[first])
        jobs = [
            (i, j, target[int(self._starts[i]) - base : int(self._starts[j]) - base], verify)
            for i, j in runs
        ]
        if len(jobs) < 3:
            for job in jobs:
                self._read_run(*job)
            return
        for result in [self._threads().submit(self._read_run, *job) for job in jobs]:
            result.result()

    def _runs(self, first: int, last: int) -> list[tuple[int, int]]:
        """Split a range of chunks where they stop being neighbours in one pack."""
        extents = self.manifest.extents[first:last]
        if len(extents) == 1:
            return [(first, last)]
        ends = extents["offset"] + extents["stored"]
        apart = (extents["offset"][1:] != ends[:-1]) | (extents["pack"][1:] != extents["pack"][:-1])
        # Long runs are split as well, so that threads can share them.
        portion = np.cumsum(extents["length"], dtype=np.int64) // _RUN
        cuts = np.flatnonzero(apart | (portion[1:] != portion[:-1])) + 1
        bounds = [0, *cuts.tolist(), len(extents)]
        return [(first + i, first + j) for i, j in pairwise(bounds)]

    def _read_run(self, first: int, last: int, target: memoryview, verify: bool) -> None:
        extents = self.manifest.extents[first:last]
        key = self._keys[int(extents["pack"][0])]
        offset = int(extents["offset"][0])
        raw = not extents["codec"].any()
        stored = target
        if not raw:
            stored = memoryview(bytearray(int(extents["stored"].sum(dtype=np.int64))))
        if not self._packs.read_into(key, offset, stored):
            raise self._damaged(first, "the pack is shorter than it was")
        at = begin = 0
        sizes = zip(extents["stored"].tolist(), extents["length"].tolist(), strict=True)
        for number, (n_stored, length) in enumerate(sizes):
            chunk = target[begin : begin + length]
            if not raw:
                part = stored[at : at + n_stored]
                if extents["codec"][number] == RAW:
                    chunk[:] = part
                elif not _decompress(part, chunk):
                    raise self._damaged(first + number, "it cannot be decompressed")
            if verify and blake3(chunk).digest() != extents["hash"][number].tobytes():
                raise self._damaged(first + number, "the bytes do not have the recorded hash")
            at, begin = at + n_stored, begin + length

    def _damaged(self, i: int, why: str) -> IntegrityError:
        extent = self.manifest.extents[i]
        start, stop = int(self._starts[i]), int(self._starts[i + 1])
        return IntegrityError(
            f"Blob {self.manifest.blob} is damaged in its bytes {start} to {stop - 1}: {why}.",
            f"They are kept in the pack {self._keys[int(extent['pack'])]!r} at "
            f"{int(extent['offset'])}, {int(extent['stored'])} bytes. Restore that object from a "
            "backup of the store, or use another version; `omicshelf verify` lists all damage.",
        )

    def _threads(self) -> ThreadPoolExecutor:
        with self._lock:
            # A forked child has the object but none of its threads.
            if self._pool is None or self._pool_owner != os.getpid():
                self._pool, self._pool_owner = ThreadPoolExecutor(_THREADS), os.getpid()
            return self._pool


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


def open_blob(store: ObjectStore, manifest: BlobManifest) -> ChunkFile:
    """Open a blob as a file object that closes the packs when it is closed."""
    return ChunkFile(BlobReader(store, manifest), owns_reader=True)


class _Packs:
    """Reads ranges of packs: local ones through a descriptor kept open, others by request."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._open: OrderedDict[str, _Descriptor] = OrderedDict()
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        with self._lock:
            self._closed = True
            self._open.clear()

    def descriptor(self, key: str) -> _Descriptor | None:
        """Give the open descriptor of a local pack; None where packs are not local."""
        path = self._store.local_path(key)
        if path is None:
            return None
        with self._lock:
            if self._closed:
                raise ValueError("The blob is closed.")
            if key not in self._open:
                # A thread that still reads from the one dropped here keeps it open.
                while len(self._open) >= _OPEN_PACKS:
                    self._open.popitem(last=False)
                self._open[key] = _Descriptor(key, path)
            self._open.move_to_end(key)
            return self._open[key]

    def read_into(self, key: str, offset: int, target: memoryview) -> bool:
        """Fill ``target``; False when the pack ends before."""
        descriptor = self.descriptor(key)
        if descriptor is not None:
            with storage_errors(f"read the pack {key!r}"):
                return descriptor.read_into(offset, target)
        try:
            data = self._store.read_bytes(key, offset, len(target))
        except NotFound as error:
            raise _missing(key) from error
        if len(data) == len(target):
            target[:] = data
        return len(data) == len(target)


class _Descriptor:
    """An open local pack, closed when nobody refers to it any more."""

    def __init__(self, key: str, path: Path) -> None:
        self.fd = -1
        self._lock = threading.Lock()
        try:
            self.fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        except (FileNotFoundError, NotADirectoryError) as error:
            raise _missing(key) from error
        except OSError as error:
            raise explained(error, f"read the pack {key!r}") from error

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


def _decompress(stored: memoryview, target: memoryview) -> bool:
    """Decompress one chunk; False when it is damaged.

    The size in the frame is looked at first: a damaged one could ask for any memory.
    """
    try:
        if zstandard.frame_content_size(stored) != len(target):
            return False
        target[:] = zstandard.ZstdDecompressor().decompress(stored, max_output_size=len(target))
    except (zstandard.ZstdError, ValueError):
        return False
    return True


def _settle(under_way: deque[list[Callable[[], object]]]) -> None:
    for wait in under_way.popleft():
        wait()


def _missing(key: str) -> IntegrityError:
    return IntegrityError(
        f"The pack {key!r} is missing from the store.",
        "Somebody removed it. Restore it from a backup of the store; `omicshelf verify` lists "
        "all that is missing.",
    )
