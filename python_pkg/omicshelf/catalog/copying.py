"""Copying a dataset to another id, another atlas, or another catalog."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from omicshelf import rules
from omicshelf.backend.base import CopyDraft
from omicshelf.catalog.catalog import Catalog
from omicshelf.catalog.connection import Connection, current
from omicshelf.catalog.dataset import Dataset
from omicshelf.catalog.origin import current_origin
from omicshelf.catalog.params import recorded_params
from omicshelf.catalog.transfer import transfer

__all__ = ["copy_dataset"]


def copy_dataset(
    src_omixatlas_id: str | Catalog,
    src_dataset_id: str,
    dest_omixatlas_id: str | Catalog,
    dest_dataset_id: str,
    overwrite: bool = False,
    *,
    ingestion_params: Mapping[str, Any] | None = None,
    other_params: Mapping[str, Any] | None = None,
    with_history: bool = False,
    message: str | None = None,
    **kwargs: Any,
) -> Dataset:
    """Copy a dataset with its metadata, study and files; inside one store no bytes are copied.

    Parameters
    ----------
    src_omixatlas_id, dest_omixatlas_id
        Names of atlases, or :class:`Catalog` objects; these may be of different catalogs, such
        as one on this machine and one on a server. What the destination has is not sent again.
    src_dataset_id, dest_dataset_id
        The dataset, and the id of the copy.
    overwrite
        Write a new version of the destination where it is there already.
    with_history
        Copy every version, not only the newest.

    Returns
    -------
    Dataset
        The copy.

    Raises
    ------
    omicshelf.errors.AlreadyExists
        If the destination is there and ``overwrite`` is False.
    """
    rules.check_dataset_id(dest_dataset_id)
    source, src_atlas = _place(src_omixatlas_id)
    dest, dest_atlas = _place(dest_omixatlas_id)
    draft = CopyDraft(
        src_atlas,
        src_dataset_id,
        dest_atlas,
        dest_dataset_id,
        overwrite=overwrite,
        with_history=with_history,
        message=message,
        ingestion=recorded_params("create_dataset", ingestion_params, other_params, kwargs),
    )
    if source.url == dest.url:
        record = dest.backend.copy_dataset(draft, by=current_origin())
    else:
        record = transfer(source.backend, dest.backend, draft, by=current_origin())
    dest.saw(record.version, loaded=False)
    return Dataset(record, dest)


def _place(atlas: str | Catalog) -> tuple[Connection, str]:
    if isinstance(atlas, Catalog):
        return atlas.connection, atlas.omixatlas_id
    return current(), rules.check_atlas(atlas)
