"""What a client says of a file before it sends it: how it is cut, and what is in it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import zstandard
from blake3 import blake3
from pydantic import ValidationError

from omicshelf import rules
from omicshelf.backend.store.chunks import ChunkParams, Scan
from omicshelf.backend.store.packs import SMALL_FILE, Plan
from omicshelf.backend.store.parts import (
    first_of_each,
    from_bits,
    part_size_of,
    parts_of,
    scan_of,
    to_bits,
)
from omicshelf.backend.store.sidecar import Sidecar
from omicshelf.backend.wire import ChunkList, Inspected, UploadPlan
from omicshelf.errors import Invalid
from omicshelf.formats.base import Inspection, Names
from omicshelf.records import Summary

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "Announced",
    "announce",
    "announced_json",
    "decode_inspection",
    "encode_inspection",
    "read_announced",
]

_HASH = re.compile("[0-9a-f]{64}")
_MOST_SUMMARY = 16 << 20  # bytes of JSON; those of the largest files have a few hundred kB
_MOST_BYTES = 1 << 30  # of an inspection, unpacked


@dataclass(frozen=True, eq=False)
class Announced:
    """The chunks of a file, and which of them are sent.

    Attributes
    ----------
    scan
        All chunks.
    sent
        Which are sent, one flag a chunk; of several with one content the first is.
    packed
        Whether they are compressed one by one.
    """

    scan: Scan
    sent: npt.NDArray[np.bool_]
    packed: bool = False

    @cached_property
    def id(self) -> str:
        """The hash of what was announced, by which it is known again."""
        whole = blake3(self.scan.hashes.tobytes())
        whole.update(self.scan.lengths.astype("<u4").tobytes())
        whole.update(f"{self.scan.size} {self.scan.blake3}".encode())
        return whole.hexdigest()

    @cached_property
    def wanted(self) -> list[int]:
        """The chunks that travel, in order."""
        if not self.packed:
            return list(range(len(self.scan.lengths)))
        return first_of_each(self.scan.hashes, self.sent)

    @cached_property
    def _starts(self) -> npt.NDArray[np.int64]:
        lengths = self.scan.lengths.astype(np.int64)
        return np.cumsum(lengths) - lengths

    @cached_property
    def parts(self) -> list[list[int]]:
        """The chunks of each part."""
        return parts_of(self.scan.lengths, self.wanted, part_size_of(self.scan.size))

    def offset_of(self, chunk: int) -> int:
        """Give where a chunk begins in the file."""
        return int(self._starts[chunk])

    def planned(self, decided: Plan) -> Announced:
        """Decide what is sent: of a small file that shares anything, only what is new, packed."""
        small = self.scan.size <= SMALL_FILE and bool(decided.known.any())
        if decided.kind == "verbatim" and not small:
            return self
        return replace(self, sent=~decided.known, packed=True)

    def plan(self) -> UploadPlan:
        """Give what the client is told."""
        missing = np.zeros(len(self.scan.lengths), np.bool_)
        missing[self.wanted] = True
        return UploadPlan(
            packed=self.packed,
            missing=base64.b64encode(to_bits(missing)).decode(),
            n_missing=len(self.wanted),
            n_parts=len(self.parts),
        )

    def encode(self) -> bytes:
        """Give the lengths and hashes as they are kept."""
        lengths = self.scan.lengths.astype("<u4").tobytes()
        return zstandard.ZstdCompressor(level=1).compress(lengths + self.scan.hashes.tobytes())


def announce(chunks: ChunkList, params: Mapping[str, Any], size: int) -> Announced:
    """Read and check what a client announces of a file of ``size`` bytes."""
    if chunks.size != size:
        raise Invalid(
            f"The chunks are those of {chunks.size} bytes; the upload was begun for {size}.",
            "The file may have changed meanwhile: begin a new upload.",
        )
    if not _HASH.fullmatch(chunks.blake3):
        raise Invalid(
            f"'{chunks.blake3:.80}' is no blake3 hash.", "It has 64 lower-case hexadecimal digits."
        )
    lengths, hashes = _bytes(chunks.lengths, "lengths"), _bytes(chunks.hashes, "hashes")
    found = scan_of(size, chunks.blake3, lengths, hashes, ChunkParams(**params))
    return Announced(found, np.ones(len(found.lengths), np.bool_))


def announced_json(found: Announced) -> dict[str, Any]:
    """Give what is kept of it beside the lengths and hashes."""
    return {
        "announced": found.id,
        "size": found.scan.size,
        "blake3": found.scan.blake3,
        "params": found.scan.params.to_dict(),
        "n_chunks": len(found.scan.lengths),
        "sent": base64.b64encode(to_bits(found.sent)).decode(),
        "packed": found.packed,
    }


def read_announced(told: Mapping[str, Any], data: bytes) -> Announced:
    """Read what was kept."""
    n = told["n_chunks"]
    raw = zstandard.ZstdDecompressor().decompress(data, max_output_size=36 * n + 1)
    params = ChunkParams(**told["params"])
    found = scan_of(told["size"], told["blake3"], raw[: 4 * n], raw[4 * n :], params)
    return Announced(found, from_bits(base64.b64decode(told["sent"]), n), told["packed"])


def encode_inspection(found: Inspected, data_format: str, sidecar: Sidecar | None = None) -> bytes:
    """Check and pack what a client learnt from the content.

    Parameters
    ----------
    sidecar
        Where the names are that it gave the hash of.

    Raises
    ------
    omicshelf.errors.Invalid
        It is no summary or a huge one, or the digest is none, or the names are no sorted hashes.
    """
    if found.digest is not None and not _HASH.fullmatch(found.digest):
        raise Invalid(
            f"'{rules.shown(found.digest)}' is no content digest.",
            "It has 64 lower-case hexadecimal digits; leave it out where the format has none.",
        )
    try:
        summary = Summary.model_validate({**found.summary, "format": data_format})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise Invalid(
            f"The summary cannot be read at '{where}': {first['msg']}.",
            "Send what `omicshelf` of the same release makes of the file.",
        ) from error
    told = summary.model_dump(mode="json", exclude_defaults=True)
    if (size := len(json.dumps(told))) > _MOST_SUMMARY:
        raise Invalid(
            f"The summary has {size:,} bytes.",
            f"At most {_MOST_SUMMARY:,} are kept: it tells what is in the data, no more.",
        )
    body: dict[str, Any] = {
        "summary": told,
        "digest": found.digest,
        "names": None,
        "sidecar": None if sidecar is None else asdict(sidecar),
    }
    if found.obs_names is not None or found.var_names is not None:
        if sidecar is not None:
            raise Invalid("There are names and their hash.", "Send either of the two.")
        body["names"] = [_names(found.obs_names, "obs"), _names(found.var_names, "var")]
    return zstandard.ZstdCompressor(level=1).compress(json.dumps(body).encode())


def decode_inspection(data: bytes, read_names: Callable[[Sidecar], Names]) -> Inspection:
    """Give what was packed, with the names wherever they are."""
    body = json.loads(zstandard.ZstdDecompressor().decompress(data, max_output_size=_MOST_BYTES))
    names, sidecar = body["names"], body["sidecar"]
    found = None if names is None else Names(*(base64.b64decode(part) for part in names))
    if sidecar is not None:
        found = read_names(Sidecar(**sidecar))
    return Inspection(Summary.model_validate(body["summary"]), body["digest"], found)


def _names(text: str | None, axis: str) -> str:
    data = _bytes(text or "", f"{axis} names")
    if len(data) % 8:
        raise Invalid(f"The hashes of the {axis} names are cut off.", "They have 8 bytes each.")
    found = np.frombuffer(data, "<u8")
    if (found[1:] < found[:-1]).any():
        raise Invalid(f"The hashes of the {axis} names are not sorted.", "Sort them ascending.")
    return text or ""


def _bytes(text: str, what: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(f"The {what} cannot be read: {error}.", "Send them as base64.") from error
