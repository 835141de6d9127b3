"""Alembic's entry: runs on the connection that `Database.upgrade` passes in."""

from __future__ import annotations

from typing import Any

from alembic import context

from omicshelf.backend.embedded import schema


def include_object(_obj: Any, name: str | None, kind: str, _reflected: bool, _to: Any) -> bool:
    """Leave the full-text tables alone: they are made by hand, FTS5 makes more of them."""
    return not (kind == "table" and name in schema.FTS_TABLES)


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=schema.metadata,
    render_as_batch=True,
    include_object=include_object,
    transactional_ddl=False,  # the transaction is the caller's
)
context.run_migrations()
