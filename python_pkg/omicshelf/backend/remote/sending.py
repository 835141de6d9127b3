"""The parts of one upload: what the server lacks, several at once, from where it was cut off."""

from __future__ import annotations

import base64
import mmap
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import zstandard
from blake3 import blake3

from omicshelf.backend import wire
from omicshelf.backend.background import Lane
from omicshelf.backend.remote import failures
from omicshelf.backend.remote.bucket import Bucket
from omicshelf.backend.remote.client import Client, as_record, path_of
from omicshelf.backend.remote.notes import Note, take_note
from omicshelf.backend.remote.outgoing import Outgoing
from omicshelf.backend.store.chunks import ChunkParams, Scan, changed
from omicshelf.backend.store.durable import open_source, storage_errors
from omicshelf.backend.store.parts import FRAME, frame, from_bits, parts_of
from omicshelf.errors import NotFound, RequestException, StaleUpload

__all__ = ["Sending"]

_LANES = 4  # while one part is read and compressed, others travel


class Sending:
    """Sends the bytes of one upload.

    Parameters
    ----------
    state
        The upload that was begun. One that was cut off takes its place.
    notes
        The folder where it is noted which upload a file of several parts goes to.
    about
        What the file is for, and where.
    """

    def __init__(
        self,
        client: Client,
        outgoing: Outgoing,
        state: wire.UploadState,
        notes: Path,
        about: Sequence[str],
    ) -> None:
        self._client = client
        self._outgoing = outgoing
        self._state = state
        self._notes = notes
        self._about = about
        self._note: Note | None = None

    def send(self, *, everything: bool = False) -> str:
        """Send what is not there yet; give the id of the complete upload.

        Parameters
        ----------
        everything
            Also what the dataset's last versions have.

        Raises
        ------
        omicshelf.errors.StaleUpload
            The upload has expired.
        """
        try:
            if self._state.chunked:
                self._send_chunks(everything)
            else:
                self._send_plain()
        except NotFound as error:
            raise StaleUpload(error.title, error.detail) from error
        return self._state.upload

    def drop(self) -> None:
        """End the upload; what has arrived is removed."""
        self.forget()
        # What cannot be ended now expires by itself.
        with suppress(RequestException):
            self._client.ask("DELETE", self._path(), repeat=True)

    def forget(self) -> None:
        """Note no more where the file goes to."""
        if self._note is not None:
            self._note.remove()

    def close(self) -> None:
        """Let another process go on with it, or this one later."""
        if self._note is not None:
            self._note.close()

    def _path(self, *more: str) -> str:
        return path_of("uploads", self._state.upload, *more)

    # -- as they are

    def _send_plain(self) -> None:
        size, step = self._outgoing.size, self._state.part_size
        there = set(self._state.parts)
        todo = [number for number in range(-(-size // step)) if number not in there]

        def read(number: int) -> tuple[bytes, int]:
            start = number * step
            data = self._read(start, min(step, size - start))
            return data, len(data)

        self._send_parts(todo, read)

    # -- in chunks

    def _send_chunks(self, everything: bool) -> None:
        found = self._outgoing.cut(_params(self._state, self._client.base))
        resumed = not everything and self._resume(found)
        plan = self._plan(found, everything)
        missing = from_bits(base64.b64decode(plan.missing), len(found.lengths))
        chunks = np.flatnonzero(missing).tolist()
        parts = parts_of(found.lengths, chunks, self._state.part_size)
        if (len(chunks), len(parts)) != (plan.n_missing, plan.n_parts):
            raise failures.unreadable(self._client.base)
        # Asked after the plan: another plan would have begun anew.
        state = self._there(self._state.upload) if resumed else None
        there = set() if state is None else set(state.parts)
        starts = np.cumsum(found.lengths, dtype=np.int64) - found.lengths
        todo = [i for i in range(len(parts)) if i not in there]
        self._report(found.size - sum(int(found.lengths[parts[i]].sum()) for i in todo))

        def read(number: int) -> tuple[memoryview, int]:
            return self._part(found, starts, parts[number], plan.packed)

        self._send_parts(todo, read, plan.urls)
        # What shares no byte with the last versions shares no names with them either.
        self._tell(whole=everything or len(chunks) == len(missing))

    def _tell(self, *, whole: bool) -> None:
        """Tell what is in the file; the many names of cells only where they are not there."""
        told = self._outgoing.inspected(whole=whole)
        if told is None:
            return
        answer = self._client.ask("PUT", self._path("inspection"), body=told, repeat=True)
        if not whole and as_record(wire.InspectedState, answer).lacks_names:
            self._tell(whole=True)

    def _resume(self, found: Scan) -> bool:
        """Go on with an upload of the same file that was cut off; note this one otherwise."""
        if found.size <= self._state.part_size:
            return False
        self._note = take_note(self._notes, *self._about, found.blake3, repr(found.params))
        if self._note is None:
            return False
        noted = self._note.read()
        if noted is not None and (earlier := self._there(noted)) is not None:
            same = earlier.chunked and earlier.params == self._state.params
            if same and not earlier.ended:
                with suppress(RequestException):
                    self._client.ask("DELETE", self._path(), repeat=True)
                self._state = earlier
                return True
        self._note.write(self._state.upload)
        return False

    def _there(self, upload: str) -> wire.UploadState | None:
        """Ask how far an upload is; None where there is no such upload any more."""
        try:
            answer = self._client.ask("GET", path_of("uploads", upload))
        except NotFound:
            return None
        return as_record(wire.UploadState, answer)

    def _plan(self, found: Scan, everything: bool) -> wire.UploadPlan:
        body = wire.ChunkList(
            size=found.size,
            blake3=found.blake3,
            lengths=base64.b64encode(found.lengths.astype("<u4").tobytes()).decode(),
            hashes=base64.b64encode(found.hashes.tobytes()).decode(),
            all=everything,
        )
        answer = self._client.ask("PUT", self._path("chunks"), body=body, repeat=True, lasting=True)
        return as_record(wire.UploadPlan, answer)

    def _part(
        self, found: Scan, starts: Any, chunks: Sequence[int], packed: bool
    ) -> tuple[memoryview, int]:
        """Read the chunks of a part, make sure that they are still what was announced."""
        compressor = zstandard.ZstdCompressor(level=1)
        total = int(found.lengths[list(chunks)].sum(dtype=np.int64))
        # Pages of its own, which are given back: of the heap, each thread would keep its share.
        part = memoryview(mmap.mmap(-1, total + FRAME.size * len(chunks)))
        used = 0
        with self._opened() as file:
            for i in chunks:
                file.seek(int(starts[i]))
                data = file.read(int(found.lengths[i])) or b""
                if blake3(data).digest() != found.hashes[i].tobytes():
                    raise changed(self._outgoing.path)
                piece = frame(data, compressor) if packed else data
                part[used : used + len(piece)] = piece
                used += len(piece)
        return part[:used].toreadonly(), total

    # -- both

    def _send_parts(
        self,
        todo: Sequence[int],
        read: Callable[[int], tuple[bytes | memoryview, int]],
        urls: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        bucket = Bucket(urls)

        def send(number: int) -> int:
            data, size = read(number)
            path = self._path("parts", str(number))
            if bucket.put(number, data):
                self._client.ask("POST", path, repeat=True, lasting=True)
            else:
                headers = {wire.HASH_HEADER: blake3(data).hexdigest()}
                self._client.put_bytes(path, data, headers)
            return size

        with ExitStack() as stack:
            lanes = [stack.enter_context(Lane(len(todo) <= 1)) for _ in range(_LANES)]
            under_way: deque[Callable[[], int]] = deque()
            for turn, number in enumerate(todo):
                if len(under_way) == len(lanes):
                    self._report(under_way.popleft()())
                under_way.append(lanes[turn % len(lanes)].submit(send, number))
            while under_way:
                self._report(under_way.popleft()())

    def _report(self, size: int) -> None:
        progress = self._outgoing.source.progress
        if progress is not None and size:
            progress(size)

    def _opened(self) -> FileIO:
        return FileIO(open_source(self._outgoing.path))

    def _read(self, start: int, length: int) -> bytes:
        with self._opened() as file, storage_errors(f"read {self._outgoing.path}"):
            file.seek(start)
            data = file.read(length) or b""
        if len(data) != length:
            raise changed(self._outgoing.path)
        return data


def _params(state: wire.UploadState, base: str) -> ChunkParams:
    """Give how the file is to be cut, as the upload says."""
    try:
        return ChunkParams(**(state.params or {}))  # type: ignore[arg-type]
    except TypeError as error:
        raise failures.unreadable(base) from error
