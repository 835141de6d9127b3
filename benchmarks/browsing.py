"""The row about finding: pages, search, totals and facets, and how they grow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import omicshelf
from benchmarks.measuring import Clock, Figure, Scale, new_catalog, repeat
from benchmarks.seeding import FACETS, fill

__all__ = ["find"]

_PAGE = 50
_HALF = "year:>=2018"  # seven of fifteen years
# Milliseconds, by the number of datasets.
_BARS = {10_000: 20.0, 100_000: 60.0}
_FACET_BARS = {100_000: 60.0}


def find(folder: Path, scale: Scale) -> Iterator[Figure]:
    """List, search, and count the values of twelve keys, in catalogs of growing size."""
    for n in scale.datasets:
        root = folder / f"catalog{n}"
        with new_catalog(root) as catalog:
            fill(catalog, folder, n)
        with new_catalog(root) as catalog:
            for what, ask in _questions(catalog, n).items():
                yield _timed(f"{n:,} datasets: {what}", ask, _BARS.get(n), scale)
        for over, text in (("all", ""), ("a half", _HALF)):
            yield from _facets(root, n, over, text, scale)


def _facets(root: Path, n: int, over: str, text: str, scale: Scale) -> Iterator[Figure]:
    with new_catalog(root) as catalog:

        def ask() -> object:
            return catalog.search(text, facets=FACETS, limit=_PAGE)

        # What the first question costs a process that has just opened the catalog.
        cold = Clock()
        with cold:
            ask()
        first = cold.seconds * 1e3
        what = f"{n:,} datasets: {len(FACETS)} facets over {over}, with a page and the total"
        yield _timed(what, ask, _FACET_BARS.get(n), scale)
        yield Figure(f"{what}: the first time", first, "ms", first, "ms")


def _questions(catalog: omicshelf.Catalog, n: int) -> dict[str, Callable[[], object]]:
    """Give what a person asks a catalog of ``n`` datasets."""
    where = {"dataset_id": ("<", f"dataset_{n // 2:06d}")}
    middle = catalog.search(where=where, order_by="-dataset_id", limit=1).next
    return {
        "first page of the list, newest first": lambda: catalog.list_datasets(
            order_by="-last_modified_at", limit=_PAGE
        ),
        "a page in the middle, and the total": lambda: catalog.search(
            order_by="-dataset_id", limit=_PAGE, after=middle
        ),
        "total": lambda: len(catalog),
        "search for a rare word": lambda: catalog.search(f"GSE{n // 3}", limit=_PAGE),
        "search for a frequent word": lambda: catalog.search("fibrosis", limit=_PAGE),
        "search by a value": lambda: catalog.search(where={"tissue": "tissue 3"}, limit=_PAGE),
        "search by a word and three filters": lambda: catalog.search(
            "tumour",
            where={"tissue": "tissue 1", "donor.age": (">", 40), "n_obs": (">", 10_000)},
            limit=_PAGE,
        ),
        "search that half matches": lambda: catalog.search(_HALF, limit=_PAGE),
    }


def _timed(what: str, ask: Callable[[], object], bar: float | None, scale: Scale) -> Figure:
    def run(clock: Clock) -> None:
        with clock:
            ask()

    return repeat(what, run, bar=bar, rounds=scale.small_rounds)
