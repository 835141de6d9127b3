"""From a file to the objects that keep it: a verbatim pack, a delta pack, or none at all.

When more than half of a file's bytes are new, the file itself becomes the pack, so that its
path can be handed to any program. Otherwise only the new chunks are kept, compressed one by
one, and the manifest refers to packs of earlier versions for the rest. Of a small file, which
is put together again in milliseconds, it is the compressed chunks that are weighed.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import zstandard
from blake3 import blake3

from omicshelf.backend.background import Lane
from omicshelf.backend.store.chunks import (
    DEFAULT,
    SMALL,
    ChunkParams,
    Progress,
    Scan,
    changed,
    parallel_hasher,
    scan,
    steady,
)
from omicshelf.backend.store.durable import (
    clone,
    discard,
    new_file,
    open_source,
    storage_errors,
    write_all,
)
from omicshelf.backend.store.manifest import EXTENT, RAW, ZSTD, BlobManifest, object_key

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "DELTA_START",
    "SMALL_FILE",
    "Ingested",
    "Plan",
    "compressed",
    "ingest",
    "params_for",
    "plan",
]

DELTA_START = struct.pack("<4sHH", b"OMSD", 1, 0)
_WORTH_IT = 0.97  # keep a chunk raw rather than decompress it for ever to save 3 %
_COPY_BLOCK = 4 << 20
_BATCH = 64  # chunks that one thread compresses at a time, about 5 MB
SMALL_FILE = 16 << 20
_OUTGROWN = 4  # a file this many times larger than a small one is cut anew, into larger chunks


@dataclass(frozen=True, eq=False)
class Plan:
    """How the chunks of a file are to be kept.

    Attributes
    ----------
    kind
        ``verbatim``: the file is the pack. ``delta``: a pack of the new chunks. ``reuse``:
        nothing is written.
    new_bytes
        Bytes of the distinct chunks that no earlier version has.
    extents
        Those of the known chunks; the others are zero but for their length and hash.
    known
        Which chunks are known, bool, one a chunk.
    packs
        The packs that the known chunks lie in, with their sizes.
    """

    kind: Literal["verbatim", "delta", "reuse"]
    new_bytes: int
    extents: npt.NDArray[Any]
    known: npt.NDArray[np.bool_]
    packs: dict[str, int]


@dataclass(frozen=True, eq=False)
class Ingested:
    """A file made ready to be put into a store.

    Attributes
    ----------
    scan, plan
        What was found and decided.
    pack_file
        The finished pack, for ``put_file`` or ``put_many``; None when nothing is written. It
        is the caller's own file when that was ``owned`` and is kept verbatim.
    pack_key
        The key to put it under.
    manifest
        What to encode, with ``dataclasses.replace(manifest, digest=…, names=…)`` if wanted.
    added_bytes
        What the file costs: the size of the new pack.
    """

    scan: Scan
    plan: Plan
    pack_file: Path | None
    pack_key: str | None
    manifest: BlobManifest
    added_bytes: int


def plan(found: Scan, known: Sequence[BlobManifest], dead_packs: Collection[str] = ()) -> Plan:
    """Decide how to keep a file, given earlier manifests that it may share chunks with.

    Parameters
    ----------
    known
        Manifests of earlier versions, the preferred (newest) first.
    dead_packs
        Keys of packs that must not be referred to, although a manifest does.
    """
    earlier, packs = _merge(known, dead_packs)
    extents = np.zeros(len(found.lengths), EXTENT)
    extents["length"] = found.lengths
    extents["hash"] = found.hashes
    is_known = np.zeros(len(extents), np.bool_)
    if len(earlier):
        keys = _prefixes(earlier["hash"])
        order = np.argsort(keys, kind="stable")
        keys = keys[order]
        wanted = _prefixes(found.hashes)
        at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        candidates = earlier[order[at]]
        # Two hashes with one prefix hide each other; the second counts as new, which is safe.
        is_known = (candidates["hash"] == found.hashes).all(axis=1)
        is_known &= candidates["length"] == found.lengths
        extents[is_known] = candidates[is_known]
    used = np.unique(extents["pack"][is_known])
    renumbered = np.zeros(len(packs) + 1, np.uint32)
    renumbered[used] = np.arange(len(used))
    extents["pack"] = np.where(is_known, renumbered[extents["pack"]], 0)
    _, first = np.unique(_prefixes(found.hashes[~is_known]), return_index=True)
    new_bytes = int(found.lengths[~is_known][first].sum(dtype=np.int64))
    kind: Literal["verbatim", "delta", "reuse"]
    if not new_bytes:
        kind = "reuse"
    else:
        kind = "verbatim" if 2 * new_bytes > found.size else "delta"
    names = list(packs.items())
    return Plan(kind, new_bytes, extents, is_known, dict(names[i] for i in used))


def ingest(
    path: Path,
    *,
    owned: bool,
    staging: Path,
    known: Sequence[BlobManifest] = (),
    blob_id: str,
    suffix: str = "",
    params: ChunkParams | None = None,
    dead_packs: Collection[str] = (),
    progress: Progress | None = None,
) -> Ingested:
    """Make a file ready to be put into a store.

    Parameters
    ----------
    path
        The file.
    owned
        Whether it is a temporary file of ours on the store's file system: then it becomes the
        verbatim pack itself. A user's own file is never changed.
    staging
        The folder for temporary files, ``ObjectStore.staging()``.
    known, dead_packs
        As for :func:`plan`.
    blob_id
        A new random id.
    suffix
        The ending of a verbatim pack's name, such as ``.h5ad``, by which programs know it.
    params
        How to cut it; by default as the newest of ``known`` was, or what its size asks for.
    progress
        Called with the number of bytes read.

    Raises
    ------
    omicshelf.errors.Invalid
        The file changed while it was read, or it is not a regular file.
    omicshelf.errors.StorageError
        There is no space, or the disk fails. No temporary file is left in either case.
    """
    keys = {"verbatim": object_key(blob_id, suffix), "delta": object_key(blob_id, ".delta")}
    copy, delta = staging / f"{blob_id}{suffix}.part", staging / f"{blob_id}.delta"
    params = params or params_for(path.stat().st_size if path.exists() else 0, known)
    known = [manifest for manifest in known if manifest.params == params]
    pack_file, pack_hash = None, ""
    try:
        found, private = _scan(path, owned, copy, bool(known), params, progress)
        decided = plan(found, known, dead_packs)
        compact = decided.kind == "verbatim" and bool(known) and found.size <= SMALL_FILE
        if decided.kind == "delta" or compact:
            extents, size, pack_hash = _write_delta(private or path, delta, found, decided)
            pack_file = delta
            decided = replace(decided, kind="verbatim" if 2 * size > found.size else "delta")
        if decided.kind == "verbatim":
            discard(delta)
            pack_file = private if private is not None else _copy(path, copy, found)
            extents, size = _in_place(found), found.size
        elif decided.kind == "reuse":
            extents, size = decided.extents, 0
        if pack_file != copy:
            discard(copy)
    except BaseException:
        discard(copy)
        discard(delta)
        raise
    packs = dict(decided.packs) if decided.kind != "verbatim" else {}
    key = keys.get(decided.kind)
    if key is not None:
        packs[key] = size
    pack_hashes = {key: h for earlier in known for key, h in earlier.pack_hashes.items()}
    if decided.kind == "delta":
        pack_hashes[keys["delta"]] = pack_hash
    manifest = BlobManifest(
        blob_id,
        found.size,
        found.blake3,
        packs=packs,
        extents=extents,
        params=params,
        pack_hashes={key: h for key, h in pack_hashes.items() if key in packs},
    )
    return Ingested(found, decided, pack_file, key, manifest, size)


def compressed(data: bytes, compressor: zstandard.ZstdCompressor) -> tuple[int, bytes]:
    """Give the codec and the bytes under which one chunk is kept, or sent."""
    shorter = compressor.compress(data)
    return (ZSTD, shorter) if len(shorter) < _WORTH_IT * len(data) else (RAW, data)


def params_for(size: int, known: Sequence[BlobManifest]) -> ChunkParams:
    """Cut a new version as the one before was cut, or they share nothing.

    Small files are cut into small chunks: they cost a larger manifest, and save more.
    """
    limit = SMALL_FILE * (_OUTGROWN if known else 1)
    if known and (known[0].params != SMALL or size <= limit):
        return known[0].params
    return SMALL if size <= limit else DEFAULT


def _merge(
    known: Sequence[BlobManifest], dead_packs: Collection[str]
) -> tuple[npt.NDArray[Any], dict[str, int]]:
    """Give all extents of the manifests in live packs, and the packs they index into."""
    packs: dict[str, int] = {}
    parts = [np.empty(0, EXTENT)]
    for manifest in known:
        for key, size in manifest.packs.items():
            packs.setdefault(key, size)
        numbers = {key: number for number, key in enumerate(packs)}
        part = manifest.extents.copy()
        renumbered = np.array([numbers[key] for key in manifest.packs], np.uint32)
        live = np.array([key not in dead_packs for key in manifest.packs], np.bool_)
        part = part[live[part["pack"]]]
        part["pack"] = renumbered[part["pack"]]
        parts.append(part)
    return np.concatenate(parts), packs


def _prefixes(hashes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    return np.ascontiguousarray(hashes[:, :8]).view("<u8")[:, 0]


def _scan(
    path: Path,
    owned: bool,
    copy: Path,
    may_share: bool,
    params: ChunkParams,
    progress: Progress | None,
) -> tuple[Scan, Path | None]:
    """Scan a file; give also the path of a private copy of it, where there is one by now."""
    if owned:
        return scan(path, params=params, progress=progress), path
    if _clone(path, copy):
        return scan(copy, params=params, progress=progress), copy
    if may_share:  # most likely a delta: do not copy what is known already
        return scan(path, params=params, progress=progress), None
    return scan(path, params=params, progress=progress, copy_to=copy), copy


def _clone(path: Path, copy: Path) -> bool:
    with FileIO(open_source(path)) as source, storage_errors(f"copy {path}"):
        return clone(source.fileno(), copy)


def _copy(path: Path, copy: Path, found: Scan) -> Path:
    """Copy a file that was scanned a moment ago, and make sure that it still is the same."""
    hasher = parallel_hasher()
    buffer = memoryview(bytearray(_COPY_BLOCK))
    with new_file(copy) as target, steady(path) as file, Lane() as lane:
        while n := file.readinto(buffer):
            hashed = lane.submit(hasher.update, buffer[:n])
            with storage_errors(f"copy {path}"):
                write_all(target, buffer[:n])
            hashed()
        if hasher.hexdigest() != found.blake3:
            raise changed(path)
    return copy


def _in_place(found: Scan) -> npt.NDArray[Any]:
    extents = np.zeros(len(found.lengths), EXTENT)
    lengths = found.lengths.astype(np.uint64)
    extents["offset"] = np.cumsum(lengths) - lengths
    extents["stored"] = extents["length"] = found.lengths
    extents["hash"] = found.hashes
    return extents


def _write_delta(
    path: Path, delta: Path, found: Scan, decided: Plan
) -> tuple[npt.NDArray[Any], int, str]:
    """Write the new chunks, each once; give all extents, and the pack's size and hash."""
    extents = decided.extents.copy()
    new = np.flatnonzero(~decided.known).tolist()
    first_of: dict[bytes, int] = {}
    for i in new:
        first_of.setdefault(found.hashes[i].tobytes(), i)
    offset = len(DELTA_START)
    whole = blake3(DELTA_START)
    with new_file(delta) as target, FileIO(open_source(path)) as file:
        write_all(target, DELTA_START)
        for i, codec, kept in _compressed(file, path, found, list(first_of.values())):
            write_all(target, kept)
            whole.update(kept)
            chunk = extents[i : i + 1]
            chunk["pack"], chunk["codec"] = len(decided.packs), codec
            chunk["offset"], chunk["stored"] = offset, len(kept)
            offset += len(kept)
    extents[new] = extents[[first_of[found.hashes[i].tobytes()] for i in new]]
    return extents, offset, whole.hexdigest()


def _compressed(
    file: FileIO, path: Path, found: Scan, chunks: list[int]
) -> Iterator[tuple[int, int, bytes]]:
    """Read chunks, check and compress them on two threads; give index, codec and bytes."""
    starts = np.cumsum(found.lengths, dtype=np.int64) - found.lengths

    def compress(batch: list[tuple[int, bytes]]) -> list[tuple[int, int, bytes]]:
        compressor = zstandard.ZstdCompressor(level=1)
        results = []
        for i, data in batch:
            if blake3(data).digest() != found.hashes[i].tobytes():
                raise changed(path)
            results.append((i, *compressed(data, compressor)))
        return results

    with ExitStack() as stack:
        lanes = [stack.enter_context(Lane(len(chunks) <= _BATCH)) for _ in range(2)]
        under_way: deque[Callable[[], list[tuple[int, int, bytes]]]] = deque()
        for number, at in enumerate(range(0, len(chunks), _BATCH)):
            batch = []
            for i in chunks[at : at + _BATCH]:
                file.seek(int(starts[i]))
                batch.append((i, file.read(int(found.lengths[i]))))
            under_way.append(lanes[number % 2].submit(compress, batch))
            if len(under_way) > len(lanes):
                yield from under_way.popleft()()
        while under_way:
            yield from under_way.popleft()()
