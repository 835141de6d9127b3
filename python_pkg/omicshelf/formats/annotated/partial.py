"""Loading an AnnData, wholly or in part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omicshelf.formats.base import LoadRequest

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["load_anndata"]


def load_anndata(
    path: Path, request: LoadRequest, read: Callable[[Path], AnnData]
) -> AnnData | Any:
    """Load what ``request`` names of the AnnData in ``path``."""
    return read(path)
