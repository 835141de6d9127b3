"""The change log of a store, brought into agreement with its database.

A database that was restored from a backup is older than the log in the store: the numbers of the
changes that it lost are given again, and a rebuild could not tell the two apart. It may also know
changes that the restored log does not have. So after a restore the log is made to say what the
database says; what it said beyond is kept under ``undone/``, where nothing reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from blake3 import blake3

from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.bucketlog import LOG
from omicshelf.backend.embedded.segment import decode_segment, encode_line
from omicshelf.records import Origin

if TYPE_CHECKING:
    from omicshelf.backend.embedded.backend import EmbeddedBackend
    from omicshelf.backend.store.objectstore import ObjectStore

__all__ = ["UNDONE", "RelogReport", "relog"]

UNDONE = "undone/"
_BATCH = 1000


@dataclass(frozen=True)
class RelogReport:
    """What :func:`relog` found and did.

    Attributes
    ----------
    last_seq
        The last change that the database knows.
    added
        Lines that the log lacked.
    undone
        Changes that the database does not know any more: their lines were taken out of the log.
    kept
        Where the segments are that they were in.
    """

    last_seq: int
    added: int
    undone: int
    kept: list[str] = field(default_factory=list)


def relog(backend: EmbeddedBackend, *, by: Origin) -> RelogReport:
    """Make the change log in the store say what the database says.

    Nothing is lost if it is interrupted, and doing it again changes nothing. Run it before
    anything is written to a restored database: a change that has been made since has the number
    of one that was undone.

    Parameters
    ----------
    backend
        The catalog, opened with the restored database.
    by
        Who does it. Where changes are undone, a line of the log tells of it; it is also what keeps
        a rebuild from taking the versions among them for newer than the log.

    Returns
    -------
    RelogReport
        How the two differed.
    """
    store = backend.store
    # The log is read first: what it has by then is committed, so that writers do no harm.
    logged: dict[int, set[bytes]] = {}
    segments: dict[str, list[tuple[int, bytes]]] = {}
    for info in store.list(LOG):
        if info.key.endswith(".jsonl"):
            told = [_hashed(line) for line in decode_segment(store.read_bytes(info.key)) if line]
            segments[info.key] = told
            for seq, hashed in told:
                logged.setdefault(seq, set()).add(hashed)
    known, last, added = set(), 0, []
    for line in _lines(backend):
        last, hashed = _hashed(line)
        if hashed in logged.get(last, ()):
            known.add((last, hashed))
        else:
            added.append(line)
    stale = [key for key, told in segments.items() if any(one not in known for one in told)]
    undone = {one for key in stale for one in segments[key] if one not in known}
    if undone:
        with backend.changing(by) as writer:
            writer.add("restore", "", details={"last_seq": last, "undone": len(undone)})
    moved = {seq for key in stale for seq, hashed in segments[key] if (seq, hashed) in known}
    _append(backend, added, moved)
    for key in stale:
        _put(store, _aside(key), store.read_bytes(key))
        store.delete(key)
    return RelogReport(last, len(added), len(undone), [_aside(key) for key in stale])


def _append(backend: EmbeddedBackend, added: list[dict[str, Any]], moved: set[int]) -> None:
    """Write lines into a new segment, durably: those that lack, and those of segments that go."""
    lines = (
        [*added, *(line for line in _lines(backend) if line["seq"] in moved)] if moved else added
    )
    if not lines:
        return
    data = b"".join(encode_line(line) for line in sorted(lines, key=lambda line: line["seq"]))
    # The name is that of its content: doing it again writes the same object.
    _put(backend.store, f"{LOG}relog{blake3(data).hexdigest(12)}-000000.jsonl", data)


def _put(store: ObjectStore, key: str, data: bytes) -> None:
    if not store.exists(key):
        store.put_bytes(key, data)


def _aside(key: str) -> str:
    return UNDONE + key.removeprefix(LOG)


def _lines(backend: EmbeddedBackend) -> Iterator[dict[str, Any]]:
    """Give the lines of the database's change log, in order."""
    c, last = t.change.c, 0
    while True:
        query = sa.select(t.change).where(c.seq > last).order_by(c.seq).limit(_BATCH)
        with backend.db.reading() as connection:
            rows = connection.execute(query).all()
        for row in rows:
            yield {key: value for key, value in row._mapping.items() if key != "session"}
        if len(rows) < _BATCH:
            return
        last = rows[-1].seq


def _hashed(line: Mapping[str, Any]) -> tuple[int, bytes]:
    """Give the number of a line, and the hash of all that it says."""
    text = json.dumps(line, sort_keys=True)
    return int(line["seq"]), blake3(text.encode()).digest(16)
