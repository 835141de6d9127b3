"""Parts that a client puts into the bucket itself, at presigned addresses.

The bytes do not pass the server on their way up. They are not believed for that: the server reads
each part once, when it is told that it is there, and checks its chunks like any other's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from blake3 import blake3

from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.receiving import Receiving, Upload
from omicshelf.backend.store.manifest import object_key
from omicshelf.backend.store.objectstore import Presigning
from omicshelf.backend.store.parts import check_part
from omicshelf.backend.wire import ChunkList, UploadPlan
from omicshelf.errors import Invalid, NotFound

__all__ = ["Direct"]

_OPEN_SECONDS = 6 * 3600.0


class Direct(Receiving):
    """The part of the embedded backend that lets clients put bytes into its bucket."""

    def plan_upload(self, upload: str, chunks: ChunkList, *, user: str) -> UploadPlan:
        answer = super().plan_upload(upload, chunks, user=user)
        store = self.store
        # What is packed is little, and a part of it has no size before it is made.
        if answer.packed or not answer.n_parts or not isinstance(store, Presigning):
            return answer
        row = self.upload_row(upload, user)
        keys = [_key(row, number) for number in range(answer.n_parts)]
        urls = store.presigned(keys, _OPEN_SECONDS)
        if not urls:
            return answer
        self._expect(row, dict(zip(keys, self._sizes(row), strict=True)))
        return answer.model_copy(update={"urls": dict(enumerate(urls))})

    def _sizes(self, row: Upload) -> list[int]:
        announced = self.announced(row)
        lengths = announced.scan.lengths
        return [int(lengths[chunks].sum()) for chunks in announced.parts]

    def _expect(self, row: Upload, sizes: Mapping[str, int]) -> None:
        """Register what a client may put, so that it is found if nothing becomes of it."""
        o = t.stored_object.c
        with self.db.reading() as connection:
            known = set(
                connection.execute(sa.select(o.key).where(o.session == row.session)).scalars()
            )
        new: dict[str, Any] = {key: size for key, size in sizes.items() if key not in known}
        self.register_objects(new, row.session)

    def take_direct(self, upload: str, number: int, *, user: str) -> None:
        """Take a part that its client says to have put at its presigned address.

        Raises
        ------
        omicshelf.errors.Invalid
            It is not there, or not what was announced; it is removed then.
        """
        row = self.upload_row(upload, user)
        if row.became is not None:
            return
        announced = self.announced(row)
        if announced.packed or not 0 <= number < row.n_parts:
            raise Invalid(
                f"The upload '{upload}' has no part {number} of that kind.",
                "Send the parts as the plan says.",
            )
        key = _key(row, number)
        try:
            data = self.store.read_bytes(key)
        except NotFound as error:
            raise Invalid(
                f"Part {number} is not at its presigned address.",
                "Put it there first, or send it to the server.",
            ) from error
        try:
            places = check_part(memoryview(data), announced.scan, announced.parts[number], False)
        except Invalid:
            self.store.delete(key)
            raise
        hashed = blake3(data).hexdigest()
        self.note_part(row, number, len(data), hashed, {"key": key, "places": places})


def _key(row: Upload, number: int) -> str:
    # Another plan has other parts: they must not take each other's place.
    plan = row.state["plan"]["announced"][:8]
    return object_key(row.id, f".{number:07d}-{plan}.part")
