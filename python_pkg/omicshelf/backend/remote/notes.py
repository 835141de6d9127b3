"""Notes of uploads that are under way, so that after a kill the same file goes on where it was.

A note is a small file in the user's cache, named by what is uploaded and where to, and held by
a lock as long as its process sends: two that write the same file at once never share an upload.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path

from blake3 import blake3

from omicshelf.backend.store.leases import Lease, try_exclusive
from omicshelf.errors import RequestException

__all__ = ["Note", "take_note"]

_EXPIRED_S = 48 * 3600.0  # the server has forgotten such an upload long since


class Note:
    """Which upload a file goes to. This process alone has it until it is closed."""

    def __init__(self, path: Path, lease: Lease) -> None:
        self._path = path
        self._lease = lease

    def read(self) -> str | None:
        """Give the upload that was noted, or None."""
        try:
            return self._path.read_text("ascii").strip() or None
        except (OSError, ValueError):
            return None

    def write(self, upload: str) -> None:
        """Note an upload."""
        # Without the note nothing is lost but the time to send it all again.
        with suppress(OSError):
            self._path.write_text(upload, "ascii")

    def remove(self) -> None:
        """Forget the upload."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Let another process go on."""
        self._lease.close()


def take_note(folder: Path, *about: str) -> Note | None:
    """Take the note of an upload; None where another has it, or where there can be none.

    Parameters
    ----------
    about
        What is uploaded and where to.
    """
    path = folder / blake3("\0".join(about).encode()).hexdigest()[:32]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_expired(folder)
        path.touch()
        lease = try_exclusive(path)
    except (OSError, RequestException):
        return None
    return None if lease is None else Note(path, lease)


def _remove_expired(folder: Path) -> None:
    before = time.time() - _EXPIRED_S
    for path in folder.iterdir():
        with suppress(OSError):
            if path.stat().st_mtime < before:
                path.unlink()
