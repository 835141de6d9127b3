"""Lists: an atlas, what a search found, the versions of a dataset."""

from __future__ import annotations

from collections.abc import Sequence

from omicshelf.backend.base import Query
from omicshelf.catalog import Catalog, Dataset, DatasetVersion, SearchResult
from omicshelf.catalog.words import size_in_words
from omicshelf.notebook.reprs.card import Cell, badge, bold, card, note, table, text
from omicshelf.notebook.reprs.dataset import moment

__all__ = ["catalog", "datasets", "search_result", "versions"]

_MOST = 20
_FIRST = 8
_DATASETS = (
    Cell("Dataset"), Cell("Type"), Cell("Study"), Cell("Shape", True), Cell("Format"),
    Cell("Size", True), Cell("Changed (UTC)", True),
)  # fmt: skip
_VERSIONS = (
    Cell("Version"), Cell("Message"), Cell("By"), Cell("Shape", True), Cell("Added", True),
    Cell("Changed (UTC)", True),
)  # fmt: skip


def catalog(found: Catalog) -> str:
    """Show an atlas: how much is in it, and what was changed last."""
    atlas = next(
        (a for a in found.connection.backend.list_atlases() if a.name == found.omixatlas_id), None
    )
    if atlas is None or not atlas.n_datasets:
        words = "Nothing is in it yet. The first dataset makes it: <code>catalog.save(…)</code>."
        return card(text(found.omixatlas_id), [], note(words))
    query = Query(limit=_FIRST, order_by="-last_modified_at", count=False)
    page = found.connection.backend.find(found.omixatlas_id, query)
    shown = [Dataset(record, found.connection) for record in page.datasets]
    counts = (
        f"<span>{bold(f'{atlas.n_datasets:,}')} {_of(atlas.n_datasets, 'dataset')} · "
        f"{bold(f'{atlas.n_versions:,}')} {_of(atlas.n_versions, 'version')} · "
        f"{size_in_words(atlas.size)}</span>"
    )
    about = note(text(atlas.description)) if atlas.description else ""
    more = atlas.n_datasets - len(shown)
    last = note(f"{more:,} more, changed before these.") if more > 0 else ""
    return card(text(found.omixatlas_id), [counts], about, datasets(shown) + last)


def _of(n: int, word: str) -> str:
    return word if n == 1 else f"{word}s"


def search_result(found: SearchResult) -> str:
    """Show a page of what was found."""
    title = f"{found.total:,} found"
    counts = []
    for key, values in list(found.facets.items())[:_MOST]:
        first = [f"{text(value, 40)} {n:,}" for value, n in list(values.items())[:6]]
        more = f" and {len(values) - 6:,} more" if len(values) > 6 else ""
        counts.append(note(f"{bold(key[:40])} {' · '.join(first)}{more}"))
    shown = found.datasets[:_MOST]
    left = found.total - len(shown)
    last = note(f"{left:,} more.") if left > 0 else ""
    listed = datasets(shown) + last if shown else ""
    return card(title, [], "".join(counts), listed)


def datasets(shown: Sequence[Dataset]) -> str:
    """Give datasets as a table."""
    return table(
        _DATASETS,
        (
            (
                text(d.dataset_id, 60),
                text(d.data_type, 40),
                text(d.study_id or "", 40),
                _shape(d.shape),
                text(d.data_format or "", 20),
                size_in_words(d.size),
                moment(d.last_modified_at)[:-4],
            )
            for d in shown
        ),
    )


def versions(found: Sequence[DatasetVersion]) -> str:
    """Show the versions of a dataset, in their order."""
    if not found:
        return card("No versions", [])
    shown = found[:_MOST]
    rows = (
        (
            f"{bold(v.version)} {' '.join(badge(label) for label in v.labels[:3])}",
            text(v.message or "", 120),
            text(v.author or "", 40),
            _shape(v.shape),
            f"+{size_in_words(v.added_bytes)}",
            moment(v.created_at)[:-4],
        )
        for v in shown
    )
    n = len(found)
    last = note(f"{n - len(shown):,} more.") if n > len(shown) else ""
    beside = [f"<span>{bold(f'{n:,}')} {_of(n, 'version')}</span>"]
    return card(text(found[0].dataset_id), beside, table(_VERSIONS, rows) + last)


def _shape(found: tuple[int, int] | None) -> str:
    return "" if found is None else " × ".join(f"{n:,}" for n in found)
