"""The tables of the catalog database, valid on SQLite and PostgreSQL.

Times are UTC milliseconds. ``object`` is the register of everything in the store; a row is
written there before the object itself, so that what a killed process leaves can be found.
"""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

__all__ = [
    "FTS_TABLES",
    "atlas",
    "attribute",
    "blob",
    "blob_object",
    "change",
    "dataset",
    "file",
    "label",
    "metadata",
    "role",
    "session",
    "setting",
    "stored_object",
    "token",
    "upload",
    "upload_part",
    "version",
    "version_input",
]

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only where the key is declared INTEGER.
Key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Compared and ordered by its bytes, whatever the database's language is, as SQLite does it.
Word = sa.String().with_variant(sa.String(collation="C"), "postgresql")
Time = sa.BigInteger()
Json = sa.JSON()

# FTS5's own tables, and its PostgreSQL counterpart: made by the migration, not by this module.
FTS_TABLES = frozenset(
    {
        "dataset_text",
        "dataset_text_data",
        "dataset_text_idx",
        "dataset_text_content",
        "dataset_text_docsize",
        "dataset_text_config",
    }
)


def dump_json(value: Any) -> str:
    """Serialise for a JSON column: strict (no NaN) and compact."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


setting = sa.Table(
    "setting",
    metadata,
    sa.Column("key", Word, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

atlas = sa.Table(
    "atlas",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("name", Word, nullable=False, unique=True),
    sa.Column("description", sa.Text),
    sa.Column("created_at", Time, nullable=False),
)

dataset = sa.Table(
    "dataset",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("atlas_id", Key, sa.ForeignKey("atlas.id"), nullable=False),
    sa.Column("dataset_id", Word, nullable=False),
    sa.Column("incarnation", sa.Integer, nullable=False, server_default="1"),
    sa.Column("next_seq", sa.Integer, nullable=False, server_default="1"),
    sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("study_id", Word),
    sa.Column("current_version", Key),  # version.id; null when all versions were purged
    sa.Column("created_at", Time, nullable=False),
    sa.Column("modified_at", Time, nullable=False),
    sa.Column("change_seq", Key, nullable=False, server_default="0"),
    # Copies of the current version's facts, for filters, order and facets without a join.
    sa.Column("data_type", Word, nullable=False, server_default=""),
    sa.Column("data_format", Word),
    sa.Column("author", Word),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("n_obs", sa.BigInteger),
    sa.Column("n_vars", sa.BigInteger),
    sa.Column("n_problems", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("atlas_id", "dataset_id"),
    # The total of an atlas is counted in this one alone, therefore the version.
    sa.Index("ix_dataset_modified", "atlas_id", "deleted", "modified_at", "id", "current_version"),
    sa.Index("ix_dataset_created", "atlas_id", "deleted", "created_at", "id"),
    sa.Index("ix_dataset_size", "atlas_id", "deleted", "size", "id"),
    sa.Index("ix_dataset_change", "atlas_id", "change_seq"),
    sa.Index("ix_dataset_study", "atlas_id", "study_id", "deleted", "dataset_id"),
)

blob = sa.Table(
    "blob",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("blake3", Word, nullable=False, index=True),
    sa.Column("sha256", Word),
    sa.Column("digest", Word),
    sa.Column("data_format", Word),
    sa.Column("summary", Json),
    sa.Column("manifest", Word, nullable=False),
    sa.Column("created_at", Time, nullable=False),
)

version = sa.Table(
    "version",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("uuid", Word, nullable=False, unique=True),
    sa.Column("dataset_id", Key, sa.ForeignKey("dataset.id"), nullable=False),
    sa.Column("incarnation", sa.Integer, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("data_type", Word, nullable=False),
    sa.Column("data_format", Word),
    sa.Column("metadata", Json, nullable=False),
    sa.Column("blob_id", Word, sa.ForeignKey("blob.id"), nullable=False, index=True),
    sa.Column("record", Word, nullable=False),  # key of the object that carries the record
    sa.Column("n_obs", sa.BigInteger),
    sa.Column("n_vars", sa.BigInteger),
    sa.Column("n_problems", sa.Integer, nullable=False, server_default="0"),
    sa.Column("added_bytes", sa.BigInteger, nullable=False),
    sa.Column("message", sa.Text),
    sa.Column("author", Word),
    sa.Column("origin", Json, nullable=False),
    sa.Column("rolled_back_from", Word),
    sa.Column("created_at", Time, nullable=False),
    sa.UniqueConstraint("dataset_id", "seq"),
    # What an atlas holds is summed without a look at the rows themselves.
    sa.Index("ix_version_added", "dataset_id", "added_bytes"),
)

version_input = sa.Table(
    "version_input",
    metadata,
    sa.Column("version_id", Key, sa.ForeignKey("version.id"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("kind", Word, nullable=False),  # "parent" or "session"
    sa.Column("source", Word, nullable=False, index=True),  # a version's uuid
)

label = sa.Table(
    "label",
    metadata,
    sa.Column("dataset_id", Key, sa.ForeignKey("dataset.id"), primary_key=True),
    sa.Column("name", Word, primary_key=True),
    sa.Column("version_id", Key, sa.ForeignKey("version.id"), nullable=False, index=True),
    sa.Column("author", Word),
    sa.Column("created_at", Time, nullable=False),
)

file = sa.Table(
    "file",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("uuid", Word, nullable=False, unique=True),
    sa.Column("dataset_id", Key, sa.ForeignKey("dataset.id"), nullable=False),
    sa.Column("incarnation", sa.Integer, nullable=False),
    sa.Column("name", Word, nullable=False),
    sa.Column("file_format", Word, nullable=False),
    sa.Column("tag", Word),
    sa.Column("blob_id", Word, sa.ForeignKey("blob.id"), nullable=False, index=True),
    sa.Column("derived_from", Word),
    sa.Column("auto_remove", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("author", Word),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("state", Word, nullable=False),
    sa.Column("ended_at", Time),
    sa.Index("ix_file_dataset", "dataset_id", "incarnation", "name"),
    sa.Index(
        "uq_file_current",
        "dataset_id",
        "name",
        unique=True,
        sqlite_where=sa.text("state = 'current'"),
        postgresql_where=sa.text("state = 'current'"),
    ),
)

stored_object = sa.Table(
    "object",
    metadata,
    sa.Column("key", Word, primary_key=True),
    sa.Column("kind", Word, nullable=False),  # "pack", "manifest" or "record"
    sa.Column("state", Word, nullable=False),  # "pending", "live" or "dead"
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("session", Word),
    sa.Column("mark", Word),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("dead_at", Time),
    sa.Index("ix_object_state", "state", "dead_at"),
)

blob_object = sa.Table(
    "blob_object",
    metadata,
    sa.Column("blob_id", Word, sa.ForeignKey("blob.id"), primary_key=True),
    sa.Column("key", Word, sa.ForeignKey("object.key"), primary_key=True, index=True),
)

attribute = sa.Table(
    "attribute",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("dataset_id", Key, sa.ForeignKey("dataset.id"), nullable=False, index=True),
    sa.Column("atlas_id", Key, nullable=False),
    sa.Column("key", Word, nullable=False),
    sa.Column("text", Word),  # folded, for filters
    sa.Column("shown", Word),  # as it was written; null where that is the text
    sa.Column("number", sa.Float),
    sa.Index("ix_attribute_text", "atlas_id", "key", "text", "shown", "dataset_id"),
    sa.Index("ix_attribute_number", "atlas_id", "key", "number", "dataset_id"),
)

change = sa.Table(
    "change",
    metadata,
    sa.Column("seq", Key, primary_key=True),
    sa.Column("time", Time, nullable=False),
    sa.Column("user", Word),
    sa.Column("action", Word, nullable=False),
    sa.Column("atlas", Word, nullable=False),
    sa.Column("dataset_id", Word),
    sa.Column("version_id", Word),
    sa.Column("message", sa.Text),
    sa.Column("origin", Json, nullable=False),
    sa.Column("details", Json, nullable=False),
    sa.Column("session", Word, index=True),
    sa.Index("ix_change_dataset", "atlas", "dataset_id", "seq"),
    sqlite_autoincrement=True,  # a sequence number is never used again
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("host", Word, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
    sa.Column("started_at", Time, nullable=False),
    sa.Column("heartbeat_at", Time, nullable=False),
)

role = sa.Table(
    "role",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("atlas_id", Key, sa.ForeignKey("atlas.id")),  # null: the whole server
    sa.Column("user", Word, nullable=False),
    sa.Column("role", Word, nullable=False),  # "viewer", "contributor" or "admin"
    sa.Column("author", Word),  # who gave it
    sa.Column("created_at", Time, nullable=False),
)
# Nulls are not equal to one another in a unique index; keys begin at 1.
sa.Index(
    "uq_role_atlas_user", sa.func.coalesce(role.c.atlas_id, sa.text("0")), role.c.user, unique=True
)

token = sa.Table(
    "token",
    metadata,
    sa.Column("id", Key, primary_key=True),
    sa.Column("user", Word, nullable=False, index=True),
    sa.Column("hash", Word, nullable=False, unique=True),  # blake3 (hex): nobody can go back
    sa.Column("note", sa.Text),
    sa.Column("created_by", Word),
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time),  # null: never
    sa.Column("last_used_at", Time),
    sqlite_autoincrement=True,  # the number of a revoked token never names another one
)

upload = sa.Table(
    "upload",
    metadata,
    sa.Column("id", Word, primary_key=True),
    sa.Column("user", Word, nullable=False),
    sa.Column("atlas", Word, nullable=False),
    sa.Column("dataset_id", Word, nullable=False),
    sa.Column("request", Json, nullable=False),
    sa.Column("state", Json, nullable=False),
    sa.Column("version_id", Word),  # what it became, once it is complete
    sa.Column("created_at", Time, nullable=False),
    sa.Column("expires_at", Time, nullable=False, index=True),
)

upload_part = sa.Table(
    "upload_part",
    metadata,
    sa.Column("upload_id", Word, sa.ForeignKey("upload.id"), primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("blake3", Word, nullable=False),
    sa.Column("info", Json),
)
