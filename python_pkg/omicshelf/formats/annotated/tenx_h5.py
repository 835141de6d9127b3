"""The matrices of 10x Genomics h5 files, of Cell Ranger 2 (genomes) and 3 and later (features).

The layout is described at https://www.10xgenomics.com/support, under “HDF5 Feature-Barcode
Matrix Format”.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated import memory
from omicshelf.formats.annotated.content import Content, Item, Sparse
from omicshelf.formats.annotated.hdf5 import texts

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

__all__ = ["TenxMatrix", "genomes", "matrices", "named_uniquely"]

_NAMES = {"id": "gene_ids", "feature_type": "feature_types"}  # as scanpy calls them


@dataclass(frozen=True)
class TenxMatrix:
    """One matrix of a 10x file: cells x genes, its values still on disk."""

    genome: str | None
    obs: pd.DataFrame
    var: pd.DataFrame
    x: Sparse
    repeated_symbols: int

    def items(self, prefix: str = "") -> Content:
        """Give every element of the AnnData that it loads as."""
        yield from memory.frame_items(self.obs, prefix, "obs")
        yield from memory.frame_items(self.var, prefix, "var")
        yield Item(prefix, "X", None, self.x)


class _Single:
    """Whole counts as float32, which is how analysis packages keep them."""

    def __init__(self, values: Any) -> None:
        self._values = values
        self.shape = tuple(values.shape)
        self.dtype = np.dtype("f4") if values.dtype.kind in "iu" else values.dtype

    def __getitem__(self, key: Any) -> NDArray[Any]:
        return np.asarray(self._values[key]).astype(self.dtype, copy=False)


def genomes(file: Any) -> list[str]:
    """Give the genomes of a file of Cell Ranger 2, an empty list for a newer one."""
    return [] if "matrix" in file else sorted(file)


def matrices(file: Any) -> list[TenxMatrix]:
    """Give the matrix of a file of Cell Ranger 3 and later, or those of every genome of 2."""
    if "matrix" in file:
        return [_of_features(file["matrix"])]
    return [_of_genes(file[genome], genome) for genome in genomes(file)]


def named_uniquely(symbols: NDArray[np.object_]) -> tuple[pd.Index[Any], int]:
    """Give gene symbols with -1, -2 … after those that repeat, and how many did.

    The rule is that of ``AnnData.var_names_make_unique``.
    """
    import pandas as pd
    from anndata.utils import make_index_unique

    index = pd.Index(symbols)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of symbols such as HLA-1, which look like suffixed ones
        unique = make_index_unique(index)
    return unique, len(index) - index.nunique()


def _of_features(group: Any) -> TenxMatrix:
    features = group["features"]
    n_vars = len(features["id"])
    columns: dict[str, Any] = {}
    for key in ("id", "feature_type", "genome", *sorted(features)):
        dataset = features.get(key)
        name = _NAMES.get(key, key)
        if key in ("name", "_all_tag_keys") or name in columns or not hasattr(dataset, "shape"):
            continue
        if dataset.shape == (n_vars,):
            columns[name] = texts(dataset) if dataset.dtype.kind in "SO" else dataset[()]
    symbols = texts(features["name"] if "name" in features else features["id"])
    per_cell = {
        key: value[()]
        for key, value in group.items()
        if getattr(value, "shape", None) == group["barcodes"].shape and value.dtype.kind == "b"
    }
    return _matrix(group, None, symbols, columns, per_cell)


def _of_genes(group: Any, genome: str) -> TenxMatrix:
    symbols = texts(group["gene_names"] if "gene_names" in group else group["genes"])
    return _matrix(group, genome, symbols, {"gene_ids": texts(group["genes"])}, {})


def _matrix(
    group: Any,
    genome: str | None,
    symbols: NDArray[np.object_],
    columns: dict[str, Any],
    per_cell: dict[str, Any],
) -> TenxMatrix:
    import pandas as pd

    n_vars, n_obs = (int(n) for n in group["shape"][()])
    barcodes = texts(group["barcodes"])
    if (len(symbols), len(barcodes)) != (n_vars, n_obs):
        raise Invalid(
            f"The matrix has {n_vars} genes x {n_obs} cells, but there are {len(symbols)} gene "
            f"names and {len(barcodes)} barcodes.",
            "The file is damaged: get it again.",
        )
    names, repeated = named_uniquely(symbols)
    # Genes x cells in CSC is cells x genes in CSR.
    x = Sparse(
        "csr",
        (n_obs, n_vars),
        np.asarray(group["indptr"][()]).astype(np.int64),
        group["indices"],
        _Single(group["data"]),
    )
    obs = pd.DataFrame(per_cell, index=pd.Index(barcodes))
    return TenxMatrix(genome, obs, pd.DataFrame(columns, index=names), x, repeated)
