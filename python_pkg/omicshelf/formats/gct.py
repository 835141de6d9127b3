"""The formats GCT (text) and GCTX (HDF5): matrices with row and column metadata."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats import gct_content, gct_text, gct_writer, gctx, magic
from omicshelf.formats.base import Format, Inspection, LoadRequest
from omicshelf.formats.gct_matrix import Gct, canonical, data_frame, is_gctoo
from omicshelf.formats.selection import columns_of, positions
from omicshelf.formats.textfile import first_bytes

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["FORMATS", "Gct", "GctFormat", "GctxFormat"]

_NULL = -666.0  # the Connectivity Map's missing value
_AS = ("gctoo", "anndata", "dataframe")


class GctFormat(Format):
    """GCT 1.2 and 1.3, also gzip-compressed."""

    name = "gct"
    title = "GCT matrix"
    suffixes = ("gct",)
    promised = True
    loadable = True
    parts = frozenset({"obs", "var", "obs_columns"})

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Look at the version line, inside gzip too."""
        if path.is_dir():
            return False
        text = first_bytes(path, 64) if head.startswith(b"\x1f\x8b") else head
        return text.removeprefix(b"\xef\xbb\xbf").startswith((b"#1.2", b"#1.3"))

    def check(self, path: Path) -> None:
        """Refuse another kind of file, and one that is cut short."""
        gct_text.check_gct(path)

    def inspect(self, path: Path) -> Inspection:
        """Read the file; its digest is that of its content, whatever form it is written in."""
        return _inspected(gct_text.read_gct(path))

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load a GCToo, an AnnData or a data frame, as ``request.as_`` asks for.

        Returns
        -------
        cmapPy's ``GCToo`` (``as_="gctoo"`` or None) where cmapPy is installed and every id is
        unique, else a :class:`Gct`, which has the same tables; an AnnData, samples x features
        (``"anndata"``); or the matrix as a data frame, features x samples (``"dataframe"``).
        ``obs`` means samples and ``var`` features. A value of -666, the Connectivity Map's
        null, is a missing value as for cmapPy, and a warning says so;
        ``options["convert_neg_666"] = False`` keeps it as a number.
        """
        kind = _kind(request)
        gct = _subset(gct_text.read_gct(path), request)
        if request.options.get("convert_neg_666", True):
            _convert_null(gct)
        return _given(gct, kind)

    def accepts(self, obj: object) -> bool:
        """Take cmapPy's GCToo and our own Gct."""
        return is_gctoo(obj)

    def frozen_copy(self, obj: Any) -> Gct:
        """Give the object as it will be read again."""
        return canonical(obj)

    def inspect_object(self, obj: Gct) -> Inspection:
        """Inspect the canonical form in memory."""
        return _inspected(obj)

    def write(self, obj: Gct, path: Path) -> None:
        """Write GCT 1.3 with numbers that read back to the last bit."""
        gct_writer.write_gct(obj, path)


class GctxFormat(Format):
    """GCTX, read only."""

    name = "gctx"
    title = "GCTX matrix"
    suffixes = ("gctx",)
    promised = True
    loadable = True
    parts = GctFormat.parts

    def recognises(self, head: bytes, path: Path) -> bool | None:
        """Look for the matrix in an HDF5 file."""
        if path.is_dir() or not head.startswith(magic.HDF5_SIGNATURE):
            return False
        import h5py

        try:
            with h5py.File(path, "r") as hdf:
                return "0/DATA/0/matrix" in hdf
        except OSError:
            return None

    def check(self, path: Path) -> None:
        """Refuse a file without the matrix or the ids, or with others than its size."""
        with gctx.opened(path):
            pass

    def inspect(self, path: Path) -> Inspection:
        """Read the file once, some megabytes at a time."""
        with gctx.opened(path) as parts:
            gct = Gct(
                data_frame(
                    np.empty((len(parts.row_metadata), 0)), list(parts.row_metadata.index), []
                ),
                parts.row_metadata,
                parts.col_metadata,
                version=parts.version,
            )
            return gct_content.inspect_matrix(
                parts.matrix,
                parts.row_metadata,
                parts.col_metadata,
                format=self.name,
                details={"version": gct.version},
                problems=[],
            )

    def load(self, path: Path, request: LoadRequest) -> Any:
        """Load as :meth:`GctFormat.load` does, reading only the samples that are asked for."""
        kind = _kind(request)
        with gctx.opened(path) as parts:
            rows = positions(request.var, parts.row_metadata, "var")
            columns = positions(request.obs, parts.col_metadata, "obs")
            values = gctx.read_values(parts.matrix, columns, rows).T
            row_metadata, col_metadata = parts.row_metadata, parts.col_metadata
            row_metadata = row_metadata if rows is None else row_metadata.iloc[rows]
            col_metadata = col_metadata if columns is None else col_metadata.iloc[columns]
            gct = Gct(
                data_frame(values, list(row_metadata.index), list(col_metadata.index)),
                row_metadata,
                columns_of(col_metadata, request.obs_columns, "obs column"),
                src=str(path),
                version=parts.version,
            )
        return _given(gct, kind)


def _convert_null(gct: Gct) -> None:
    """Make missing values of the Connectivity Map's null."""
    null = gct.data_df.to_numpy() == _NULL
    if null.any():
        gct.data_df = gct.data_df.mask(null)
        warnings.warn(
            f"-666, which stands for a missing value in a GCT, is loaded as NaN: {null.sum():,} "
            "times. If it is a measurement here, load with convert_neg_666=False.",
            stacklevel=4,
        )


def _inspected(gct: Gct) -> Inspection:
    values = gct.data_df.to_numpy()
    null = values == _NULL
    if null.any():
        # The same content, whether it is written as -666 or as a missing value.
        values = np.where(null, np.nan, values)
    return gct_content.inspect_matrix(
        values.T,
        gct.row_metadata_df,
        gct.col_metadata_df,
        format="gct",
        details={"version": gct.version},
        problems=[],
    )


def _kind(request: LoadRequest) -> str:
    kind = request.as_ or "gctoo"
    if kind not in _AS:
        raise Invalid(
            f"as_={request.as_!r} is nothing a GCT can be loaded as.",
            f"It is one of {', '.join(map(repr, _AS))}.",
        )
    if request.backed or request.lazy or request.layers is not None:
        raise Invalid(
            "A GCT is read into memory: backed, lazy and layers are not for it.",
            "Name samples with obs= and features with var= to get a part of it.",
        )
    return kind


def _subset(gct: Gct, request: LoadRequest) -> Gct:
    rows = positions(request.var, gct.row_metadata_df, "var")
    columns = positions(request.obs, gct.col_metadata_df, "obs")
    gct = gct.subset(rows, columns)
    gct.col_metadata_df = columns_of(gct.col_metadata_df, request.obs_columns, "obs column")
    return gct


def _given(gct: Gct, kind: str) -> Any:
    if kind == "dataframe":
        return gct.data_df
    if kind == "anndata":
        return _anndata(gct)
    repeated = gct.repeated_ids()
    if repeated:
        warnings.warn(
            f"The GCT has {'; '.join(repeated)}: it is loaded as omicshelf's own Gct, with the "
            "same tables, since cmapPy's GCToo takes unique ids only.",
            stacklevel=4,
        )
        return gct
    try:
        return gct.to_gctoo()
    except ImportError:
        return gct


def _anndata(gct: Gct) -> AnnData:
    with warnings.catch_warnings():
        # The summary tells of names that are not unique.
        warnings.filterwarnings("ignore", message=".*names are not unique", category=UserWarning)
        return gct.to_anndata()


FORMATS: tuple[Format, ...] = (GctFormat(), GctxFormat())
