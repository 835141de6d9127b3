"""Bytes that go out: as a local file, as a file object, or as a copy.

No byte is returned that was not verified: a pack whose verified mark still holds was hashed
when it was written; any other is hashed first.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar, cast

import sqlalchemy as sa
from blake3 import blake3

from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.blobs import Incoming
from omicshelf.backend.embedded.search import Search
from omicshelf.backend.store.cache import Cache
from omicshelf.backend.store.chunkfile import ChunkFile
from omicshelf.backend.store.chunks import hash_file
from omicshelf.backend.store.leases import Lease, lease_file
from omicshelf.backend.store.manifest import BlobManifest
from omicshelf.backend.store.marks import Mark, take_mark
from omicshelf.backend.store.reader import BlobReader
from omicshelf.errors import AccessDenied, IntegrityError, NotFound, StorageError
from omicshelf.formats.base import Progress

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["Reading"]

T = TypeVar("T")


class Reading(Search):
    """The part of the embedded backend that gives bytes out."""

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[tuple[str, str], Lease] = {}
        self._held_guard = threading.Lock()
        self._cache: Cache | None = None

    @property
    def cache(self) -> Cache:
        """The cache of files that are not one pack."""
        if self._cache is None:
            self._cache = Cache(self._cache_folder())
        return self._cache

    def _cache_folder(self) -> Path:
        if folder := os.environ.get("OMICSHELF_CACHE"):
            return Path(folder)
        if os.access(self.root, os.W_OK):
            return self.root / "cache"
        import platformdirs

        # A catalog that may only be read: what is made for reading is the reader's own.
        name = blake3(os.fsencode(self.root)).hexdigest()[:16]
        return Path(platformdirs.user_cache_dir("omicshelf")) / name

    @contextmanager
    def local_file(self, blob: str, suffix: str) -> Iterator[Path]:
        """Give the bytes as a read-only local file, kept while the context lasts."""
        with self._lease(blob, suffix) as lease:
            yield lease.path

    def hold_file(self, blob: str, suffix: str) -> Path:
        """Give the bytes as a read-only local file, kept until the connection is closed."""
        with self._held_guard:
            held = self._held.get((blob, suffix))
            if held is None or not held.path.exists():
                held = self._lease(blob, suffix)
                self._held[blob, suffix] = held
            return held.path

    def _lease(self, blob: str, suffix: str) -> Lease:
        return self._reading(blob, lambda manifest: self._lease_of(manifest, suffix))

    def _lease_of(self, manifest: BlobManifest, suffix: str) -> Lease:
        key = manifest.verbatim
        path = None if key is None else self.store.local_path(key)
        if key is not None and path is not None and path.name.endswith(suffix):
            lease = self.lease_pack(key)
            try:
                self._check_mark(key, path, manifest)
            except BaseException:
                lease.close()
                raise
            return lease

        def produce(dest: Path) -> str:
            with self.packs_of(manifest), self._reader(manifest) as reader:
                return reader.materialise(dest)

        return self.cache.fill(manifest.blob, suffix, produce, manifest.blake3)

    def lease_pack(self, key: str) -> Lease:
        """Keep a pack from being removed while it is read.

        On an object in a bucket there can be no lease: what nothing refers to any more is kept
        there for the grace period of :meth:`gc`, which is longer than a reading takes.
        """
        path = self.store.local_path(key)
        if path is None:
            return Lease(Path(key), None)
        try:
            return lease_file(path)
        except NotFound as error:
            raise missing_pack(key) from error

    def packs_of(self, manifest: BlobManifest) -> ExitStack:
        """Keep the packs of a blob from being removed until the stack is closed."""
        with ExitStack() as held:
            for key in manifest.packs:
                held.enter_context(self.lease_pack(key))
            return held.pop_all()

    def _marks(self, keys: Collection[str]) -> dict[str, Mark]:
        """Give the verified marks of packs; none where everything is to be hashed."""
        if os.environ.get("OMICSHELF_VERIFY") == "always":
            return {}
        return self.marks_of(keys)

    def _reader(self, manifest: BlobManifest) -> BlobReader:
        """Give a reader that hashes no pack again whose verified mark holds."""
        return BlobReader(self.store, manifest, marks=self._marks(manifest.packs))

    def _check_mark(self, key: str, path: Path, manifest: BlobManifest) -> None:
        mark = self._marks([key]).get(key)
        if mark is not None and mark.holds(path):
            return
        now = take_mark(path)
        if hash_file(path) != manifest.blake3:
            raise damaged(key, manifest)
        self.keep_mark(key, now)

    def keep_spare(self, incoming: Incoming) -> None:
        """Put the plain file of a delta into the cache, by rename."""
        assert incoming.spare is not None
        suffix = "".join(incoming.spare.suffixes)
        try:
            self.cache.put_by_rename(
                incoming.facts.id, suffix, incoming.spare, incoming.facts.blake3
            )
        except (StorageError, OSError):  # the version is safe; the cache only saves time
            incoming.spare.unlink(missing_ok=True)

    def open_blob(self, blob: str) -> IO[bytes]:
        """Give a seekable file object over the chunks; every chunk is verified as it is read."""

        def opened(manifest: BlobManifest) -> IO[bytes]:
            if not self.has_local_objects:
                return cast("IO[bytes]", _BucketFile(self, manifest))
            held = self.packs_of(manifest)
            return cast("IO[bytes]", _HeldFile(self._reader(manifest), held))

        return self._reading(blob, opened)

    def download(self, blob: str, dest: Path, progress: Progress | None = None) -> None:
        """Write the bytes to a file: verified, under a temporary name, then renamed."""

        def write(manifest: BlobManifest) -> None:
            with self.packs_of(manifest), BlobReader(self.store, manifest) as reader:
                reader.materialise(dest, progress)

        self._reading(blob, write)

    def _reading(self, blob: str, read: Callable[[BlobManifest], T]) -> T:
        """Read with the manifest at hand, and once more with a fresh one: packs are repacked."""
        manifest = self.manifest(blob)
        try:
            return read(manifest)
        except IntegrityError:
            fresh = self.manifest(blob, fresh=True)
            if list(fresh.packs) == list(manifest.packs):
                raise
            return read(fresh)

    def sha256(self, blob: str) -> str:
        """Give the sha256 of the bytes, computed when first asked for and then kept."""
        with self.db.reading() as connection:
            known = connection.execute(
                sa.select(t.blob.c.sha256).where(t.blob.c.id == blob)
            ).scalar_one_or_none()
        if known is not None:
            return cast("str", known)
        found = hashlib.sha256()
        with self.open_blob(blob) as stream:
            while block := stream.read(4 << 20):
                found.update(block)
        with contextlib.suppress(StorageError, AccessDenied), self.db.writing() as connection:
            connection.execute(
                t.blob.update().where(t.blob.c.id == blob).values(sha256=found.hexdigest())
            )
        return found.hexdigest()

    def release(self) -> None:
        """Let go of every held file."""
        with self._held_guard:
            for lease in self._held.values():
                lease.close()
            self._held.clear()


class _HeldFile(ChunkFile):
    """A file object that keeps its packs from being removed until it is closed."""

    def __init__(self, reader: BlobReader, held: ExitStack) -> None:
        super().__init__(reader, owns_reader=True)
        self._held = held

    def close(self) -> None:
        super().close()
        self._held.close()


class _BucketFile(ChunkFile):
    """A file object that goes on in other packs when its own were repacked and are gone."""

    def __init__(self, backend: Reading, manifest: BlobManifest) -> None:
        super().__init__(BlobReader(backend.store, manifest), owns_reader=True)
        self._backend = backend

    def readinto(self, buffer: Buffer) -> int:
        return self._again(lambda: super(_BucketFile, self).readinto(buffer))

    def readall(self) -> bytes:
        return self._again(super().readall)

    def _again(self, read: Callable[[], T]) -> T:
        """Read; once more with a fresh manifest where a pack is not what it was."""
        try:
            return read()
        except IntegrityError:
            manifest = self._reader.manifest
            fresh = self._backend.manifest(manifest.blob, fresh=True)
            if list(fresh.packs) == list(manifest.packs):
                raise
            old, self._reader = self._reader, BlobReader(self._backend.store, fresh)
            old.close()
            return read()


def missing_pack(key: str) -> IntegrityError:
    """Make the error for a pack that is not in the store."""
    return IntegrityError(
        f"The pack '{key}' is missing from the store.",
        "Restore the catalog's folder from a backup; `omicshelf verify` lists all damage.",
    )


def damaged(key: str, manifest: BlobManifest) -> IntegrityError:
    """Make the error for a pack whose bytes are not those that were written."""
    return IntegrityError(
        f"The pack '{key}' (data object {manifest.blob}) does not have the bytes that were "
        "written: its blake3 hash differs.",
        "Restore it from a backup; `omicshelf verify` lists all damage. Other versions are "
        "not affected unless `verify` names them.",
    )
