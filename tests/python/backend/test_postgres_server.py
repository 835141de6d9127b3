"""A PostgreSQL server that is away, or refuses: what is said, and that it works again by itself."""

from __future__ import annotations

import threading
import traceback
import warnings
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from omicshelf.backend.base import Query, VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.database import Database
from omicshelf.errors import (
    AccessDenied,
    Invalid,
    MissingDependency,
    NotFound,
    RequestException,
    StorageError,
    Unauthorized,
    Unreachable,
)
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material
from omicshelf.testing.servers.postgres import PostgresServer, postgres_binaries

pytest_plugins = ("omicshelf.testing.servers.fixtures",)


@pytest.fixture
def own_server(postgres_server: PostgresServer) -> Iterator[PostgresServer]:
    """A server that a test may stop, since nobody else uses it."""
    binaries = postgres_binaries()
    assert binaries is not None
    server = PostgresServer(binaries)
    yield server
    server.close()


# -- away


@pytest.mark.parametrize("how", ["stop", "crash"])
def test_the_server_stops_and_starts_again(
    own_server: PostgresServer, tmp_path: Path, how: str
) -> None:
    url = own_server.url(own_server.new_database())
    text = Material(tmp_path / "material").text("some text")
    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=url)) as backend:
        kept = BackendFixtures.put(backend, "before", text).version
        getattr(own_server, how)()
        for _ in range(2):  # the connections of before, and new ones
            for ask in (
                lambda: backend.find(ATLAS, Query()),
                lambda: BackendFixtures.put(backend, "away", text),
                lambda: backend.delete_dataset(ATLAS, "before", by=BY),
                lambda: list(backend.changes()),
            ):
                with pytest.raises(Unreachable) as caught:
                    ask()
                assert "call again" in str(caught.value)
                assert_no_secret(caught.value, own_server.password)
        with pytest.raises(Unreachable):
            EmbeddedBackend(tmp_path / "catalog", database_url=url)
        own_server.start()
        assert backend.find(ATLAS, Query()).total == 1
        BackendFixtures.put(backend, "after", text)
        with backend.open_blob(kept.blob) as stream:
            assert stream.read() == b"some text"
        assert [change.seq for change in backend.changes()] == [1, 2]
        backend.gc(grace=0)
        assert backend.verify().ok


def test_what_was_acknowledged_survives_a_crash(own_server: PostgresServer, tmp_path: Path) -> None:
    """Threads write without end while the server crashes in the middle."""
    url = own_server.url(own_server.new_database())
    text = Material(tmp_path / "material").text("x")
    acknowledged: list[str] = []
    failed: list[BaseException] = []
    enough, go_on = threading.Semaphore(0), threading.Event()

    def write(number: int) -> None:
        for i in range(1000):
            try:
                draft = VersionDraft(f"d{number}", "update", metadata={"i": i})
                record = backend.put_version(ATLAS, draft, None, by=BY)
                acknowledged.append(record.version.version_id)
                enough.release()
            except RequestException as error:
                failed.append(error)
                if len(failed) < 100:
                    go_on.wait(60)
                return

    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=url)) as backend:
        for number in range(4):
            BackendFixtures.put(backend, f"d{number}", text)
        threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(20):
            assert enough.acquire(timeout=60)
        own_server.crash()
        own_server.start()
        go_on.set()
        for thread in threads:
            thread.join(60)
        assert {type(error) for error in failed} == {Unreachable}
        there = [
            version.version_id
            for number in range(4)
            for version in backend.list_versions(ATLAS, f"d{number}")
        ]
        assert set(acknowledged) <= set(there)
        seqs = [change.seq for change in backend.changes()]
        assert seqs == list(range(1, len(there) + 1))


def test_a_commit_whose_answer_is_lost_is_told_as_such(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    url = own_server.url(own_server.new_database())
    with closing(Database(url)) as db:
        db.upgrade()
        with pytest.raises(Unreachable) as caught:
            write_and_crash(db, own_server)
        assert "while a change was committed" in str(caught.value)
        assert "before you repeat it" in str(caught.value)
        own_server.start()
        with db.reading() as connection:
            assert connection.exec_driver_sql("SELECT * FROM setting").all() == []


def write_and_crash(db: Database, server: PostgresServer) -> None:
    with db.writing() as connection:
        connection.exec_driver_sql("INSERT INTO setting VALUES ('a', '1')")
        server.crash()


def assert_no_secret(error: BaseException, secret: str) -> None:
    """Look for a password in everything that a log of the error would show."""
    shown = "".join(traceback.format_exception(error))
    assert shown
    assert secret not in shown
    assert secret not in repr(error)


# -- refused


def test_a_wrong_password_a_missing_database_and_a_closed_port(
    postgres_server: PostgresServer, tmp_path: Path
) -> None:
    right = sa.make_url(postgres_server.url())
    secret = "s3cr3t-of-mine"
    for url, kind, part in (
        (right.set(password=secret), Unauthorized, "user or password"),
        (right.set(username="nobody", password=secret), Unauthorized, "user or password"),
        (right.set(password=None, query={"password": secret}), Unauthorized, "password"),
        (right.set(database="missing"), Invalid, "createdb"),
        (right.set(port=1, password=secret), Unreachable, "cannot be reached"),
        (right.set(host="nowhere.invalid", password=secret), Unreachable, "cannot be reached"),
    ):
        with pytest.raises(kind, match=part) as caught:
            EmbeddedBackend(
                tmp_path / "catalog", database_url=url.render_as_string(hide_password=False)
            )
        for hidden in (secret, postgres_server.password):
            assert_no_secret(caught.value, hidden)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://u:s3cr3t@h/d", "postgresql+asyncpg://u:s3cr3t@h/d", "http://x:y/"]
)
def test_urls_of_other_databases(url: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="postgresql://") as caught:
        EmbeddedBackend(tmp_path / "catalog", database_url=url)
    assert_no_secret(caught.value, "s3cr3t")


def test_the_usual_url_is_understood(postgres_url: str) -> None:
    for scheme in ("postgresql", "postgres"):
        url = postgres_url.replace("postgresql+psycopg", scheme)
        with closing(Database(url)) as db, db.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM atlas").scalar() == 0


def test_psycopg_is_an_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(MissingDependency, match=r"omicshelf\[postgres\]"):
        _ = Database("postgresql://u@127.0.0.1/d").engine


def test_a_database_of_another_encoding(postgres_server: PostgresServer, tmp_path: Path) -> None:
    name = "latin"
    postgres_server.execute(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1'"
        " LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'"
    )
    try:
        with pytest.raises(Invalid, match="LATIN1"):
            EmbeddedBackend(tmp_path / "catalog", database_url=postgres_server.url(name))
    finally:
        postgres_server.drop_database(name)


def test_a_user_who_may_only_read(
    postgres_server: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    text = Material(tmp_path / "material").text("x")
    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=postgres_url)) as backend:
        BackendFixtures.put(backend, "d", text)
    with closing(Database(postgres_url)) as db, db.writing() as connection:
        for statement in (
            "CREATE ROLE reader LOGIN PASSWORD 'reader'",
            "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader",
        ):
            connection.exec_driver_sql(statement)
    try:
        url = sa.make_url(postgres_url).set(username="reader", password="reader")
        shown = url.render_as_string(hide_password=False)
        with closing(EmbeddedBackend(tmp_path / "catalog", database_url=shown)) as backend:
            assert backend.find(ATLAS, Query()).total == 1
            with pytest.raises(AccessDenied, match="permission denied"):
                backend.delete_dataset(ATLAS, "d", by=BY)
    finally:
        with closing(Database(postgres_url)) as db, db.writing() as connection:
            connection.exec_driver_sql("DROP OWNED BY reader")
            connection.exec_driver_sql("DROP ROLE reader")


def test_who_waits_too_long_is_told(postgres_url: str) -> None:
    impatient = f"{postgres_url}?options=-clock_timeout%3D50ms"
    with closing(Database(postgres_url)) as first, closing(Database(impatient)) as second:
        with first.writing(), pytest.raises(StorageError, match="busy for too long") as caught:
            write(second)
        assert "pg_stat_activity" in str(caught.value)
        write(second)


def write(db: Database) -> None:
    with db.writing() as connection:
        connection.exec_driver_sql("INSERT INTO setting VALUES ('a', '1')")


# -- tables


def test_the_migrations_lead_to_the_schema(postgres_url: str) -> None:
    from alembic import command

    with closing(Database(postgres_url)) as db, db.reading() as connection:
        config = db._alembic_config()
        config.attributes["connection"] = connection
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # also where something cannot be compared
            command.check(config)


def test_the_tables_can_be_taken_back(postgres_server: PostgresServer) -> None:
    from alembic import command

    name = postgres_server.new_database()
    try:
        with closing(Database(postgres_server.url(name))) as db:
            for _ in range(2):
                db.upgrade()
                with db.writing() as connection:
                    config = db._alembic_config()
                    config.attributes["connection"] = connection
                    command.downgrade(config, "base")
            with db.reading() as connection:
                assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    finally:
        postgres_server.drop_database(name)


def test_a_newer_schema_is_refused(postgres_url: str, tmp_path: Path) -> None:
    with closing(Database(postgres_url)) as db:
        with db.writing() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        try:
            with pytest.raises(Invalid, match=r"newer omicshelf \(schema 9999\)") as caught:
                EmbeddedBackend(tmp_path / "catalog", database_url=postgres_url)
            assert_no_secret(caught.value, str(db.url.password))
            assert "pip install --upgrade" in str(caught.value)
        finally:
            with db.writing() as connection:
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")


def test_a_fork_does_not_use_its_parents_connections(postgres_url: str) -> None:
    import os

    with closing(Database(postgres_url)) as db:
        with db.writing() as connection:
            connection.exec_driver_sql("INSERT INTO setting VALUES ('parent', '1')")
        with db.reading() as reading:
            before = reading.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            child = os.fork()
            if child == 0:
                status = 1
                with suppress(BaseException):
                    with db.writing() as connection:
                        mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
                        connection.exec_driver_sql("INSERT INTO setting VALUES ('child', '1')")
                    status = 0 if mine != before else 2
                os._exit(status)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
            assert reading.exec_driver_sql("SELECT pg_backend_pid()").scalar_one() == before
        with db.reading() as reading:
            found = reading.exec_driver_sql("SELECT key FROM setting ORDER BY key").scalars()
            assert list(found) == ["child", "parent"]


def test_nothing_is_found_in_an_empty_database(postgres_url: str, tmp_path: Path) -> None:
    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=postgres_url)) as backend:
        page: Any = backend.find(ATLAS, Query(facets=("k",)))
        assert (page.datasets, page.total) == ([], 0)
        with pytest.raises(NotFound, match="does not exist"):
            backend.get_dataset(ATLAS, "d")
