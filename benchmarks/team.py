"""Rows about a team: many clients of two replicas, one of them killed; writers on PostgreSQL."""

from __future__ import annotations

import itertools
import json
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from blake3 import blake3

import omicshelf
from benchmarks.measuring import Figure, Scale, percentile
from benchmarks.servers import Replica, Team, missing, postgres, remote, skipped, team

if TYPE_CHECKING:
    import psycopg

    from omicshelf.backend.embedded.backend import EmbeddedBackend

__all__ = ["load", "writers"]

_PROCESSES, _CLIENTS = 2, 32
_N_REPLICAS = 2
_PATIENCE = 60.0  # seconds that the last requests may take after the end

# -- many clients


def load(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Let 64 clients work with two replicas; then again, with one killed in the middle."""
    if why := missing(ceph=True):
        yield skipped("team-load", why)
        return
    with team(folder, _N_REPLICAS) as servers:
        seconds = scale.load_seconds
        what = f"{_PROCESSES * _CLIENTS} clients, {_N_REPLICAS} replicas, {seconds:.0f} s"
        told = _told(_start(servers, seconds, 0), seconds)
        yield from _figures(what, told, seconds)
        yield _lost(what, servers.replicas[0], told, folder)
        seconds /= 2
        what = f"{_PROCESSES * _CLIENTS} clients, {seconds:.0f} s, one of {_N_REPLICAS} killed"
        clients = _start(servers, seconds, _PROCESSES * _CLIENTS)
        away = _kill_in_the_middle(servers.replicas[-1], clients, seconds)
        told = _told(clients, seconds)
        yield from _figures(what, told, seconds)
        yield _lost(what, servers.replicas[-1], told, folder)
        turned = told["turned"]
        yield Figure(f"{what}: requests that broke off and were sent to the other", turned, "",
                     turned, "")  # fmt: skip
        yield Figure(f"{what}: until it was ready again", away * 1e3, "ms", away * 1e3, "ms")


def _start(servers: Team, seconds: float, first: int) -> list[subprocess.Popen[str]]:
    """Start the clients, in processes of their own; numbers that none of them had before."""
    command = [sys.executable, "-m", "benchmarks.loadclient", "--token", servers.token]
    for replica in servers.replicas:
        command += ["--server", replica.url.rstrip("/")]
    command += ["--clients", str(_CLIENTS), "--seconds", str(seconds)]
    return [
        subprocess.Popen(
            [*command, "--first", str(first + number * _CLIENTS)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(_PROCESSES)
    ]


def _told(clients: list[subprocess.Popen[str]], seconds: float) -> dict[str, Any]:
    """Wait for the clients; give what all of them saw."""
    whole: dict[str, Any] = {"seconds": {}, "errors": [], "turned": 0, "acknowledged": {}}
    for client in clients:
        said = client.communicate(timeout=seconds + _PATIENCE)[0]
        if client.returncode:
            raise RuntimeError(f"A process of clients ended with {client.returncode}.")
        told = json.loads(said)
        for name, found in told["seconds"].items():
            whole["seconds"].setdefault(name, []).extend(found)
        whole["errors"] += told["errors"]
        whole["turned"] += told["turned"]
        whole["acknowledged"] |= told["acknowledged"]
    for error in whole["errors"][:5]:
        print(f"  {error}", file=sys.stderr)
    return whole


def _figures(what: str, told: Mapping[str, Any], seconds: float) -> Iterator[Figure]:
    errors = len(told["errors"])
    yield Figure(f"{what}: errors", errors, "", errors, "", 0)
    rate = sum(map(len, told["seconds"].values())) / seconds
    yield Figure(f"{what}: requests", rate, "/s", rate, "/s")
    for name, found in told["seconds"].items():
        p50, p99 = percentile(found, 50) * 1e3, percentile(found, 99) * 1e3
        yield Figure(f"{what}: {name}, median of {len(found):,}", p50, "ms", p50, "ms")
        yield Figure(f"{what}: {name}, 99th percentile", p99, "ms", p99, "ms")


def _kill_in_the_middle(
    replica: Replica, clients: list[subprocess.Popen[str]], seconds: float
) -> float:
    """Kill a replica while the clients are at it, and start it again; give how long that took."""
    time.sleep(seconds / 2)
    if any(client.poll() is not None for client in clients):
        raise RuntimeError("The clients had ended before the replica was killed.")
    replica.kill()
    killed = time.monotonic()
    replica.start()
    return time.monotonic() - killed


def _lost(what: str, replica: Replica, told: Mapping[str, Any], folder: Path) -> Figure:
    """Read everything that was acknowledged again, and count what is not there, or not so."""
    acknowledged: dict[str, str] = told["acknowledged"]
    with remote(replica, folder / "cache") as opened:
        catalog = omicshelf.Catalog("load", connection=opened.connection)

        def is_lost(name: str, sent: str) -> bool:
            try:
                dataset = catalog.get_dataset(name)
                with dataset.open() as stream:
                    found = blake3(stream.read()).hexdigest()
            except omicshelf.errors.RequestException as error:
                print(f"  {name}: {error}", file=sys.stderr)
                return True
            return (dataset.blake3, found) != (sent, sent)

        with ThreadPoolExecutor(4) as pool:
            lost = sum(pool.map(is_lost, acknowledged.keys(), acknowledged.values()))
    what = f"{what}: lost of {len(acknowledged):,} acknowledged uploads"
    return Figure(what, lost, "", lost, "", 0)


# -- many writers

_THREADS = (1, 8, 32)
_BODY = json.dumps({"k": "x" * 300})
_ROUNDS = 3
# What a version costs a database at the least: the row of the dataset is taken or the catalog,
# a version and a change are written, the dataset points to the version.
_LOCKS = {
    "a lock of the catalog": "SELECT pg_advisory_xact_lock(7) WHERE %(id)s::bigint IS NOT NULL",
    "a lock of the dataset's row": "SELECT n FROM bare_dataset WHERE id = %(id)s FOR UPDATE",
}
_STATEMENTS = (
    "INSERT INTO bare_version (dataset, body) VALUES (%(id)s, %(body)s)",
    "INSERT INTO bare_change (dataset, body) VALUES (%(id)s, %(body)s)",
    "UPDATE bare_dataset SET n = n + 1 WHERE id = %(id)s",
)
_TABLES = (
    "CREATE TABLE bare_dataset (id bigint PRIMARY KEY, n bigint NOT NULL DEFAULT 0)",
    "CREATE TABLE bare_version (id bigserial PRIMARY KEY, dataset bigint, body text)",
    "CREATE TABLE bare_change (seq bigserial PRIMARY KEY, dataset bigint, body text)",
    f"INSERT INTO bare_dataset SELECT i FROM generate_series(0, {max(_THREADS)}) i",
)
_OURS, _OWN = "versions on PostgreSQL", "versions on SQLite"

Act = Callable[[int], object]


def writers(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Write versions with new metadata from several threads, against the bare protocol."""
    if why := missing(ceph=False):
        yield skipped("team-writers", why)
        return
    with ExitStack() as opened:
        server = opened.enter_context(postgres())
        url = server.url(server.new_database())
        contenders = {
            _OURS: _versions(opened, folder / "team", url),
            _OWN: _versions(opened, folder / "own", None),
        }
        for lock in _LOCKS:
            contenders[lock] = _bare(opened, server.url(server.new_database()), lock)
        for n_threads in _THREADS:
            yield from _rates(n_threads, contenders, scale.writing_seconds)


def _rates(n_threads: int, contenders: Mapping[str, Act], seconds: float) -> Iterator[Figure]:
    """Let the contenders take turns, the order turned round every time."""
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    latencies: dict[str, list[float]] = {name: [] for name in contenders}
    names = list(contenders)
    for _ in range(_ROUNDS):
        for name in names:
            taken, elapsed = _together(n_threads, contenders[name], seconds)
            rates[name].append(len(taken) / elapsed)
            latencies[name] += taken
        names.reverse()
    reference, *_others = _LOCKS
    for name, found in rates.items():
        what = f"{n_threads} threads: {name}"
        if name in _LOCKS:
            what = f"{n_threads} threads: four statements and a commit, {name}"
        rate, p99 = statistics.median(found), percentile(latencies[name], 99) * 1e3
        if name == reference:
            yield Figure(what, rate, "/s", rate, "/s")
        else:
            share = statistics.median(a / b for a, b in zip(found, rates[reference], strict=True))
            against = f"four statements, {reference}"
            bare = statistics.median(rates[reference])
            yield Figure(what, rate, "/s", share, "x", None, bare, against)
        yield Figure(f"{what}, 99th percentile", p99, "ms", p99, "ms")


def _together(n_threads: int, act: Act, seconds: float) -> tuple[list[float], float]:
    """Let threads do something again and again; give how long each time took, and all of it."""
    taken: list[list[float]] = [[] for _ in range(n_threads)]
    go = threading.Barrier(n_threads + 1)

    def work(number: int) -> None:
        act(number)  # connections are made, plans are known
        go.wait()
        until = time.perf_counter() + seconds
        while (began := time.perf_counter()) < until:
            act(number)
            taken[number].append(time.perf_counter() - began)

    with ThreadPoolExecutor(n_threads) as pool:
        working = [pool.submit(work, number) for number in range(n_threads)]
        go.wait()
        began = time.perf_counter()
        for one in working:
            one.result()
        elapsed = time.perf_counter() - began
    return list(itertools.chain(*taken)), elapsed


def _versions(opened: ExitStack, root: Path, url: str | None) -> Act:
    """Write versions through the backend, each thread those of a dataset of its own."""
    from omicshelf.backend.base import VersionDraft
    from omicshelf.backend.embedded.backend import EmbeddedBackend
    from omicshelf.backend.source import FileSource
    from omicshelf.records import Origin

    by = Origin(user="ada")
    backend: EmbeddedBackend = opened.enter_context(
        closing(EmbeddedBackend(root, database_url=url))
    )
    backend.create_atlas("bench", by=by)
    text = root.with_name("text.txt")
    text.write_text("text")
    for number in range(max(_THREADS)):
        draft = VersionDraft(f"d{number}", "create", data_type="Text", metadata={})
        backend.put_version("bench", draft, FileSource(text, "txt"), by=by)
    numbers = itertools.count()

    def act(number: int) -> None:
        metadata = {"tissue": "lung", "k": next(numbers)}
        draft = VersionDraft(f"d{number}", "update", metadata=metadata)
        backend.put_version("bench", draft, None, by=by)

    return act


def _bare(opened: ExitStack, url: str, lock: str) -> Act:
    """Do what no version can do without, each thread with a connection and a row of its own."""
    import psycopg

    conninfo = url.replace("+psycopg", "")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in _TABLES:
            connection.execute(statement.encode())
    statements = [text.encode() for text in (_LOCKS[lock], *_STATEMENTS)]
    connections: list[psycopg.Connection[Any]] = [
        opened.enter_context(psycopg.connect(conninfo)) for _ in range(max(_THREADS))
    ]

    def act(number: int) -> None:
        with connections[number].transaction():
            for statement in statements:
                connections[number].execute(statement, {"id": number, "body": _BODY})

    return act
