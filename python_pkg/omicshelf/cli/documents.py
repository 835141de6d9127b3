"""Datasets, versions, files and changes as ``--json`` gives them, and as rows of tables.

Names are those of :mod:`omicshelf.records`; times are in milliseconds since 1970, UTC.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from omicshelf.cli.output import Column

if TYPE_CHECKING:
    from omicshelf.catalog import Dataset, DatasetVersion, SupplementaryFile
    from omicshelf.records import Summary

__all__ = [
    "DATASET_COLUMNS",
    "as_text",
    "dataset_document",
    "dataset_row",
    "file_document",
    "metadata_rows",
    "shape_text",
    "summary_rows",
    "version_document",
]

DATASET_COLUMNS = (
    Column("ID"),
    Column("TYPE", cut=True),
    Column("FORMAT"),
    Column("SHAPE", right=True),
    Column("SIZE", right=True),
    Column("VERSION"),
    Column("MODIFIED (UTC)"),
)
_MOST_NAMES = 40


def dataset_document(dataset: Dataset | DatasetVersion) -> dict[str, Any]:
    """Give everything that is recorded of a dataset or version."""
    return {**dataset.attributes, "version": dataset.version}


version_document = dataset_document


def file_document(file: SupplementaryFile) -> dict[str, Any]:
    """Give everything that is recorded of a supplementary file."""
    return file.attributes


def dataset_row(dataset: Dataset) -> tuple[object, ...]:
    """Give a dataset as a row under :data:`DATASET_COLUMNS`."""
    from omicshelf.catalog.words import size_in_words

    return (
        dataset.dataset_id,
        dataset.data_type,
        dataset.data_format,
        shape_text(dataset.shape),
        size_in_words(dataset.size),
        dataset.version,
        short_time(dataset.last_modified_at),
    )


def shape_text(shape: Iterable[int | None] | None) -> str:
    """Give ``700 × 765``; nothing where there is no shape."""
    return "" if shape is None else " × ".join("?" if n is None else f"{n:,}" for n in shape)


def short_time(milliseconds: int) -> str:
    """Give a time in UTC to the minute: ``2026-05-31 12:00``."""
    from omicshelf.catalog.words import utc_time

    return utc_time(milliseconds)[:16]


def as_text(value: object) -> str:
    """Give a metadata value: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def metadata_rows(metadata: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Give metadata as names and values."""
    return [(key, as_text(value)) for key, value in metadata.items()]


def summary_rows(summary: Summary) -> list[tuple[str, str]]:
    """Give what is in the data, as names and values."""
    rows: list[tuple[str, str]] = []
    for name, value in (
        ("X looks like", summary.x_looks_like),
        ("counts in", summary.counts_in),
        ("gene names", summary.var_names_kind),
        ("repeated obs names", summary.duplicate_obs_names),
        ("repeated var names", summary.duplicate_var_names),
    ):
        if value:
            rows.append((name, str(value)))
    for slot, names in _slots(summary).items():
        more = f" … and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        rows.append((slot, ", ".join(names[:_MOST_NAMES]) + more))
    return rows


def _slots(summary: Summary) -> dict[str, list[str]]:
    """Group ``obs/leiden``, ``obsm/X_pca`` by what they are under."""
    slots: dict[str, list[str]] = {}
    for path in summary.elements:
        slot, slash, name = path.rpartition("/")
        if slash:
            slots.setdefault(slot, []).append(name)
    return slots
