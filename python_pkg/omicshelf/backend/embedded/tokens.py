"""Personal tokens: by them a server knows its users where no hub tells who they are.

Of a token only its hash is kept. It is 256 random bits, so that a plain hash cannot be searched;
and what is compared is the hash, in an index, so that the time of an answer tells nothing of it.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import Any

import sqlalchemy as sa
from blake3 import blake3

from omicshelf import rules
from omicshelf.backend.clock import now_ms
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.changes import Changes
from omicshelf.backend.embedded.core import is_unicode
from omicshelf.backend.permissions import no_token
from omicshelf.errors import Conflict, RequestException
from omicshelf.records import Origin, TokenRecord

__all__ = ["PREFIX", "Tokens", "fingerprint"]

PREFIX = "shelf_"
"""How a token begins, so that it is recognised where it should not be: in a file, in a commit."""

_MOST_TOKENS = 100
_DAY = 24 * 3600 * 1000
_NOTED_EVERY = 60_000  # milliseconds between two notes that a token was used
_LARGEST_ID = 2**63 - 1

k = t.token.c
_BY_HASH = sa.select(k.id, k.user, k.expires_at, k.last_used_at).where(
    k.hash == sa.bindparam("hash")
)
_SHOWN = sa.select(
    k.id, k.user, k.note, k.created_by, k.created_at, k.expires_at, k.last_used_at
).order_by(k.user, k.id)
# Of two servers that note it at the same time, one does.
_USED = (
    t.token.update()
    .where(
        k.id == sa.bindparam("token"),
        sa.or_(k.last_used_at.is_(None), k.last_used_at <= sa.bindparam("before")),
    )
    .values(last_used_at=sa.bindparam("now"))
)


def fingerprint(secret: str) -> str:
    """Give the hash under which a token is kept: blake3 (hex).

    Examples
    --------
    >>> fingerprint("shelf_example")[:8]
    'bc71495f'
    """
    return blake3(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens(Changes):
    """The part of the embedded backend that keeps personal tokens."""

    def create_token(
        self, user: str, *, note: str | None = None, days: float | None = None, by: Origin
    ) -> tuple[TokenRecord, str]:
        """Make a token of a user.

        Parameters
        ----------
        user
            Whose it is: what is done with it is done by them.
        note
            What it is for.
        days
            How long it is good; default: until it is revoked.

        Returns
        -------
        TokenRecord, str
            What is kept of it, and the token itself, which nobody can ever show again.
        """
        user, note = rules.check_user(user), rules.check_note(note)
        lasting = _milliseconds(rules.check_days(days))
        secret = PREFIX + secrets.token_urlsafe(32)
        with self.changing(by) as writer:
            connection = writer.connection
            self._refuse_too_many(connection, user)
            values: dict[str, Any] = {
                "user": user,
                "note": note,
                "created_by": by.user,
                "created_at": writer.time,
                "expires_at": None if lasting is None else writer.time + lasting,
            }
            made = connection.execute(t.token.insert(), {**values, "hash": fingerprint(secret)})
            assert made.inserted_primary_key is not None
            record = TokenRecord(id=made.inserted_primary_key[0], **values)
            told = record.model_dump(include={"id", "user", "note", "expires_at"})
            writer.add("create token", "", details=told)
        return record, secret

    def list_tokens(self, user: str | None = None) -> list[TokenRecord]:
        """Give the tokens of a user, or of everybody, by user and age; expired ones too."""
        if user is not None and not is_unicode(user):
            return []
        query = _SHOWN if user is None else _SHOWN.where(k.user == user)
        with self.db.reading() as connection:
            return [_record(row) for row in connection.execute(query)]

    def revoke_token(self, token_id: int, *, by: Origin) -> None:
        """Make a token good for nothing, for ever.

        Raises
        ------
        omicshelf.errors.NotFound
            There is none of that id.
        """
        if not 0 < token_id <= _LARGEST_ID:
            raise no_token(token_id)
        with self.changing(by) as writer:
            row = writer.connection.execute(_SHOWN.where(k.id == token_id)).one_or_none()
            if row is None:
                raise no_token(token_id)
            writer.connection.execute(t.token.delete().where(k.id == token_id))
            told = {"id": row.id, "user": row.user, "note": row.note}
            writer.add("revoke token", "", details=told)

    def user_of_token(self, secret: str) -> str | None:
        """Give whose a token is; None where it is none, was revoked, or has expired."""
        return self.user_of_fingerprint(fingerprint(secret))

    def user_of_fingerprint(self, fingerprint: str) -> str | None:
        """Give whose the token with a hash is, as :meth:`user_of_token` does."""
        with self.db.reading() as connection:
            row = connection.execute(_BY_HASH, {"hash": fingerprint}).one_or_none()
        now = now_ms()
        if row is None or (row.expires_at is not None and row.expires_at <= now):
            return None
        if row.last_used_at is None or row.last_used_at <= now - _NOTED_EVERY:
            self._note_use(row.id, now)
        user: str = row.user
        return user

    def _note_use(self, token_id: int, now: int) -> None:
        # Who may read is not turned away because nothing can be written at the moment.
        with suppress(RequestException), self.db.writing(alone=False) as connection:
            given = {"token": token_id, "before": now - _NOTED_EVERY, "now": now}
            connection.execute(_USED, given)

    @staticmethod
    def _refuse_too_many(connection: sa.Connection, user: str) -> None:
        count = sa.select(sa.func.count()).select_from(t.token).where(k.user == user)
        if connection.execute(count).scalar_one() >= _MOST_TOKENS:
            raise Conflict(
                f"'{user}' has {_MOST_TOKENS} tokens, and more are not made.",
                "Revoke what is not used any more: `omicshelf token list` tells when each was "
                "used, `omicshelf token revoke ID` revokes one.",
            )


def _milliseconds(days: float | None) -> int | None:
    return None if days is None else max(1, round(days * _DAY))


def _record(row: Any) -> TokenRecord:
    return TokenRecord.model_validate(row._mapping)
