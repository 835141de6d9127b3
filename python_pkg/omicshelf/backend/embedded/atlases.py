"""Atlases: listed with what they hold, described, made, and deleted when they are empty."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from omicshelf import rules
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.files import Files
from omicshelf.errors import AlreadyExists, Conflict, NotFound
from omicshelf.records import AtlasRecord, Origin

__all__ = ["Atlases", "insert_atlas"]


class Atlases(Files):
    """The part of the embedded backend that keeps atlases."""

    def list_atlases(self) -> list[AtlasRecord]:
        """Give the atlases by name, with what they hold."""
        with self.db.reading() as connection:
            return _read_atlases(connection)

    def get_atlas(self, atlas: str) -> AtlasRecord:
        """Give an atlas, with what it holds."""
        with self.db.reading() as connection:
            return _read_atlases(connection, self.atlas_key(connection, atlas))[0]

    def create_atlas(
        self, atlas: str, *, description: str | None = None, by: Origin
    ) -> AtlasRecord:
        """Make an empty atlas."""
        name = rules.check_atlas(atlas)
        description = rules.check_description(description)
        with self.changing(by) as writer:
            if self.find_atlas(writer.connection, name) is not None:
                raise AlreadyExists(f"The atlas '{name}' already exists.", "Use it as it is.")
            insert_atlas(writer.connection, name, writer.time, description)
            details = {} if description is None else {"description": description}
            writer.add("create atlas", name, details=details)
        return AtlasRecord(name=name, description=description, created_at=writer.time)

    def describe_atlas(self, atlas: str, description: str | None, *, by: Origin) -> AtlasRecord:
        """Say what an atlas is for; None takes its description away."""
        description = rules.check_description(description)
        with self.changing(by) as writer:
            connection = writer.connection
            key = self.atlas_key(connection, atlas)
            (record,) = _read_atlases(connection, key)
            if record.description != description:
                described = t.atlas.update().where(t.atlas.c.id == key)
                connection.execute(described.values(description=description))
                writer.add("describe atlas", atlas, details={"description": description})
        return record.model_copy(update={"description": description})

    def delete_atlas(self, atlas: str, *, by: Origin) -> None:
        """Delete an atlas in which there is nothing that could be read or brought back."""
        with self.changing(by) as writer:
            connection = writer.connection
            key = self.atlas_key(connection, atlas)
            self._refuse_content(connection, atlas, key)
            # What is left of purged datasets is the number of their next version.
            for table in (t.dataset, t.role):
                connection.execute(table.delete().where(table.c.atlas_id == key))
            connection.execute(t.atlas.delete().where(t.atlas.c.id == key))
            writer.add("delete atlas", atlas)

    @staticmethod
    def _refuse_content(connection: sa.Connection, atlas: str, key: int) -> None:
        d = t.dataset.c
        kept = sa.or_(
            ~d.deleted,
            sa.exists().where(t.version.c.dataset_id == d.id),
            sa.exists().where(t.file.c.dataset_id == d.id),
        )
        found = connection.execute(
            sa.select(d.dataset_id, d.deleted)
            .where(d.atlas_id == key, kept)
            .order_by(d.deleted, d.dataset_id)
            .limit(1)
        ).one_or_none()
        if found is None:
            return
        if found.deleted:
            raise Conflict(
                f"The atlas '{atlas}' is not empty: '{found.dataset_id}' was deleted, and can be "
                "brought back.",
                f"Remove it for good first: `catalog.purge_dataset('{found.dataset_id}')`.",
            )
        raise Conflict(
            f"The atlas '{atlas}' is not empty: it has the dataset '{found.dataset_id}'.",
            f"Only an empty atlas is deleted: `catalog.delete_dataset('{found.dataset_id}')` and "
            f"`catalog.purge_dataset('{found.dataset_id}')` remove a dataset for good.",
        )

    # -- rows

    def atlas_key(self, connection: sa.Connection, atlas: str) -> int:
        """Give the key of an atlas that is there.

        Raises
        ------
        omicshelf.errors.NotFound
            With the near misses.
        """
        key = self.find_atlas(connection, atlas)
        if key is None:
            raise NotFound(
                f"The atlas '{rules.shown(atlas)}' does not exist.",
                self._atlases_there_are(connection, atlas),
            )
        return key

    def make_atlas(self, connection: sa.Connection, atlas: str, now: int) -> int:
        """Give the key of an atlas, made where it is not there yet."""
        key = self.find_atlas(connection, atlas)
        return insert_atlas(connection, atlas, now) if key is None else key


def insert_atlas(
    connection: sa.Connection, name: str, created_at: int, description: str | None = None
) -> int:
    """Insert an atlas under a key that no other ever had; gives the key."""
    values = {"name": name, "created_at": created_at, "description": description}
    if connection.dialect.name == "sqlite":
        # SQLite gives the key of a deleted atlas again, and the facets in a process's memory are
        # kept by it. Every atlas has a change, so that no key is beyond the last change.
        last = (sa.select(sa.func.max(column)) for column in (t.atlas.c.id, t.change.c.seq))
        values["id"] = 1 + max(connection.execute(query).scalar_one() or 0 for query in last)
    made = connection.execute(t.atlas.insert().values(**values))
    assert made.inserted_primary_key is not None
    return int(made.inserted_primary_key[0])


def _read_atlases(connection: sa.Connection, key: int | None = None) -> list[AtlasRecord]:
    """Give one atlas, or all by name, with what they hold."""
    d, v, a = t.dataset.c, t.version.c, t.atlas.c
    datasets = sa.select(d.atlas_id, sa.func.count()).where(~d.deleted).group_by(d.atlas_id)
    versions = (
        sa.select(d.atlas_id, sa.func.count(), sa.func.coalesce(sa.func.sum(v.added_bytes), 0))
        .join(t.version, v.dataset_id == d.id)
        .group_by(d.atlas_id)
    )
    atlases = sa.select(t.atlas).order_by(a.name)
    if key is not None:
        datasets, versions = (q.where(d.atlas_id == key) for q in (datasets, versions))
        atlases = atlases.where(a.id == key)
    n_datasets = _by_atlas(connection, datasets)
    held = _by_atlas(connection, versions)
    return [
        AtlasRecord(
            name=row.name,
            description=row.description,
            created_at=row.created_at,
            n_datasets=n_datasets.get(row.id, (0,))[0],
            n_versions=held.get(row.id, (0, 0))[0],
            size=held.get(row.id, (0, 0))[1],
        )
        for row in connection.execute(atlases)
    ]


def _by_atlas(
    connection: sa.Connection, query: sa.Select[tuple[int, int]] | sa.Select[tuple[int, int, int]]
) -> dict[int, Sequence[int]]:
    return {row[0]: row[1:] for row in connection.execute(query)}
