"""Search results, and datasets as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from omicshelf.backend.base import Query
from omicshelf.catalog.connection import Connection
from omicshelf.catalog.dataset import Dataset
from omicshelf.catalog.filters import parse_text, parse_where
from omicshelf.catalog.shown import html_of
from omicshelf.errors import Invalid

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SearchResult", "as_frame", "run_search"]

_MAX_PAGE = 10_000


@dataclass(frozen=True)
class SearchResult:
    """One page of a search.

    Attributes
    ----------
    datasets
        The datasets of this page.
    total
        How many there are on all pages.
    facets
        For each facet the counts of its values, largest first.
    next
        Pass it as ``after`` for the next page; None on the last.
    """

    datasets: list[Dataset]
    total: int
    facets: dict[str, dict[str, int]] = field(default_factory=dict)
    next: str | None = None

    def __iter__(self) -> Iterator[Dataset]:
        return iter(self.datasets)

    def __len__(self) -> int:
        return len(self.datasets)

    def __repr__(self) -> str:
        ids = ", ".join(dataset.dataset_id for dataset in self.datasets[:10])
        more = ", …" if self.total > 10 else ""
        return f"SearchResult({self.total:,} found: {ids}{more})"

    def _repr_html_(self) -> str | None:
        return html_of(self)


def run_search(
    connection: Connection,
    atlas: str,
    text: str,
    *,
    where: Mapping[str, Any] | str | None,
    facets: Sequence[str],
    order_by: str | None,
    limit: int,
    after: str | None,
    deleted: bool,
) -> SearchResult:
    """Search one atlas; the body of :meth:`omicshelf.Catalog.search`."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= _MAX_PAGE:
        raise Invalid(f"limit={limit!r} is no size of a page.", f"Pass 1 to {_MAX_PAGE:,}.")
    words, filters = parse_text(text)
    query = Query(
        text=words,
        where=filters + parse_where(where),
        order_by=order_by or "-last_modified_at",
        limit=limit,
        after=after,
        deleted=deleted,
        facets=(facets,) if isinstance(facets, str) else tuple(facets),
    )
    page = connection.backend.find(atlas, query)
    datasets = [Dataset(record, connection) for record in page.datasets]
    return SearchResult(datasets, page.total or 0, page.facets, page.next)


def as_frame(datasets: Sequence[Dataset]) -> pd.DataFrame:
    """Give datasets as a table, indexed by id; times in UTC."""
    import pandas as pd

    fields: dict[str, Any] = {
        "data_type": [d.data_type for d in datasets],
        "data_format": [d.data_format for d in datasets],
        "study_id": [d.study_id for d in datasets],
        "version": [d.version for d in datasets],
        "n_obs": [d.shape[0] if d.shape else None for d in datasets],
        "n_vars": [d.shape[1] if d.shape else None for d in datasets],
        "size": [d.size for d in datasets],
        "author": [d.author for d in datasets],
        "created_at": pd.to_datetime([d.created_at for d in datasets], unit="ms", utc=True),
        "last_modified_at": pd.to_datetime(
            [d.last_modified_at for d in datasets], unit="ms", utc=True
        ),
    }
    found = [d.metadata() for d in datasets]
    for key in dict.fromkeys(key for metadata in found for key in metadata):
        # A metadata key that is called like a field does not hide the field.
        name = key if key not in fields else f"metadata.{key}"
        fields[name] = [metadata.get(key) for metadata in found]
    index = pd.Index([d.dataset_id for d in datasets], name="dataset_id", dtype=object)
    frame = pd.DataFrame(fields, index=index)
    return frame.astype({"n_obs": "Int64", "n_vars": "Int64"})
