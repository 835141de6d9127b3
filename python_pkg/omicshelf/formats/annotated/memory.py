"""Nodes of objects in memory, in the form in which anndata writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.annotated.content import (
    BLOCK_TEXTS,
    Array,
    Categorical,
    Content,
    Frame,
    Item,
    Node,
    Nullable,
    Records,
    Scalar,
    Sparse,
    Strings,
    Tree,
    Unhashable,
    Values,
)
from omicshelf.formats.annotated.names import all_differ
from omicshelf.formats.annotated.texts import PandasTexts, all_text

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = [
    "categorical_if_repeated",
    "column_as_written",
    "frame_items",
    "items",
    "leaves",
    "node",
    "text_as_written",
]

_ALIGNED = ("layers", "obsm", "varm", "obsp", "varp")


def items(adata: AnnData, prefix: str = "") -> Content:
    """Give every element of an AnnData in memory.

    Raises
    ------
    Unhashable
        At an element that only its written file can tell: a dask or backed matrix, an
        awkward array.
    """
    yield from frame_items(adata.obs, prefix, "obs")
    yield from frame_items(adata.var, prefix, "var")
    if adata.X is not None:
        yield Item(prefix, "X", None, node(adata.X))
    for slot in _ALIGNED:
        for key, value in getattr(adata, slot).items():
            yield Item(prefix, slot, key, node(value))
    if adata.raw is not None:
        if adata.raw.X is not None:
            yield Item(prefix, "raw/X", None, node(adata.raw.X))
        yield from frame_items(adata.raw.var, prefix, "raw/var")
        for key, value in adata.raw.varm.items():
            yield Item(prefix, "raw/varm", key, node(value))
    yield from leaves(node(adata.uns), prefix, "uns")


def frame_items(frame: pd.DataFrame, prefix: str, slot: str) -> Content:
    """Give the names and the columns of ``obs``, ``var`` or ``raw.var``."""
    yield Item(prefix, f"{slot}_names", None, _names(frame.index))
    if frame.index.name is not None:
        yield Item(prefix, f"{slot}_names.name", None, Scalar(str(frame.index.name)))
    for key, series in frame.items():
        yield Item(prefix, slot, str(key), _column(series))


def leaves(tree: Node, prefix: str, slot: str, path: str = "") -> Iterator[Item]:
    """Give the leaves of a nested mapping, an empty mapping being a leaf too."""
    if isinstance(tree, Tree) and not tree.encoding and (tree.nodes or not path):
        for key, child in tree.nodes.items():
            yield from leaves(child, prefix, slot, f"{path}/{key}" if path else key)
    else:
        yield Item(prefix, slot, path, tree)


def column_as_written(series: pd.Series[Any]) -> Any:
    """Give the array that anndata writes for a column of ``obs`` or ``var``.

    Text becomes a categorical unless there are as many different values as rows; the
    categories are in natural order. This is the rule of ``AnnData.strings_to_categoricals``.
    """
    return _as_written(series)[0]


def _column(series: pd.Series[Any]) -> Node:
    values, distinct = _as_written(series)
    found = node(values)
    return replace(found, distinct=True) if distinct and isinstance(found, Strings) else found


def _as_written(series: pd.Series[Any]) -> tuple[Any, bool]:
    """Give the array that is written, and whether it is text of which each is another."""
    import pandas as pd

    values = series._values
    if isinstance(values, pd.Categorical) or pd.api.types.infer_dtype(series) != "string":
        return values, False
    if len(series) > BLOCK_TEXTS and all_differ(Strings(_sliced(series))):
        return values, True  # told without a categorical of all
    written = categorical_if_repeated(pd.Categorical(series), values)
    return written, written is values


def text_as_written(found: Strings) -> Node:
    """Give what anndata makes of text that was written without turning it into categories."""
    import pandas as pd

    if not found.long:
        repeated = categorical_if_repeated(pd.Categorical(found.values), None)
        return replace(found, distinct=True) if repeated is None else node(repeated)
    if all_differ(found):
        return replace(found, distinct=True)
    return node(categorical_if_repeated(_factorized(found), None))


def _factorized(texts: Strings) -> pd.Categorical:
    """Make a categorical of long text, of which only what differs is held at once."""
    import pandas as pd

    places: dict[Any, int] = {}
    codes = []
    for block in texts.blocks():
        here, different = pd.factorize(block)
        known = [places.setdefault(text, len(places)) for text in different.tolist()]
        codes.append(np.array([*known, -1])[here].astype(np.int32))  # -1 is the last: missing
    labels = [text.decode() if isinstance(text, bytes) else text for text in places]
    order = np.argsort(np.array(labels, dtype=object), kind="stable")
    ranks = np.full(len(labels) + 1, -1, dtype=np.int32)
    ranks[order] = np.arange(len(labels))
    categories = pd.Index([labels[i] for i in order.tolist()], dtype=object)
    return pd.Categorical.from_codes(ranks[np.concatenate(codes)], categories)


def categorical_if_repeated(found: pd.Categorical, values: Any) -> Any:
    """Give ``found`` in natural order of its categories, or ``values`` if nothing repeats."""
    from natsort import natsorted

    if len(found.categories) >= len(found):
        return values
    ordered = natsorted(found.categories)
    if not np.array_equal(found.categories, ordered):
        found = found.reorder_categories(ordered)
    return found


def node(value: Any) -> Node:
    """Give the node of any value that an AnnData holds.

    Raises
    ------
    Unhashable
        For a type that has no canonical form.
    """
    import pandas as pd
    from scipy import sparse

    match value:
        case np.generic():
            return _scalar(value)
        case None | bool() | int() | float() | str():
            return Scalar(value)
        case np.ndarray():
            return _array(value)
        case list():
            return _list(value)
        case Mapping():
            return Tree({str(key): node(child) for key, child in value.items()})
        case pd.DataFrame():
            return _frame(value)
        case pd.Categorical():
            return _categorical(value)
        case pd.arrays.IntegerArray() | pd.arrays.BooleanArray():
            return _nullable(value)
        case pd.arrays.StringArray() | pd.arrays.ArrowStringArray():
            return Strings(PandasTexts(value))
    if sparse.issparse(value) and value.format in ("csr", "csc"):
        return _sparse(value)
    raise Unhashable(f"{type(value).__module__}.{type(value).__name__}")


def _names(index: pd.Index[Any]) -> Strings:
    source = _sliced(index)
    if isinstance(source, PandasTexts) and not index.hasnans:
        return Strings(source)
    values = index.to_numpy(dtype=object)
    if not all_text(values):
        values = index.astype(str).to_numpy(dtype=object)
    return Strings(values)


def _sliced(values: pd.Index[Any] | pd.Series[Any]) -> Values:
    """Give what text is sliced from; Python objects are made of pandas' own text by blocks."""
    import pandas as pd

    if isinstance(values.dtype, pd.StringDtype):
        return PandasTexts(values.array)
    return values.to_numpy(dtype=object)


def _scalar(value: np.generic) -> Scalar:
    item = value.item()
    if not isinstance(item, (bool, int, float, complex, str)):
        raise Unhashable(f"numpy.{type(value).__name__}")
    return Scalar(item)


def _array(value: NDArray[Any]) -> Node:
    if isinstance(value, np.ma.MaskedArray):
        value = np.ma.getdata(value)  # anndata writes what lies under the mask
    value = np.asarray(value)
    if value.dtype.names is not None:
        return _records(value)
    if value.ndim == 0:
        return node(value[()])
    if value.dtype.kind in "biufcS":
        return Array(value)
    if value.dtype.kind in "UOT":
        return _strings(value)
    raise Unhashable(f"an array of {value.dtype}")


def _strings(value: NDArray[Any]) -> Strings:
    objects = value.astype(object)
    if not all_text(objects.ravel()):
        raise Unhashable("an array of objects that are not all text")
    return Strings(objects)


def _list(value: list[Any]) -> Node:
    try:
        return _array(np.array(value))
    except ValueError as error:
        raise Unhashable("a list of lists of different lengths") from error


def _records(value: NDArray[Any]) -> Records:
    fields: list[tuple[str, Array | Strings]] = []
    for name in value.dtype.names or ():
        field = node(np.asarray(value[name]))
        if isinstance(field, Array) and field.dtype.kind == "S":
            # anndata reads fixed-length bytes in a structured array as text.
            field = Strings(np.char.decode(field.whole(), "utf-8").astype(object))
        if not isinstance(field, (Array, Strings)):
            raise Unhashable(f"a structured array whose field {name!r} is nested")
        fields.append((name, field))
    return Records(value.shape, tuple(fields))


def _frame(value: pd.DataFrame) -> Frame:
    index: Any = value.index
    name = index.name
    columns = {str(key): node(series._values) for key, series in value.items()}
    return Frame(None if name is None else str(name), node(index._values), columns)


def _nullable(value: Any) -> Nullable:
    values = value.to_numpy(na_value=0, dtype=value.dtype.numpy_dtype)
    return Nullable(values, np.asarray(value.isna()))


def _categorical(value: pd.Categorical) -> Categorical:
    categories = node(value.categories.to_numpy())
    if not isinstance(categories, (Array, Strings)):
        raise Unhashable("categories that are neither text nor numbers")
    return Categorical(categories, np.asarray(value.codes), bool(value.ordered))


def _sparse(value: Any) -> Sparse:
    return Sparse(
        layout=value.format,
        shape=(int(value.shape[0]), int(value.shape[1])),
        indptr=np.asarray(value.indptr).astype(np.int64, copy=False),
        indices=value.indices,
        data=value.data,
    )
