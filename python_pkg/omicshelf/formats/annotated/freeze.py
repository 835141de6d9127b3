"""A shallow copy of an AnnData in the form that is written, and what cannot be written.

``AnnData.write_h5ad`` turns the caller's own text columns into categoricals; here that
happens in a copy that shares every array with the caller's object.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated.memory import column_as_written

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

__all__ = ["frozen_anndata", "frozen_frame", "frozen_mapping", "refuse"]

_ALIGNED = ("layers", "obsm", "varm", "obsp", "varp")
_REMEDIES: dict[str, tuple[str, str]] = {
    "tuple": ("a tuple", "convert it with list(…)"),
    "set": ("a set", "convert it with sorted(…)"),
    "frozenset": ("a set", "convert it with sorted(…)"),
    "Series": ("a pandas Series", "convert it with .to_numpy() or .to_frame()"),
    "Index": ("a pandas Index", "convert it with .to_numpy()"),
    "datetime": ("a date and time", "convert it with .isoformat()"),
    "date": ("a date", "convert it with .isoformat()"),
    "Timestamp": ("a date and time", "convert it with .isoformat()"),
    "bytes": ("bytes", "decode them to text, or attach them as a file"),
    "PosixPath": ("a path", "convert it with str(…)"),
    "WindowsPath": ("a path", "convert it with str(…)"),
    "coo_matrix": ("a sparse matrix in COO layout", "convert it with .tocsr()"),
    "coo_array": ("a sparse matrix in COO layout", "convert it with .tocsr()"),
    "complex": ("a complex number", "store its real and imaginary parts"),
}


def frozen_anndata(adata: AnnData, where: str = "") -> AnnData:
    """Give a copy of ``adata`` in the form that is written; arrays are shared, never changed.

    A view is made actual and a backed object is read into memory, both in the copy only.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the element that h5ad cannot hold, and the remedy.
    """
    from anndata import AnnData

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the caller has seen these when making the object
        if adata.isbacked:
            adata = adata.to_memory()
        elif adata.is_view:
            adata = adata.copy()
        raw = None
        if adata.raw is not None:
            refuse(adata.raw.X, f"{where}raw.X")
            var = frozen_frame(adata.raw.var, f"{where}raw.var")
            raw = {
                "X": adata.raw.X,
                "var": var,
                "varm": frozen_mapping(adata.raw.varm, f"{where}raw.varm"),
            }
        refuse(adata.X, f"{where}X")
        return AnnData(
            X=adata.X,
            shape=None if adata.X is not None else adata.shape,
            obs=frozen_frame(adata.obs, f"{where}obs"),
            var=frozen_frame(adata.var, f"{where}var"),
            uns=frozen_mapping(adata.uns, f"{where}uns"),
            raw=raw,
            **{slot: frozen_mapping(getattr(adata, slot), f"{where}{slot}") for slot in _ALIGNED},
        )


def frozen_frame(frame: pd.DataFrame, where: str) -> pd.DataFrame:
    """Give a copy of ``obs`` or ``var`` with its text columns as they are written."""
    import pandas as pd

    copy = pd.DataFrame(frame.copy(deep=False))
    if isinstance(copy.index.dtype, pd.StringDtype):
        copy.index = copy.index.astype(object)
    if not copy.columns.is_unique:
        name = copy.columns[copy.columns.duplicated()][0]
        raise Invalid(
            f"{where} has two columns named {name!r}.",
            f"Column names are unique: rename or drop one of them in {where}.",
        )
    _refuse_reserved(copy, where)
    for key, series in frame.items():
        _refuse_key(key, where)
        values = column_as_written(series)
        if isinstance(values, (pd.arrays.StringArray, pd.arrays.ArrowStringArray)):
            values = values.to_numpy(dtype=object)  # all different, so none is missing
        if values is not series._values:
            copy[key] = values
        refuse(values, f"{where} column {str(key)!r}")
    return copy


def frozen_mapping(mapping: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Give a copy of nested mappings, whose leaves are shared."""
    copy: dict[str, Any] = {}
    for key, value in mapping.items():
        _refuse_key(key, where)
        path = f"{where}[{str(key)!r}]"
        if isinstance(value, Mapping):
            copy[key] = frozen_mapping(value, path)
        else:
            refuse(value, path)
            copy[key] = value
    return copy


def refuse(value: Any, where: str) -> None:
    """Refuse a value that h5ad cannot hold.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming ``where`` it is, what it holds, and the remedy.
    """
    import pandas as pd

    found: tuple[str, str] | None = None
    if isinstance(value, np.ndarray):
        found = _in_array(value)
    elif isinstance(value, pd.Categorical):
        if _in_array(np.asarray(value.categories.to_numpy())):
            found = ("categories that are neither all text nor numbers", _RENAME)
    elif isinstance(value, pd.DataFrame):
        for key, series in value.items():
            _refuse_key(key, where)
            refuse(series._values, f"{where} column {str(key)!r}")
    elif isinstance(value, pd.api.extensions.ExtensionArray):
        found = _in_extension(value)
    elif isinstance(value, list):
        found = _in_list(value)
    elif isinstance(value, int) and not -(2**63) <= value < 2**64:
        found = ("a whole number of more than 64 bits", "convert it with str(…) or float(…)")
    else:
        found = _REMEDIES.get(type(value).__name__)
    if found is not None:
        raise Invalid(
            f"{where} holds {found[0]}, which an h5ad file cannot hold.",
            f"Before saving, {found[1]}.",
        )


_RENAME = "convert the column with .astype(str), or name its categories by text"


def _in_array(value: np.ndarray[Any, Any]) -> tuple[str, str] | None:
    if value.dtype.kind == "M":
        return "datetimes", "convert it with .astype(str)"
    if value.dtype.kind == "m":
        return "time spans", "convert it to a number of seconds or days"
    if value.dtype.kind != "O":
        return None
    from pandas.api.types import infer_dtype

    kind = infer_dtype(value.ravel(), skipna=False)
    if kind == "string" or not value.size:
        return None
    present = infer_dtype(value.ravel(), skipna=True)
    if present in ("datetime", "datetime64", "date"):
        return "datetimes", "convert it with .astype(str)"
    if present == "boolean":
        return "booleans kept as objects", 'convert it with .astype("boolean")'
    if present == "empty":
        return "no value at all", "drop it, or convert it with .astype(float)"
    if present == "string":
        return "text with missing values", 'replace what is missing with .fillna("")'
    return f"values of different types ({kind})", "convert it with .astype(str)"


def _in_extension(value: Any) -> tuple[str, str] | None:
    import pandas as pd

    holds = (
        pd.arrays.IntegerArray,
        pd.arrays.BooleanArray,
        pd.arrays.StringArray,
        pd.arrays.ArrowStringArray,
    )
    if isinstance(value, holds):
        return None
    if isinstance(value, pd.arrays.FloatingArray):
        return "pandas' nullable floats", "convert it with .astype(float)"
    if pd.api.types.is_datetime64_any_dtype(value) or isinstance(value, pd.arrays.PeriodArray):
        return "datetimes", "convert it with .astype(str)"
    if pd.api.types.is_timedelta64_dtype(value):
        return "time spans", "convert it to a number of seconds or days"
    return f"values of the pandas type {value.dtype}", "convert it with .astype(str)"


def _in_list(value: list[Any]) -> tuple[str, str] | None:
    try:
        array = np.array(value)
    except ValueError:
        return "lists of different lengths", "keep them in a dict, one key for each"
    found = _in_array(array)
    return found and (f"a list of {found[0]}", "make all of its values text or numbers")


def _refuse_key(key: Any, where: str) -> None:
    if not isinstance(key, str):
        raise Invalid(
            f"{where} has the key {key!r}, which is no text.",
            f"Keys in an h5ad file are text: rename it to {str(key)!r}.",
        )
    if "/" in key or key in ("", ".", "..") or "\0" in key:
        raise Invalid(
            f"{where} has the key {key!r}.",
            "A key in an h5ad file is not empty, not '.' or '..', and has no '/': rename it.",
        )


def _refuse_reserved(frame: pd.DataFrame, where: str) -> None:
    name = frame.index.name
    if "_index" in frame.columns:
        raise Invalid(f"{where} has a column named '_index'.", "anndata reserves it: rename it.")
    if name is None:
        return
    if name in frame.columns and not np.array_equal(
        frame.index.to_numpy(dtype=object).astype(str), frame[name].to_numpy(dtype=object)
    ):
        raise Invalid(
            f"The names of {where} are called {name!r}, and so is one of its columns, "
            "which holds other values.",
            f"Rename one of them, for instance with .{where.split('.')[-1]}_names.name = None.",
        )
    _refuse_key(name, f"the index name of {where}")
