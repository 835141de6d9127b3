"""Roles: who may do what, in one atlas or on the whole server.

They are recorded here, and asserted by :class:`omicshelf.backend.guard.Guarded`: whoever can open
the folder or the database of a catalog may do everything anyway.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.core import is_unicode, near_misses
from omicshelf.backend.embedded.facts import Facts
from omicshelf.errors import Conflict, NotFound
from omicshelf.records import Origin, Role, RoleRecord

__all__ = ["Roles"]

_ROLES = sa.select(t.role, t.atlas.c.name.label("atlas")).join(
    t.atlas, t.atlas.c.id == t.role.c.atlas_id, isouter=True
)
_ROLES_OF_USER = (
    sa.select(t.atlas.c.name, t.role.c.role)
    .select_from(t.role)
    .join(t.atlas, t.atlas.c.id == t.role.c.atlas_id, isouter=True)
    .where(t.role.c.user == sa.bindparam("user"))
)
# The spelling of the unique index, so that both databases use it.
_PLACE: Any = sa.func.coalesce(t.role.c.atlas_id, sa.text("0"))


class Roles(Facts):
    """The part of the embedded backend that keeps roles; an atlas of None is the whole server."""

    def list_roles(self, atlas: str | None) -> list[RoleRecord]:
        """Give the roles of an atlas, or of the whole server, by user."""
        with self.db.reading() as connection:
            place = self._place(connection, atlas)
            rows = connection.execute(_ROLES.where(place == _PLACE).order_by(t.role.c.user))
            return [_record(row) for row in rows]

    def roles_of(self, user: str) -> dict[str | None, Role]:
        """Give all roles of a user, by atlas; that on the whole server under None."""
        if not is_unicode(user):
            return {}
        with self.db.reading() as connection:
            rows = connection.execute(_ROLES_OF_USER, {"user": user}).all()
        return {row.name: row.role for row in rows}

    def set_role(self, atlas: str | None, user: str, role: Role, *, by: Origin) -> RoleRecord:
        """Give a user a role in an atlas, or on the whole server, in the place of another."""
        user, role = rules.check_user(user), rules.check_role(role)
        with self.changing(by) as writer:
            connection = writer.connection
            place = self._place(connection, atlas)
            held = self._row_of(connection, place, user)
            if held is not None and held.role == role:
                return _record(held)
            if held is not None and atlas is None and held.role == "admin":
                self._refuse_last_admin(connection, held, f"made {role}")
            values = {"role": role, "author": by.user, "created_at": writer.time}
            if held is None:
                values |= {"atlas_id": place or None, "user": user}
                connection.execute(t.role.insert().values(**values))
            else:
                connection.execute(t.role.update().where(t.role.c.id == held.id).values(**values))
            told = {"user": user, "role": role, "was": None if held is None else held.role}
            writer.add("set role", atlas or "", details=told)
        return RoleRecord(atlas=atlas, user=user, role=role, author=by.user, created_at=writer.time)

    def remove_role(self, atlas: str | None, user: str, *, by: Origin) -> None:
        """Take the role of a user in an atlas, or on the whole server, away."""
        with self.changing(by) as writer:
            connection = writer.connection
            place = self._place(connection, atlas)
            held = self._row_of(connection, place, user)
            if held is None:
                raise self._missing_role(connection, atlas, place, user)
            if atlas is None and held.role == "admin" and self._others(connection, held):
                self._refuse_last_admin(connection, held, "removed")
            connection.execute(t.role.delete().where(t.role.c.id == held.id))
            writer.add("remove role", atlas or "", details={"user": user, "was": held.role})

    # -- rows

    def _place(self, connection: sa.Connection, atlas: str | None) -> int:
        """Give the key of an atlas; 0 for the whole server."""
        return 0 if atlas is None else self.atlas_key(connection, atlas)

    @staticmethod
    def _row_of(connection: sa.Connection, place: int, user: str) -> sa.Row[Any] | None:
        if not is_unicode(user):
            return None
        return connection.execute(
            _ROLES.where(place == _PLACE, t.role.c.user == user)
        ).one_or_none()

    @staticmethod
    def _others(connection: sa.Connection, held: sa.Row[Any]) -> bool:
        """Whether there is any role beside this one."""
        others = sa.select(t.role.c.id).where(t.role.c.id != held.id).limit(1)
        return connection.execute(others).one_or_none() is not None

    @staticmethod
    def _refuse_last_admin(connection: sa.Connection, held: sa.Row[Any], what: str) -> None:
        """Raise Conflict where there is no other admin of the server: nobody could give roles."""
        admins = sa.select(t.role.c.id).where(
            _PLACE == 0, t.role.c.role == "admin", t.role.c.id != held.id
        )
        if connection.execute(admins.limit(1)).one_or_none() is None:
            raise Conflict(
                f"'{held.user}' is the last admin of the server, and cannot be {what}.",
                "Make another user admin first: `omicshelf role set USER admin --server`.",
            )

    @staticmethod
    def _missing_role(
        connection: sa.Connection, atlas: str | None, place: int, user: str
    ) -> NotFound:
        users = list(
            connection.execute(
                sa.select(t.role.c.user).where(place == _PLACE).limit(5000)
            ).scalars()
        )
        where = "on the server" if atlas is None else f"in atlas '{atlas}'"
        shown = ", ".join(f"'{name}'" for name in sorted(users)[:10])
        return NotFound(
            f"'{rules.shown(user)}' has no role {where}.",
            near_misses(user, users) or (f"Those who have: {shown}." if users else "Nobody has."),
        )


def _record(row: sa.Row[Any]) -> RoleRecord:
    return RoleRecord(
        atlas=row.atlas, user=row.user, role=row.role, author=row.author, created_at=row.created_at
    )
