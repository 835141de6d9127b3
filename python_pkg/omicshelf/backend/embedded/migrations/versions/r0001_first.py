"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Compared and ordered by its bytes, whatever the database's language is.
Word = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "atlas",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_atlas")),
        sa.UniqueConstraint("name", name=op.f("uq_atlas_name")),
    )
    op.create_table(
        "blob",
        sa.Column("id", Word, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blake3", Word, nullable=False),
        sa.Column("sha256", Word, nullable=True),
        sa.Column("digest", Word, nullable=True),
        sa.Column("data_format", Word, nullable=True),
        sa.Column("summary", sa.JSON(), nullable=True),
        sa.Column("manifest", Word, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blob")),
    )
    op.create_index(op.f("ix_blob_blake3"), "blob", ["blake3"], unique=False)
    op.create_table(
        "change",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("user", Word, nullable=True),
        sa.Column("action", Word, nullable=False),
        sa.Column("atlas", Word, nullable=False),
        sa.Column("dataset_id", Word, nullable=True),
        sa.Column("version_id", Word, nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("session", Word, nullable=True),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_change")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_change_dataset", "change", ["atlas", "dataset_id", "seq"], unique=False)
    op.create_index(op.f("ix_change_session"), "change", ["session"], unique=False)
    op.create_table(
        "object",
        sa.Column("key", Word, nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("session", Word, nullable=True),
        sa.Column("mark", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("dead_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_object")),
    )
    op.create_index("ix_object_state", "object", ["state", "dead_at"], unique=False)
    op.create_table(
        "session",
        sa.Column("id", Word, nullable=False),
        sa.Column("host", Word, nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("heartbeat_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session")),
    )
    op.create_table(
        "setting",
        sa.Column("key", Word, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_setting")),
    )
    op.create_table(
        "blob_object",
        sa.Column("blob_id", Word, nullable=False),
        sa.Column("key", Word, nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_blob_object_blob_id_blob")),
        sa.ForeignKeyConstraint(["key"], ["object.key"], name=op.f("fk_blob_object_key_object")),
        sa.PrimaryKeyConstraint("blob_id", "key", name=op.f("pk_blob_object")),
    )
    op.create_index(op.f("ix_blob_object_key"), "blob_object", ["key"], unique=False)
    op.create_table(
        "dataset",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("atlas_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dataset_id", Word, nullable=False),
        sa.Column("incarnation", sa.Integer(), server_default="1", nullable=False),
        sa.Column("next_seq", sa.Integer(), server_default="1", nullable=False),
        sa.Column("deleted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("study_id", Word, nullable=True),
        sa.Column(
            "current_version", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
        ),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("modified_at", sa.BigInteger(), nullable=False),
        sa.Column(
            "change_seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            server_default="0",
            nullable=False,
        ),
        sa.Column("data_type", Word, server_default="", nullable=False),
        sa.Column("data_format", Word, nullable=True),
        sa.Column("author", Word, nullable=True),
        sa.Column("size", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("n_obs", sa.BigInteger(), nullable=True),
        sa.Column("n_vars", sa.BigInteger(), nullable=True),
        sa.Column("n_problems", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["atlas_id"], ["atlas.id"], name=op.f("fk_dataset_atlas_id_atlas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("atlas_id", "dataset_id", name=op.f("uq_dataset_atlas_id_dataset_id")),
    )
    op.create_index("ix_dataset_change", "dataset", ["atlas_id", "change_seq"], unique=False)
    op.create_index(
        "ix_dataset_created", "dataset", ["atlas_id", "deleted", "created_at", "id"], unique=False
    )
    op.create_index(
        "ix_dataset_modified",
        "dataset",
        ["atlas_id", "deleted", "modified_at", "id", "current_version"],
        unique=False,
    )
    op.create_index(
        "ix_dataset_size", "dataset", ["atlas_id", "deleted", "size", "id"], unique=False
    )
    op.create_index(
        "ix_dataset_study",
        "dataset",
        ["atlas_id", "study_id", "deleted", "dataset_id"],
        unique=False,
    )
    op.create_table(
        "attribute",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("atlas_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("key", Word, nullable=False),
        sa.Column("text", Word, nullable=True),
        sa.Column("shown", Word, nullable=True),
        sa.Column("number", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_attribute_dataset_id_dataset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attribute")),
    )
    op.create_index(op.f("ix_attribute_dataset_id"), "attribute", ["dataset_id"], unique=False)
    op.create_index(
        "ix_attribute_number",
        "attribute",
        ["atlas_id", "key", "number", "dataset_id"],
        unique=False,
    )
    op.create_index(
        "ix_attribute_text",
        "attribute",
        ["atlas_id", "key", "text", "shown", "dataset_id"],
        unique=False,
    )
    op.create_table(
        "file",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", Word, nullable=False),
        sa.Column(
            "dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("name", Word, nullable=False),
        sa.Column("file_format", Word, nullable=False),
        sa.Column("tag", Word, nullable=True),
        sa.Column("blob_id", Word, nullable=False),
        sa.Column("derived_from", Word, nullable=True),
        sa.Column("auto_remove", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("author", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", Word, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_file_blob_id_blob")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_file_dataset_id_dataset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_file")),
        sa.UniqueConstraint("uuid", name=op.f("uq_file_uuid")),
    )
    op.create_index(op.f("ix_file_blob_id"), "file", ["blob_id"], unique=False)
    op.create_index("ix_file_dataset", "file", ["dataset_id", "incarnation", "name"], unique=False)
    op.create_index(
        "uq_file_current",
        "file",
        ["dataset_id", "name"],
        unique=True,
        sqlite_where=sa.text("state = 'current'"),
        postgresql_where=sa.text("state = 'current'"),
    )
    op.create_table(
        "version",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", Word, nullable=False),
        sa.Column(
            "dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("incarnation", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("data_type", Word, nullable=False),
        sa.Column("data_format", Word, nullable=True),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("blob_id", Word, nullable=False),
        sa.Column("record", Word, nullable=False),
        sa.Column("n_obs", sa.BigInteger(), nullable=True),
        sa.Column("n_vars", sa.BigInteger(), nullable=True),
        sa.Column("n_problems", sa.Integer(), server_default="0", nullable=False),
        sa.Column("added_bytes", sa.BigInteger(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("author", Word, nullable=True),
        sa.Column("origin", sa.JSON(), nullable=False),
        sa.Column("rolled_back_from", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["blob_id"], ["blob.id"], name=op.f("fk_version_blob_id_blob")),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_version_dataset_id_dataset")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_version")),
        sa.UniqueConstraint("dataset_id", "seq", name=op.f("uq_version_dataset_id_seq")),
        sa.UniqueConstraint("uuid", name=op.f("uq_version_uuid")),
    )
    op.create_index("ix_version_added", "version", ["dataset_id", "added_bytes"], unique=False)
    op.create_index(op.f("ix_version_blob_id"), "version", ["blob_id"], unique=False)
    op.create_table(
        "label",
        sa.Column(
            "dataset_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("name", Word, nullable=False),
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("author", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_label_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_label_version_id_version")
        ),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_label")),
    )
    op.create_index(op.f("ix_label_version_id"), "label", ["version_id"], unique=False)
    op.create_table(
        "version_input",
        sa.Column(
            "version_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", Word, nullable=False),
        sa.Column("source", Word, nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["version.id"], name=op.f("fk_version_input_version_id_version")
        ),
        sa.PrimaryKeyConstraint("version_id", "position", name=op.f("pk_version_input")),
    )
    op.create_index(op.f("ix_version_input_source"), "version_input", ["source"], unique=False)
    op.create_table(
        "role",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("atlas_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("user", Word, nullable=False),
        sa.Column("role", Word, nullable=False),
        sa.Column("author", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["atlas_id"], ["atlas.id"], name=op.f("fk_role_atlas_id_atlas")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role")),
    )
    op.create_index(
        "uq_role_atlas_user", "role", [sa.text("coalesce(atlas_id, 0)"), "user"], unique=True
    )
    op.create_table(
        "token",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user", Word, nullable=False),
        sa.Column("hash", Word, nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("created_by", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_token_user"), "token", ["user"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", Word, nullable=False),
        sa.Column("user", Word, nullable=False),
        sa.Column("atlas", Word, nullable=False),
        sa.Column("dataset_id", Word, nullable=False),
        sa.Column("request", sa.JSON(), nullable=False),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("version_id", Word, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_expires_at"), "upload", ["expires_at"], unique=False)
    op.create_table(
        "upload_part",
        sa.Column("upload_id", Word, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("blake3", Word, nullable=False),
        sa.Column("info", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["upload_id"], ["upload.id"], name=op.f("fk_upload_part_upload_id_upload")
        ),
        sa.PrimaryKeyConstraint("upload_id", "number", name=op.f("pk_upload_part")),
    )
    make_full_text()
    make_fold()


def make_full_text() -> None:
    """Create the full-text index: FTS5 on SQLite, a tsvector on PostgreSQL."""
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE dataset_text USING fts5("
            "body, tokenize='unicode61 remove_diacritics 2', prefix='2 3')"
        )
        return
    op.execute(
        "CREATE TABLE dataset_text (dataset_id bigint PRIMARY KEY REFERENCES dataset (id),"
        " body tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_dataset_text_body ON dataset_text USING gin (body)")


def make_fold() -> None:
    """Create what folds the case of any script on PostgreSQL; SQLite is given it when opened.

    By way of capitals, as Unicode folds: "ß" to "ss", both forms of the small sigma to one. Only
    the "ı" without a dot must not go that way, or it came back as "i".
    """
    bind = op.get_bind()
    if bind.dialect.name == "sqlite":
        return
    there = sa.text("SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'")
    collation = "und-x-icu" if bind.execute(there).scalar_one() else "default"
    op.execute(
        "CREATE FUNCTION omicshelf_fold(body text) RETURNS text"
        " LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS"
        " $$SELECT translate("
        f""" lower(upper(lower(translate(body, 'ı', chr(65535)) COLLATE "{collation}"))),"""
        " 'ς' || chr(65535), 'σı')$$"
    )


def downgrade() -> None:
    """Drop the tables."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION omicshelf_fold(text)")
    op.execute("DROP TABLE dataset_text")
    op.drop_table("upload_part")
    op.drop_index(op.f("ix_upload_expires_at"), table_name="upload")
    op.drop_table("upload")
    op.drop_index(op.f("ix_token_user"), table_name="token")
    op.drop_table("token")
    op.drop_index("uq_role_atlas_user", table_name="role")
    op.drop_table("role")
    op.drop_index(op.f("ix_version_input_source"), table_name="version_input")
    op.drop_table("version_input")
    op.drop_index(op.f("ix_label_version_id"), table_name="label")
    op.drop_table("label")
    op.drop_index("ix_version_added", table_name="version")
    op.drop_index(op.f("ix_version_blob_id"), table_name="version")
    op.drop_table("version")
    op.drop_index(
        "uq_file_current",
        table_name="file",
        sqlite_where=sa.text("state = 'current'"),
        postgresql_where=sa.text("state = 'current'"),
    )
    op.drop_index("ix_file_dataset", table_name="file")
    op.drop_index(op.f("ix_file_blob_id"), table_name="file")
    op.drop_table("file")
    op.drop_index("ix_attribute_text", table_name="attribute")
    op.drop_index("ix_attribute_number", table_name="attribute")
    op.drop_index(op.f("ix_attribute_dataset_id"), table_name="attribute")
    op.drop_table("attribute")
    op.drop_index("ix_dataset_study", table_name="dataset")
    op.drop_index("ix_dataset_size", table_name="dataset")
    op.drop_index("ix_dataset_modified", table_name="dataset")
    op.drop_index("ix_dataset_change", table_name="dataset")
    op.drop_index("ix_dataset_created", table_name="dataset")
    op.drop_table("dataset")
    op.drop_index(op.f("ix_blob_object_key"), table_name="blob_object")
    op.drop_table("blob_object")
    op.drop_table("setting")
    op.drop_table("session")
    op.drop_index("ix_object_state", table_name="object")
    op.drop_table("object")
    op.drop_index(op.f("ix_change_session"), table_name="change")
    op.drop_index("ix_change_dataset", table_name="change")
    op.drop_table("change")
    op.drop_index(op.f("ix_blob_blake3"), table_name="blob")
    op.drop_table("blob")
    op.drop_table("atlas")
