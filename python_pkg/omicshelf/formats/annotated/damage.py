"""Telling of a damaged file in words: h5py, zarr and anndata raise whatever comes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omicshelf.errors import Invalid, RequestException

__all__ = ["refusing_damage"]


@contextmanager
def refusing_damage(path: Path, what: str) -> Iterator[None]:
    """Turn what reading a damaged file raises into a refusal.

    Errors of omicshelf, of memory and of the file system pass as they are.

    Parameters
    ----------
    path
        The file.
    what
        What it was read as, with its article: ``an AnnData``.

    Raises
    ------
    omicshelf.errors.Invalid
        Naming the file, with the first line of what went wrong.
    """
    try:
        yield
    except (RequestException, MemoryError, ImportError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        told = (str(error).splitlines() or [""])[0] or type(error).__name__
        raise Invalid(
            f"{path.name} cannot be read as {what}: {told}",
            "It is damaged, or does not follow the format: get it again, write it again with "
            "the package it comes from, or store it with data_format='file' to keep it as it is.",
        ) from error
