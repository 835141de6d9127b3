"""Rows about one server and one client: a first load, a column more, and the small requests."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import samples
from benchmarks.measuring import (
    Clock,
    Figure,
    Scale,
    compare,
    fsync,
    interleave,
    new_catalog,
    peak_memories,
    percentile,
)
from benchmarks.seeding import FACETS, fill
from benchmarks.servers import JupyterServer, count_sent, jupyter, remote

if TYPE_CHECKING:
    import omicshelf

__all__ = ["remote_column", "remote_load", "remote_small"]

_MEMORY = 200.0
_PAGE = 50


# -- a first load


def remote_load(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Load from a server for the first time, against a local copy; then from the cache."""
    import anndata

    source, cache = folder / "source.h5ad", folder / "cache"
    samples.large_h5ad_apart(source, scale.file_bytes)
    with new_catalog(folder / "catalog") as catalog:
        catalog.create_dataset("cells", "Single cell", source, {})
    shape = f"remote, {source.stat().st_size / 1e6:.0f} MB of h5ad"

    def first(clock: Clock) -> None:
        shutil.rmtree(cache, ignore_errors=True)
        with remote(server, cache) as opened, clock:
            opened.load("cells")

    def copy_and_read(clock: Clock) -> None:
        target = folder / "copy.h5ad"
        with clock:
            shutil.copyfile(source, target)
            anndata.read_h5ad(target)
        target.unlink()

    def again(clock: Clock) -> None:
        with clock:
            opened.load("cells")

    def read(clock: Clock) -> None:
        with clock:
            anndata.read_h5ad(source)

    with jupyter(folder / "server", catalog=folder / "catalog") as server:
        yield from _memory_of_download(server, folder, shape)
        against = "a local copy + read_h5ad"
        what = f"{shape}: load for the first time"
        yield compare(what, first, copy_and_read, against, bar=1.5, rounds=scale.rounds)
        with remote(server, cache) as opened:
            what = f"{shape}: load again, from the cache"
            yield compare(what, again, read, "read_h5ad", bar=1.05, rounds=scale.rounds)


def _memory_of_download(server: JupyterServer, folder: Path, shape: str) -> Iterator[Figure]:
    """Measure both sides, before anything large has been in this process."""
    with remote(server, folder / "cache") as opened:
        opened.get_dataset("first").download(folder / "first.bin")
        dataset = opened.get_dataset("cells")
        yield from _memory_of(
            f"{shape}: download", server, lambda: dataset.download(folder / "downloaded.h5ad")
        )
    (folder / "downloaded.h5ad").unlink()


def _memory_of(what: str, server: JupyterServer, work: Callable[[], object]) -> Iterator[Figure]:
    assert server.process is not None
    sides = {"client": os.getpid(), "server": server.process.pid}
    for side, peak in (peak_memories(work, sides) or {}).items():
        yield Figure(f"{what}: memory of the {side} above idle", peak, "MB", peak, "MB", _MEMORY)


# -- a column more


def remote_column(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Save a large dataset with one obs column more, to a server: bytes, seconds, memory."""
    import anndata

    source = folder / "source.h5ad"
    samples.large_h5ad_apart(source, scale.big_bytes)
    size = source.stat().st_size
    shape = f"remote, {size / 1e6:,.0f} MB of h5ad"
    with (
        jupyter(folder / "server", catalog=folder / "catalog") as server,
        remote(server, folder / "cache") as catalog,
    ):
        # The worker that examines files is started before, and is no part of the memory.
        samples.counts(60, 40).write_h5ad(folder / "first.h5ad")
        catalog.create_dataset("first", "Single cell", folder / "first.h5ad", {})

        def create() -> None:
            with count_sent() as sent, clock:
                catalog.create_dataset("cells", "Single cell", source, {})
            first.append(sent.n_bytes)

        first: list[int] = []
        clock = Clock()
        yield from _memory_of(f"{shape}: create", server, create)
        yield Figure(f"{shape}: create", clock.seconds * 1e3, "ms", clock.seconds * 1e3, "ms")
        share = first[0] / size * 100
        yield Figure(f"{shape}: create: bytes sent", first[0] / 1e6, "MB", share, "% of the file")
        # No copies of the data: what is in memory from here on is once this AnnData.
        adata = anndata.read_h5ad(source)
        source.unlink()
        yield from _column(catalog, server, adata, folder, shape, scale)


def _column(
    catalog: omicshelf.Catalog,
    server: JupyterServer,
    adata: Any,
    folder: Path,
    shape: str,
    scale: Scale,
) -> Iterator[Figure]:
    numbers, sent_bytes = itertools.count(1), list[int]()
    plain = folder / "plain.h5ad"

    def save(clock: Clock) -> None:
        _add_column(adata, next(numbers))
        save_it(clock)

    def save_it(clock: Clock) -> None:
        with count_sent() as sent, clock:
            catalog.update_dataset("cells", data=adata)
        sent_bytes.append(sent.n_bytes)
        # What was saved is kept for loading; here it would only fill the disk.
        backend: Any = catalog.connection.backend
        backend.cache.clear()

    def write(clock: Clock) -> None:
        with clock:
            adata.write_h5ad(plain)
            fsync(plain)
        plain.unlink()

    what = f"{shape}: one obs column more"
    # Making the values of a column takes more than saving does: it is made before.
    _add_column(adata, next(numbers))
    yield from _memory_of(what, server, lambda: save_it(Clock()))
    against = "write_h5ad + fsync"
    yield compare(what, save, write, against, bar=None, rounds=min(scale.rounds, 3))
    most = max(sent_bytes)
    share = most / catalog.get_dataset("cells").size * 100
    what = f"{what}: bytes sent, the most of {len(sent_bytes)}"
    yield Figure(what, most / 1e6, "MB", share, "% of the file", 1.0)


def _add_column(adata: Any, number: int) -> None:
    import pandas as pd

    rng = np.random.default_rng(number)
    names = ["T cell", "B cell", "NK cell", "monocyte", "dendritic", "other"]
    adata.obs[f"annotation_{number}"] = pd.Categorical(rng.choice(names, adata.n_obs))


# -- small requests


def remote_small(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Ask a server and an embedded catalog the same, by turns; save a small AnnData to both."""
    n = scale.served
    for name in ("served", "embedded"):
        with new_catalog(folder / name) as catalog:
            fill(catalog, folder, n)
    with ExitStack() as opened:
        server = opened.enter_context(jupyter(folder / "server", catalog=folder / "served"))
        theirs = opened.enter_context(remote(server, folder / "cache"))
        ours = opened.enter_context(new_catalog(folder / "embedded"))
        gc.freeze()  # what two catalogs left behind is not looked through before every request
        by_server, embedded = _requests(theirs, n), _requests(ours, n)
        for what, ask in by_server.items():
            contenders = {"server": _timed(ask), "embedded": _timed(embedded[what])}
            yield from _latency(f"remote, {n:,} datasets: {what}", contenders, scale)
        saved = {"server": _saving(theirs), "embedded": _saving(ours)}
        size = theirs.get_dataset("saved").size
        yield from _latency(f"remote: save an AnnData of {size / 1e6:.1f} MB", saved, scale)


def _latency(
    what: str, contenders: dict[str, Callable[[Clock], None]], scale: Scale
) -> Iterator[Figure]:
    seconds = interleave(contenders, scale.requests, patience=0)
    pairs = zip(seconds["server"], seconds["embedded"], strict=True)
    more = statistics.median(a - b for a, b in pairs) * 1e3
    for name, percent in (("median", 50), ("99th percentile", 99)):
        found = {side: percentile(taken, percent) * 1e3 for side, taken in seconds.items()}
        added = more if percent == 50 else found["server"] - found["embedded"]
        yield Figure(
            f"{what}, {name}",
            found["server"],
            "ms",
            added,
            "ms more",
            None,
            found["embedded"],
            "embedded",
        )


def _requests(catalog: omicshelf.Catalog, n: int) -> dict[str, Callable[[], object]]:
    numbers = itertools.cycle(np.random.default_rng(4).permutation(n).tolist())
    dataset = catalog.get_dataset("seed")
    return {
        "get": lambda: catalog.get_dataset(f"dataset_{next(numbers):06d}"),
        f"list {_PAGE}": lambda: catalog.list_datasets(order_by="-last_modified_at", limit=_PAGE),
        f"search for a word, with {_PAGE} and the values of a key": lambda: catalog.search(
            "fibrosis", facets=FACETS[1:2], limit=_PAGE
        ),
        "summary": dataset.peek,
    }


def _timed(ask: Callable[[], object]) -> Callable[[Clock], None]:
    def run(clock: Clock) -> None:
        with clock:
            ask()

    return run


def _saving(catalog: omicshelf.Catalog) -> Callable[[Clock], None]:
    """Save other values each time: nothing of it is there already."""
    adata = samples.counts(1_000, 2_000)
    rng = np.random.default_rng(5)

    def run(clock: Clock) -> None:
        adata.X.data = rng.random(adata.X.nnz, dtype=np.float32)
        with clock:
            catalog.save("saved", adata, data_type="Single cell")

    run(Clock())
    return run
