"""A bounded cache of whole files: blobs written out, downloads, unpacked folders.

Layout below the cache's folder: ``entries/<key><suffix>`` is the file or folder,
``facts/<key><suffix>`` what was known about it when it was last verified (and, by its time,
when it was last used), ``tmp/`` what is being made, ``locks/`` one empty file a key. Losing any of
it at any time costs time, never data.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from blake3 import blake3 as new_blake3
from filelock import FileLock, Timeout

from omicshelf.backend.store.chunks import hash_file
from omicshelf.backend.store.durable import READ_ONLY, discard, storage_errors
from omicshelf.backend.store.leases import Lease, lease_file, try_exclusive
from omicshelf.backend.store.manifest import check_suffix
from omicshelf.backend.store.marks import take_mark
from omicshelf.errors import AccessDenied, IntegrityError, Invalid, NotFound, StorageError

__all__ = ["Cache", "Usage", "default_limit", "parse_size"]

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_BINARY_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_ABANDONED_S = 24 * 3600.0

Produce = Callable[[Path], str | None]
"""Makes a new file or folder at a path. It may return the blake3 hash (hex) of the bytes that
it wrote, so that they need not be read again to be verified."""


@dataclass(frozen=True)
class Usage:
    """How full a cache is: ``size`` and ``limit`` in bytes, and the number of entries."""

    size: int
    limit: int
    n_entries: int


@dataclass(frozen=True)
class _Facts:
    """``blake3`` of a file, or ``-`` for a folder; ``size`` in bytes; ``mark`` as text."""

    blake3: str
    size: int
    mark: str = ""


def parse_size(text: str) -> int:
    """Read a size that a person wrote: ``20GB``, ``1.5 TB``, ``512MiB``, ``1000000``."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]?)(I?)B?\s*", text.upper())
    if match is None or (match[3] and not match[2]):
        raise Invalid(f"Not a size: {text!r}", "Write it like '20GB', '512MiB' or '1000000'.")
    return int(float(match[1]) * (_BINARY_UNITS if match[3] else _UNITS)[match[2]])


def default_limit(folder: Path) -> int:
    """Give ``OMICSHELF_CACHE_SIZE``, or the smaller of 20 GB and a tenth of the disk."""
    if text := os.environ.get("OMICSHELF_CACHE_SIZE"):
        return parse_size(text)
    existing = next((f for f in (folder, *folder.parents) if f.exists()), Path())
    with storage_errors(f"look at {existing}"):
        return min(20 * 10**9, shutil.disk_usage(existing).total // 10)


class Cache:
    """Files and folders under keys, the least recently used removed first.

    What it gives out is a :class:`Lease`; nothing is removed while a lease on it is held, by
    whatever process. May be used from several threads and processes at once.

    Parameters
    ----------
    folder
        Created when something is first kept.
    limit_bytes
        How much to keep; :func:`default_limit` when not given. One entry larger than that is
        kept for as long as it is in use.
    """

    def __init__(self, folder: Path, limit_bytes: int | None = None) -> None:
        self.folder = Path(folder)
        self.limit = default_limit(self.folder) if limit_bytes is None else limit_bytes
        # Of this process, for who watches it; threads that count at once may lose one.
        self.hits = self.misses = 0

    def __repr__(self) -> str:
        return f"Cache({str(self.folder)!r}, {self.limit})"

    def get(
        self, key: str, suffix: str = "", blake3: str | None = None, *, verify: bool = False
    ) -> Lease | None:
        """Give an entry, or None where there is no good one.

        Parameters
        ----------
        blake3
            The hash (hex) that a file must have, where the caller knows it.
        verify
            Read and hash the file even though its mark holds.
        """
        found = self._find(key, suffix, blake3, verify)
        if found is None:
            self.misses += 1
        else:
            self.hits += 1
        return found

    def _find(
        self, key: str, suffix: str, blake3: str | None, verify: bool = False
    ) -> Lease | None:
        path, facts_path = self._paths(key, suffix)
        try:
            lease = lease_file(path)
        except NotFound:
            return None
        facts = _read_facts(facts_path)
        if self._is_good(path, facts, facts_path, blake3, verify):
            with contextlib.suppress(OSError):
                os.utime(facts_path)  # used now
            return lease
        lease.close()
        with contextlib.suppress(StorageError, AccessDenied), self._lock(key, wait=False) as free:
            if free:
                self._remove(path, facts_path)
        return None

    def put_by_rename(
        self, key: str, suffix: str, staged: Path, blake3: str | None = None
    ) -> Lease:
        """Take over a finished file or folder whose bytes the caller has just hashed.

        Parameters
        ----------
        blake3
            The hash (hex) of the file; None for a folder.
        """
        with self._lock(key):
            path, facts_path = self._paths(key, suffix)
            if staged.is_file() and blake3 is None:
                blake3 = hash_file(staged)
            lease = self._insert(staged, path, facts_path, blake3)
        self.evict()
        return lease

    def fill(self, key: str, suffix: str, produce: Produce, blake3: str | None = None) -> Lease:
        """Give an entry; make it when it is not there. Of several callers, one makes it.

        Parameters
        ----------
        produce
            Called with the path at which to make the file or folder, perhaps twice when the
            disk was full the first time.
        blake3
            The hash (hex) that the file must have; None for a folder.

        Raises
        ------
        omicshelf.errors.IntegrityError
            What was made does not have the hash. It is not kept.
        """
        lease = self.get(key, suffix, blake3)
        if lease is not None:
            return lease
        with self._lock(key):
            lease = self._find(key, suffix, blake3)  # somebody made it while we waited
            if lease is not None:
                return lease
            path, facts_path = self._paths(key, suffix)
            self._discard_parts(f"{key}{suffix}.")
            part = self.folder / "tmp" / f"{key}{suffix}.{uuid.uuid4().hex}"
            try:
                try:
                    made = produce(part)
                except StorageError as error:
                    # Better an empty cache than no data.
                    if error.errno != errno.ENOSPC or not self.evict(keep=0):
                        raise
                    _remove_any(part)
                    made = produce(part)
                found = None if part.is_dir() else made or hash_file(part)
                if blake3 is not None and found != blake3:
                    raise IntegrityError(
                        f"What was made for {key!r} does not have the hash {blake3}.",
                        "The bytes were damaged on their way; try again, and run "
                        "`omicshelf verify` if it happens again.",
                    )
                lease = self._insert(part, path, facts_path, found)
            except BaseException:
                _remove_any(part)
                raise
        self.evict()
        return lease

    def evict(self, keep: int | None = None) -> int:
        """Remove the least recently used entries that are not in use.

        Parameters
        ----------
        keep
            How many bytes may stay; the limit when not given.

        Returns
        -------
        The number of bytes freed.
        """
        keep = self.limit if keep is None else keep
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        freed = 0
        for _, size, path in entries:
            if total - freed <= keep:
                break
            with self._lock(_key_of(path), wait=False) as free:
                if free and self._remove(path, self.folder / "facts" / path.name):
                    freed += size
        self._discard_parts("", _ABANDONED_S)
        return freed

    def clear(self) -> int:
        """Remove everything that is not in use; give the number of bytes freed."""
        return self.evict(keep=0)

    def usage(self) -> Usage:
        """Say how full the cache is."""
        sizes = [size for _, size, _ in self._entries()]
        return Usage(sum(sizes), self.limit, len(sizes))

    def _paths(self, key: str, suffix: str) -> tuple[Path, Path]:
        if not re.fullmatch(r"[0-9A-Za-z_-]{1,128}", key):
            raise Invalid(f"Not a key of the cache: {key!r}", "Use letters, digits, '_' and '-'.")
        check_suffix(suffix)
        return self.folder / "entries" / (key + suffix), self.folder / "facts" / (key + suffix)

    @contextlib.contextmanager
    def _lock(self, key: str, *, wait: bool = True) -> Iterator[bool]:
        """Keep others from changing an entry; False when they do now and ``wait`` is False."""
        with storage_errors(f"write to the cache at {self.folder}"):
            for name in ("entries", "facts", "tmp", "locks"):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "locks" / f"{key}.lock")
            # A Timeout is an OSError, but no failure.
            with contextlib.suppress(Timeout):
                lock.acquire(-1 if wait else 0, poll_interval=0.01)
        try:
            yield lock.is_locked
        finally:
            lock.release()

    def _entries(self) -> Iterator[tuple[float, int, Path]]:
        """Give when each entry was last used, its bytes, and its path."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder / "entries") as found:
            for entry in found:
                facts_path = self.folder / "facts" / entry.name
                facts = _read_facts(facts_path)
                with contextlib.suppress(FileNotFoundError):
                    used = facts_path.stat().st_mtime if facts is not None else 0.0
                    size = facts.size if facts is not None else entry.stat().st_size
                    yield used, size, Path(entry.path)

    def _is_good(
        self, path: Path, facts: _Facts | None, facts_path: Path, blake3: str | None, verify: bool
    ) -> bool:
        mark = _mark(path)
        trusted = facts is not None and facts.mark == mark and blake3 in (None, facts.blake3)
        if trusted and (not verify or path.is_dir()):
            return True
        expected = blake3 if blake3 is not None or facts is None else facts.blake3
        if expected is None or path.is_dir():
            return False
        try:
            good = hash_file(path) == expected
        except (Invalid, StorageError):
            return False
        if good:
            _write_facts(facts_path, _Facts(expected, path.stat().st_size, mark))
        return good

    def _insert(self, staged: Path, path: Path, facts_path: Path, blake3: str | None) -> Lease:
        """Make a finished file or folder the entry; the caller holds the lock of its key."""
        with storage_errors(f"write to the cache at {self.folder}"):
            size = _make_read_only(staged)
            # First, so that an entry always has a hash to be verified against after a crash.
            _write_facts(facts_path, _Facts(blake3 or "-", size))
            if path.is_dir():
                _remove_any(path)
            try:
                staged.replace(path)
            except OSError as error:
                if error.errno != errno.EXDEV:
                    raise
                near = self.folder / "tmp" / f"{path.name}.{uuid.uuid4().hex}"
                shutil.move(staged, near)
                near.replace(path)
            lease = lease_file(path)
            _write_facts(facts_path, _Facts(blake3 or "-", size, _mark(path)))
        return lease

    def _remove(self, path: Path, facts_path: Path) -> bool:
        """Remove an entry that is not in use; the caller holds the lock of its key."""
        held = try_exclusive(path)
        if held is None:
            return False
        with held:
            if os.name == "nt":
                held.close()  # Windows removes nothing that is open
            _remove_any(path)
        if path.exists():
            return False
        discard(facts_path)
        return True

    def _discard_parts(self, prefix: str, older_than_s: float = 0.0) -> None:
        """Remove what killed fillers left behind."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder / "tmp") as found:
            for entry in found:
                with contextlib.suppress(FileNotFoundError):
                    age = time.time() - entry.stat(follow_symlinks=False).st_mtime
                    if entry.name.startswith(prefix) and age >= older_than_s:
                        _remove_any(Path(entry.path))


def _key_of(path: Path) -> str:
    return path.name.split(".", 1)[0]


def _mark(path: Path) -> str:
    """Give the mark of a file, or one mark of everything in a folder."""
    if not path.is_dir():
        return str(take_mark(path))
    hasher = new_blake3()
    for folder, folders, files in os.walk(path):
        folders.sort()
        for name in sorted(files):
            member = Path(folder, name)
            relative = member.relative_to(path).as_posix()
            hasher.update(f"{relative}\0{take_mark(member)}\0".encode(errors="surrogateescape"))
    return hasher.hexdigest()


def _make_read_only(path: Path) -> int:
    """Guard against writing into the cache by mistake; give the number of bytes."""
    files = [path] if not path.is_dir() else [p for p in path.rglob("*") if p.is_file()]
    for file in files:
        file.chmod(READ_ONLY)
    return sum(file.stat().st_size for file in files)


def _remove_any(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        # A folder disappears at once, not file by file under the eyes of a reader.
        gone = path.with_name(f".{uuid.uuid4().hex}.gone")
        with contextlib.suppress(OSError):
            path.rename(gone)
        shutil.rmtree(gone if gone.exists() else path, ignore_errors=True)
        return
    if os.name == "nt":
        with contextlib.suppress(OSError):
            path.chmod(0o600)
    discard(path)


def _read_facts(path: Path) -> _Facts | None:
    try:
        blake3, size, mark = path.read_text("utf-8").splitlines()
        return _Facts(blake3, int(size), mark)
    except (OSError, ValueError):
        return None


def _write_facts(path: Path, facts: _Facts) -> None:
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        part.write_text(f"{facts.blake3}\n{facts.size}\n{facts.mark}\n", "utf-8")
        part.replace(path)
    except BaseException:
        discard(part)
        raise
