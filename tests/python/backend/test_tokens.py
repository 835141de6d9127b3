"""Whose a token is: on SQLite and on PostgreSQL, until it is revoked or has expired."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from omicshelf.backend.embedded import tokens
from omicshelf.backend.embedded.archive import export_archive, import_archive
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild
from omicshelf.backend.embedded.tokens import fingerprint
from omicshelf.errors import RepositoryLocked
from omicshelf.records import Origin

pytest_plugins = ("omicshelf.testing.servers.fixtures",)

BY = Origin(user="ada")
MINUTE = 60_000
DAY = 24 * 60 * MINUTE


@pytest.fixture(params=["sqlite", "postgresql"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EmbeddedBackend]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=url)) as backend:
        yield backend


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A clock that the test sets, in milliseconds after the real time of its start."""
    from omicshelf.backend.clock import now_ms

    begin, after = now_ms(), [0]
    monkeypatch.setattr(tokens, "now_ms", lambda: begin + after[0])

    def set_clock(milliseconds: int) -> int:
        after[0] = milliseconds
        return begin + milliseconds

    return set_clock


def used(backend: EmbeddedBackend) -> int | None:
    (token,) = backend.list_tokens()
    return token.last_used_at


def test_whose_it_is(backend: EmbeddedBackend) -> None:
    _, eves = backend.create_token("eve", by=BY)
    _, zoes = backend.create_token("zoë", by=BY)
    assert (backend.user_of_token(eves), backend.user_of_token(zoes)) == ("eve", "zoë")
    assert backend.user_of_fingerprint(fingerprint(eves)) == "eve"


@pytest.mark.parametrize(
    "wrong",
    ["", "shelf_", "x", "eve", "\x00", "\ud800", "shelf_" + "A" * 43, "%", "a" * 100_000],
)
def test_what_is_none(backend: EmbeddedBackend, wrong: str) -> None:
    _, secret = backend.create_token("eve", by=BY)
    for text in (wrong, secret + wrong if wrong else secret[:-1]):
        assert backend.user_of_token(text) is None
    # Who has read the database has no token by it.
    assert backend.user_of_token(fingerprint(secret)) is None
    assert backend.user_of_token(secret.upper()) is None
    assert backend.user_of_token(secret) == "eve"


def test_a_revoked_one(backend: EmbeddedBackend) -> None:
    first, secret = backend.create_token("eve", by=BY)
    _, other = backend.create_token("eve", by=BY)
    backend.revoke_token(first.id, by=BY)
    assert backend.user_of_token(secret) is None
    assert backend.user_of_token(other) == "eve"


def test_an_expired_one(backend: EmbeddedBackend, clock: Any) -> None:
    made, secret = backend.create_token("eve", days=1, by=BY)
    clock(DAY - MINUTE)
    assert backend.user_of_token(secret) == "eve"
    clock(DAY + MINUTE)
    assert backend.user_of_token(secret) is None
    (listed,) = backend.list_tokens("eve")
    assert listed.expires_at == made.expires_at


def test_use_is_noted_once_a_minute(backend: EmbeddedBackend, clock: Any) -> None:
    _, secret = backend.create_token("eve", by=BY)
    assert used(backend) is None
    backend.user_of_token("shelf_wrong")
    assert used(backend) is None
    first = clock(0)
    backend.user_of_token(secret)
    assert used(backend) == first
    clock(MINUTE - 1)
    backend.user_of_token(secret)
    assert used(backend) == first
    later = clock(MINUTE)
    backend.user_of_token(secret)
    assert used(backend) == later
    assert [change.action for change in backend.changes()] == ["create token"]


def test_many_at_once(backend: EmbeddedBackend) -> None:
    made = [backend.create_token(f"user-{n}", by=BY)[1] for n in range(4)]
    found: list[str | None] = []

    def ask(secret: str) -> None:
        found.extend(backend.user_of_token(secret) for _ in range(10))

    threads = [threading.Thread(target=ask, args=(secret,)) for secret in made * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, found)) == sorted(f"user-{n}" for n in range(4) for _ in range(20))
    assert all(token.last_used_at for token in backend.list_tokens())


def test_who_may_read_is_let_in_while_nothing_can_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        _, secret = backend.create_token("eve", by=BY)

        def locked(**_: Any) -> Any:
            raise RepositoryLocked("another writes", "wait")

        monkeypatch.setattr(backend.db, "writing", locked)
        assert backend.user_of_token(secret) == "eve"
        assert used(backend) is None


def test_no_file_of_the_catalog_has_the_token(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    with closing(EmbeddedBackend(root)) as backend:
        _, secret = backend.create_token("eve", note="laptop", by=BY)
        assert backend.user_of_token(secret) == "eve"
    files = [path for path in root.rglob("*") if path.is_file()]
    assert any(b"laptop" in path.read_bytes() for path in files)
    assert not [path for path in files if secret[6:].encode() in path.read_bytes()]


def test_tokens_do_not_come_back_from_the_log(tmp_path: Path) -> None:
    """Only their hashes are kept, and these only in the database."""
    root = tmp_path / "catalog"
    with closing(EmbeddedBackend(root)) as backend:
        backend.set_role(None, "eve", "admin", by=BY)
        backend.create_atlas("lung", by=BY)
        _, secret = backend.create_token("eve", by=BY)
        gone, _ = backend.create_token("eve", by=BY)
        backend.revoke_token(gone.id, by=BY)
        log = list(backend.changes())
        archive = tmp_path / "all.zip"
        export_archive(backend, archive)
    assert rebuild(root).ok
    with closing(EmbeddedBackend(root)) as backend:
        assert list(backend.changes()) == log
        assert [role.user for role in backend.list_roles(None)] == ["eve"]
        assert backend.list_tokens() == []
        assert backend.user_of_token(secret) is None
    with closing(EmbeddedBackend(tmp_path / "imported")) as backend:
        import_archive(backend, archive, by=BY)
        assert backend.list_tokens() == []


def test_a_token_is_found_by_its_index(tmp_path: Path) -> None:
    root = tmp_path / "catalog"
    with closing(EmbeddedBackend(root)) as backend:
        backend.create_token("eve", by=BY)
    with closing(sqlite3.connect(root / "catalog.db")) as connection:
        plan = connection.execute("EXPLAIN QUERY PLAN SELECT user FROM token WHERE hash = 'x'")
        ((*_, told),) = plan.fetchall()
    assert "USING INDEX" in told
