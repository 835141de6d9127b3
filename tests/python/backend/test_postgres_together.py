"""Many processes and threads write to one catalog in PostgreSQL: nothing fails, nothing is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from omicshelf.backend.base import Query, VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.database import Database
from omicshelf.backend.source import FileSource
from omicshelf.errors import AlreadyExists, Conflict, NotFound, RequestException
from omicshelf.testing.backend_base import ATLAS, BY, BackendFixtures, Material

pytest_plugins = ("omicshelf.testing.servers.fixtures",)

# Each process says that it is ready, waits for all the others, and tells what came of it.
BEGIN = """
import sys
from pathlib import Path
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.errors import AlreadyExists
from omicshelf.records import Origin

root, url, number, source = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
def wait():
    print("ready", flush=True)
    sys.stdin.readline()
"""
VERSIONS = """
backend = EmbeddedBackend(root, database_url=url)
wait()
for i in range(50):
    draft = VersionDraft("d", "update", metadata={"by": number, "i": i})
    data = FileSource(source, "txt") if i % 10 == 0 else None
    backend.put_version("atlas", draft, data, by=Origin())
backend.close()
"""
CREATE = """
backend = EmbeddedBackend(root, database_url=url)
wait()
for i in range(20):
    draft = VersionDraft(f"d{i}", "create", data_type="T", metadata={"by": number})
    try:
        backend.put_version(f"atlas{i // 5}", draft, FileSource(source, "txt"), by=Origin())
        print("created", i, flush=True)
    except AlreadyExists:
        print("exists", i, flush=True)
backend.close()
"""
OPEN = """
wait()
backend = EmbeddedBackend(root, database_url=url)
draft = VersionDraft(f"d{number}", "create", data_type="T")
backend.put_version("atlas", draft, FileSource(source, "txt"), by=Origin())
backend.close()
"""


def together(program: str, n: int, root: Path, url: str) -> list[list[str]]:
    """Run a program in ``n`` processes that begin at the same moment; gives what each prints."""
    source = root.parent / "source.txt"
    source.write_text("some text")
    running = [
        subprocess.Popen(
            [sys.executable, "-c", BEGIN + program, str(root), url, str(number), str(source)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for number in range(n)
    ]  # fmt: skip
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", process.communicate()[1]
        said = []
        for process in running:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        for process in running:
            out, err = process.communicate(timeout=200)
            assert (process.returncode, err) == (0, "")
            said.append(out.splitlines())
        return said
    finally:
        for process in running:
            process.kill()
            process.wait()


@pytest.fixture
def backend(tmp_path: Path, postgres_url: str) -> Iterator[EmbeddedBackend]:
    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=postgres_url)) as backend:
        yield backend


def check_log(backend: EmbeddedBackend) -> list[Any]:
    """Give the whole change log, in which no number may be missing."""
    changes = list(backend.changes())
    assert [change.seq for change in changes] == list(range(1, len(changes) + 1))
    assert [change.time for change in changes] == sorted(change.time for change in changes)
    return changes


def test_four_processes_update_one_dataset(
    backend: EmbeddedBackend, tmp_path: Path, postgres_url: str
) -> None:
    BackendFixtures.put(backend, "d", Material(tmp_path / "material").text("first"), atlas="atlas")
    together(VERSIONS, 4, backend.root, postgres_url)
    versions = backend.list_versions("atlas", "d")
    assert [version.seq for version in versions] == list(range(201, 0, -1))
    made = Counter((v.metadata["by"], v.metadata["i"]) for v in versions[:-1])
    assert made == Counter((by, i) for by in range(4) for i in range(50))
    changes = check_log(backend)
    assert [c.version_id for c in changes if c.version_id] == [
        version.version_id for version in reversed(versions)
    ]
    assert backend.verify().ok


def test_processes_that_create_the_same_datasets_and_atlases(
    backend: EmbeddedBackend, postgres_url: str
) -> None:
    said = together(CREATE, 3, backend.root, postgres_url)
    told = Counter(line for lines in said for line in lines)
    for i in range(20):
        assert (told[f"created {i}"], told[f"exists {i}"]) == (1, 2)
        assert backend.find(f"atlas{i // 5}", Query()).total == 5
    check_log(backend)


def test_processes_that_make_the_tables_at_the_same_time(
    tmp_path: Path, postgres_server: Any
) -> None:
    name = postgres_server.new_database()
    url = postgres_server.url(name)
    try:
        together(OPEN, 4, tmp_path / "catalog", url)
        with closing(EmbeddedBackend(tmp_path / "catalog", database_url=url)) as backend:
            assert backend.find("atlas", Query()).total == 4
    finally:
        postgres_server.drop_database(name)


def test_mixed_work_in_many_threads_ends_without_a_deadlock(
    backend: EmbeddedBackend, tmp_path: Path, postgres_url: str
) -> None:
    """More threads than connections, on two backends, over few datasets."""
    material = Material(tmp_path / "material")
    texts = [material.text(f"text {i} " * 2000) for i in range(6)]
    refused: Counter[str] = Counter()
    unexpected: list[BaseException] = []
    written = Counter[str]()
    start = threading.Barrier(40)

    def work(number: int, mine: EmbeddedBackend) -> None:
        rng = random.Random(number)
        start.wait()
        for step in range(12):
            name = f"d{rng.randrange(4)}"
            try:
                act(mine, rng, name, {"n": number, "step": step}, texts)
                written["done"] += 1
            except (NotFound, AlreadyExists, Conflict) as error:
                refused[error.kind] += 1
            except BaseException as error:
                unexpected.append(error)

    with (
        closing(EmbeddedBackend(backend.root, database_url=postgres_url)) as other,
        ThreadPoolExecutor(40) as pool,
    ):
        done = [pool.submit(work, n, [backend, other][n % 2]) for n in range(40)]
        for future in done:
            future.result()
    assert unexpected == []
    # How often a dataset is just deleted is chance; a quarter is always done.
    assert written["done"] > 40 * 12 / 4
    check_log(backend)
    assert backend.verify().ok
    for dataset in backend.find(ATLAS, Query(limit=None)).datasets:
        seqs = [
            v.seq for v in backend.list_versions(ATLAS, dataset.dataset_id, include_deleted=True)
        ]
        assert seqs == list(range(max(seqs), 0, -1))


def act(
    backend: EmbeddedBackend, rng: random.Random, name: str, metadata: Any, texts: list[FileSource]
) -> None:
    """Do one of the things that people do."""
    choice = rng.randrange(8)
    if choice == 0:
        BackendFixtures.put(backend, name, rng.choice(texts), metadata=metadata)
    elif choice <= 2:
        draft = VersionDraft(name, "update", metadata=metadata)
        backend.put_version(ATLAS, draft, None, by=BY)
    elif choice == 3:
        BackendFixtures.put(backend, name, rng.choice(texts), mode="update", metadata=metadata)
    elif choice == 4:
        backend.edit_metadata(ATLAS, ["d0", "d1", "d2", "d3"], set_=metadata, by=BY)
    elif choice == 5:
        backend.set_study(ATLAS, name, rng.choice(["S1", "S2", None]), by=BY)
    elif choice == 6 and rng.random() < 0.3:
        backend.delete_dataset(ATLAS, name, by=BY)
    else:
        page = backend.find(ATLAS, Query(facets=("n", "step", "data_type")))
        assert page.total == len(page.datasets)
        assert sum(page.facets["data_type"].values()) == page.total


# -- transactions


def test_a_writer_is_alone_from_its_first_statement(postgres_url: str) -> None:
    """What it reads first is what the one before it has committed."""
    with closing(Database(postgres_url)) as first, closing(Database(postgres_url)) as second:
        with first.writing() as connection:
            connection.exec_driver_sql("INSERT INTO setting VALUES ('a', '1')")
            waits = threading.Thread(target=lambda: said.append(read_in_writing(second)))
            said: list[Any] = []
            waits.start()
            wait_until_somebody_waits(first)
            with second.reading() as reading:  # readers do not wait, and see what was before
                assert reading.exec_driver_sql("SELECT * FROM setting").all() == []
            with second.writing(alone=False) as beside:
                beside.exec_driver_sql("INSERT INTO setting VALUES ('b', '2')")
            assert said == []
        waits.join(30)
        assert said == [[("a", "1"), ("b", "2")]]


def read_in_writing(db: Database) -> Any:
    with db.writing() as connection:
        return [tuple(r) for r in connection.exec_driver_sql("SELECT * FROM setting ORDER BY key")]


def wait_until_somebody_waits(db: Database) -> None:
    """Poll the server's own table of locks."""
    waiting = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    for _ in range(100_000):
        with db.reading() as connection:
            if connection.execute(waiting).scalar_one():
                return
    raise AssertionError("nobody waits for the lock")


def test_reading_is_one_state_of_the_database_and_writes_nothing(postgres_url: str) -> None:
    with closing(Database(postgres_url)) as db:
        with db.reading() as connection:
            before = connection.exec_driver_sql("SELECT count(*) FROM setting").scalar_one()
            with db.writing() as writer:
                writer.exec_driver_sql("INSERT INTO setting VALUES ('a', '1')")
            after = connection.exec_driver_sql("SELECT count(*) FROM setting").scalar_one()
        assert (before, after) == (0, 0)
        with pytest.raises(RequestException, match="read-only"), db.reading() as connection:
            connection.exec_driver_sql("DELETE FROM setting")
        with db.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM setting").scalar_one() == 1


def test_a_change_that_fails_leaves_no_gap(backend: EmbeddedBackend) -> None:
    for fails in (True, True, False, True, False):
        try:
            with backend.changing(BY) as writer:
                writer.add("test", ATLAS)
                writer.add("test", ATLAS)
                if fails:
                    raise RuntimeError
        except RuntimeError:
            assert fails
    assert len(check_log(backend)) == 4


def test_who_listens_is_told_once_a_transaction(
    backend: EmbeddedBackend, postgres_url: str
) -> None:
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as listener:
        listener.execute("LISTEN omicshelf")
        for n in (3, 1):
            with backend.changing(BY) as writer:
                for _ in range(n):
                    writer.add("test", ATLAS)
                assert list(listener.notifies(timeout=0)) == []
            (heard,) = listener.notifies(timeout=30, stop_after=1)
            assert heard.payload == "public"
        with suppress(RuntimeError), backend.changing(BY) as writer:
            writer.add("test", ATLAS)
            raise RuntimeError
        listener.execute("SELECT 1")  # whatever was sent before has come
        assert list(listener.notifies(timeout=0)) == []


def test_two_catalogs_in_one_database_do_not_wait_for_one_another(postgres_url: str) -> None:
    apart = f"{postgres_url}?options=-csearch_path%3Dsecond"
    with closing(Database(postgres_url)) as first:
        with first.writing() as connection:
            connection.exec_driver_sql("CREATE SCHEMA second")
        try:
            with closing(Database(apart)) as second:
                second.upgrade()
                with first.writing(), second.writing() as connection:
                    connection.exec_driver_sql("INSERT INTO setting VALUES ('only', 'here')")
            with first.reading() as connection:
                assert connection.exec_driver_sql("SELECT * FROM setting").all() == []
        finally:
            with first.writing() as connection:
                connection.exec_driver_sql("DROP SCHEMA second CASCADE")
