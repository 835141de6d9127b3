"""Where objects are kept: packs, manifests and change-log segments, each under a key.

An object is written once and never changed. Keys are paths of plain names, such as
``objects/3f/3f0c….h5ad``. The catalog knows which objects there ought to be; a store only
keeps bytes.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import stat
import uuid
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from omicshelf.backend.store.durable import (
    discard,
    explained,
    new_file,
    storage_errors,
    sync_file,
    sync_folder,
    write_all,
)
from omicshelf.errors import Invalid, NotFound

__all__ = ["LocalDirectory", "ObjectInfo", "ObjectStore", "Presigning", "check_key"]

_TEMPORARY = "tmp"
_KEY = re.compile(r"(?!\.{1,2}(?:/|$))[\w.+-]{1,200}(?:/(?!\.{1,2}(?:/|$))[\w.+-]{1,200})*", re.A)


@dataclass(frozen=True)
class ObjectInfo:
    """An object as a listing shows it; ``size`` in bytes, ``mtime_ms`` since 1970, UTC."""

    key: str
    size: int
    mtime_ms: int


class ObjectStore(Protocol):
    """Bytes under keys. Every implementation passes ``omicshelf.testing.ObjectStoreContract``.

    All methods raise :class:`~omicshelf.errors.Invalid` for a malformed key,
    :class:`~omicshelf.errors.StorageError` or :class:`~omicshelf.errors.AccessDenied` when
    the medium refuses, and may be called from several threads.
    """

    def put_bytes(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``; durable when it returns, all or nothing."""

    def put_file(self, key: str, staged: Path) -> None:
        """Take over a finished file of :meth:`staging`; durable when it returns."""

    def put_many(self, items: Mapping[str, Path | bytes]) -> None:
        """Keep several objects at the cost of about one; durable when it returns.

        They appear in the order of ``items``. When it raises, none of them is there, except
        after a crash, which may leave the first few.
        """

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Read an object or a range of it; less than ``length`` only where the object ends.

        Raises
        ------
        omicshelf.errors.NotFound
            There is no such object.
        """
        ...

    def local_path(self, key: str) -> Path | None:
        """Give the path of the object, or None where objects are not local files."""

    def size(self, key: str) -> int:
        """Give the number of bytes of an object, or raise NotFound."""
        ...

    def exists(self, key: str) -> bool:
        """Say whether there is such an object."""
        ...

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        """List the objects whose keys start with ``prefix``, in the order of their keys."""
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is fine."""

    def staging(self) -> Path:
        """Give the folder for this session's temporary files, where renaming is cheap."""
        ...


@runtime_checkable
class Presigning(Protocol):
    """What a store may be able to do besides: let others put objects, by an address that ends."""

    def presigned(self, keys: Sequence[str], seconds: float) -> Sequence[str]:
        """Give addresses for a PUT of each object; none where nobody else reaches the store."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """What a store may be able to do besides: give a long range while it comes."""

    def stream(self, key: str, start: int, length: int) -> Generator[bytes]:
        """Give a range of an object in pieces, by one request; all of it, or an error."""
        ...


class LocalDirectory(ObjectStore):
    """Objects as read-only files below a folder.

    Parameters
    ----------
    root
        The folder; it is created when something is first written.
    session
        A name of this process's own for its temporary files, ``<root>/tmp/<session>``. What
        a killed session leaves there is removed by whoever finds it dead.
    """

    def __init__(self, root: Path, session: str) -> None:
        if not re.fullmatch(r"\w[\w.-]{0,99}", session, re.A):
            raise Invalid(
                f"Not a session name: {session!r}", "Use letters, digits, dots and hyphens."
            )
        self.root = Path(root)
        self.session = session
        self._durable_folders: set[Path] = set()
        self._missing = {folder for folder in self.root.parents if not folder.exists()}

    def __repr__(self) -> str:
        return f"LocalDirectory({str(self.root)!r}, {self.session!r})"

    def put_bytes(self, key: str, data: bytes) -> None:
        self.put_many({key: data})

    def put_file(self, key: str, staged: Path) -> None:
        self.put_many({key: staged})

    def put_many(self, items: Mapping[str, Path | bytes]) -> None:
        targets = {key: self._path(key) for key in items}
        written: list[Path] = []
        renamed: list[Path] = []
        try:
            with storage_errors(f"write to the store at {self.root}"):
                sources = []
                for key, item in items.items():
                    if isinstance(item, bytes):
                        written.append(self.staging() / uuid.uuid4().hex)
                        with new_file(written[-1]) as fd:
                            write_all(fd, item)
                        item = written[-1]
                    sync_file(item)
                    sources.append((item, targets[key]))
                folders = {target.parent for target in targets.values()}
                above = self._make_folders(folders)
                for source, target in sources:
                    source.replace(target)
                    renamed.append(target)
                # From below upwards: what flushes the first mostly flushes the others with it.
                for folder in (*folders, *above):
                    sync_folder(folder)
                self._durable_folders |= folders | set(above)
        except BaseException:
            for path in (*renamed, *written):
                discard(path)
            raise

    def read_bytes(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self._object(key, "read"), self._path(key).open("rb", buffering=0) as file:
            file.seek(start)
            if length is None:
                return file.readall()
            parts = []
            while length > 0 and (part := file.read(length)):
                parts.append(part)
                length -= len(part)
            return b"".join(parts)

    def local_path(self, key: str) -> Path:
        return self._path(key)

    def size(self, key: str) -> int:
        with self._object(key, "look at"):
            return self._path(key).stat().st_size

    def exists(self, key: str) -> bool:
        try:
            return self.size(key) >= 0
        except NotFound:
            return False

    def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
        if prefix and not _KEY.fullmatch(prefix.rstrip("/")):
            raise _malformed(prefix)
        above = prefix.rpartition("/")[0]
        with storage_errors(f"list the store at {self.root}"):
            for info in self._walk(above):
                if info.key.startswith(prefix):
                    yield info

    def delete(self, key: str) -> None:
        path = self._path(key)
        try:
            if os.name == "nt":
                path.chmod(stat.S_IWRITE)  # Windows removes no read-only file
            path.unlink()
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise explained(error, f"remove {path}") from error

    def staging(self) -> Path:
        folder = self.root / _TEMPORARY / self.session
        with storage_errors(f"write to the store at {self.root}"):
            folder.mkdir(parents=True, exist_ok=True)
        return folder

    def close(self) -> None:
        """Remove this session's temporary files."""
        shutil.rmtree(self.root / _TEMPORARY / self.session, ignore_errors=True)

    def _path(self, key: str) -> Path:
        return self.root / check_key(key)

    @contextlib.contextmanager
    def _object(self, key: str, verb: str) -> Iterator[None]:
        try:
            yield
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFound(
                f"No object {key!r} in the store at {self.root}.",
                "It was removed, or the store is not complete; `omicshelf verify` says which.",
            ) from error
        except OSError as error:
            raise explained(error, f"{verb} {self.root / key}") from error

    def _make_folders(self, folders: Iterable[Path]) -> Sequence[Path]:
        """Make folders; give those above that hold a name which may not be durable yet.

        Another process may have made a folder a moment ago and not have flushed its name, so
        that this is known only of those that this object has flushed itself.
        """
        above: dict[Path, None] = {}
        for folder in folders:
            if folder in self._durable_folders:
                continue
            folder.mkdir(parents=True, exist_ok=True)
            for level in (folder, *folder.parents):
                outside = level != self.root and not level.is_relative_to(self.root)
                if level in self._durable_folders or (outside and level not in self._missing):
                    break
                above[level.parent] = None
        return list(above)

    def _walk(self, above: str) -> Iterator[ObjectInfo]:
        try:
            entries = sorted(
                os.scandir(self.root / above),
                # The order of whole keys: "a.x" comes before "a/y".
                key=lambda entry: entry.name + ("/" if entry.is_dir() else ""),
            )
        except (FileNotFoundError, NotADirectoryError):
            return
        for entry in entries:
            key = f"{above}/{entry.name}" if above else entry.name
            if entry.is_dir(follow_symlinks=False):
                if key != _TEMPORARY:
                    yield from self._walk(key)
                continue
            with contextlib.suppress(FileNotFoundError):  # removed since it was listed
                facts = entry.stat()
                yield ObjectInfo(key, facts.st_size, facts.st_mtime_ns // 1_000_000)


def check_key(key: str) -> str:
    """Return a key that is well-formed.

    Raises
    ------
    omicshelf.errors.Invalid
        It is not.
    """
    if not _KEY.fullmatch(key) or key.split("/", 1)[0] == _TEMPORARY:
        raise _malformed(key)
    return key


def _malformed(key: str) -> Invalid:
    return Invalid(
        f"Not a key of an object: {key!r}",
        "A key is made of names of letters, digits, '.', '_', '+' and '-', joined by '/'; "
        f"it neither leaves the store nor starts with '{_TEMPORARY}/'.",
    )
