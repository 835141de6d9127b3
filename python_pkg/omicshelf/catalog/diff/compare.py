"""The comparison of two versions by their records."""

from __future__ import annotations

from typing import Any

from omicshelf.catalog.diff.axes import AxisChange, compare_hashes, known_hashes
from omicshelf.catalog.diff.elements import AXES, compare_elements
from omicshelf.catalog.diff.metadata import compare_metadata
from omicshelf.catalog.diff.result import Content, Diff, IdChange, Part
from omicshelf.catalog.diff.side import Side
from omicshelf.records import Element

__all__ = ["compare"]

# What a summary of variants lists in its details, besides the number of them.
_IDS = ("samples", "contigs")

_FACTS = ("x_looks_like", "counts_in", "var_names_kind")


def compare(old: Side, new: Side, *, deep: bool = False) -> Diff:
    """Compare two versions.

    Parameters
    ----------
    old, new
        The versions; what only ``new`` has is told as added.
    deep
        Load both sides and compare values exactly, on the cells and genes that they share.
        Otherwise nothing is loaded.

    Returns
    -------
    Diff
        True where something differs; printing it tells what.

    Raises
    ------
    omicshelf.errors.Invalid
        ``deep=True`` for a side whose data cannot be loaded.
    """
    data_changed = _data_changed(old, new)
    content = Content()
    if data_changed and old.family == new.family:
        content = _content(old, new)
        if deep:
            from omicshelf.catalog.diff.deep import compare_values

            content = compare_values(content, old, new, _own_elements)
    return Diff(
        old=old,
        new=new,
        data_changed=data_changed,
        content=content,
        metadata=compare_metadata(old.version.metadata, new.version.metadata),
        deep=deep,
    )


def _data_changed(old: Side, new: Side) -> bool:
    """Say whether the data are others: by content where both have its digest, else by bytes."""
    a, b = old.version, new.version
    if a.version_id == b.version_id or (a.blake3 and a.blake3 == b.blake3):
        return False
    if a.digest is not None and b.digest is not None:
        return a.digest != b.digest
    return True


def _content(old: Side, new: Side) -> Content:
    if new.family == "annotated":
        shared = [name for name in old.modalities if name in new.modalities]
        return Content(
            parts=(
                _part(old, new, ""),
                *(_part(old, new, f"mod/{name}/") for name in shared),
            ),
            modalities_added=tuple(m for m in new.modalities if m not in shared),
            modalities_removed=tuple(m for m in old.modalities if m not in shared),
        )
    axes = {"rows": _rows(old, new)}
    ids = {}
    if new.family == "variants":
        axes["obs"] = _samples(old, new)
        ids = {name: change for name in _IDS if (change := _compare_ids(old, new, name))}
    elements = compare_elements(old.summary.elements, new.summary.elements, axes)
    return Content(parts=(Part("", axes, elements),), ids=ids)


def _part(old: Side, new: Side, prefix: str) -> Part:
    axes = {axis: _axis(old, new, prefix, axis) for axis in AXES}
    a, b = _own_elements(old, prefix), _own_elements(new, prefix)
    return Part(prefix, axes, compare_elements(a, b, axes), _facts(old, new, prefix))


def _own_elements(side: Side, prefix: str) -> dict[str, Element]:
    """Give the elements of one annotated matrix, by their path within it."""
    elements = side.summary.elements
    if prefix:
        n = len(prefix)
        return {path[n:]: e for path, e in elements.items() if path.startswith(prefix)}
    if side.summary.kind != "mudata":
        return elements
    return {path: e for path, e in elements.items() if not path.startswith("mod/")}


def _axis(old: Side, new: Side, prefix: str, axis: str) -> AxisChange:
    names = (old.element(f"{prefix}{axis}_names"), new.element(f"{prefix}{axis}_names"))
    was, now = _length(old, prefix, axis, names[0]), _length(new, prefix, axis, names[1])
    sidecars: list[Any] = [None, None]
    if not prefix and axis in ("obs", "var"):
        for n, (side, length) in enumerate(((old, was), (new, now))):
            stored = None if side.names is None else getattr(side.names, axis)
            sidecars[n] = known_hashes(stored, length)
    order = (names[0].hash if names[0] else None, names[1].hash if names[1] else None)
    return compare_hashes(was, now, order, sidecars[0], sidecars[1])


def _length(side: Side, prefix: str, axis: str, names: Element | None) -> int | None:
    if names is not None and names.shape:
        return names.shape[0]
    if prefix or axis == "raw/var":
        return None
    return side.summary.n_obs if axis == "obs" else side.summary.n_vars


def _facts(old: Side, new: Side, prefix: str) -> dict[str, tuple[Any, Any]]:
    told = []
    for side in (old, new):
        facts: dict[str, Any]
        if prefix:
            facts = side.summary.details.get("modalities", {}).get(prefix.split("/")[1], {})
        else:
            facts = side.summary.model_dump(include=set(_FACTS))
        x = side.element(f"{prefix}X")
        told.append({**{key: facts.get(key) for key in _FACTS}, "dtype": x.dtype if x else None})
    return {key: (told[0][key], told[1][key]) for key in told[0]}


def _rows(old: Side, new: Side) -> AxisChange:
    """Rows have no names: as many as before count as the same."""
    was, now = old.summary.n_rows, new.summary.n_rows
    return AxisChange(was, now, 0, 0, now, False) if was == now else AxisChange(was, now)


def _samples(old: Side, new: Side) -> AxisChange:
    was, now = (side.summary.details.get("n_samples") for side in (old, new))
    a, b = _ids(old, "samples"), _ids(new, "samples")
    order = (None, None) if a is None or b is None else (repr(a), repr(b))
    sidecars = [side.names.obs if side.names else None for side in (old, new)]
    return compare_hashes(
        was, now, order, known_hashes(sidecars[0], was), known_hashes(sidecars[1], now)
    )


def _compare_ids(old: Side, new: Side, name: str) -> IdChange | None:
    a, b = _ids(old, name), _ids(new, name)
    if a is None or b is None or a == b:
        return None
    before, after = set(a), set(b)
    return IdChange(
        added=tuple(i for i in b if i not in before),
        removed=tuple(i for i in a if i not in after),
    )


def _ids(side: Side, name: str) -> list[str] | None:
    """Give the ids that the details list, or None where they list only the first of them."""
    listed = side.summary.details.get(name)
    if not isinstance(listed, list) or len(listed) != side.summary.details.get(f"n_{name}"):
        return None
    return [str(entry) for entry in listed]
