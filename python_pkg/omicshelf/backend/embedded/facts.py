"""What is known of stored bytes beside their content: size, hash, chunks, and whose they are."""

from __future__ import annotations

import sqlalchemy as sa

from omicshelf.backend.base import BlobChunks
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.keeping import Keeping
from omicshelf.records import BlobRecord

__all__ = ["Facts"]

_ATLASES_OF_VERSIONS = (
    sa.select(t.dataset.c.atlas_id)
    .join(t.version, t.version.c.dataset_id == t.dataset.c.id)
    .where(t.version.c.blob_id == sa.bindparam("blob"))
)
_ATLASES_OF_FILES = (
    sa.select(t.dataset.c.atlas_id)
    .join(t.file, t.file.c.dataset_id == t.dataset.c.id)
    .where(t.file.c.blob_id == sa.bindparam("blob"))
)
_ATLASES_OF_BLOB = (
    sa.select(t.atlas.c.name)
    .where(t.atlas.c.id.in_(_ATLASES_OF_VERSIONS.union(_ATLASES_OF_FILES)))
    .order_by(t.atlas.c.name)
)


class Facts(Keeping):
    """The part of the embedded backend that tells of bytes without reading them."""

    def blob_facts(self, blob: str) -> BlobRecord:
        """Give the size, hash and format of a blob."""
        with self.db.reading() as connection:
            facts = self.facts(connection, blob)
        return BlobRecord(
            blob=facts.id, size=facts.size, blake3=facts.blake3, data_format=facts.data_format
        )

    def chunks(self, blob: str) -> BlobChunks:
        """Give how a blob is cut, and the hash of each chunk."""
        self.blob_facts(blob)  # a manifest is remembered for longer than its blob is there
        found = self.manifest(blob)
        return BlobChunks(
            size=found.size,
            blake3=found.blake3,
            params=found.params.to_dict(),
            lengths=found.extents["length"].astype("<u4").tobytes(),
            hashes=found.extents["hash"].tobytes(),
        )

    def atlases_of_blob(self, blob: str) -> list[str]:
        """Give the atlases of which a version or a file, past ones too, refers to a blob."""
        with self.db.reading() as connection:
            return list(connection.execute(_ATLASES_OF_BLOB, {"blob": blob}).scalars())

    def last_change(self) -> int:
        """Give the number of the newest line of the change log; 0 where there is none."""
        with self.db.reading() as connection:
            return connection.execute(sa.select(sa.func.max(t.change.c.seq))).scalar_one() or 0
