"""The parts of a chunked upload, put together as packs and a manifest."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from blake3 import blake3

from omicshelf.backend.embedded.announced import Announced
from omicshelf.backend.store.chunks import hash_file
from omicshelf.backend.store.durable import discard, new_file, storage_errors, write_all
from omicshelf.backend.store.manifest import EXTENT, BlobManifest, object_key, pack_suffix
from omicshelf.backend.store.packs import DELTA_START, Ingested, Plan
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Assembly", "StoredPart"]


@dataclass(frozen=True)
class StoredPart:
    """A part that has arrived: where it is kept, and where in it each of its chunks.

    ``places`` holds offset, stored length and codec of each chunk; None where the bytes came
    as they are.
    """

    number: int
    key: str
    size: int
    blake3: str
    places: Sequence[Sequence[int]] | None


class Assembly:
    """Makes packs and a manifest of what was announced, what is shared and what has arrived.

    Parameters
    ----------
    announced
        The chunks of the file, and which of them were sent.
    decided
        What the dataset's last versions have of them now.
    parts
        All parts.
    blob
        The id of the new blob.
    suffix
        The ending of the file's name.
    """

    def __init__(
        self,
        announced: Announced,
        decided: Plan,
        parts: Sequence[StoredPart],
        blob: str,
        suffix: str,
    ) -> None:
        self._announced, self._decided, self._parts = announced, decided, parts
        self._blob, self._suffix = blob, suffix
        self._extents = np.zeros(len(announced.scan.lengths), EXTENT)
        self._extents["length"] = announced.scan.lengths
        self._extents["hash"] = announced.scan.hashes
        self._packs: dict[str, int] = {}
        self._hashes: dict[str, str] = {}

    @property
    def part_keys(self) -> list[str]:
        """The objects of the parts, where each is one."""
        return [part.key for part in self._parts]

    def ingested(
        self, folder: Path | None, staging: Path, known: Sequence[BlobManifest]
    ) -> Ingested:
        """Give what ``ingest`` would have made of the file.

        Parameters
        ----------
        folder
            Where the parts are local files; None where they are objects of the store.
        staging
            For the new pack.
        known
            The manifests that chunks are shared with.
        """
        self._share(known)
        pack_file, pack_key = None, None
        if folder is None:
            added = self._take_objects()
        elif not self._announced.wanted:
            added = 0
        elif self._announced.packed:
            pack_key = object_key(self._blob, ".delta")
            pack_file = staging / f"{self._blob}-{uuid.uuid4().hex[:6]}.delta"
            added = self._write_delta(folder, pack_file, pack_key)
        else:
            pack_key = object_key(self._blob, pack_suffix(self._suffix))
            pack_file = staging / f"{self._blob}-{uuid.uuid4().hex[:6]}{self._suffix}"
            added = self._take_file(folder / "data", pack_file, pack_key)
        scan = self._announced.scan
        manifest = BlobManifest(
            self._blob,
            scan.size,
            scan.blake3,
            packs=self._packs,
            extents=self._extents,
            params=scan.params,
            pack_hashes=self._hashes,
        )
        return Ingested(scan, self._decided, pack_file, pack_key, manifest, added)

    def _share(self, known: Sequence[BlobManifest]) -> None:
        """Take what was not sent from the packs that have it."""
        shared = ~self._announced.sent
        self._extents[shared] = self._decided.extents[shared]
        used = np.unique(self._extents["pack"][shared])
        names = list(self._decided.packs.items())
        renumbered = np.zeros(len(names) + 1, np.uint32)
        renumbered[used] = np.arange(len(used))
        self._extents["pack"][shared] = renumbered[self._extents["pack"][shared]]
        self._packs = dict(names[i] for i in used)
        hashes = {key: found for earlier in known for key, found in earlier.pack_hashes.items()}
        self._hashes = {key: hashes[key] for key in self._packs if key in hashes}

    def _take_file(self, data: Path, pack: Path, key: str) -> int:
        """Make the file itself the pack, under a second name: the upload may be used again.

        Its chunks were held against their hashes as they came, and here the whole is held
        against its own, under which it will be given out: nothing else would before it is read.
        """
        if (found := hash_file(data)) != self._announced.scan.blake3:
            raise Invalid(
                f"The bytes have the hash {found}, not {self._announced.scan.blake3}.",
                "Hash the file that you send, and begin a new upload.",
            )
        with storage_errors(f"write {pack}"):
            try:
                os.link(data, pack)
            except OSError:  # a file system without links
                shutil.copyfile(data, pack)
        scan = self._announced.scan
        lengths = scan.lengths.astype(np.uint64)
        self._extents["offset"] = np.cumsum(lengths) - lengths
        self._extents["stored"] = scan.lengths
        self._packs[key] = scan.size
        return scan.size

    def _write_delta(self, folder: Path, pack: Path, key: str) -> int:
        """Write the chunks of all parts into one pack."""
        number, offset = len(self._packs), len(DELTA_START)
        whole = blake3(DELTA_START)
        places: dict[int, tuple[int, int, int]] = {}
        try:
            with new_file(pack) as target:
                write_all(target, DELTA_START)
                for part, chunks in self._each():
                    data = memoryview((folder / part.key).read_bytes())
                    for i, (at, stored, codec) in zip(chunks, part.places or (), strict=True):
                        write_all(target, data[at : at + stored])
                        whole.update(data[at : at + stored])
                        places[i] = (offset, stored, codec)
                        offset += stored
        except BaseException:
            discard(pack)
            raise
        self._place(places, dict.fromkeys(places, number))
        self._packs[key], self._hashes[key] = offset, whole.hexdigest()
        return offset

    def _take_objects(self) -> int:
        """Make every part a pack."""
        places: dict[int, tuple[int, int, int]] = {}
        packs: dict[int, int] = {}
        for part, chunks in self._each():
            number = len(self._packs)
            self._packs[part.key], self._hashes[part.key] = part.size, part.blake3
            for i, (at, stored, codec) in zip(chunks, part.places or (), strict=True):
                places[i], packs[i] = (at, stored, codec), number
        self._place(places, packs)
        return sum(part.size for part in self._parts)

    def _each(self) -> Sequence[tuple[StoredPart, Sequence[int]]]:
        parts = self._announced.parts
        return [(part, parts[part.number]) for part in self._parts]

    def _place(self, places: dict[int, tuple[int, int, int]], packs: dict[int, int]) -> None:
        """Note where the sent chunks are; those of the same content as an earlier one, with it."""
        sent = np.flatnonzero(self._announced.sent).tolist()
        first = {self._announced.scan.hashes[i].tobytes(): i for i in places}
        sources = [first[self._announced.scan.hashes[i].tobytes()] for i in sent]
        at: npt.NDArray[Any] = np.array([places[i] for i in sources], np.uint64).reshape(-1, 3)
        self._extents["offset"][sent] = at[:, 0]
        self._extents["stored"][sent] = at[:, 1]
        self._extents["codec"][sent] = at[:, 2]
        self._extents["pack"][sent] = [packs[i] for i in sources]
