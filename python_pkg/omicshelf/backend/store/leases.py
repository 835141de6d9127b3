"""Leases: files in use are not removed.

A lease is a shared ``flock`` on the file itself, or on a folder, which the kernel gives back
when its holder ends in whatever way. Who wants to remove a file needs the exclusive lock, and
gets it only when there is no lease. HDF5 takes the same kind of lock on what it opens, so a
pack that is open in h5py counts as in use as well.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

from omicshelf.backend.store.durable import explained
from omicshelf.errors import NotFound

if TYPE_CHECKING:
    from typing import Self

try:
    import fcntl
except ImportError:  # Windows, where a file that is open cannot be removed anyway
    fcntl = None  # type: ignore[assignment]

__all__ = ["Lease", "lease_file", "try_exclusive"]

_NO_LOCKS = {errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF}


class Lease:
    """A file or folder that is held as it is until :meth:`close`, or the end of the process.

    Attributes
    ----------
    path
        Where it is. Keep the lease for as long as the path is used.
    """

    def __init__(self, path: Path, fd: int | None) -> None:
        self.path = path
        self._fd = fd

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Lease of {self.path}{'' if self.held else ', closed'}>"

    @property
    def held(self) -> bool:
        """Whether it has not been closed yet."""
        return self._fd is not None

    def close(self) -> None:
        """Give it back; again is fine."""
        fd, self._fd = getattr(self, "_fd", None), None
        if fd is not None and fd >= 0:
            os.close(fd)


def lease_file(path: Path) -> Lease:
    """Take a lease on a file or a folder.

    Where the file system knows no locks the lease protects nothing; there
    :func:`try_exclusive` never succeeds, so that nothing is removed either.

    Raises
    ------
    omicshelf.errors.NotFound
        It is not there, or was removed at this moment.
    """
    while True:
        fd = _open(path)
        if fd is None or fcntl is None:
            return Lease(path, -1 if fd is None else fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_SH)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return Lease(path, fd)
            os.close(fd)
            raise explained(error, f"lock {path}") from error
        if _still(path, fd):
            return Lease(path, fd)
        os.close(fd)  # removed or replaced between the open and the lock


def try_exclusive(path: Path) -> Lease | None:
    """Take a file or folder for removing it; None when it is in use or not there."""
    try:
        fd = _open(path)
    except NotFound:
        return None
    if fd is None or fcntl is None:
        return Lease(path, -1 if fd is None else fd)
    with contextlib.suppress(OSError):
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _still(path, fd):
            return Lease(path, fd)
    os.close(fd)
    return None


def _open(path: Path) -> int | None:
    try:
        return os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"No such file: {path}", "It was removed.") from error
    except OSError as error:
        if os.name == "nt" and path.is_dir():
            return None  # Windows opens no folders
        raise explained(error, f"open {path}") from error


def _still(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except OSError:
        return False
