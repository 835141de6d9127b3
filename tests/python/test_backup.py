"""Backup and restore as docs/guide/backup.md tells it, while others go on writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import omicshelf
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.rebuild import rebuild
from omicshelf.backend.embedded.relog import relog
from omicshelf.catalog.connection import Connection
from omicshelf.catalog.keeping import rebuild_database
from omicshelf.records import Origin
from omicshelf.testing.servers.buckets import S3Server, raw_keys, raw_read, raw_write
from omicshelf.testing.servers.postgres import PostgresServer, postgres_binaries

pytest_plugins = ("omicshelf.testing.servers.fixtures", "omicshelf.testing.servers.moto")

ATLAS = "lung"
BY = Origin(user="ada")


@dataclass
class Writer:
    """Somebody who goes on writing; ``done`` is what the catalog said to have taken."""

    backend: EmbeddedBackend
    folder: Path
    done: dict[str, bytes] = field(default_factory=dict)
    failed: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._catalog = omicshelf.Catalog(ATLAS, connection=Connection(self.backend))
        self._end = threading.Event()
        self._grown = threading.Condition()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()
        assert self.failed == []

    def _run(self) -> None:
        try:
            while not self._end.is_set():
                self.write()
        except BaseException as error:
            self.failed.append(error)
        finally:
            with self._grown:
                self._grown.notify_all()

    def write(self) -> str:
        """Save one more dataset, with a label on it and a file beside it."""
        name = f"d{len(self.done)}"
        content = f"{name}\n".encode() * 2000
        path = self.folder / f"{name}.txt"
        path.write_bytes(content)
        self._catalog.create_dataset(name, "Text", path, {"number": len(self.done)})
        self._catalog.label(name, "v1", "first")
        self._catalog.attach_file(name, path, file_name="beside.txt")
        with self._grown:
            self.done[name] = content
            self._grown.notify_all()
        return name

    def until(self, count: int) -> dict[str, bytes]:
        """Wait until so many datasets are written; gives them."""
        with self._grown:
            assert self._grown.wait_for(lambda: len(self.done) >= count or self.failed, 120)
            assert self.failed == []
            return dict(self.done)


def check(backend: EmbeddedBackend, expected: dict[str, bytes]) -> None:
    """Every dataset is there with its bytes, label and file, and all bytes are as written."""
    catalog = omicshelf.Catalog(ATLAS, connection=Connection(backend))
    for name, content in expected.items():
        dataset = catalog.get_dataset(name)
        assert dataset.open().read() == content
        assert dataset.metadata() == {"number": int(name[1:])}
        assert list(catalog.labels(name)) == ["first"]
        assert [file.file_name for file in catalog.list_files(name)] == ["beside.txt"]
    report = backend.verify()
    assert report.problems == []
    assert report.checked_versions >= len(expected)


def listing(backend: EmbeddedBackend) -> dict[str, str]:
    """Give all datasets with their newest versions."""
    catalog = omicshelf.Catalog(ATLAS, connection=Connection(backend))
    return {dataset.dataset_id: dataset.version_id for dataset in catalog}


# -- PostgreSQL and a bucket


@dataclass
class Team:
    """A catalog whose database and bucket are saved and brought back."""

    postgres: PostgresServer
    s3: S3Server
    folder: Path
    database: str
    bucket: str

    @classmethod
    def new(cls, postgres: PostgresServer, s3: S3Server, folder: Path) -> Team:
        database = postgres.new_database()
        bucket = s3.make_bucket(database.replace("_", "-") + f"-{os.getpid()}")
        return cls(postgres, s3, folder / database, database, bucket)

    @property
    def database_url(self) -> str:
        return self.postgres.url(self.database)

    def open(self) -> EmbeddedBackend:
        return EmbeddedBackend(self.folder, database_url=self.database_url, storage_url=self.bucket)

    def dump(self) -> Path:
        """Save the database, as it is at this moment."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "catalog.dump"
        _program("pg_dump", "--format=custom", f"--file={path}", self._dsn())
        return path

    def restore(self, dump: Path) -> None:
        """Bring a saved database back, into this empty one."""
        _program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={self._dsn()}", dump)

    def copy_bucket_to(self, other: Team) -> None:
        for key in raw_keys(self.bucket):
            data = raw_read(self.bucket, key)
            if data is not None:  # it may have been removed since it was listed
                raw_write(other.bucket, key, data)

    def _dsn(self) -> str:
        return self.database_url.replace("+psycopg", "")


def _program(name: str, *arguments: object) -> None:
    binaries = postgres_binaries()
    assert binaries is not None
    subprocess.run([binaries / name, *map(str, arguments)], check=True)


@pytest.fixture
def new_team(
    postgres_server: PostgresServer, moto_server: S3Server, tmp_path: Path
) -> Iterator[Callable[[], Team]]:
    teams: list[Team] = []

    def make() -> Team:
        teams.append(Team.new(postgres_server, moto_server, tmp_path))
        return teams[-1]

    yield make
    for team in teams:
        postgres_server.drop_database(team.database)


def test_what_was_acknowledged_before_a_backup_is_in_it(
    new_team: Callable[[], Team], tmp_path: Path
) -> None:
    """The database first, then the bucket, and nobody stops writing."""
    team, other = new_team(), new_team()
    with closing(team.open()) as backend, Writer(backend, tmp_path) as writer:
        before = writer.until(5)
        dump = team.dump()
        writer.until(len(writer.done) + 3)  # what the dump does not know
        team.copy_bucket_to(other)
        writer.until(len(writer.done) + 1)
    other.restore(dump)
    with closing(other.open()) as restored:
        check(restored, before)


def test_the_log_of_a_restored_catalog_is_that_of_its_database(
    new_team: Callable[[], Team], tmp_path: Path
) -> None:
    """Changes that are undone and those made since bear the same numbers."""
    team, other, third = new_team(), new_team(), new_team()
    writer = Writer(team.open(), tmp_path)
    before = {name: writer.done[name] for name in (writer.write(), writer.write())}
    dump = team.dump()
    undone = {writer.write(), writer.write(), writer.write()}
    writer.backend.close()  # the log is in the bucket now, beyond the dump
    team.copy_bucket_to(other)
    other.restore(dump)
    environment = {
        **os.environ,
        "OMICSHELF_DATABASE_URL": other.database_url,
        "OMICSHELF_STORAGE_URL": other.bucket,
        "OMICSHELF_CACHE": str(tmp_path / "cache"),
    }
    with closing(other.open()) as restored:
        report = relog(restored, by=BY)
        assert report.undone == 9  # a dataset, a label and a file, three times
        assert [key.partition("/")[0] for key in report.kept] == ["undone"] * len(report.kept)
        assert set(report.kept) <= set(raw_keys(other.bucket))
        again = relog(restored, by=BY)
        assert (again.undone, again.kept) == (0, [])
        assert set(listing(restored)) == set(before)
        later = Writer(restored, tmp_path / "later")
        later.folder.mkdir()
        later.done = dict(before)
        assert later.write() in undone  # the name of one that was undone, and its numbers
        expected = listing(restored)
    # The bucket alone tells the same now.
    environment["OMICSHELF_DATABASE_URL"] = third.database_url
    done = subprocess.run(
        [sys.executable, "-m", "omicshelf", "rebuild"],
        env={k: v for k, v in environment.items() if k != "OMICSHELF_URL"},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    third.bucket = other.bucket
    with closing(third.open()) as rebuilt:
        assert listing(rebuilt) == expected
        check(rebuilt, later.done)


def test_a_lost_database_is_made_anew_from_the_bucket(
    new_team: Callable[[], Team], tmp_path: Path
) -> None:
    team, other = new_team(), new_team()
    with closing(team.open()) as backend:
        writer = Writer(backend, tmp_path)
        for _ in range(4):
            writer.write()
        expected = listing(backend)
    report = rebuild_database(other.database_url, team.bucket)
    assert report.ok
    other.bucket = team.bucket
    with closing(other.open()) as rebuilt:
        assert listing(rebuilt) == expected
        check(rebuilt, writer.done)


def test_the_bucket_before_the_database_is_no_backup(
    new_team: Callable[[], Team], tmp_path: Path
) -> None:
    """Why the order matters: the database knows versions whose bytes were not there yet."""
    team, other = new_team(), new_team()
    with closing(team.open()) as backend:
        writer = Writer(backend, tmp_path)
        writer.write()
        team.copy_bucket_to(other)
        late = writer.write()
        dump = team.dump()
    other.restore(dump)
    with closing(other.open()) as restored:
        problems = restored.verify().problems
    assert problems
    assert all(f"{ATLAS}/{late}" in problem for problem in problems)


# -- a folder


def test_a_folder_is_saved_while_somebody_writes(tmp_path: Path) -> None:
    here, there = tmp_path / "catalog", tmp_path / "restored"
    there.mkdir()
    with closing(EmbeddedBackend(here)) as backend, Writer(backend, tmp_path) as writer:
        before = writer.until(5)
        with (
            closing(sqlite3.connect(here / "catalog.db")) as source,
            closing(sqlite3.connect(there / "catalog.db")) as saved,
        ):
            source.backup(saved)
        writer.until(len(writer.done) + 3)
        left_out = shutil.ignore_patterns("catalog.db*", "cache", "tmp", "sessions")
        shutil.copytree(here, there, ignore=left_out, dirs_exist_ok=True)
    with closing(EmbeddedBackend(there)) as restored:
        relog(restored, by=BY)
        check(restored, before)
        expected = listing(restored)
        assert set(before) <= set(expected) < set(writer.done)
    # Its log was made to agree: a rebuild gives the same.
    assert rebuild(there).ok
    with closing(EmbeddedBackend(there)) as rebuilt:
        assert listing(rebuilt) == expected


@pytest.mark.parametrize("kind", ["line", "segment"])
def test_lines_that_a_restored_log_lacks_are_added(tmp_path: Path, kind: str) -> None:
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        writer = Writer(backend, tmp_path)
        writer.write()
        writer.write()
        expected = listing(backend)
    (segment,) = (tmp_path / "catalog" / "log").iterdir()
    if kind == "line":
        lines = segment.read_bytes().splitlines(keepends=True)
        segment.write_bytes(b"".join(lines[:2] + lines[3:]))
    else:
        segment.unlink()
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        report = relog(backend, by=BY)
        assert (report.added, report.undone) == (1 if kind == "line" else report.last_seq, 0)
    report = rebuild(tmp_path / "catalog")
    assert (report.ok, report.recovered) == (True, [])
    with closing(EmbeddedBackend(tmp_path / "catalog")) as rebuilt:
        assert listing(rebuilt) == expected
