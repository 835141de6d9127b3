"""Uploads: bytes that come from a client in parts, and are named by a later request.

What has arrived is kept in the database and the store, not in a process: whoever serves the next
part may be another one. An upload is a session of its own, alive until it expires, so that
garbage collection leaves its objects alone while it is under way and takes them when it is over.
"""

from __future__ import annotations

import mmap
import os
import shutil
import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from blake3 import blake3 as new_blake3

from omicshelf import rules
from omicshelf.backend.clock import now_ms
from omicshelf.backend.drafts import check_version
from omicshelf.backend.embedded import schema as t
from omicshelf.backend.embedded.announced import (
    Announced,
    announce,
    announced_json,
    encode_inspection,
    read_announced,
)
from omicshelf.backend.embedded.assembly import StoredPart
from omicshelf.backend.embedded.keeping import Keeping
from omicshelf.backend.source import Source
from omicshelf.backend.store.durable import storage_errors, sync_descriptor, sync_folder
from omicshelf.backend.store.manifest import object_key
from omicshelf.backend.store.packs import params_for, plan
from omicshelf.backend.store.parts import check_part, part_size_of
from omicshelf.backend.store.sidecar import Sidecar
from omicshelf.backend.wire import (
    ChunkList,
    Inspected,
    InspectedState,
    UploadPlan,
    UploadRequest,
    UploadState,
)
from omicshelf.errors import Conflict, Invalid, NotFound
from omicshelf.records import DatasetRecord

__all__ = ["Receiving", "Upload"]

_KEPT_MS = 24 * 3600 * 1000
_LONGEST = 1 << 50  # bytes; larger numbers are mistakes
_MOST_PARTS = 1 << 20
_MOST_OPEN = 200  # uploads of one user; each may keep bytes for a day
_KEPT_LISTS = 16

u, p = t.upload.c, t.upload_part.c


@dataclass(frozen=True)
class Upload:
    """A row of ``upload``."""

    id: str
    request: UploadRequest
    state: Mapping[str, Any]
    became: str | None
    expires_at: int

    @property
    def session(self) -> str:
        """The session that owns what has arrived."""
        return f"upload-{self.id}"

    @property
    def part_size(self) -> int:
        """Bytes of one part, at most."""
        return part_size_of(self.request.size)

    @cached_property
    def n_parts(self) -> int:
        """How many parts there are, when that is known."""
        if self.request.chunked:
            found: int = self.state["plan"]["n_parts"] if self.state.get("plan") else 0
            return found
        return -(-self.request.size // self.part_size)


class Receiving(Keeping):
    """The part of the embedded backend that takes bytes in parts."""

    def __init__(self) -> None:
        super().__init__()
        self._uploads_guard = threading.Lock()
        self._kept_announced: OrderedDict[tuple[str, str], Announced] = OrderedDict()

    # -- begin, look, end

    def begin_upload(self, request: UploadRequest, *, user: str) -> UploadState:
        """Begin an upload; what its end would refuse is refused here, before a byte travels.

        Returns
        -------
        UploadState
            With ``unchanged`` where a ``save`` of this content would change nothing.

        Raises
        ------
        omicshelf.errors.Invalid, NotFound, AlreadyExists, Conflict
            As ``put_version`` and ``put_file`` raise them.
        """
        _check(request)
        unchanged = self._refuse_early(request)
        params = None
        if request.chunked:
            known = self._known(self._near(request))
            params = params_for(request.size, known).to_dict()
        state = UploadState(
            upload=str(uuid.uuid4()) if unchanged is None else "",
            expires_at=now_ms() + _KEPT_MS,
            part_size=part_size_of(request.size),
            chunked=request.chunked,
            params=params,
            unchanged=unchanged,
        )
        if unchanged is None:
            self._insert_upload(request, state, user)
        return state

    def _refuse_early(self, request: UploadRequest) -> DatasetRecord | None:
        if request.version is None:
            assert request.file_name is not None
            rules.check_file_name(request.file_name)
            with self.db.reading() as connection:
                self.live_dataset(connection, request.atlas, request.dataset_id)
            return None
        draft = check_version(request.version.draft())
        base = self._check_draft(request.atlas, draft, with_data=True)
        offer = _Offer(request.data_format, request.digest)
        if draft.mode == "save" and self._is_unchanged(base, draft, cast("Source", offer)):
            return self._unchanged(base)
        return None

    def _insert_upload(self, request: UploadRequest, state: UploadState, user: str) -> None:
        now = now_ms()
        with self.db.writing() as connection:
            _check_open(connection, user, now)
            connection.execute(
                t.session.insert().values(
                    id=f"upload-{state.upload}",
                    host="upload",
                    pid=0,
                    started_at=now,
                    heartbeat_at=state.expires_at,
                )
            )
            connection.execute(
                t.upload.insert().values(
                    id=state.upload,
                    user=user,
                    atlas=request.atlas,
                    dataset_id=request.dataset_id,
                    request=request.model_dump(mode="json", exclude_defaults=True),
                    state={"params": state.params},
                    created_at=now,
                    expires_at=state.expires_at,
                )
            )

    def upload_state(self, upload: str, *, user: str) -> UploadState:
        """Say which parts of an upload are there, so that a client can go on with the others."""
        row = self.upload_row(upload, user)
        with self.db.reading() as connection:
            numbers = connection.execute(
                sa.select(p.number).where(p.upload_id == upload).order_by(p.number)
            ).scalars()
            return UploadState(
                upload=upload,
                expires_at=row.expires_at,
                part_size=row.part_size,
                chunked=row.request.chunked,
                params=row.state["params"],
                parts=list(numbers),
                ended=row.became is not None,
            )

    def drop_upload(self, upload: str, *, user: str) -> None:
        """End an upload that is not wanted any more, and remove what has arrived of it."""
        self._remove_upload(self.upload_row(upload, user).id)

    def _remove_upload(self, upload: str) -> None:
        session = f"upload-{upload}"
        o = t.stored_object.c
        with self.db.writing() as connection:
            connection.execute(t.upload_part.delete().where(p.upload_id == upload))
            connection.execute(t.upload.delete().where(u.id == upload))
            pending = sa.select(o.key).where(o.session == session, o.state == "pending")
            keys = list(connection.execute(pending).scalars())
        self.forget(keys)
        with self.db.writing() as connection:
            connection.execute(t.session.delete().where(t.session.c.id == session))
        self._clear_upload(upload)

    def open_uploads(self) -> int:
        """Give how many uploads are under way: not used yet, and not over."""
        count = sa.select(sa.func.count()).select_from(t.upload)
        with self.db.reading() as connection:
            open_ = count.where(u.version_id.is_(None), u.expires_at >= now_ms())
            return connection.execute(open_).scalar_one()

    def drop_expired_uploads(self) -> int:
        """End the uploads whose time is over; gives their number."""
        with self.db.reading() as connection:
            over = list(
                connection.execute(sa.select(u.id).where(u.expires_at < now_ms())).scalars()
            )
        for upload in over:
            self._remove_upload(upload)
        return len(over)

    def gc(self, *, dry_run: bool = False, grace: float | None = None) -> Any:
        if not dry_run:
            self.drop_expired_uploads()
        return super().gc(dry_run=dry_run, grace=grace)

    def upload_row(self, upload: str, user: str) -> Upload:
        """Give an upload of this user's that is under way."""
        with self.db.reading() as connection:
            row = connection.execute(
                sa.select(t.upload).where(u.id == str(upload), u.user == user)
            ).one_or_none()
        if row is None or row.expires_at < now_ms():
            raise NotFound(
                f"There is no upload '{rules.shown(upload)}' of yours.",
                "It has expired, was ended, or is somebody else's; begin a new one.",
            )
        request = UploadRequest.model_validate(row.request)
        return Upload(row.id, request, row.state, row.version_id, row.expires_at)

    def _near(self, request: UploadRequest) -> list[str]:
        """Give the blobs whose chunks this upload may share: of the same dataset, or file."""
        with self.db.reading() as connection:
            row = self.find_dataset(connection, request.atlas, request.dataset_id)
            if row is None:
                return []
            if request.file_name is not None:
                return self._file_blobs(connection, row.id, request.file_name)
            return self.near_blobs(connection, row.id)

    def _change_state(self, upload: str, state: Mapping[str, Any]) -> None:
        with self.db.writing(alone=False) as connection:
            connection.execute(t.upload.update().where(u.id == upload).values(state=dict(state)))

    # -- what is announced

    def plan_upload(self, upload: str, chunks: ChunkList, *, user: str) -> UploadPlan:
        """Say which chunks of a file the last versions of its dataset lack.

        Asked again with the same chunks, the plan and the parts that are there stay as they are;
        with others, or ``all``, the upload starts over.
        """
        row = self.upload_row(upload, user)
        if not row.request.chunked:
            raise Invalid(
                f"The upload '{upload}' is not chunked.", "Send its bytes in parts as they are."
            )
        new = announce(chunks, row.state["params"], row.request.size)
        old = row.state.get("plan")
        if old is not None and (old["announced"], old["all"]) == (new.id, chunks.all):
            return self.announced(row).plan()
        known = [] if chunks.all else self._known(self._near(row.request))
        known = [manifest for manifest in known if manifest.params == new.scan.params]
        decided = plan(new.scan, known, self._unsound(known))
        new = new.planned(decided)
        answer = new.plan()
        if answer.n_parts > _MOST_PARTS:
            raise Invalid(f"A file of {row.request.size} bytes has too many parts.")
        self._drop_parts(row)
        key = self._keep_beside(row, f".{new.id[:16]}.chunks", new.encode())
        told = {"key": key, "all": chunks.all, "n_parts": answer.n_parts, **announced_json(new)}
        self._change_state(upload, {**row.state, "plan": told})
        return answer

    def announced(self, row: Upload) -> Announced:
        """Give the chunks that were announced; the last few are remembered for their parts."""
        told = row.state.get("plan")
        if told is None:
            raise Invalid(
                f"The chunks of the upload '{row.id}' are not known yet.",
                f"Send them first: PUT /uploads/{row.id}/chunks.",
            )
        known = told["key"], told["sent"]
        with self._uploads_guard:
            found = self._kept_announced.get(known)
        if found is None:
            found = read_announced(told, self.store.read_bytes(told["key"]))
            with self._uploads_guard:
                self._kept_announced[known] = found
                while len(self._kept_announced) > _KEPT_LISTS:
                    self._kept_announced.popitem(last=False)
        return found

    def inspected(self, upload: str, found: Inspected, *, user: str) -> InspectedState:
        """Take what a client learnt from the content of a chunked upload.

        Of names that the last versions of the dataset have, their hash is enough; where they
        have no such names, nothing is kept, and the client is asked for them.
        """
        row = self.upload_row(upload, user)
        sidecar = None
        if found.names_hash is not None:
            sidecar = self._names_nearby(row.request, found.names_hash)
            if sidecar is None:
                return InspectedState(lacks_names=True)
        data = encode_inspection(found, row.request.data_format, sidecar)
        name = new_blake3(data).hexdigest()[:16]
        if row.state.get("inspection", "").endswith(f".{name}.inspection"):
            return InspectedState()
        key = self._keep_beside(row, f".{name}.inspection", data)
        self._change_state(upload, {**self.upload_row(upload, user).state, "inspection": key})
        return InspectedState()

    def _names_nearby(self, request: UploadRequest, names_hash: str) -> Sidecar | None:
        """Find names among those of the last versions of the same dataset, and nowhere else."""
        for manifest in self._known(self._near(request)):
            if manifest.sidecar is not None and manifest.sidecar.blake3 == names_hash:
                return manifest.sidecar
        return None

    def _keep_beside(self, row: Upload, suffix: str, data: bytes) -> str:
        # A name of its own: a killed attempt may have registered, and not written, the same.
        key = object_key(row.id, f".{uuid.uuid4().hex[:8]}{suffix}")
        self.write_objects({key: data}, session=row.session)
        return key

    # -- parts

    def put_part(self, upload: str, number: int, received: Path, blake3: str, *, user: str) -> None:
        """Take one part: a temporary file of the caller's, which may be moved.

        Raises
        ------
        omicshelf.errors.Invalid
            Its bytes do not have the hash or the size, or are not the chunks of the plan.
        """
        row = self.upload_row(upload, user)
        if row.became is not None:
            return  # asked again after the end: it was there
        announced = self.announced(row) if row.request.chunked else None
        if not 0 <= number < row.n_parts:
            raise Invalid(
                f"The upload '{upload}' has no part {number}.",
                f"Its parts have the numbers 0 to {row.n_parts - 1}.",
            )
        data = _mapped(received)
        size = len(data)
        _check_hash(data, blake3, number)
        places = offset = None
        if announced is None:
            _check_size(size, number, row)
            offset = number * row.part_size
        else:
            chunks = announced.parts[number]
            places = check_part(data, announced.scan, chunks, announced.packed)
            if not announced.packed:
                offset = announced.offset_of(chunks[0])
        del data
        if self._part_is_there(upload, number, blake3):
            return
        key = self._store_part(row, number, received, offset)
        self.note_part(row, number, size, blake3, {"key": key, "places": places})

    def _part_is_there(self, upload: str, number: int, blake3: str) -> bool:
        with self.db.reading() as connection:
            there = connection.execute(
                sa.select(p.blake3).where(p.upload_id == upload, p.number == number)
            ).scalar_one_or_none()
        return there == blake3

    def _store_part(self, row: Upload, number: int, received: Path, offset: int | None) -> str:
        """Keep a part: in the file that it belongs to, or in a file or an object of its own."""
        if not self.has_local_objects:
            key = object_key(row.id, f".{number:07d}-{uuid.uuid4().hex[:6]}.part")
            self.write_objects({key: received}, session=row.session)
            return key
        folder = self._upload_folder(row.id)
        with storage_errors(f"write to the catalog at {self.root}"):
            folder.mkdir(parents=True, exist_ok=True)
            if offset is None:
                with received.open("rb+") as whole:
                    sync_descriptor(whole.fileno())
                shutil.move(received, folder / f"{number}.part")
                sync_folder(folder)
                return f"{number}.part"
            handle = os.open(folder / "data", os.O_RDWR | os.O_CREAT, 0o644)
            try:
                with received.open("rb") as source, os.fdopen(os.dup(handle), "rb+") as target:
                    target.seek(offset)
                    shutil.copyfileobj(source, target, 1 << 20)
                sync_descriptor(handle)
            finally:
                os.close(handle)
        return "data"

    def note_part(
        self, row: Upload, number: int, size: int, blake3: str, info: Mapping[str, Any]
    ) -> None:
        """Note that a part is there; the upload lives on from now."""
        expires = now_ms() + _KEPT_MS
        with self.db.writing(alone=False) as connection:
            this = sa.and_(p.upload_id == row.id, p.number == number)
            connection.execute(t.upload_part.delete().where(this))
            connection.execute(
                t.upload_part.insert().values(
                    upload_id=row.id, number=number, size=size, blake3=blake3, info=dict(info)
                )
            )
            connection.execute(t.upload.update().where(u.id == row.id).values(expires_at=expires))
            connection.execute(
                t.session.update().where(t.session.c.id == row.session).values(heartbeat_at=expires)
            )

    def _drop_parts(self, row: Upload) -> None:
        parts = self._parts(row.id)
        with self.db.writing() as connection:
            connection.execute(t.upload_part.delete().where(p.upload_id == row.id))
        if not self.has_local_objects:
            self.forget([part.key for part in parts])
        self._clear_upload(row.id)

    def _parts(self, upload: str) -> list[StoredPart]:
        with self.db.reading() as connection:
            rows = connection.execute(
                sa.select(t.upload_part).where(p.upload_id == upload).order_by(p.number)
            ).all()
        return [
            StoredPart(row.number, row.info["key"], row.size, row.blake3, row.info["places"])
            for row in rows
        ]

    def _upload_folder(self, upload: str) -> Path:
        return self.root / "tmp" / f"upload-{upload}"

    def _clear_upload(self, upload: str) -> None:
        shutil.rmtree(self._upload_folder(upload), ignore_errors=True)


@dataclass(frozen=True)
class _Offer:
    """What is known of data that have not been sent."""

    data_format: str
    known_digest: str | None

    def digest(self) -> str | None:
        return self.known_digest


def _check(request: UploadRequest) -> None:
    rules.check_atlas(request.atlas)
    rules.check_dataset_id(request.dataset_id)
    rules.check_format(request.data_format)
    if (request.version is None) == (request.file_name is None):
        raise Invalid(
            "An upload is for a version or for a file.", "Name what it is for: one of both."
        )
    if request.version is not None and request.version.dataset_id != request.dataset_id:
        raise Invalid(
            f"The upload is for '{request.dataset_id}', its version for "
            f"'{rules.shown(request.version.dataset_id)}'.",
            "Name the same dataset in both.",
        )
    if request.size > _LONGEST:
        raise Invalid(f"{request.size} bytes are no size of a file.", "Pass its number of bytes.")


def _check_open(connection: sa.Connection, user: str, now: int) -> None:
    open_ = sa.select(u.id).where(u.user == user, u.version_id.is_(None), u.expires_at >= now)
    oldest = connection.execute(open_.order_by(u.created_at).limit(_MOST_OPEN)).scalars().all()
    if len(oldest) >= _MOST_OPEN:
        raise Conflict(
            f"'{user}' has begun {_MOST_OPEN} uploads, and ended none of them.",
            f"Finish some, or end them: DELETE /uploads/{oldest[0]} is the oldest. What is left "
            "alone expires a day after its last part.",
        )


def _check_size(size: int, number: int, row: Upload) -> None:
    expected = min(row.part_size, row.request.size - number * row.part_size)
    if size != expected:
        raise Invalid(
            f"Part {number} has {size} bytes and not {expected}.",
            f"Parts have {row.part_size} bytes, the last one what is left.",
        )


def _check_hash(data: memoryview, blake3: str, number: int) -> None:
    found = new_blake3(data, max_threads=1).hexdigest()
    if found != blake3.lower():
        raise Invalid(
            f"Part {number} has the hash {found}, not {rules.shown(blake3)}.",
            "It was damaged on its way, or cut off: send it again.",
        )


def _mapped(path: Path) -> memoryview:
    """Give the bytes of a file without reading them into memory."""
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return memoryview(b"")
        # Not closed by hand: an error on its way up may still refer to a piece of it.
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
