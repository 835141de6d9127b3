"""Threads, forks, readers and collectors on one catalog; clocks that jump; files that move."""

from __future__ import annotations

import os
import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import anndata
import numpy as np
import pytest
from blake3 import blake3

import omicshelf
from omicshelf import Catalog, errors
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.source import FileSource
from omicshelf.catalog.keeping import rebuild
from omicshelf.records import Origin
from omicshelf.testing.folder import describe

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"
BY = Origin(user="ada")
LARGE = b"".join(b"%d:%d\n" % (i, i * i * 7919 % 1_000_003) for i in range(40_000))


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with omicshelf.connect(tmp_path / "catalog"):
        yield Catalog("atlas")


def put(backend: EmbeddedBackend, path: Path, dataset_id: str = "d1") -> str:
    draft = VersionDraft(dataset_id, "save", data_type="T")
    return backend.put_version("atlas", draft, FileSource(path, "txt"), by=BY).version.blob


def read(backend: EmbeddedBackend, blob: str) -> bytes:
    with backend.open_blob(blob) as stream:
        return stream.read()


def run_all(works: list[Callable[[], object]]) -> None:
    """Run all at once; raise the first error."""
    with ThreadPoolExecutor(len(works)) as pool:
        for future in [pool.submit(work) for work in works]:
            future.result()


def test_sixteen_threads_on_one_catalog(catalog: Catalog, tmp_path: Path) -> None:
    rounds = 40 if LONG else 6

    def work(number: int) -> None:
        chosen, mine = random.Random(number), f"t{number}"
        path = tmp_path / f"{mine}.csv"
        path.write_text(f"gene,count\nTP53,{number}\n")
        catalog.create_dataset(mine, "T", path, {"n": number}, study_id=f"S{number % 3}")
        for turn in range(rounds):
            verb = chosen.randrange(8)
            if verb == 0:
                path.write_text(f"gene,count\nTP53,{number}\nMYC,{turn}\n")
                catalog.update_dataset(mine, data=path, message=f"turn {turn}")
            elif verb == 1:
                catalog.edit_metadata([mine], {"turn": turn})
            elif verb == 2:
                catalog.attach_file(mine, path, tag="table", file_name=f"{turn}.csv")
            elif verb == 3:
                catalog.rollback(mine, "v1")
            elif verb == 4:
                assert list(catalog.load(mine).columns) == ["gene", "count"]
            elif verb == 5:
                found = catalog.search(where={"n": number}, facets=["n"])
                assert [d.dataset_id for d in found] == [mine]
            elif verb == 6:
                catalog.delete_dataset(mine)
                catalog.undelete_dataset(mine)
            else:
                catalog.save("shared", path, expected_version="any", metadata={"by": mine})
        assert catalog.list_versions(mine)[-1].version == "v1"

    run_all([lambda n=n: work(n) for n in range(16)])  # type: ignore[misc]
    assert len([d for d in catalog if d.dataset_id.startswith("t")]) == 16
    seqs = [change.seq for change in catalog.changes()]
    assert seqs == list(range(1, len(seqs) + 1))
    assert catalog.verify().ok
    catalog.gc(grace=0)
    assert catalog.gc(grace=0).dead_objects == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_fork_of_an_open_catalog(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_bytes(LARGE)
    catalog.create_dataset("d1", "T", path, {})
    held = catalog.get_dataset("d1").path()
    children = []
    for number in range(3):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
            child = os.fork()
        if not child:
            code = 1
            with suppress(BaseException):
                path.write_bytes(LARGE + b"%d" % number) if number == 0 else None
                mine = tmp_path / f"child{number}.txt"
                mine.write_bytes(LARGE + b"child %d" % number)
                catalog.create_dataset(f"child{number}", "T", mine, {"pid": os.getpid()})
                assert catalog.get_dataset("d1").open().read() == LARGE
                assert len(catalog) >= 2
                catalog.connection.close()
                code = 0
            os._exit(code)
        children.append(child)
    catalog.update_dataset("d1", metadata={"parent": 1})
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert held.read_bytes() == LARGE
    catalog.update_dataset("d1", metadata={"parent": 2})
    assert [d.dataset_id for d in catalog] == ["child0", "child1", "child2", "d1"]
    seqs = [change.seq for change in catalog.changes()]
    assert seqs == [1, 2, 3, 4, 5, 6]
    assert catalog.gc(grace=0).dead_objects == 0
    assert catalog.verify().ok


def test_a_reader_while_others_collect_and_repack(tmp_path: Path) -> None:
    root, path = tmp_path / "catalog", tmp_path / "x.txt"
    rounds = 40 if LONG else 6
    with closing(EmbeddedBackend(root)) as writer, closing(EmbeddedBackend(root)) as reader:
        path.write_bytes(LARGE)
        put(writer, path, "kept")
        stop = threading.Event()

        def write() -> None:
            for number in range(rounds):
                path.write_bytes(bytes([number]) * 300_000 + LARGE)
                put(writer, path)
                path.write_bytes(LARGE[: 200_000 + number])
                put(writer, path)
                writer.purge_versions("atlas", "d1", keep_last=1, by=BY)
                writer.gc(grace=0)
            stop.set()

        def look(way: int) -> None:
            seen = 0
            while not stop.is_set():
                version = reader.get_dataset("atlas", "d1").version if seen else None
                try:
                    if version is None:
                        assert (
                            read(reader, reader.get_dataset("atlas", "kept").version.blob) == LARGE
                        )
                    elif way:
                        with reader.local_file(version.blob, ".txt") as found:
                            assert blake3(found.read_bytes()).hexdigest() == version.blake3
                    else:
                        found_bytes = read(reader, version.blob)
                        assert blake3(found_bytes).hexdigest() == version.blake3
                except errors.NotFound:
                    pass  # the version was purged between the two calls
                seen = int(reader.has_dataset("atlas", "d1"))

        run_all([write, lambda: look(0), lambda: look(1)])
        report = writer.verify()
        assert report.ok, report.problems


def test_a_clock_that_jumps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, jump = time.time_ns, [0]
    monkeypatch.setattr(time, "time_ns", lambda: real() + jump[0] * 10**9)
    root, path = tmp_path / "catalog", tmp_path / "x.txt"
    with closing(EmbeddedBackend(root)) as backend:
        for number, seconds in enumerate([0, 3600, -86_400, 10**8, -(10**8), 0]):
            jump[0] = seconds
            path.write_text(str(number))
            put(backend, path)
            backend.set_label("atlas", "d1", f"v{number + 1}", f"n{number}", by=BY)
            backend.gc()
        versions = backend.list_versions("atlas", "d1")
        assert [v.seq for v in versions] == [6, 5, 4, 3, 2, 1]
        assert [read(backend, v.blob) for v in versions] == [b"5", b"4", b"3", b"2", b"1", b"0"]
        assert [c.seq for c in backend.changes()] == list(range(1, 13))
        found = backend.get_dataset("atlas", "d1")
        assert found.version.seq == 6
        assert found.last_modified_at >= max(v.created_at for v in versions)
        jump[0] = -(10**8)
        backend.purge_versions("atlas", "d1", keep_last=2, force=True, by=BY)
        backend.gc(grace=0)
        assert [v.seq for v in backend.list_versions("atlas", "d1")] == [6, 5]
        before = describe(backend)
    report = rebuild(root)
    assert report.ok
    with closing(EmbeddedBackend(root)) as backend:
        assert describe(backend) == before


def test_a_file_that_changes_while_it_is_read(catalog: Catalog, tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    states = [bytes([65 + n]) * 3_000_000 for n in range(3)]
    path.write_bytes(states[0])
    stop = threading.Event()

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            with path.open("r+b") as file:
                file.write(states[turn % 3])
            time.sleep(0.004)

    writer = threading.Thread(target=change)
    writer.start()
    kept = refused = 0
    try:
        for number in range(60 if LONG else 15):
            try:
                dataset = catalog.create_dataset(f"d{number}", "T", path, {})
            except errors.Invalid as error:
                refused += "changed" in error.title
                continue
            kept += 1
            assert blake3(dataset.open().read()).hexdigest() == dataset.blake3
    finally:
        stop.set()
        writer.join()
    assert len(catalog) == kept
    assert refused == number + 1 - kept > 0
    assert catalog.verify().ok


def test_what_was_learnt_is_of_what_was_kept(catalog: Catalog, tmp_path: Path) -> None:
    """An h5ad that is replaced again and again: digest and bytes are of one state."""
    path = tmp_path / "x.h5ad"
    folder = tmp_path / "states"
    folder.mkdir()
    states = {}
    for number in range(4):
        state = folder / f"{number}.h5ad"
        anndata.AnnData(np.full((40, 30), number, "float32")).write_h5ad(state)
        dataset = catalog.save(f"state{number}", state)
        states[dataset.blake3] = dataset.digest
    os.link(folder / "0.h5ad", path)
    stop = threading.Event()

    def change() -> None:
        turn = 0
        while not stop.is_set():
            turn += 1
            new = tmp_path / "new"
            new.write_bytes((folder / f"{turn % 4}.h5ad").read_bytes())
            new.replace(path)
            time.sleep(0.02)

    writer = threading.Thread(target=change)
    writer.start()
    try:
        for number in range(40 if LONG else 8):
            with suppress(errors.Invalid):
                dataset = catalog.create_dataset(f"d{number}", "T", path, {})
                assert dataset.digest == states[dataset.blake3]
    finally:
        stop.set()
        writer.join()
