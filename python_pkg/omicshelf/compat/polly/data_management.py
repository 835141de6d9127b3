"""``polly.data_management``: the catalog, and the small functions that were importable there."""

from __future__ import annotations

import os
import re
import warnings
from typing import Any, ClassVar
from urllib.parse import urlsplit

from omicshelf import rules
from omicshelf.catalog.catalog import Catalog
from omicshelf.catalog.copying import copy_dataset
from omicshelf.catalog.dataset import Dataset, DatasetVersion, SupplementaryFile
from omicshelf.compat.polly.errors import error_handler, response_body
from omicshelf.errors import Invalid
from omicshelf.formats import registry

__all__ = [
    "Catalog",
    "Dataset",
    "DatasetVersion",
    "S3ClientManager",
    "SupplementaryFile",
    "copy_dataset",
    "extract_extension_from_s3_uri",
    "extract_file_extension",
    "handle_errors_or_warnings",
    "infer_file_type",
    "is_anndata",
    "is_gctoo",
    "is_supported_format",
    "validate_user_defined_id",
]


class S3ClientManager:
    """Stands in for the cache of storage clients: there is nothing to cache, nor to clear."""

    _cache: ClassVar[dict[Any, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def clear_token_cache(self) -> None:
        """Do nothing."""


def validate_user_defined_id(user_defined_id: str) -> None:
    """Refuse what cannot be the id of a dataset.

    Raises
    ------
    TypeError
        If it is no text.
    omicshelf.errors.Invalid
        If it is empty, or has other characters than letters, digits, ``_`` and ``-``; the
        message proposes an id that is allowed.
    """
    rules.check_dataset_id(user_defined_id)


def infer_file_type(path: str | os.PathLike[str]) -> str | None:
    """Give the format that a file's name tells, or None.

    Examples
    --------
    >>> infer_file_type("GSE1.v2.GCT"), infer_file_type("a.csv.gz"), infer_file_type("a.xyz")
    ('gct', 'csv+gzip', None)
    """
    return registry.infer(os.fspath(path))


def is_supported_format(name: str | os.PathLike[str]) -> bool:
    """Say whether a format, or the format that a file's name tells, is a known one.

    Examples
    --------
    >>> is_supported_format("h5ad"), is_supported_format("counts.csv"), is_supported_format("xyz")
    (True, True, False)
    """
    text = os.fspath(name)
    known = registry.all_formats()
    return text.lower().removesuffix("+gzip") in known or registry.infer(text) is not None


def extract_file_extension(path: str | os.PathLike[str]) -> str:
    """Give the ending of a file's name with its dot: the known one, else all after the first dot.

    Raises
    ------
    omicshelf.errors.Invalid
        If the path is a folder, or the name has no ending.

    Examples
    --------
    >>> extract_file_extension("runs/a.json.gz"), extract_file_extension("GSE1.v2.gct")
    ('.json.gz', '.gct')
    """
    text = os.fspath(path)
    if text.endswith(("/", os.sep)) or os.path.isdir(text):  # noqa: PTH112 - the path as given
        raise Invalid(f"The path '{text}' is a folder.", "Pass the path of a file.")
    ending = _ending(re.split(r"[/\\]", text)[-1])
    if not ending:
        raise Invalid(
            "The file path does not contain a file extension.",
            f"Rename '{text}', or pass the format with data_format=….",
        )
    return ending


def extract_extension_from_s3_uri(uri: str) -> str:
    """Give the ending of an object's key with its dot; empty where it has none.

    Examples
    --------
    >>> extract_extension_from_s3_uri("s3://bucket/a/b.json.gz?versionId=7")
    '.json.gz'
    """
    return _ending(urlsplit(uri).path.rpartition("/")[2])


def _ending(name: str) -> str:
    """Give the shortest ending that tells the same format as the whole name does."""
    dots = [match.start() for match in re.finditer(r"\.", name) if match.start() > 0]
    if not dots:
        return ""
    known = registry.infer(name)
    if known is None:
        return name[dots[0] :]
    return next(name[at:] for at in reversed(dots) if registry.infer(f"x{name[at:]}") == known)


def handle_errors_or_warnings(response: Any) -> None:
    """Raise the error that a JSON:API response reports, or emit the warnings in its ``meta``.

    Raises
    ------
    omicshelf.errors.RequestException
        As :func:`~omicshelf.compat.polly.errors.error_handler` does.
    """
    error_handler(response)
    meta = response_body(response).get("meta")
    told = meta.get("warnings") if isinstance(meta, dict) else None
    for text in told if isinstance(told, list) else ():
        warnings.warn(str(text), stacklevel=2)


def is_anndata(obj: object) -> bool:
    """Say whether ``obj`` is an AnnData; imports nothing to find out."""
    return registry.get("h5ad").accepts(obj)


def is_gctoo(obj: object) -> bool:
    """Say whether ``obj`` is a GCToo, of cmapPy or our own; imports nothing to find out."""
    return registry.get("gct").accepts(obj)
