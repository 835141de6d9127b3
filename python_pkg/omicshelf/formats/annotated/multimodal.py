"""MuData: its elements in memory and in its file, and a copy in the form that is written.

A MuData repeats columns of its modalities in its own ``obs`` and ``var`` (``rna:leiden``, and
under their plain name those that every modality has), depending on its version and options.
As long as they are equal to the modalities' own they are no content: they are neither hashed
nor written, and reading brings them back.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from omicshelf.errors import Invalid
from omicshelf.formats.annotated import memory, stored
from omicshelf.formats.annotated.content import Content, Item, Scalar
from omicshelf.formats.annotated.freeze import frozen_anndata, frozen_frame, frozen_mapping

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData
    from numpy.typing import NDArray

__all__ = ["FrozenMuData", "frozen_mudata", "items", "older_encoding", "stored_items", "write"]

_SLOTS = ("obsm", "varm", "obsp", "varp")
_USER_BLOCK = 512  # bytes before the HDF5 signature, by which muon and mudata know their files


@dataclass(frozen=True)
class FrozenMuData:
    """The parts of a MuData as they are written; its arrays are shared with the original."""

    mod: dict[str, AnnData]
    obs: pd.DataFrame
    var: pd.DataFrame
    obsm: dict[str, Any]
    varm: dict[str, Any]
    obsp: dict[str, Any]
    varp: dict[str, Any]
    uns: dict[str, Any]
    obsmap: dict[str, Any]
    varmap: dict[str, Any]
    axis: int


def items(mdata: Any) -> Content:
    """Give every element of a MuData in memory, without what it repeats of its modalities.

    Raises
    ------
    omicshelf.formats.annotated.content.Unhashable
        At an element that only its written file can tell.
    """
    for name, adata in mdata.mod.items():
        yield from memory.items(adata, f"mod/{name}/")
    yield Item("", "axis", None, Scalar(int(mdata.axis)))
    for slot in ("obs", "var"):
        yield from memory.frame_items(_own(mdata, slot), "", slot)
    for slot in _SLOTS:
        for key, value in getattr(mdata, slot).items():
            if key not in mdata.mod:
                yield Item("", slot, key, memory.node(value))
    yield from memory.leaves(memory.node(mdata.uns), "", "uns")


def stored_items(file: Any) -> Content:
    """Give every element of a MuData that is kept in ``file``, as :func:`items` does."""
    names = list(stored.keys_of(file, "mod"))
    for name in names:
        yield from stored.items(file["mod"][name], f"mod/{name}/")
    yield Item("", "axis", None, Scalar(_axis(file)))
    for slot in ("obs", "var"):
        repeated = _repeated_in_file(file, slot, names)
        for item in stored.frame_items(file[slot], "", slot):
            if item.slot != slot or item.key not in repeated:
                yield item
    for slot in _SLOTS:
        for key in stored.keys_of(file, slot):
            if key not in names:
                yield Item("", slot, key, stored.node(file[slot][key]))
    for key in stored.keys_of(file, "uns"):
        yield from memory.leaves(stored.node(file["uns"][key]), "", "uns", key)


def older_encoding(file: Any) -> str | None:
    """Say why a file has to be loaded through mudata, or None if it can be read as it is."""
    if "axis" not in file.attrs:
        return "it was written by mudata 0.1 or older"
    for slot in ("obs", "var"):
        older = stored.older_frame(file[slot], slot)
        if older is not None:
            return older
    for name in stored.keys_of(file, "mod"):
        older = stored.older_encoding(file["mod"][name])
        if older is not None:
            return f"in its modality {name!r}, {older}"
    return None


def frozen_mudata(mdata: Any) -> FrozenMuData:
    """Give the parts of ``mdata`` in the form that is written; nothing of it is changed.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the element that an h5mu file cannot hold, and the remedy.
    """
    from anndata import AnnData

    for name, adata in mdata.mod.items():
        if not isinstance(adata, AnnData):
            raise Invalid(
                f"mod[{name!r}] is a {type(adata).__name__}, which an h5mu file cannot hold.",
                "A modality is an AnnData: save nested MuData as a dataset of its own.",
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if mdata.is_view:
            mdata = mdata.copy()
        return FrozenMuData(
            mod={k: frozen_anndata(adata, f"mod[{k!r}].") for k, adata in mdata.mod.items()},
            obs=frozen_frame(_own(mdata, "obs"), "obs"),
            var=frozen_frame(_own(mdata, "var"), "var"),
            obsmap=dict(mdata.obsmap),
            varmap=dict(mdata.varmap),
            axis=int(mdata.axis),
            **{slot: frozen_mapping(getattr(mdata, slot), slot) for slot in ("uns", *_SLOTS)},
        )


def write(mdata: FrozenMuData, path: Path) -> None:
    """Write the layout of mudata's own writer, without compression.

    mudata's writer changes the object that it writes, and drops columns by their name alone.
    The layout is described at https://mudata.readthedocs.io/en/latest/io/spec.html.
    """
    import h5py
    import mudata
    from anndata.io import write_elem

    with h5py.File(path, "w", userblock_size=_USER_BLOCK) as file:
        for slot in ("obs", "var", *_SLOTS, "uns", "obsmap", "varmap"):
            write_elem(file, slot, getattr(mdata, slot))
        for name, adata in mdata.mod.items():
            write_elem(file, f"/mod/{name}", adata)
            if adata.X is None:
                write_elem(file, f"/mod/{name}/X", None)
        file.require_group("mod").attrs["mod-order"] = list(mdata.mod)
        file.attrs["axis"] = mdata.axis
        file.attrs["encoding-type"] = "MuData"
        file.attrs["encoding-version"] = mudata.__mudataversion__
        file.attrs["encoder"] = "mudata"
        file.attrs["encoder-version"] = mudata.__version__
    signature = f"MuData (format-version={mudata.__mudataversion__};creator=omicshelf)"
    with path.open("r+b") as raw:
        raw.write(signature.encode().ljust(_USER_BLOCK, b"\0"))


def _own(mdata: Any, slot: str) -> pd.DataFrame:
    """Give ``obs`` or ``var`` without the columns that repeat the modalities' own."""
    frame: pd.DataFrame = getattr(mdata, slot)
    if isinstance(mdata, FrozenMuData):
        return frame
    tables = {name: getattr(adata, slot) for name, adata in mdata.mod.items()}
    repeated = _repeated(
        [str(key) for key in frame.columns],
        {name: [str(key) for key in table.columns] for name, table in tables.items()},
        {name: np.asarray(rows).ravel() for name, rows in getattr(mdata, f"{slot}map").items()},
        joined=mdata.axis != ("obs", "var").index(slot),
        read=lambda key: _objects(frame[key]),
        read_modality=lambda name, key: _objects(tables[name][key]),
    )
    return frame.drop(columns=list(repeated))


def _repeated_in_file(file: Any, slot: str, names: list[str]) -> set[str]:
    import pandas as pd
    from anndata.io import read_elem

    maps = file.get(f"{slot}map", {})
    return _repeated(
        stored.columns_of(file[slot]),
        {name: stored.columns_of(file["mod"][name][slot]) for name in names},
        {name: np.asarray(maps[name][()]).ravel() for name in names if name in maps},
        joined=_axis(file) != ("obs", "var").index(slot),
        read=lambda key: _objects(pd.Series(read_elem(file[slot][key]))),
        read_modality=lambda name, key: _objects(
            pd.Series(read_elem(file["mod"][name][slot][key]))
        ),
    )


def _repeated(
    columns: list[str],
    tables: Mapping[str, list[str]],
    rows: Mapping[str, NDArray[Any]],
    *,
    joined: bool,
    read: Callable[[str], NDArray[np.object_]],
    read_modality: Callable[[str, str], NDArray[np.object_]],
) -> set[str]:
    """Find the columns that hold nothing but the modalities' own.

    ``rows`` gives for every row of the whole its row of a modality, counted from 1, 0 where
    it has none. ``joined`` says that the axis is the modalities' axes one after another.
    """
    repeated = set()
    for key in columns:
        sources = [(n, key[len(n) + 1 :]) for n in tables if key.startswith(f"{n}:")]
        if not sources and joined and len(tables) > 1:
            sources = [(name, key) for name in tables]
        if not sources or any(own not in tables[name] for name, own in sources):
            continue
        if all(name in rows for name, _ in sources):
            found = read(key)
            expected = np.full(len(found), None, dtype=object)
            for name, own in sources:
                there = rows[name] > 0
                if len(there) == len(found):
                    values = read_modality(name, own)
                    expected[there] = values[rows[name][there].astype(np.int64) - 1]
            if np.array_equal(found, expected):
                repeated.add(key)
    return repeated


def _objects(series: pd.Series[Any]) -> NDArray[np.object_]:
    """Give the values as Python objects, None where one is missing."""
    values = series.to_numpy(dtype=object, copy=True)
    values[series.isna().to_numpy(dtype=bool)] = None
    return values


def _axis(file: Any) -> int:
    return int(file.attrs.get("axis", 0))
