"""Rows about writing: from memory, from files, metadata alone, many small ones, many writers."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import omicshelf
from benchmarks import samples
from benchmarks.measuring import (
    Clock,
    Figure,
    Scale,
    compare,
    fsync,
    interleave,
    new_catalog,
    peak_memory,
    stored_bytes,
)

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = [
    "create_compressed",
    "create_file",
    "create_memory",
    "metadata_only",
    "small_creates",
    "writers_together",
]

_BATCH = 50


def create_memory(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Create from an AnnData in memory, against writing and flushing it."""
    yield _create("pbmc68k_reduced", samples.pbmc(), folder, scale.small_rounds, bar=1.5)
    for shape in (scale.medium, scale.large):
        adata = samples.normalised(*shape)
        yield _create(f"{shape[0]:,} x {shape[1]:,}", adata, folder, scale.rounds, bar=1.3)


def _create(name: str, adata: AnnData, folder: Path, rounds: int, *, bar: float) -> Figure:
    def plain(clock: Clock) -> None:
        path = folder / "plain.h5ad"
        with clock:
            adata.write_h5ad(path)
            fsync(path)
        path.unlink()

    def ours(clock: Clock) -> None:
        # A new catalog each time: one that has the bytes already would not keep them again.
        with new_catalog(folder / "catalog") as catalog, clock:
            catalog.create_dataset("cells", "Single cell", adata, {"tissue": "blood"})
        shutil.rmtree(folder / "catalog")

    size = _size_of(adata, folder / "size.h5ad")
    what = f"create from memory, {name} ({size / 1e6:.1f} MB)"
    return compare(what, ours, plain, "write_h5ad + fsync", bar=bar, rounds=rounds)


def _size_of(adata: AnnData, path: Path) -> int:
    adata.write_h5ad(path)
    size = path.stat().st_size
    path.unlink()
    return size


def create_file(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Create from an h5ad without compression and from bytes of no known format."""
    opaque, h5ad = folder / "source.bin", folder / "source.h5ad"
    samples.opaque_file(opaque, scale.file_bytes)
    yield from _from_file("opaque bytes", opaque, folder, scale.rounds)
    opaque.unlink()
    samples.large_h5ad_apart(h5ad, scale.file_bytes)
    yield from _from_file("h5ad", h5ad, folder, scale.rounds)


def _from_file(kind: str, source: Path, folder: Path, rounds: int) -> Iterator[Figure]:
    def copy(clock: Clock) -> None:
        target = folder / "copy"
        with clock:
            subprocess.run(["cp", source, target], check=True)
            fsync(target)
        target.unlink()

    def ours(clock: Clock) -> None:
        with new_catalog(folder / "catalog") as catalog, clock:
            catalog.create_dataset("file", "File", source, {})
        shutil.rmtree(folder / "catalog")

    what = f"create from a file, {source.stat().st_size / 1e6:.0f} MB of {kind}"
    yield compare(what, ours, copy, "cp + fsync", bar=2.2, rounds=rounds)
    with new_catalog(folder / "catalog") as catalog:
        peak = peak_memory(lambda: catalog.create_dataset("file", "File", source, {}))
    shutil.rmtree(folder / "catalog")
    if peak is not None:
        yield Figure(f"{what}: peak memory above idle", peak, "MB", peak, "MB", 200)


def create_compressed(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Create from an h5ad with gzip, against reading it."""
    import anndata

    source = folder / "compressed.h5ad"
    samples.normalised(*scale.medium).write_h5ad(source, compression="gzip")

    def read(clock: Clock) -> None:
        with clock:
            anndata.read_h5ad(source)

    def ours(clock: Clock) -> None:
        with new_catalog(folder / "catalog") as catalog, clock:
            catalog.create_dataset("file", "File", source, {})
        shutil.rmtree(folder / "catalog")

    what = f"create from a gzip h5ad, {source.stat().st_size / 1e6:.0f} MB"
    yield compare(what, ours, read, "read_h5ad of it", bar=1.5, rounds=scale.rounds)


def metadata_only(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Write new metadata, against writing the data again."""
    adata = samples.normalised(*scale.medium)
    numbers = itertools.count()
    shape = f"{scale.medium[0]:,} x {scale.medium[1]:,}"

    def plain(clock: Clock) -> None:
        path = folder / "plain.h5ad"
        with clock:
            adata.write_h5ad(path)
        path.unlink()

    with new_catalog(folder / "catalog") as catalog:
        catalog.create_dataset("cells", "Single cell", adata, {"tissue": "blood"})
        before = stored_bytes(folder / "catalog")

        def ours(clock: Clock) -> None:
            metadata = {"tissue": "blood", "round": next(numbers)}
            with clock:
                catalog.update_dataset("cells", metadata=metadata)

        what = f"metadata-only update, {shape}"
        yield compare(what, ours, plain, "write_h5ad", bar=0.1, rounds=scale.small_rounds)
        versions = catalog.list_versions("cells")[:-1]
    data = float(sum(version.added_bytes for version in versions))
    yield Figure(f"{what}: bytes of data", data, "B", data, "B", 0)
    record = (stored_bytes(folder / "catalog") - before) / len(versions)
    yield Figure(f"{what}: record and log line", record, "B", record, "B")


# -- many small ones


class BareProtocol:
    """What a durable create costs at the least: two files, their folder, two transactions."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = itertools.count()
        root.mkdir()
        self._db = sqlite3.connect(root / "bare.db", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("CREATE TABLE row (id INTEGER PRIMARY KEY, body TEXT)")

    def create(self) -> None:
        """Announce, write a pack and a manifest, flush them and their folder, make visible."""
        number = next(self._numbers)
        self._commit("pending")
        folder = self._root / f"{number % 256:02x}"
        folder.mkdir(exist_ok=True)
        for name in ("pack", "manifest"):
            staged = folder / f"{number}.{name}.tmp"
            with staged.open("wb") as file:
                file.write(b"x" * 700)
                file.flush()
                os.fsync(file.fileno())
            staged.rename(folder / f"{number}.{name}")
        descriptor = os.open(folder, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)
        self._commit("x" * 500)

    def _commit(self, body: str) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        self._db.execute("INSERT INTO row (body) VALUES (?)", (body,))
        self._db.execute("COMMIT")


def small_creates(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Create small tables one by one, by turns with the bare protocol, 50 and 50."""
    bare = BareProtocol(folder / "bare")
    numbers = itertools.count()
    with new_catalog(folder / "catalog") as catalog:

        def ours(clock: Clock) -> None:
            # The user's files are there before: making them is no part of keeping them.
            sources = [_small_table(folder, next(numbers)) for _ in range(_BATCH)]
            with clock:
                for source in sources:
                    described = {"tissue": "lung", "n": source.stem}
                    catalog.create_dataset(source.stem, "Table", source, described)
            for source in sources:
                source.unlink()

        def plain(clock: Clock) -> None:
            with clock:
                for _ in range(_BATCH):
                    bare.create()

        rounds = scale.creates // _BATCH | 1  # odd
        both = {"bare": plain, "ours": ours}
        seconds = interleave(both, rounds, patience=0)
    each = {name: [s / _BATCH * 1e3 for s in found] for name, found in seconds.items()}
    added = statistics.median(a - b for a, b in zip(each["ours"], each["bare"], strict=True))
    yield Figure(
        f"{rounds * _BATCH:,} small creates, one by one, durable: each",
        statistics.median(each["ours"]),
        "ms",
        added,
        "ms more",
        4.0,
        statistics.median(each["bare"]),
        "2 files + folder fsync + 2 commits",
    )


def _small_table(folder: Path, number: int) -> Path:
    path = folder / f"d{number}.csv"
    path.write_text(f"gene,count\nCD3E,{number}\n")
    return path


# -- many writers

_N_WRITERS = 4


def writers_together(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Let four processes write versions of one dataset at the same time."""
    root = folder / "catalog"
    with new_catalog(root) as catalog:
        catalog.create_dataset("shared", "File", _version_file(folder, "first"), {})
    code = "import sys; from benchmarks.saving import write_versions; write_versions(*sys.argv[1:])"
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", code, folder, str(number), str(scale.writes)],
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(_N_WRITERS)
    ]
    while len(list(folder.glob("ready-*"))) < _N_WRITERS and None in [w.poll() for w in writers]:
        time.sleep(0.01)
    (folder / "go").touch()
    answers = [json.loads(writer.communicate()[0] or '{"errors": ["died"]}') for writer in writers]
    with new_catalog(root) as catalog:
        versions = catalog.list_versions("shared")
        problems = catalog.verify("shared").problems
    wanted = _N_WRITERS * scale.writes + 1
    numbers = [int(version.version[1:]) for version in versions]
    seconds = sorted(itertools.chain(*(answer.get("seconds", []) for answer in answers)))
    lost = wanted - len(set(numbers)) + (sorted(numbers) != list(range(1, wanted + 1)))
    errors = sum(len(answer["errors"]) for answer in answers) + len(problems) + abs(lost)
    what = f"{_N_WRITERS} processes x {scale.writes} versions of one dataset"
    yield Figure(f"{what}: errors, lost versions", errors, "", errors, "", 0)
    p50, p99 = seconds[len(seconds) // 2] * 1e3, seconds[int(len(seconds) * 0.99)] * 1e3
    yield Figure(f"{what}: a write, median", p50, "ms", p50, "ms")
    yield Figure(f"{what}: a write, 99th percentile", p99, "ms", p99, "ms")


def _version_file(folder: Path, name: str) -> Path:
    path = folder / f"{name}.txt"
    path.write_text(f"version {name}\n")
    return path


def write_versions(folder: str, number: str, writes: str) -> None:
    """Be one of the writers: print the seconds of each write, and the errors, as JSON."""
    root = Path(folder)
    seconds, errors = [], []
    with omicshelf.connect(root / "catalog"):
        catalog = omicshelf.Catalog("bench")
        # What is done once, the start of a worker among it, is done before the others begin.
        catalog.create_dataset(f"own_{number}", "File", _version_file(root, number), {})
        (root / f"ready-{number}").touch()
        while not (root / "go").exists():
            time.sleep(0.005)
        for version in range(int(writes)):
            path = _version_file(root, f"{number}-{version}")
            clock = Clock()
            try:
                with clock:
                    catalog.update_dataset("shared", data=path)
            except Exception as error:  # whatever it is, it is one too many
                errors.append(repr(error))
            seconds.append(clock.seconds)
            path.unlink()
    print(json.dumps({"seconds": seconds, "errors": errors}))
