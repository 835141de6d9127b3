"""Reading a blob back: ranges, a file object, or a whole file; never a byte unverified.

Ranges are read by the calling thread alone and without a lock. h5py holds a lock of its own
while it reads from a file object, and takes it again whenever garbage collection, in whatever
thread, frees one of its objects: waiting for another thread in there would be a deadlock.

A store without local paths is asked for less and more at a time: small reads take their
surroundings with them, and a whole blob comes in several ranges at once.
"""

from __future__ import annotations

import io
import os
import uuid
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Generator, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import zstandard
from blake3 import blake3

from omicshelf.backend.background import Lane
from omicshelf.backend.store.chunkfile import ChunkFile
from omicshelf.backend.store.chunks import Progress, hash_file
from omicshelf.backend.store.durable import (
    clone,
    discard,
    new_file,
    storage_errors,
    write_all,
)
from omicshelf.backend.store.fetching import BLOCK, LANES, RANGE, fetches
from omicshelf.backend.store.gathering import gather
from omicshelf.backend.store.layout import Layout
from omicshelf.backend.store.manifest import RAW, BlobManifest
from omicshelf.backend.store.marks import Mark
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.backend.store.packaccess import PackAccess
from omicshelf.errors import IntegrityError

if TYPE_CHECKING:
    from typing import Self

__all__ = ["BlobReader", "ChunkFile", "open_blob"]

_PORTION = 1 << 20  # bytes that are still in the processor's cache when they are hashed
_CACHED = 10 << 20  # bytes of decoded chunks that are kept for reads smaller than a chunk
_CACHED_CHUNKS = 128
_AHEAD = 8  # chunks decoded at once where one is read after the other
_BLOCK = 4 << 20
_NEAR = 1 << 20  # bytes up to which a read of a distant pack goes through the cache
_IN_FLIGHT = 3
_SHORTER = "the pack is shorter than it was"

_Check = Literal["all", "untrusted", "none"]


class BlobReader:
    """The bytes of one blob.

    Every chunk is checked against the hash in the manifest before a byte of it is returned,
    unless it lies as it is in a pack whose mark holds. May be used from several threads; close
    it, or use it in a ``with`` block.

    Parameters
    ----------
    store
        Where the packs are.
    manifest
        Which bytes of which packs make up the blob.
    marks
        The marks of local packs, taken when these were last verified. They are compared with
        the files that are opened here; without them everything is hashed.
    """

    def __init__(
        self,
        store: ObjectStore,
        manifest: BlobManifest,
        *,
        marks: Mapping[str, Mark] | None = None,
    ) -> None:
        self.manifest = manifest
        self.size = manifest.size
        self._packs = PackAccess(store, marks or {})
        self._keys = list(manifest.packs)
        self._layout = Layout(manifest)
        self._starts = self._layout.starts
        self._decoded: dict[int, memoryview] = {}
        self._cached = max(_CACHED_CHUNKS, _CACHED // manifest.params.average)
        self._distant = any(store.local_path(key) is None for key in self._keys)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the packs; a file object from :meth:`open` cannot be read any more."""
        self._decoded.clear()
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
        for run in self._layout.runs_between(start, stop):
            low, high = max(start, run.start), min(stop, run.stop)
            part = target[low - start : high - start]
            if run.raw and self._packs.trusted(run.pack):
                if not self._packs.read_into(run.pack, run.offset + low - run.start, part):
                    raise self._damaged(run.first, _SHORTER)
            else:
                self._read_checked(low, part)
        return stop - start

    def open(self) -> ChunkFile:
        """Give a seekable file object; h5py, pyarrow and pandas take it like an open file."""
        return ChunkFile(self)

    def materialise(
        self, dest: Path, progress: Progress | None = None, *, verify: bool = True
    ) -> str:
        """Write the whole blob to a file: a temporary name next to it first, then a rename.

        Parameters
        ----------
        verify
            Check what is written: its hash, or less where the marks of all packs hold.

        Returns
        -------
        The blake3 hash (hex) of what was written, which is the manifest's.

        Raises
        ------
        omicshelf.errors.IntegrityError
            As for :meth:`read_range`; then ``dest`` is what it was before.
        """
        check: _Check = "none"
        if verify:
            trusted = all(self._packs.trusted(key) for key in self._keys)
            check = "untrusted" if trusted else "all"
        part = dest.with_name(f".{dest.name}.{uuid.uuid4().hex[:8]}.part")
        try:
            if not self._clone(part, check, progress) and not self._gather(part, check, progress):
                with new_file(part, mode=0o666) as fd:
                    self._stream(lambda view: write_all(fd, view), progress, check)
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
        self._stream(None, progress, "all")
        for key, expected in self.manifest.pack_hashes.items():
            if self._packs.hash(key, self.manifest.packs[key]) != expected:
                raise IntegrityError(
                    f"The pack {key!r} of blob {self.manifest.blob} is damaged: it does not have "
                    "the hash that was recorded.",
                    "The data of this blob can still be read. Copy it or restore the object from "
                    "a backup of the store before more of it is damaged.",
                )

    def _clone(self, part: Path, check: _Check, progress: Progress | None) -> bool:
        """Share the extents of a verbatim pack, on file systems that can."""
        key = self.manifest.verbatim
        descriptor = self._packs.descriptor(key) if key is not None else None
        if descriptor is None:
            return False
        with storage_errors(f"write {part}"):
            if not clone(descriptor.fd, part):
                return False
            part.chmod(0o644)
        if check == "all":
            if hash_file(part, progress=progress) != self.manifest.blake3:
                raise self._damage()
        elif progress is not None:
            progress(self.size)
        return True

    def _gather(self, part: Path, check: _Check, progress: Progress | None) -> bool:
        """Fetch a verbatim pack by few long requests, where the store can."""
        key = self.manifest.verbatim
        store = self._packs.streaming(key) if key is not None and hasattr(os, "pwrite") else None
        if key is None or store is None:
            return False
        with new_file(part, mode=0o666) as fd:
            gather(store, key, self.size, fd, progress)
        if check != "none" and hash_file(part) != self.manifest.blake3:
            raise self._damage()
        return True

    def _stream(
        self,
        write: Callable[[memoryview], None] | None,
        progress: Progress | None,
        check: _Check,
    ) -> None:
        """Read in order while other threads hash and write; ``all`` means the whole hash."""
        whole = blake3()
        small = self.size <= _BLOCK
        chunks: _Check = "none" if check == "all" else check
        blocks = self._fetched(chunks) if self._distant else self._filled(chunks)
        with ExitStack() as stack:
            # The lanes that hash and write end first: they use what the others fill.
            stack.callback(blocks.close)
            hash_lane, write_lane = (stack.enter_context(Lane(small)) for _ in range(2))
            under_way: deque[list[Callable[[], object]]] = deque()
            for view in blocks:
                waits: list[Callable[[], object]] = []
                if check == "all":
                    waits.append(hash_lane.submit(whole.update, view))
                if write is not None:
                    waits.append(write_lane.submit(write, view))
                under_way.append(waits)
                if len(under_way) >= _IN_FLIGHT:
                    _settle(under_way)
                if progress is not None:
                    progress(len(view))
            while under_way:
                _settle(under_way)
        if check == "all" and whole.hexdigest() != self.manifest.blake3:
            raise self._damage()

    def _blocks(self, size: int) -> list[tuple[int, int]]:
        """Split the chunks into blocks of up to ``size`` bytes, or of one chunk."""
        starts, bounds = self._starts, [0]
        while bounds[-1] < len(starts) - 1:
            reach = bisect_right(starts, starts[bounds[-1]] + size) - 1
            bounds.append(max(bounds[-1] + 1, reach))
        return list(pairwise(bounds))

    def _buffers(self, size: int, ahead: int, n_blocks: int) -> list[memoryview]:
        """Make the buffers that blocks are read into, each used again when all were."""
        longest = int(self.manifest.extents["length"].max(initial=size))
        count = min(ahead + _IN_FLIGHT + 1, n_blocks)
        return [memoryview(bytearray(min(self.size, longest))) for _ in range(count)]

    def _filled(self, check: _Check) -> Generator[memoryview]:
        """Give the blob block by block, each read when it is asked for."""
        blocks = self._blocks(_BLOCK)
        buffers = self._buffers(_BLOCK, 0, len(blocks))
        for number, (first, last) in enumerate(blocks):
            size = self._starts[last] - self._starts[first]
            view = buffers[number % len(buffers)][:size]
            self._fill(first, last, view, check)
            yield view

    def _fetched(self, check: _Check) -> Generator[memoryview]:
        """Give the blob block by block, while the next ones are on their way."""
        blocks = self._blocks(RANGE)
        n_lanes = min(LANES, len(blocks))
        buffers = self._buffers(RANGE, n_lanes, len(blocks))
        with ExitStack() as stack:
            lanes = [stack.enter_context(Lane(n_lanes == 1)) for _ in range(n_lanes)]
            coming: deque[tuple[memoryview, Callable[[], None]]] = deque()
            for number, (first, last) in enumerate(blocks):
                if len(coming) == n_lanes:
                    view, wait = coming.popleft()
                    wait()
                    yield view
                size = self._starts[last] - self._starts[first]
                view = buffers[number % len(buffers)][:size]
                lane = lanes[number % n_lanes]
                coming.append((view, lane.submit(self._fetch, first, last, view, check)))
            while coming:
                view, wait = coming.popleft()
                wait()
                yield view

    def _fetch(self, first: int, last: int, target: memoryview, check: _Check) -> None:
        """Decode the chunks ``first`` to ``last - 1`` into ``target``, in few requests."""
        starts, extents, base = self._starts, self.manifest.extents, self._starts[first]
        for fetch in fetches(extents, first, last):
            data = self._packs.read(self._keys[fetch.pack], fetch.start, fetch.stop - fetch.start)
            for i, at, size in fetch.chunks:
                stored = data[at : at + size]
                if len(stored) < size:
                    raise self._damaged(i, _SHORTER)
                chunk = target[starts[i] - base : starts[i + 1] - base]
                if extents["codec"][i] == RAW:
                    chunk[:] = stored
                elif not _decompress(stored, chunk):
                    raise self._damaged(i, "it cannot be decompressed")
                if check != "none":
                    self._check_chunk(i, chunk)

    def _check_chunk(self, i: int, chunk: memoryview) -> None:
        if blake3(chunk).digest() != self.manifest.extents["hash"][i].tobytes():
            raise self._damaged(i, "the bytes do not have the recorded hash")

    def _damage(self) -> IntegrityError:
        """Find out which chunk it is that made the hash of the whole file differ."""
        try:
            for i in range(len(self._starts) - 1):
                size = self._starts[i + 1] - self._starts[i]
                self._read_portion(i, i + 1, memoryview(bytearray(size)), "all")
        except IntegrityError as error:
            return error
        return IntegrityError(
            f"Blob {self.manifest.blob} does not have the hash that was recorded.",
            "Its chunks are whole but do not make up the file; restore the store from a backup.",
        )

    def _read_checked(self, start: int, target: memoryview) -> None:
        """Read whole chunks straight into ``target``, and what is less through the cache."""
        starts, stop = self._starts, start + len(target)
        first, last = self._layout.chunks_between(start, stop)
        if self._distant and len(target) <= _NEAR:
            for i in range(first, last):
                low, high = max(start, starts[i]), min(stop, starts[i + 1])
                chunk = self._chunk(i, last)[low - starts[i] : high - starts[i]]
                target[low - start : high - start] = chunk
            return
        inner, outer = first + (starts[first] < start), last - (starts[last] > stop)
        for i in {first, last - 1}:
            if not inner <= i < outer:
                low, high = max(start, starts[i]), min(stop, starts[i + 1])
                chunk = self._chunk(i)[low - starts[i] : high - starts[i]]
                target[low - start : high - start] = chunk
        if inner < outer:
            part = target[starts[inner] - start : starts[outer] - start]
            self._fill(inner, outer, part, "untrusted")

    def _chunk(self, i: int, wanted: int = 0) -> memoryview:
        """Give one decoded chunk; the last few are kept for the many small reads of HDF5.

        Where every read is a request, those up to ``wanted`` and around it are read with it.
        """
        # Each step is atomic by itself; two threads at most decode the same chunk twice.
        data = self._decoded.pop(i, None)
        if data is None:
            first, stop = self._around(i, wanted)
            base = self._starts[first]
            run = memoryview(bytearray(self._starts[stop] - base))
            self._read_portion(first, stop, run, "untrusted")
            for k in range(first, stop):
                self._decoded[k] = run[self._starts[k] - base : self._starts[k + 1] - base]
            data = run[self._starts[i] - base : self._starts[i + 1] - base]
        self._decoded.pop(i, None)
        self._decoded[i] = data
        while len(self._decoded) > self._cached:
            self._decoded.pop(next(iter(self._decoded.copy()), i), None)
        return data

    def _around(self, i: int, wanted: int) -> tuple[int, int]:
        """Say which chunks of a run to read together with chunk ``i``."""
        run = self._layout.run_of(i)
        follows = i - 1 in self._decoded
        if not self._distant:
            return i, min(i + (_AHEAD if follows else 1), run.last)
        start = self._starts[i] // BLOCK * BLOCK
        stop = start + (_NEAR if follows else BLOCK)
        first, last = self._layout.chunks_between(start, min(stop, self.size))
        while first < i and first in self._decoded:
            first += 1
        return max(first, run.first), min(max(last, wanted), run.last)

    def _fill(self, first: int, last: int, target: memoryview, check: _Check) -> None:
        """Decode the chunks ``first`` to ``last - 1`` into ``target``, which they fill."""
        base = self._starts[first]
        for i, j in self._layout.portions(first, last, RANGE if self._distant else _PORTION):
            part = target[self._starts[i] - base : self._starts[j] - base]
            self._read_portion(i, j, part, check)

    def _read_portion(self, first: int, last: int, target: memoryview, check: _Check) -> None:
        """Decode chunks of one run."""
        extents = self.manifest.extents[first:last]
        run = self._layout.run_of(first)
        stored = target
        if not run.raw:
            stored = memoryview(bytearray(int(extents["stored"].sum(dtype=np.int64))))
        if not self._packs.read_into(run.pack, int(extents["offset"][0]), stored):
            raise self._damaged(first, _SHORTER)
        if not run.raw:
            self._decompress(first, last, stored, target)
        elif check == "untrusted" and self._packs.trusted(run.pack):
            return
        if check == "none":
            return
        base = self._starts[first]
        for i in range(first, last):
            chunk = target[self._starts[i] - base : self._starts[i + 1] - base]
            self._check_chunk(i, chunk)

    def _decompress(self, first: int, last: int, stored: memoryview, target: memoryview) -> None:
        base, at = self._starts[first], 0
        sizes = self.manifest.extents["stored"][first:last].tolist()
        for i, size in zip(range(first, last), sizes, strict=True):
            chunk = target[self._starts[i] - base : self._starts[i + 1] - base]
            if not _decompress(stored[at : at + size], chunk):
                raise self._damaged(i, "it cannot be decompressed")
            at += size

    def _damaged(self, i: int, why: str) -> IntegrityError:
        extent = self.manifest.extents[i]
        start, stop = self._starts[i], self._starts[i + 1]
        return IntegrityError(
            f"Blob {self.manifest.blob} is damaged in its bytes {start} to {stop - 1}: {why}.",
            f"They are kept in the pack {self._keys[int(extent['pack'])]!r} at "
            f"{int(extent['offset'])}, {int(extent['stored'])} bytes. Restore that object from a "
            "backup of the store, or use another version; `omicshelf verify` lists all damage.",
        )


def open_blob(
    store: ObjectStore, manifest: BlobManifest, *, marks: Mapping[str, Mark] | None = None
) -> ChunkFile:
    """Open a blob as a file object that closes the packs when it is closed."""
    return ChunkFile(BlobReader(store, manifest, marks=marks), owns_reader=True)


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
