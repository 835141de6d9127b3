"""Cutting files into chunks at places that their content decides, and hashing them.

FastCDC cuts wherever a rolling hash of the last bytes has a certain form, so that an edit
moves only the cuts next to it and two versions of a file share most of their chunks.

References
----------
Xia et al., "The Design of Fast Content-Defined Chunking for Data Deduplication Based
Storage Systems", IEEE TPDS 31 (2020), https://doi.org/10.1109/TPDS.2020.2984632
"""

from __future__ import annotations

import os
from array import array
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from blake3 import blake3

from omicshelf.backend.background import Lane
from omicshelf.backend.store.durable import new_file, open_source, storage_errors, write_all
from omicshelf.backend.store.marks import Mark
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["DEFAULT", "SMALL", "ChunkParams", "Progress", "Scan", "cut", "hash_file", "scan"]

Progress = Callable[[int], None]
"""Called with the number of bytes done since the last call, as ``tqdm.update`` wants it."""

_BLOCK = 1 << 20  # larger ones cost more in fresh memory than they save in handing over
_HASH_BLOCK = 4 << 20  # of one hash alone, which uses every core
_IN_FLIGHT = 4
_SMALL = 1 << 20  # below it, starting threads costs more than they save


@dataclass(frozen=True)
class ChunkParams:
    """All that is needed to cut a file at the same places again.

    Attributes
    ----------
    average, minimum, maximum
        Sizes of chunks in bytes. Cutting starts after ``minimum`` bytes, so that the mean of
        random data is about ``average + minimum``.
    normalisation
        How strongly sizes are drawn towards the average (section 3.5 of the paper).
    seed
        Of the table of the rolling hash; 0 is the table of the paper's authors.
    """

    algorithm: str = "fastcdc-2020"
    average: int = 65536
    minimum: int = 16384
    maximum: int = 262144
    normalisation: Literal[0, 1, 2, 3] = 1
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Give the parameters as a JSON object."""
        return asdict(self)

    def cutter(self) -> Any:
        """Give a new pyfastcdc chunker; one is not to be used by two threads."""
        import pyfastcdc

        if self.algorithm != "fastcdc-2020":
            raise Invalid(
                f"Unknown algorithm to cut chunks: {self.algorithm!r}",
                "This release knows 'fastcdc-2020'; a newer omicshelf may know it.",
            )
        return pyfastcdc.FastCDC(
            self.average,
            min_size=self.minimum,
            max_size=self.maximum,
            normalized_chunking=self.normalisation,
            seed=self.seed,
        )


DEFAULT = ChunkParams()
SMALL = ChunkParams(average=16384, minimum=4096, maximum=65536)
"""For files of a few megabytes: an edit of a table of 700 cells touches fewer bytes."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What one pass over a file finds.

    Attributes
    ----------
    size
        Bytes of the file.
    blake3
        Hash of the whole file, hex.
    lengths
        Bytes of each chunk, uint32, in order; they add up to ``size``.
    hashes
        The blake3 hash of each chunk, uint8, shape ``(n_chunks, 32)``.
    params
        How the file was cut.
    """

    size: int
    blake3: str
    lengths: npt.NDArray[np.uint32]
    hashes: npt.NDArray[np.uint8]
    params: ChunkParams


def cut(data: bytes | memoryview, params: ChunkParams = DEFAULT) -> list[int]:
    """Cut bytes of memory; give the lengths of the chunks."""
    return [chunk.length for chunk in params.cutter().cut_buf(data)] if len(data) else []


def parallel_hasher() -> blake3:
    """Give a hasher that uses every core, or one where that would wait for ever.

    A forked child has its parent's pool of threads in memory, and none of its threads.
    """
    return blake3(max_threads=1 if _forked else blake3.AUTO)


def _note_fork() -> None:
    global _forked
    _forked = True


_forked = False
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def hash_file(path: Path, *, progress: Progress | None = None) -> str:
    """Hash a file without cutting it; bounded memory.

    Raises
    ------
    omicshelf.errors.Invalid
        The file changed while it was read, or it is no regular file.
    """
    with steady(path) as file:
        hasher = parallel_hasher()
        buffer = memoryview(bytearray(_buffer_size(file, _HASH_BLOCK)))
        while n := file.readinto(buffer):
            hasher.update(buffer[:n])
            if progress is not None:
                progress(n)
        return hasher.hexdigest()


def scan(
    path: Path,
    *,
    params: ChunkParams = DEFAULT,
    progress: Progress | None = None,
    copy_to: Path | None = None,
) -> Scan:
    """Read a file once: cut it, hash the chunks and the whole, and perhaps copy it.

    The calling thread reads and cuts while two others hash and write; about 8 MB are held.

    Parameters
    ----------
    copy_to
        A new file that gets exactly the bytes that were hashed. It is removed again when the
        scan fails.

    Raises
    ------
    omicshelf.errors.Invalid
        The file changed while it was read, or it is no regular file.
    """
    if copy_to is None:
        with steady(path) as file:
            return _scan(file, params, progress, None)
    with new_file(copy_to) as target, steady(path) as file:
        return _scan(file, params, progress, target)


class SteadyFile(FileIO):
    """A file that ends one byte past its size at the time of opening, however much it grows."""

    def __init__(self, fd: int) -> None:
        super().__init__(fd)
        self.before = Mark.of(os.fstat(fd))

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read at most ``len(buffer)`` bytes; 0 at the end."""
        return super().readinto(buffer[: self.before.size + 1 - self.tell()]) or 0

    def unchanged(self) -> bool:
        """Say whether it was read to its end and nobody wrote to it meanwhile."""
        return self.tell() == self.before.size and Mark.of(os.fstat(self.fileno())) == self.before


@contextmanager
def steady(path: Path) -> Iterator[SteadyFile]:
    """Open a file that the block reads to its end; refuse it when it changed meanwhile."""
    with SteadyFile(open_source(path)) as file, storage_errors(f"read {path}"):
        yield file
        if not file.unchanged():
            raise changed(path)


def changed(path: Path) -> Invalid:
    """Give the error for a file that somebody wrote to while it was read."""
    return Invalid(
        f"{path} changed while it was read.",
        "Something is still writing to it. Wait until that has finished, then try again.",
    )


def _scan(
    file: SteadyFile, params: ChunkParams, progress: Progress | None, target: int | None
) -> Scan:
    lengths = array("I")
    digests: list[bytes] = []
    whole = blake3()

    def keep(view: memoryview) -> None:
        whole.update(view)
        if target is not None:
            with storage_errors("write the copy"):
                write_all(target, view)

    with ExitStack() as stack:
        small = file.before.size <= _SMALL
        chunk_lane, whole_lane = stack.enter_context(Lane(small)), stack.enter_context(Lane(small))
        under_way: deque[tuple[Callable[[], bytes], Callable[[], None]]] = deque()
        for view, cuts in _cut_blocks(file, params, _IN_FLIGHT + 2):
            lengths.extend(cuts)
            under_way.append(
                (chunk_lane.submit(_hash_chunks, view, cuts), whole_lane.submit(keep, view))
            )
            if len(under_way) > _IN_FLIGHT:
                _settle(under_way, digests)
            if progress is not None:
                progress(len(view))
        while under_way:
            _settle(under_way, digests)
    hashes = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    sizes = np.array(lengths, np.uint32)
    return Scan(int(sizes.sum(dtype=np.int64)), whole.hexdigest(), sizes, hashes, params)


def _cut_blocks(
    file: SteadyFile, params: ChunkParams, n_buffers: int
) -> Iterator[tuple[memoryview, list[int]]]:
    """Read a file in order; give runs of whole chunks and the lengths of these.

    A run is overwritten when ``n_buffers - 1`` more have been asked for.
    """
    cutter = params.cutter()
    size = _buffer_size(file, _BLOCK + params.maximum)
    buffers: deque[memoryview] = deque()
    rest = memoryview(b"")
    while True:
        # A small file has one run; do not hold memory for six.
        buffer = buffers.popleft() if len(buffers) == n_buffers else memoryview(bytearray(size))
        buffers.append(buffer)
        total = len(rest)
        buffer[:total] = rest
        while total < size and (n := file.readinto(buffer[total:])):
            total += n
        ended = total < size
        cuts: list[int] = []
        used = 0
        for chunk in cutter.cut_buf(buffer[:total]) if total else ():
            # Near the end of the buffer a chunk may be cut by it instead of by its content.
            if not ended and total - used < params.maximum:
                break
            cuts.append(chunk.length)
            used += chunk.length
        if cuts:
            yield buffer[:used], cuts
        if ended:
            return
        rest = buffer[used:total]


def _buffer_size(file: SteadyFile, most: int) -> int:
    # One more than the file, so that its end is seen without another buffer.
    return min(most, file.before.size + 1)


def _hash_chunks(run: memoryview, lengths: list[int]) -> bytes:
    digests = []
    start = 0
    for length in lengths:
        digests.append(blake3(run[start : start + length]).digest())
        start += length
    return b"".join(digests)


def _settle(
    under_way: deque[tuple[Callable[[], bytes], Callable[[], None]]], digests: list[bytes]
) -> None:
    chunk_result, whole_result = under_way.popleft()
    digests.append(chunk_result())
    whole_result()
