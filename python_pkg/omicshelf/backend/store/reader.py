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

from omicshelf.backend.store.chunkfile import ChunkFile
from omicshelf.backend.store.chunks import Lane, Progress, hash_file
from omicshelf.backend.store.durable import (
    clone,
    discard,
    new_file,
    storage_errors,
    write_all,
)
from omicshelf.backend.store.manifest import RAW, BlobManifest
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.backend.store.packaccess import PackAccess
from omicshelf.errors import IntegrityError

if TYPE_CHECKING:
    from typing import Self

__all__ = ["BlobReader", "ChunkFile", "open_blob"]

_RUN = 1 << 20  # stored bytes of neighbouring chunks that are fetched together
_CACHE = 16 << 20  # decoded bytes kept for reads smaller than a chunk
_BLOCK = 4 << 20
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
        self._packs = PackAccess(store)
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
        # BytesIO hands its bytes out without copying them, and calloc does not touch them.
        whole = io.BytesIO(bytes(max(0, min(length, self.size - start))))
        with whole.getbuffer() as view:
            self.read_into(start, view)
        return whole.getvalue()

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
        """Read everything and check it, the delta packs to their last bit.

        Raises
        ------
        omicshelf.errors.IntegrityError
            Naming the blob, the pack and the place.
        """
        self._stream(None, progress, verify=True)
        for key, expected in self.manifest.pack_hashes.items():
            if self._packs.hash(key, self.manifest.packs[key]) != expected:
                raise IntegrityError(
                    f"The pack {key!r} of blob {self.manifest.blob} is damaged: it does not have "
                    "the hash that was recorded.",
                    "The data of this blob can still be read. Copy it or restore the object from "
                    "a backup of the store before more of it is damaged.",
                )

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


def open_blob(store: ObjectStore, manifest: BlobManifest) -> ChunkFile:
    """Open a blob as a file object that closes the packs when it is closed."""
    return ChunkFile(BlobReader(store, manifest), owns_reader=True)


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
