"""The watch on the change log: who waits is told of every change, whoever made it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.embedded.database import Database
from omicshelf.backend.embedded.watching import Watcher
from omicshelf.errors import RequestException, Unreachable
from omicshelf.testing.backend_base import ATLAS, BY
from omicshelf.testing.servers.postgres import PostgresServer, postgres_binaries

pytest_plugins = ("omicshelf.testing.servers.fixtures",)

WRITER = """
import sys, time
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.records import Origin

backend = EmbeddedBackend(sys.argv[1], database_url=sys.argv[2] or None)
prefix = sys.argv[3]
written = 0
print("ready", flush=True)
for line in sys.stdin:
    for _ in range(int(line)):
        backend.create_atlas(f"{prefix}{written}", by=Origin())
        written += 1
    print(time.time(), flush=True)
backend.close()
"""


class Writer:
    """A process that creates atlases when it is told to."""

    def __init__(self, root: Path, url: str = "", prefix: str = "d") -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root), url, prefix],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def write(self, n: int) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()

    def committed_at(self) -> float:
        """Wait until it has written; give the time of its last commit."""
        return float(self._line())

    def end(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def create(backend: EmbeddedBackend, name: str) -> None:
    backend.create_atlas(name, by=BY)


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.01)


def watch_threads() -> int:
    return sum(thread.name == "omicshelf-watch" for thread in threading.enumerate())


@pytest.fixture
def url() -> str:
    """The address of the database; empty for SQLite in the catalog's folder."""
    return ""


@pytest.fixture
def backend(tmp_path: Path, url: str) -> Iterator[EmbeddedBackend]:
    with closing(EmbeddedBackend(tmp_path / "catalog", database_url=url or None)) as backend:
        backend.create_atlas(ATLAS, by=BY)
        yield backend


@pytest.fixture
def watcher(backend: EmbeddedBackend) -> Iterator[Watcher]:
    with closing(Watcher(backend.db)) as watcher:
        yield watcher


def last(backend: EmbeddedBackend) -> int:
    return max((change.seq for change in backend.changes()), default=0)


def complete_under_writers(backend: EmbeddedBackend, watcher: Watcher, url: str) -> None:
    """Follow the log while three processes write, as a client of the long poll does."""
    first = last(backend)
    writers = [Writer(backend.root, url, prefix) for prefix in "abc"]
    try:
        for writer in writers:
            writer.write(30)
        found: list[tuple[int, str]] = []
        known = first
        while len(found) < 90:
            seq = watcher.wait(known, timeout=30)
            assert seq > known, "30 s without a change"
            page = list(backend.changes(after=known))
            found += [(change.seq, change.atlas) for change in page]
            known = page[-1].seq
        for writer in writers:
            writer.committed_at()
    finally:
        for writer in writers:
            writer.end()
    assert [seq for seq, _ in found] == list(range(first + 1, first + 91))
    for prefix in "abc":
        own = [name for _, name in found if name.startswith(prefix)]
        assert own == [f"{prefix}{n}" for n in range(30)]


class TestSqlite:
    """What holds on every database."""

    def test_what_is_already_there_is_told_at_once_and_starts_nothing(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        began = time.monotonic()
        assert watcher.wait(0, timeout=60) == last(backend) > 0
        assert time.monotonic() - began < 10
        assert not watcher.is_running

    def test_when_nothing_happens_the_number_is_the_known_one(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        known = last(backend)
        assert watcher.wait(known, timeout=0) == known
        began = time.monotonic()
        assert watcher.wait(known, timeout=0.3) == known
        assert time.monotonic() - began >= 0.3

    def test_a_change_of_another_process_is_seen_within_half_a_second(
        self, backend: EmbeddedBackend, watcher: Watcher, url: str
    ) -> None:
        writer = Writer(backend.root, url)
        try:
            late = []
            for _ in range(5):
                known = last(backend)
                with ThreadPoolExecutor(1) as pool:
                    told = pool.submit(lambda k=known: (watcher.wait(k, timeout=20), time.time()))
                    eventually(lambda: watcher._waiting == 1)
                    writer.write(1)
                    committed = writer.committed_at()
                    seq, at = told.result()
                assert seq > known
                late.append(at - committed)
            # The middle one of five: the machine of a test may stand still for a while.
            assert sorted(late)[2] < 0.5
        finally:
            writer.end()

    def test_a_hundred_who_wait_are_all_told_by_one_thread(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        known = last(backend)
        with ThreadPoolExecutor(100) as pool:
            told = [pool.submit(watcher.wait, known, 60) for _ in range(100)]
            eventually(lambda: watcher._waiting == 100)
            assert watch_threads() == 1
            create(backend, "one")
            assert {future.result() for future in told} == {last(backend)}

    def test_nothing_runs_when_nobody_waits(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        assert not watcher.is_running
        assert watch_threads() == 0
        watcher.wait(last(backend), timeout=0.2)
        assert watcher.is_running  # for a moment: a client asks again at once
        eventually(lambda: not watcher.is_running and watch_threads() == 0)
        known = last(backend)
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(watcher.wait, known, 60)
            eventually(lambda: watcher._waiting == 1)
            create(backend, "after-a-rest")
            assert told.result() == last(backend)

    def test_the_thread_of_one_does_not_end_under_another(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        """Waits that begin while the thread is about to end are told all the same."""
        for n in range(16):
            known = last(backend)
            with ThreadPoolExecutor(1) as pool:
                watcher.wait(known, timeout=0.01)
                eventually(lambda n=n: n % 4 != 0 or not watcher.is_running)
                told = pool.submit(watcher.wait, known, 30)
                create(backend, f"d{n}")
                assert told.result() == last(backend)

    def test_close_ends_the_thread_and_those_who_wait(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        known = last(backend)
        with ThreadPoolExecutor(3) as pool:
            told = [pool.submit(watcher.wait, known, 60) for _ in range(3)]
            eventually(lambda: watcher._waiting == 3)
            watcher.close()
            assert not watcher.is_running
            assert [future.result(timeout=10) for future in told] == [known] * 3
        assert watch_threads() == 0
        assert watcher.wait(known, timeout=60) == known  # closed: it waits no more
        watcher.close()

    def test_subscribers_are_told_the_number_of_now_and_every_later_one(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        heard: list[int] = []

        def fails(seq: int) -> None:
            raise ValueError(f"no use for {seq}")

        end_failing = watcher.subscribe(fails)
        end = watcher.subscribe(heard.append)
        now = last(backend)
        eventually(lambda: heard == [now])
        create(backend, "one")
        eventually(lambda: heard[-1] == last(backend))
        later: list[int] = []
        end_later = watcher.subscribe(later.append)
        eventually(lambda: later == [last(backend)])
        end()
        end()
        create(backend, "two")
        eventually(lambda: later[-1] == last(backend))
        assert heard[-1] < last(backend)
        assert heard == sorted(set(heard))
        end_later()
        end_failing()
        eventually(lambda: not watcher.is_running)

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
    @pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
    def test_a_forked_process_has_a_watcher_of_its_own(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        heard: list[int] = []
        end = watcher.subscribe(heard.append)
        eventually(lambda: bool(heard))
        known = last(backend)
        child = os.fork()
        if child == 0:
            try:
                fine = not watcher.is_running and watcher.wait(known, timeout=0.3) == known
                fine = fine and watcher.is_running and not watcher._told
                watcher.close()
            except BaseException:
                fine = False
            os._exit(0 if fine else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        create(backend, "after-the-fork")
        eventually(lambda: heard[-1] == last(backend))
        end()

    def test_every_change_of_concurrent_writers_is_seen_in_order(
        self, backend: EmbeddedBackend, watcher: Watcher, url: str
    ) -> None:
        complete_under_writers(backend, watcher, url)


class TestPostgres(TestSqlite):
    @pytest.fixture
    def url(self, postgres_url: str) -> str:
        return postgres_url

    def test_a_server_that_was_away_is_watched_again(
        self, postgres_server: PostgresServer, tmp_path: Path
    ) -> None:
        binaries = postgres_binaries()
        assert binaries is not None
        with closing(PostgresServer(binaries)) as server:  # one that nobody else uses
            url = server.url(server.new_database())
            with (
                closing(EmbeddedBackend(tmp_path / "catalog", database_url=url)) as backend,
                closing(Watcher(backend.db)) as watcher,
            ):
                heard: list[int] = []
                watcher.subscribe(heard.append)
                eventually(lambda: bool(heard))
                server.crash()
                with pytest.raises(Unreachable):
                    watcher.wait(heard[-1], timeout=5)
                server.start()
                create(backend, "it-is-back")
                eventually(lambda: heard[-1] == last(backend))

    def test_a_lost_notification_is_made_up_for(
        self, backend: EmbeddedBackend, watcher: Watcher
    ) -> None:
        """Somebody who writes without notifying is found by looking besides."""
        known = last(backend)
        with ThreadPoolExecutor(1) as pool:
            told = pool.submit(watcher.wait, known, 60)
            eventually(lambda: watcher._waiting == 1)
            with backend.db.engine.begin() as connection:
                connection.exec_driver_sql(
                    "INSERT INTO change (seq, time, action, atlas, origin, details) "
                    f"VALUES ({known + 1}, 0, 'silent', 'a', '{{}}', '{{}}')"
                )
            assert told.result() == known + 1


def test_a_database_that_was_replaced_is_watched_anew(tmp_path: Path) -> None:
    for name, n in (("catalog", 1), ("other", 5)):
        with closing(EmbeddedBackend(tmp_path / name)) as made:
            for number in range(n):
                create(made, f"a{number}")
            expected = last(made)
            path = Path(str(made.db.url.database)).relative_to(made.root)
    heard: list[int] = []
    url = f"sqlite:///{tmp_path / 'catalog' / path}"
    with closing(Database(url)) as db, closing(Watcher(db)) as watcher:
        watcher.subscribe(heard.append)
        eventually(lambda: bool(heard))
        (tmp_path / "other" / path).replace(tmp_path / "catalog" / path)
        eventually(lambda: heard[-1] == expected)
    assert heard[0] < expected


def test_a_database_that_cannot_be_read_is_told_and_tried_again(
    backend: EmbeddedBackend, watcher: Watcher, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[int] = []
    end = watcher.subscribe(heard.append)
    eventually(lambda: bool(heard))
    path = Path(str(backend.db.url.database))
    aside = path.with_name("aside")
    backend.db.close()
    path.rename(aside)
    try:
        eventually(lambda: "cannot be watched" in caplog.text)
        path.mkdir()
        with pytest.raises(RequestException):
            watcher.wait(heard[-1], timeout=5)
        path.rmdir()
    finally:
        aside.rename(path)
    create(backend, "it-is-back")
    eventually(lambda: heard[-1] == last(backend))
    end()
