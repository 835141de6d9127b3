"""Bytes that come from a server: verified chunk by chunk, kept in the user's cache."""

from __future__ import annotations

import base64
import binascii
import os
import shutil
import threading
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
import platformdirs
from blake3 import blake3
from pydantic import Field

from omicshelf.backend import wire
from omicshelf.backend.base import BlobChunks
from omicshelf.backend.remote import failures
from omicshelf.backend.remote.client import Client, as_record, path_of
from omicshelf.backend.remote.ranges import BlobRanges
from omicshelf.backend.remote.records import Records
from omicshelf.backend.store.cache import Cache
from omicshelf.backend.store.chunks import ChunkParams
from omicshelf.backend.store.durable import storage_errors
from omicshelf.backend.store.leases import Lease, lease_file, try_exclusive
from omicshelf.backend.store.manifest import EXTENT, BlobManifest
from omicshelf.backend.store.parts import check_scan, scan_of
from omicshelf.backend.store.reader import BlobReader, open_blob
from omicshelf.errors import Invalid, NotFound
from omicshelf.formats.base import Names, Progress
from omicshelf.records import BlobRecord, Summary

__all__ = ["Reading", "cache_folder"]

_KEPT_MANIFESTS = 32


class _Cuts(wire.Answer):
    """How a blob is cut, as ``/blobs/{blob}/chunks`` tells it."""

    size: int
    blake3: str
    params: dict[str, Any] = Field(default_factory=dict)
    lengths: str
    hashes: str


class Reading(Records):
    """The part of the remote backend that gives bytes out."""

    def __init__(self, client: Client) -> None:
        super().__init__(client)
        self._manifests: OrderedDict[str, BlobManifest] = OrderedDict()
        self._held: dict[tuple[str, str], Lease] = {}
        self._guard = threading.Lock()
        self._cache: Cache | None = None
        self._staging: _Staging | None = None

    # -- what is known of a blob

    def blob_facts(self, blob: str) -> BlobRecord:
        return as_record(BlobRecord, self.client.ask("GET", path_of("blobs", blob)))

    def summary(self, blob: str) -> Summary:
        return as_record(Summary, self.client.ask("GET", path_of("blobs", blob, "summary")))

    def names(self, blob: str) -> Names | None:
        answer = self.client.ask("GET", path_of("blobs", blob, "names"))
        found = as_record(wire.BlobNames, answer)
        if found.obs_names is None and found.var_names is None:
            return None
        return Names(self._decoded(found.obs_names or ""), self._decoded(found.var_names or ""))

    def sha256(self, blob: str) -> str:
        # Of a large blob it is computed when it is first asked for.
        answer = self.client.ask("GET", path_of("blobs", blob, "sha256"), lasting=True)
        return as_record(wire.BlobHash, answer).sha256

    def chunks(self, blob: str) -> BlobChunks:
        found = as_record(_Cuts, self.client.ask("GET", path_of("blobs", blob, "chunks")))
        lengths, hashes = self._decoded(found.lengths), self._decoded(found.hashes)
        return BlobChunks(found.size, found.blake3, found.params, lengths, hashes)

    def _decoded(self, text: str) -> bytes:
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise failures.unreadable(self.client.base) from error

    def _manifest(self, blob: str) -> BlobManifest:
        """Give the blob as one raw pack, the key of which is its id."""
        with self._guard:
            known = self._manifests.get(blob)
        if known is not None:
            # It may have been purged, or the right to read it taken.
            self.blob_facts(blob)
            return known
        made = self._read_manifest(blob)
        with self._guard:
            self._manifests[blob] = made
            while len(self._manifests) > _KEPT_MANIFESTS:
                self._manifests.popitem(last=False)
        return made

    def _read_manifest(self, blob: str) -> BlobManifest:
        found = self.chunks(blob)
        ours = {field.name for field in fields(ChunkParams)}
        try:
            params = ChunkParams(**{k: v for k, v in found.params.items() if k in ours})
            scan = scan_of(found.size, found.blake3, found.lengths, found.hashes, params)
            check_scan(scan)
        except (Invalid, TypeError) as error:
            raise failures.unreadable(self.client.base) from error
        extents = np.zeros(len(scan.lengths), EXTENT)
        lengths = scan.lengths.astype(np.uint64)
        extents["offset"] = np.cumsum(lengths) - lengths
        extents["stored"] = extents["length"] = scan.lengths
        extents["hash"] = scan.hashes
        return BlobManifest(
            blob, scan.size, scan.blake3, packs={blob: scan.size}, extents=extents, params=params
        )

    # -- bytes

    def _ranges(self, manifest: BlobManifest) -> BlobRanges:
        return BlobRanges(self.client, manifest.blob, manifest.size)

    def open_blob(self, blob: str) -> IO[bytes]:
        """Give a seekable file object; what is read of it is fetched and verified."""
        manifest = self._manifest(blob)
        return cast("IO[bytes]", open_blob(self._ranges(manifest), manifest))

    def download(self, blob: str, dest: Path, progress: Progress | None = None) -> None:
        """Write the bytes to a file: verified, under a temporary name, then renamed."""
        manifest = self._manifest(blob)
        with BlobReader(self._ranges(manifest), manifest) as reader:
            reader.materialise(dest, progress)

    @contextmanager
    def local_file(self, blob: str, suffix: str) -> Iterator[Path]:
        """Give the bytes as a read-only local file, kept while the context lasts."""
        with self._lease(blob, suffix) as lease:
            yield lease.path

    def hold_file(self, blob: str, suffix: str) -> Path:
        """Give the bytes as a read-only local file, kept until the connection is closed."""
        with self._guard:
            held = self._held.get((blob, suffix))
        if held is None or not held.path.exists():
            lease = self._lease(blob, suffix)
            with self._guard:
                held = self._held.setdefault((blob, suffix), lease)
                if held is not lease and not held.path.exists():
                    held = self._held[blob, suffix] = lease
        return held.path

    def _lease(self, blob: str, suffix: str) -> Lease:
        manifest = self._manifest(blob)

        def produce(dest: Path) -> str:
            with BlobReader(self._ranges(manifest), manifest) as reader:
                return reader.materialise(dest)

        return self.cache.fill(blob, suffix, produce, manifest.blake3)

    # -- where files are kept

    @property
    def cache(self) -> Cache:
        """The user's cache of this server's files, shared by all processes of the user."""
        if self._cache is None:
            self._cache = Cache(cache_folder(self.client.info().store or self.client.base))
        return self._cache

    def staging(self) -> Path:
        """Give a folder for temporary files of this process, removed when it is closed."""
        with self._guard:
            if self._staging is None or not self._staging.usable:
                self._staging = _Staging(self.cache.folder / "staging")
            return self._staging.folder

    def release(self) -> None:
        """Let go of every held file, and of what is known of blobs."""
        with self._guard:
            for lease in self._held.values():
                lease.close()
            self._held.clear()
            self._manifests.clear()
            if self._staging is not None:
                self._staging.remove()
                self._staging = None


def cache_folder(store: str) -> Path:
    """Give the cache's folder for the files of one server.

    Parameters
    ----------
    store
        The id of the server's store. It may be any text, as it is the server's.
    """
    above = os.environ.get("OMICSHELF_CACHE") or platformdirs.user_cache_dir("omicshelf")
    return Path(above) / f"server-{blake3(store.encode()).hexdigest()[:16]}"


class _Staging:
    """A folder of this process, leased so that others know that it is in use."""

    def __init__(self, above: Path) -> None:
        with storage_errors(f"write to the cache at {above}"):
            above.mkdir(parents=True, exist_ok=True)
            self._lease = _leased_folder(above)
            self.folder = self._lease.path
            _remove_abandoned(above)
        self._pid = os.getpid()
        self._finalizer = weakref.finalize(self, _remove, self._lease, self._pid)

    @property
    def usable(self) -> bool:
        """Whether it is this process's own, and still there."""
        return self._pid == os.getpid() and self.folder.is_dir()

    def remove(self) -> None:
        """Remove the folder with all that is left in it."""
        self._finalizer()


def _leased_folder(above: Path) -> Lease:
    while True:
        folder = above / uuid.uuid4().hex
        folder.mkdir()
        with suppress(NotFound):  # somebody took it for abandoned before the lease
            return lease_file(folder)


def _remove(lease: Lease, pid: int) -> None:
    if pid == os.getpid():  # and not the fork of that process
        shutil.rmtree(lease.path, ignore_errors=True)
    lease.close()


def _remove_abandoned(above: Path) -> None:
    """Remove the folders of processes that were killed."""
    for folder in above.iterdir():
        lease = try_exclusive(folder)
        if lease is not None:
            with lease:
                shutil.rmtree(folder, ignore_errors=True)
