"""The registry of formats, and how the format of a path or an object is found.

A format is found by the longest known suffix of the file's name, without regard to case,
and confirmed by the file's first bytes; a contradiction is told.
"""

from __future__ import annotations

import importlib
from functools import cache
from pathlib import Path

from omicshelf.formats.base import Format

__all__ = ["all_formats", "for_object", "get", "infer"]

# Modules are imported when first asked for; each registers by its FORMATS tuple.
_MODULES = ("h5ad", "h5mu", "loom", "zarrstore", "tenx", "gct", "tables", "variants", "opaque")


@cache
def all_formats() -> dict[str, Format]:
    """Every known format by name."""
    found: dict[str, Format] = {}
    for module in _MODULES:
        for fmt in importlib.import_module(f"omicshelf.formats.{module}").FORMATS:
            found[fmt.name] = fmt
    return found
