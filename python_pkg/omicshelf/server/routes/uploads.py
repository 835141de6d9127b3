"""Uploads: begun, filled, and named by the request that makes the version or file.

They belong to who began them, and are kept in the database and the store: any replica goes on.
"""

from __future__ import annotations

from typing import Any

from omicshelf.backend.source import Source
from omicshelf.server.route import Call, Table

__all__ = ["source_of", "table"]

table = Table("dataset")


def source_of(call: Call[Any, Any], upload: str) -> Source:
    """Give the bytes of an upload that is complete."""
    found: Source = call.backend.uploaded(upload, call.user)  # type: ignore[attr-defined]
    return found
