"""Thousands of datasets in seconds, for the rows about finding them.

The public API writes one dataset at a time, durably; a hundred thousand would take half an
hour. So one is created through it, and the rows of the others are inserted into the tables in
bulk, as the backend would write them: dataset, version, blob with its summary, attributes, text
and change. They all point to the first one's bytes. Only this module knows the tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks import samples

if TYPE_CHECKING:
    import omicshelf

__all__ = ["FACETS", "fill"]

_CHUNK = 2_000
_SECOND_MS = 1_000

# How many values each key has; some values are frequent and most are rare.
_VALUES = {
    "organism": 6,
    "tissue": 45,
    "disease": 120,
    "assay": 14,
    "platform": 25,
    "sex": 3,
    "stage": 8,
    "source": 12,
    "curator": 30,
    "cell_line": 300,
    "journal": 200,
    "license": 5,
}
FACETS = tuple(_VALUES)
_WORDS = (
    "lung", "liver", "kidney", "tumour", "immune", "atlas", "response", "single", "cell", "bulk",
    "knockout", "screen", "cohort", "fibrosis", "inflammation", "resistance", "therapy",
    "baseline", "progression", "stem", "development", "aging",
)  # fmt: skip


def fill(catalog: omicshelf.Catalog, folder: Path, n_datasets: int) -> None:
    """Fill an empty catalog, but for what :func:`new_catalog` puts there, with datasets."""
    from omicshelf.backend.embedded import schema as t
    from omicshelf.backend.embedded.index import index_dataset

    path = folder / "small.h5ad"
    samples.counts(60, 40).write_h5ad(path)
    catalog.create_dataset("seed", "Single cell", path, {})
    backend: Any = catalog.connection.backend
    with backend.db.reading() as connection:
        seed = connection.execute(t.dataset.select().where(t.dataset.c.dataset_id == "seed")).one()
        of_seed = t.version.c.id == seed.current_version
        version = connection.execute(t.version.select().where(of_seed)).one()
        blob = connection.execute(t.blob.select().where(t.blob.c.id == version.blob_id)).one()
        of_version = t.change.c.version_id == version.uuid
        change = connection.execute(t.change.select().where(of_version)).one()
    first = _Copies(seed, version, blob, change)
    for start in range(0, n_datasets, _CHUNK):
        numbers = range(start, min(start + _CHUNK, n_datasets))
        rows = [first.rows(number, metadata) for number, metadata in _metadata(numbers)]
        with backend.db.writing() as connection:
            for table in ("blob", "dataset", "version", "change"):
                connection.execute(t.metadata.tables[table].insert(), [r[table] for r in rows])
            keys = [row["dataset"]["id"] for row in rows]
            made = t.dataset.select().where(t.dataset.c.id.between(keys[0], keys[-1]))
            described = {row["dataset"]["id"]: row["version"] for row in rows}
            for dataset in connection.execute(made).all():
                index_dataset(
                    connection,
                    dataset,
                    described[dataset.id]["metadata"],
                    data_type=dataset.data_type,
                    study_id=dataset.study_id,
                    fresh=True,
                )


class _Copies:
    """The rows of a dataset, made after those of another."""

    def __init__(self, dataset: Any, version: Any, blob: Any, change: Any) -> None:
        self._dataset, self._version = dataset._asdict(), version._asdict()
        self._blob, self._change = blob._asdict(), change._asdict()

    def rows(self, number: int, metadata: dict[str, Any]) -> dict[str, dict[str, Any]]:
        name, blob = f"dataset_{number:06d}", _uuid(number, "blob")
        key, version_key = self._dataset["id"] + 1 + number, self._version["id"] + 1 + number
        seq, now = self._change["seq"] + 1 + number, self._dataset["created_at"]
        uid, now = _uuid(number, "version"), now + number * _SECOND_MS
        size = {"n_obs": 100 + number * 37 % 50_000, "n_vars": 2_000 + number * 13 % 30_000}
        return {
            "blob": self._blob | {"id": blob, "blake3": blob.replace("-", "") * 2},
            "dataset": self._dataset
            | size
            | {
                "id": key,
                "dataset_id": name,
                "current_version": version_key,
                "change_seq": seq,
                "created_at": now,
                "modified_at": now,
                "study_id": f"study_{number // 12}",
            },
            "version": self._version
            | size
            | {
                "id": version_key,
                "uuid": uid,
                "dataset_id": key,
                "metadata": metadata,
                "blob_id": blob,
                "created_at": now,
            },
            "change": self._change
            | {"seq": seq, "dataset_id": name, "version_id": uid, "time": now},
        }


def _uuid(number: int, kind: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{kind} {number}"))


def _metadata(numbers: range) -> Iterator[tuple[int, dict[str, Any]]]:
    """Give each dataset twelve described keys, a title, two numbers and a nested one."""
    rng = np.random.default_rng(numbers.start)
    codes = {
        key: np.minimum(rng.geometric(min(0.5, 4 / n_values), len(numbers)), n_values)
        for key, n_values in _VALUES.items()
    }
    words = rng.choice(_WORDS, (len(numbers), 6))
    ages = rng.integers(1, 90, len(numbers))
    for i, number in enumerate(numbers):
        described: dict[str, Any] = {key: f"{key} {found[i]}" for key, found in codes.items()}
        if number % 5 == 0:
            described["tissue"] = [described["tissue"], "tissue 1"]
        yield (
            number,
            described
            | {
                "title": " ".join(words[i]) + f" GSE{number}",
                "year": 2010 + number % 15,
                "donor": {"age": int(ages[i]), "id": f"donor {number // 3}"},
            },
        )
