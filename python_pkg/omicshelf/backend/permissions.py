"""Who may what: the role that every operation needs, and the roles that a user has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

from omicshelf.backend.base import Backend
from omicshelf.errors import NotFound
from omicshelf.records import ROLES, Role

__all__ = [
    "PURGE_FILE",
    "RIGHTS",
    "Access",
    "Identity",
    "Policy",
    "Right",
    "RoleKeeper",
    "TokenKeeper",
    "covers",
    "no_token",
]


@dataclass(frozen=True)
class Identity:
    """Who asks.

    Attributes
    ----------
    name
        The user, as the identity provider knows them; the author of all that they write.
    role
        A role on the whole server that the provider or the configuration gives, beside those
        in the database: ``admin`` for the administrators of a JupyterHub.
    """

    name: str
    role: Role | None = None


@dataclass(frozen=True)
class Policy:
    """What a server lets everybody do.

    Attributes
    ----------
    default_role
        The role of every user on the whole server; ``admin`` where there is only one user,
        None where only those may read who were given a role.
    """

    default_role: Role | None = None


@dataclass(frozen=True)
class Right:
    """What an operation takes.

    Attributes
    ----------
    role
        The role needed; None for everybody who is known. What is answered then is what the
        user may read.
    what
        What it does, after "may not".
    on_server
        Whether the role is needed on the whole server, and not in one atlas.
    """

    role: Role | None
    what: str
    on_server: bool = False


_READ = Right("viewer", "read")
_WRITE = Right("contributor", "write datasets")
_LABEL = Right("contributor", "name versions")
_STUDY = Right("contributor", "put datasets into studies")
_ROLES = Right("admin", "see or change roles")
_PURGE = Right("admin", "purge")
_TOKENS = Right("admin", "see or change the tokens of others", on_server=True)
_ANYBODY = Right(None, "ask")

RIGHTS: Mapping[str, Right] = {
    "close": _ANYBODY,
    "list_atlases": _ANYBODY,
    "get_atlas": _READ,
    "create_atlas": Right("contributor", "create atlases", on_server=True),
    "describe_atlas": Right("admin", "change the description"),
    "delete_atlas": Right("admin", "delete the atlas"),
    "list_roles": _ROLES,
    "set_role": _ROLES,
    "remove_role": _ROLES,
    # Of others; their own everybody may make, see and revoke.
    "create_token": _TOKENS,
    "list_tokens": _TOKENS,
    "revoke_token": _TOKENS,
    "get_dataset": _READ,
    "has_dataset": _READ,
    "find": _READ,
    "metadata_keys": _READ,
    "put_version": _WRITE,
    "get_version": _READ,
    "list_versions": _READ,
    "rollback": Right("contributor", "roll back"),
    "delete_dataset": Right("admin", "delete datasets"),
    "undelete_dataset": Right("admin", "bring deleted datasets back"),
    "copy_dataset": _WRITE,
    "edit_metadata": Right("contributor", "edit metadata"),
    "reindex": Right("contributor", "write the search index"),
    "set_label": _LABEL,
    "remove_label": _LABEL,
    "list_labels": _READ,
    "children": _ANYBODY,
    "find_version": _READ,
    "set_study": _STUDY,
    "list_studies": _READ,
    "datasets_in_study": _READ,
    "put_file": Right("contributor", "attach files"),
    "get_file": _READ,
    "list_files": _READ,
    "file_history": _READ,
    "delete_file": Right("contributor", "remove files"),
    "summary": _READ,
    "names": _READ,
    "sha256": _READ,
    "blob_facts": _READ,
    "chunks": _READ,
    "staging": _ANYBODY,
    "local_file": _READ,
    "hold_file": _READ,
    "open_blob": _READ,
    "download": _READ,
    "changes": _ANYBODY,
    "last_change": _ANYBODY,
    "purge_versions": _PURGE,
    "purge_dataset": _PURGE,
    "verify": Right("admin", "verify"),
    "gc": Right("admin", "collect garbage", on_server=True),
}
"""What each method of :class:`omicshelf.backend.base.Backend` takes."""

PURGE_FILE = Right("admin", "remove the bytes of files")
"""What ``delete_file`` takes with ``purge``."""


def covers(held: Role | None, needed: Role | None) -> bool:
    """Whether who holds a role may do what another role may."""
    return needed is None or (held is not None and ROLES.index(held) >= ROLES.index(needed))


def _highest(*roles: Role | None) -> Role | None:
    held = [role for role in roles if role is not None]
    return max(held, key=ROLES.index, default=None)


@runtime_checkable
class RoleKeeper(Backend, Protocol):
    """A backend that can be asked, cheaply, what a guard must know."""

    def roles_of(self, user: str) -> dict[str | None, Role]: ...
    def atlases_of_blob(self, blob: str) -> list[str]: ...


class TokenKeeper(Protocol):
    """A backend that knows whose a personal token is; other servers are not asked for that."""

    def user_of_token(self, secret: str) -> str | None: ...
    def user_of_fingerprint(self, fingerprint: str) -> str | None: ...


def no_token(token_id: object) -> NotFound:
    """Make the error of a token that is not there, or not the user's to see."""
    return NotFound(
        f"There is no token {token_id!r:.40}.",
        "`omicshelf token list` shows yours, with their ids.",
    )


class Access:
    """The roles of one user, read once: of what was granted since, the next request knows.

    A role on the whole server holds in every atlas; the highest of all counts.

    Parameters
    ----------
    backend
        Where roles are kept. It is asked only where the user is no admin by the policy or by
        their identity.
    identity, policy
        Who asks, and what everybody may do.
    """

    def __init__(self, backend: Backend, identity: Identity, policy: Policy) -> None:
        self._backend = backend
        self.identity = identity
        self._standing = _highest(identity.role, policy.default_role)

    @cached_property
    def keeper(self) -> RoleKeeper:
        """The backend that knows of roles.

        Raises
        ------
        TypeError
            If it does not: of another server's catalog, that server decides.
        """
        if isinstance(self._backend, RoleKeeper):
            return self._backend
        raise TypeError(
            f"{type(self._backend).__name__} cannot tell who may what; use the default role 'admin'"
            " in front of a server, which decides itself."
        )

    @cached_property
    def _granted(self) -> dict[str | None, Role]:
        if self._standing == "admin":
            return {}
        return self.keeper.roles_of(self.identity.name)

    @cached_property
    def on_server(self) -> Role | None:
        """The role on the whole server."""
        return _highest(self._standing, self._granted.get(None))

    def in_atlas(self, atlas: str | None) -> Role | None:
        """Give the role in an atlas, there or not; on the whole server for None."""
        granted = None if atlas is None else self._granted.get(atlas)
        return _highest(self.on_server, granted)

    def is_granted(self, atlas: str) -> bool:
        """Whether the user has a role in just this atlas, which therefore is there."""
        return atlas in self._granted

    @property
    def reads_all(self) -> bool:
        """Whether there is no atlas that the user may not read."""
        return self.on_server is not None

    def reads(self, atlas: str) -> bool:
        """Whether the user may read an atlas."""
        return self.in_atlas(atlas) is not None

    def readable(self) -> list[str]:
        """Give the atlases in which the user has a role of their own."""
        return sorted(atlas for atlas in self._granted if atlas is not None)
