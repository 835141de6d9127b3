"""Every route of the REST API, declared once.

The handlers, ``/openapi.json``, the reference page and the test that walks all routes without a
credential are made from :data:`ROUTES`. Paths are relative to :data:`omicshelf.backend.wire.API`.
"""

from __future__ import annotations

from omicshelf.server.route import Route
from omicshelf.server.routes import (
    admin,
    atlases,
    blobs,
    datasets,
    files,
    service,
    tokens,
    uploads,
    versions,
)

__all__ = ["ROUTES"]

ROUTES: tuple[Route, ...] = (
    *service.table,
    *atlases.table,
    *datasets.table,
    *versions.table,
    *files.table,
    *blobs.table,
    *uploads.table,
    *tokens.table,
    *admin.table,
)
