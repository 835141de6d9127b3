"""Text that is decoded as it is sliced, and blocks of text as the digest wants them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.formats.annotated.content import Unhashable

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Encoded", "PandasTexts", "StoredTexts", "all_text", "encode"]


class StoredTexts:
    """The text of an HDF5 dataset or a zarr array.

    Parameters
    ----------
    element
        The dataset or array.
    mask
        As long, True where a value is missing.
    """

    dtype = np.dtype(object)

    def __init__(self, element: Any, mask: Any = None) -> None:
        self._element = element
        # As HDF5 says of each dataset; zarr gives text.
        self._encoding = element.asstr().encoding if hasattr(element, "asstr") else None
        self._mask = mask
        self.shape = tuple(int(n) for n in element.shape)
        self.chunks = getattr(element, "chunks", None)

    def __getitem__(self, key: Any) -> NDArray[np.object_]:
        """Give some as ``str``."""
        element = self._element if self._encoding is None else self._element.asstr()
        return self._masked(_text(np.asarray(element[key])), key)

    def encoded(self, key: Any) -> NDArray[np.object_]:
        """Give some as they are kept: HDF5 keeps bytes, which need not become ``str``."""
        if self._encoding is None:
            return self[key]
        found = np.asarray(self._element[key]).astype(object, copy=False)
        values = found.ravel().tolist()
        if not b"".join(values).isascii():
            for value in values:
                value.decode(self._encoding)  # raises where it is none
        return self._masked(found, key)

    def _masked(self, found: NDArray[np.object_], key: Any) -> NDArray[np.object_]:
        if self._mask is not None:
            found[np.asarray(self._mask[key], dtype=bool)] = None
        return found


class PandasTexts:
    """The text of one of pandas' own arrays or indexes of text."""

    dtype = np.dtype(object)

    def __init__(self, values: Any) -> None:
        self._values = values
        self.shape = (len(values),)

    def __getitem__(self, key: Any) -> NDArray[np.object_]:
        found: NDArray[np.object_] = self._values[key].to_numpy(dtype=object, na_value=None)
        return found


def all_text(values: NDArray[np.object_]) -> bool:
    """Say whether every value is a ``str``."""
    from pandas.api.types import infer_dtype

    return not len(values) or infer_dtype(values, skipna=False) == "string"


def _text(values: NDArray[Any]) -> NDArray[np.object_]:
    objects = values.astype(object)
    if not all_text(objects.ravel()):
        raise Unhashable("an array of objects that are not all text")
    return objects


@dataclass(frozen=True)
class Encoded:
    """A block of text as UTF-8.

    Attributes
    ----------
    lengths
        Bytes of each value.
    text
        All values, one after another.
    missing
        True where there is none; None where none is missing.
    """

    lengths: NDArray[np.unsignedinteger[Any]]
    text: bytes
    missing: NDArray[np.bool_] | None


def encode(block: NDArray[np.object_]) -> Encoded:
    """Encode a flat block of ``str`` or of ``bytes``, None where a value is missing."""
    values = block.tolist()
    first = next((value for value in values if value is not None), "")
    empty = b"" if isinstance(first, bytes) else ""
    missing = None
    try:
        encoded = empty.join(values)
    except TypeError:  # some are missing
        missing = np.fromiter((value is None for value in values), np.bool_, len(values))
        values = [empty if value is None else value for value in values]
        encoded = empty.join(values)
    if isinstance(encoded, str):
        if encoded.isascii():
            encoded = encoded.encode()
        else:
            # A lone surrogate is no UTF-8, but a file of somebody else may hold one.
            values = [value.encode("utf-8", "surrogatepass") for value in values]
            encoded = b"".join(values)
    lengths = np.fromiter(map(len, values), "<u8", len(values))
    # Names are short: a byte each, instead of eight, for as long as they are kept.
    smallest = np.min_scalar_type(int(lengths.max(initial=0)))
    return Encoded(lengths.astype(smallest), encoded, missing)
