"""The change log in a bucket, where nothing can be appended to an object.

Lines are gathered, and written as one object a few seconds after the first of them, when there are
many, and at the end of the session. What a killed process had gathered is in the database, and is
written by whoever buries its session.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from omicshelf.backend.embedded.segment import decode_segment, encode_line
from omicshelf.backend.store.objectstore import ObjectStore
from omicshelf.errors import RequestException

__all__ = ["FLUSH_SECONDS", "LOG", "BucketLog", "logged_by"]

LOG = "log/"
FLUSH_SECONDS = 3.0
_LARGE = 1 << 20
_PATIENCE = 60.0  # seconds between attempts at most, while the bucket refuses


class BucketLog:
    """The log of one session, in objects ``log/<session>-<number>.jsonl``.

    Parameters
    ----------
    store
        The bucket.
    session
        The session's id.
    """

    def __init__(self, store: ObjectStore, session: str) -> None:
        self._store = store
        self._session = session
        self._number = 0
        self._lines: list[bytes] = []
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._now = threading.Event()
        self._ended = False
        self._flusher: threading.Thread | None = None

    def append(self, lines: Sequence[Mapping[str, Any]]) -> None:
        """Take lines that are committed; they are in the bucket a few seconds later."""
        with self._guard:
            self._lines += [encode_line(line) for line in lines]
            if not self._lines:
                return
            if sum(map(len, self._lines)) >= _LARGE:
                self._now.set()
            if self._flusher is None and not self._ended:
                self._flusher = threading.Thread(
                    target=self._flush_later, name="omicshelf-log", daemon=True
                )
                self._flusher.start()

    def flush(self) -> None:
        """Write what was gathered.

        Raises
        ------
        omicshelf.errors.RequestException
            The bucket refuses; the lines are kept for the next time.
        """
        with self._writing:
            with self._guard:
                lines = list(self._lines)
            if not lines:
                return
            # Written again under the same number when it failed: it may be there all the same.
            self._store.put_bytes(f"{LOG}{self._session}-{self._number:06}.jsonl", b"".join(lines))
            self._number += 1
            with self._guard:
                del self._lines[: len(lines)]

    def close(self) -> bool:
        """Write what is left; says whether all of it is in the bucket."""
        with self._guard:
            self._ended = True
            flusher = self._flusher
        self._now.set()
        if flusher is not None:
            flusher.join()
        try:
            self.flush()
        except RequestException:
            return False
        return True

    def _flush_later(self) -> None:
        wait = FLUSH_SECONDS
        while True:
            self._now.wait(wait)
            self._now.clear()
            try:
                self.flush()
                wait = FLUSH_SECONDS
            except RequestException:
                wait = min(2 * wait, _PATIENCE)
            with self._guard:
                if self._ended or not self._lines:
                    self._flusher = None
                    return


def logged_by(store: ObjectStore, session: str) -> set[int]:
    """Give the numbers of the changes that a session has in the log of a bucket."""
    return {
        int(line["seq"])
        for info in store.list(f"{LOG}{session}-")
        for line in decode_segment(store.read_bytes(info.key))
        if line is not None
    }
