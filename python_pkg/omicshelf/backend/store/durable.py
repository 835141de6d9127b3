"""Files that survive a crash, and what it means when the operating system refuses.

A file becomes an object in four steps: it is written under a temporary name on the same
file system, flushed to the medium, renamed, and the folder that holds the new name is
flushed. After each of them a killed process, or a machine without power, leaves either
nothing but a temporary file, or the whole object.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from omicshelf.errors import AccessDenied, Invalid, MissingPath, RequestException, StorageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

__all__ = [
    "clone",
    "discard",
    "explained",
    "new_file",
    "open_source",
    "storage_errors",
    "sync_file",
    "sync_folder",
    "write_all",
    "write_all_at",
]

READ_ONLY = 0o444
_O_BINARY = getattr(os, "O_BINARY", 0)
_FICLONE = 0x40049409  # ioctl_ficlone(2): share the extents of a whole file
_NO_SPACE = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}
_CANNOT = {errno.EOPNOTSUPP, errno.ENOTTY, errno.ENOSYS, errno.EXDEV}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}

_never_clone: set[tuple[int, int]] = set()


def explained(error: OSError, doing: str) -> RequestException:
    """Give the error of our own tree for a refusal of the operating system.

    Parameters
    ----------
    error
        What a call of ``os`` raised.
    doing
        What was being done, as it continues "Could not …".
    """
    if isinstance(error, RequestException):
        return error
    reason = error.strerror or str(error)
    result: RequestException
    if error.errno in _NO_SPACE:
        result = StorageError(
            f"No space left: could not {doing}.",
            "Nothing was changed. Free some space on that disk or raise the quota "
            "(`omicshelf gc` removes data that nothing refers to any more), then try again.",
        )
    elif error.errno in _REFUSED:
        result = AccessDenied(
            f"Could not {doing}: {reason}.",
            "The file system does not allow it. Check who owns the folder and its permissions.",
        )
    else:
        result = StorageError(
            f"Could not {doing}: {reason}.",
            "The disk or the network file system that holds the data failed. Check that it is "
            "mounted and healthy, then try again.",
        )
    if isinstance(result, OSError):
        result.errno = error.errno
    return result


@contextlib.contextmanager
def storage_errors(doing: str) -> Iterator[None]:
    """Turn every OSError of the block into an error of our own tree."""
    try:
        yield
    except RequestException:
        raise
    except OSError as error:
        raise explained(error, doing) from error


def open_source(path: Path) -> int:
    """Open a file of the user for reading and give its descriptor.

    Raises
    ------
    omicshelf.errors.MissingPath
        There is no such file.
    omicshelf.errors.Invalid
        It is a folder, a pipe or a device.
    """
    try:
        # A pipe would block an ordinary open for ever.
        fd = os.open(path, os.O_RDONLY | _O_BINARY | getattr(os, "O_NONBLOCK", 0))
    except FileNotFoundError as error:
        raise MissingPath(
            f"No such file: {path}", "Check the path; a relative one starts at the working folder."
        ) from error
    except IsADirectoryError as error:
        raise Invalid(f"{path} is a folder, not a file.", "Give the path of a file.") from error
    except OSError as error:
        raise explained(error, f"read {path}") from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise Invalid(
            f"{path} is not a regular file.",
            "Pipes, devices and folders cannot be kept; write the data into a file first.",
        )
    return fd


def write_all(fd: int, data: bytes | bytearray | memoryview) -> None:
    """Write all of ``data`` at the descriptor's position; ``os.write`` may stop short."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_all_at(fd: int, data: bytes | bytearray | memoryview, offset: int) -> None:
    """Write all of ``data`` at a place of the file; other threads may write to others."""
    view = memoryview(data)
    while view:
        n = os.pwrite(fd, view, offset)
        view, offset = view[n:], offset + n


def sync_descriptor(fd: int) -> None:
    """Flush a file to the medium, past the cache of the drive where the system can."""
    full = getattr(fcntl, "F_FULLFSYNC", None) if sys.platform == "darwin" else None
    if full is not None:
        with contextlib.suppress(OSError):  # not every file system knows it
            fcntl.fcntl(fd, full)
            return
    os.fsync(fd)


def sync_file(path: Path) -> None:
    """Make the file's bytes durable and the file read-only."""
    # Windows flushes only what is open for writing.
    fd = os.open(path, (os.O_RDWR if os.name == "nt" else os.O_RDONLY) | _O_BINARY)
    try:
        if hasattr(os, "fchmod"):
            os.fchmod(fd, READ_ONLY)
        sync_descriptor(fd)
    finally:
        os.close(fd)
    if not hasattr(os, "fchmod"):
        path.chmod(READ_ONLY)


def sync_folder(folder: Path) -> None:
    """Make the names in the folder durable; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        sync_descriptor(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def new_file(path: Path, mode: int = 0o600) -> Iterator[int]:
    """Give the descriptor of a new file; when the block fails, the file is removed."""
    with storage_errors(f"write {path}"):
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _O_BINARY, mode)
        try:
            try:
                yield fd
            finally:
                os.close(fd)
        except BaseException:
            discard(path)
            raise


def discard(path: Path | None) -> None:
    """Remove a temporary file, whatever state it is in."""
    if path is not None:
        with contextlib.suppress(OSError):
            path.unlink()


def clone(source_fd: int, target: Path) -> bool:
    """Make ``target`` share the bytes of an open file (reflink), if the file system can.

    Returns
    -------
    False where it cannot; then no ``target`` is left.
    """
    if fcntl is None or not sys.platform.startswith("linux"):
        return False
    disks = os.fstat(source_fd).st_dev, target.parent.stat().st_dev
    if disks in _never_clone:
        return False
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        fcntl.ioctl(fd, _FICLONE, source_fd)
    except OSError as error:
        if error.errno in _CANNOT:
            _never_clone.add(disks)  # trying again would cost a file each time
        discard(target)
        return False
    else:
        return True
    finally:
        os.close(fd)
