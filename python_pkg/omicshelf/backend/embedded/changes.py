"""The change log: the audit trail, the feed, and what the store needs beside its manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.core import Core, is_unicode
from omicshelf.records import Change, Origin

__all__ = ["ChangeWriter", "Changes"]

_INSERT = t.change.insert()
# A sequence of PostgreSQL would skip the numbers of what is rolled back, and a gap is how a
# rebuild knows that a line was lost. The writer is alone: nobody takes the same number.
# Who listens hears of it when the transaction is committed, and once however many lines it has.
_INSERT_NEXT = (
    t.change.insert()
    .values(seq=sa.select(sa.func.coalesce(sa.func.max(t.change.c.seq), 0) + 1).scalar_subquery())
    .returning(t.change.c.seq, sa.func.pg_notify("omicshelf", sa.func.current_schema()))
)


class ChangeWriter:
    """Collects the changes of one transaction; they reach the store's log once it is committed."""

    def __init__(self, connection: sa.Connection, session: str, by: Origin, time: int) -> None:
        self.connection = connection
        self.time = time
        self.last_seq = 0
        self.lines: list[dict[str, Any]] = []
        self._session = session
        self._by = by

    def add(
        self,
        action: str,
        atlas: str,
        dataset_id: str | None = None,
        version_id: str | None = None,
        *,
        message: str | None = None,
        details: Mapping[str, Any] | None = None,
        dataset_key: int | None = None,
    ) -> int:
        """Append one change; gives its sequence number."""
        values = {
            "time": self.time,
            "user": self._by.user,
            "action": action,
            "atlas": atlas,
            "dataset_id": dataset_id,
            "version_id": version_id,
            "message": message,
            "origin": self._by.model_dump(exclude_defaults=True),
            "details": dict(details or {}),
        }
        seq = self._insert(values)
        if dataset_key is not None:
            self.connection.execute(
                t.dataset.update().where(t.dataset.c.id == dataset_key).values(change_seq=seq)
            )
        self.lines.append({"seq": seq, **values})
        self.last_seq = seq
        return seq

    def repeat(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Append a change of another catalog: its own time, user and origin, a new number."""
        values = {key: value for key, value in line.items() if key != "seq"}
        repeated = {"seq": self._insert(values), **values}
        self.lines.append(repeated)
        return repeated

    def _insert(self, values: Mapping[str, Any]) -> int:
        given = {**values, "session": self._session}
        if self.connection.dialect.name != "sqlite":
            return int(self.connection.execute(_INSERT_NEXT, given).one().seq)
        key = self.connection.execute(_INSERT, given).inserted_primary_key
        assert key is not None
        return int(key[0])


class Changes(Core):
    """The part of the embedded backend that writes and reads the change log."""

    @contextmanager
    def changing(self, by: Origin) -> Iterator[ChangeWriter]:
        """One writing transaction with its change log."""
        session = self.session.id
        with self.db.writing() as connection:
            writer = ChangeWriter(connection, session, by, now_ms())
            yield writer
        if writer.lines:
            self.session.append_log(writer.lines)

    def changes(
        self,
        *,
        after: int = 0,
        atlas: str | None = None,
        dataset_id: str | None = None,
        limit: int | None = None,
    ) -> Iterator[Change]:
        """Give the changes after a sequence number, oldest first."""
        if not is_unicode(atlas or "", dataset_id or ""):
            return
        c = t.change.c
        query = sa.select(t.change).where(c.seq > after).order_by(c.seq)
        if atlas is not None:
            query = query.where(c.atlas == atlas)
        if dataset_id is not None:
            query = query.where(c.dataset_id == dataset_id)
        last, left = after, limit
        while left is None or left > 0:
            size = 1000 if left is None else min(1000, left)
            with self.db.reading() as connection:
                rows = connection.execute(query.where(c.seq > last).limit(size)).all()
            for row in rows:
                yield Change(
                    seq=row.seq,
                    time=row.time,
                    user=row.user,
                    action=row.action,
                    atlas=row.atlas,
                    dataset_id=row.dataset_id,
                    version_id=row.version_id,
                    message=row.message,
                    origin=Origin(**row.origin),
                    details=row.details,
                )
            if len(rows) < size:
                return
            last = rows[-1].seq
            left = None if left is None else left - len(rows)
