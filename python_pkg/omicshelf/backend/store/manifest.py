"""Manifests: which bytes of which packs make up a file, and the records that go with it.

A manifest is one object, kept next to the pack of its blob. Its layout, version 1, all
integers little-endian (``docs/decisions/003-store-format.md`` says why)::

    "OMSM"  u16 format version  u16 zero  u64 length of the body
    zstd(body)
    blake3 of all before (32 bytes)

    body =  u32 length of the head, the head (a JSON object),
            columns over the extents, one after another:
              pack u32, gap i64, stored u32, length u32, codec u8, hash 32 bytes
            obs names, var names (sorted 64-bit hashes; their lengths are in the head; only
              where they are few: others are an object of their own, see ``sidecar.py``),
            the records (a JSON array, to the end)

``gap`` is the distance of an extent from the end of the one before it: zero for a file that
lies in one piece, so that the column compresses to nothing.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import zstandard
from blake3 import blake3

from omicshelf.backend.store.chunks import DEFAULT, ChunkParams
from omicshelf.backend.store.sidecar import Sidecar, newer
from omicshelf.errors import IntegrityError, Invalid

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "EXTENT",
    "NO_BYTES",
    "RAW",
    "ZSTD",
    "BlobManifest",
    "check_suffix",
    "decode",
    "encode",
    "manifest_key",
    "object_key",
    "pack_suffix",
]

RAW, ZSTD = 0, 1

EXTENT = np.dtype(
    [
        ("pack", "<u4"),
        ("offset", "<u8"),
        ("stored", "<u4"),
        ("length", "<u4"),
        ("codec", "u1"),
        ("hash", "u1", (32,)),
    ]
)
"""One chunk of a blob: the ``stored`` bytes at ``offset`` of the pack of that index decode to
``length`` bytes, whose blake3 hash is ``hash``; ``codec`` is RAW or ZSTD."""

NO_BYTES = blake3().hexdigest()
"""The hash of nothing: of the manifest of an object that only carries records."""

_MAGIC = b"OMSM"
_VERSION = 1
_START = struct.Struct("<4sHHQ")
_TRAILER = 32
_SUFFIX = re.compile(r"(\.[A-Za-z0-9_+-]+)*")
_LONGEST_SUFFIX = 80  # a format's name has up to 64 characters, and may be followed by ".zip"
_OURS = (".manifest", ".record", ".names")  # endings that tell the kind of an object
_HEAD = frozenset(
    ("blob", "size", "blake3", "digest", "packs", "params", "n_extents", "names", "sidecar")
)
_COLUMNS = (("pack", "<u4"), ("gap", "<i8"), ("stored", "<u4"), ("length", "<u4"), ("codec", "u1"))


def _no_extents() -> npt.NDArray[Any]:
    return np.empty(0, EXTENT)


@dataclass(frozen=True, eq=False)
class BlobManifest:
    """How the bytes of one file are kept.

    Attributes
    ----------
    blob
        The blob's id.
    size, blake3
        Bytes of the file, and the hash of them all (hex).
    packs
        Keys of the objects that hold the bytes, and how many bytes each of these has; the
        extents index into them.
    extents
        The chunks in order, a structured array of dtype :data:`EXTENT`.
    params
        How the file was cut.
    digest
        The content digest (hex) where the file's format has one.
    names
        The sorted 64-bit hashes of the obs and of the var names, ``uint64`` as bytes, or None;
        None also where they are in an object of their own.
    sidecar
        That object, or None.
    pack_hashes
        The blake3 hashes (hex) of those packs that are no file themselves. They find what the
        hashes of the chunks cannot: a changed bit that decompresses to the same bytes.
    """

    blob: str
    size: int
    blake3: str
    packs: Mapping[str, int] = field(default_factory=dict)
    extents: npt.NDArray[Any] = field(default_factory=_no_extents)
    params: ChunkParams = DEFAULT
    digest: str | None = None
    names: tuple[bytes, bytes] | None = None
    pack_hashes: Mapping[str, str] = field(default_factory=dict)
    sidecar: Sidecar | None = None

    def moved(self, blob: str, keys: Mapping[str, str]) -> BlobManifest:
        """Give the same bytes under another blob id and other keys of its objects."""
        packs = {keys.get(key, key): size for key, size in self.packs.items()}
        hashes = {keys.get(key, key): found for key, found in self.pack_hashes.items()}
        sidecar = self.sidecar
        if sidecar is not None:
            sidecar = replace(sidecar, key=keys.get(sidecar.key, sidecar.key))
        return replace(self, blob=blob, packs=packs, pack_hashes=hashes, sidecar=sidecar)

    @property
    def objects(self) -> Mapping[str, int]:
        """The keys of all objects that the blob needs beside its manifest, and their bytes."""
        if self.sidecar is None:
            return self.packs
        return {**self.packs, self.sidecar.key: self.sidecar.size}

    @property
    def starts(self) -> npt.NDArray[np.int64]:
        """Where each chunk starts in the file, and at last the file's size."""
        result = np.zeros(len(self.extents) + 1, np.int64)
        np.cumsum(self.extents["length"], out=result[1:])
        return result

    @property
    def verbatim(self) -> str | None:
        """The key of the object that is the file itself, byte for byte, if there is one."""
        if not self.size or list(self.packs.values()) != [self.size]:
            return None
        in_place = np.array_equal(self.extents["offset"].astype(np.int64), self.starts[:-1])
        raw = not self.extents["codec"].any()
        return next(iter(self.packs)) if raw and in_place else None


def object_key(blob: str, suffix: str) -> str:
    """Give the key of an object of a blob; all of one blob's lie in the same folder.

    Raises
    ------
    omicshelf.errors.Invalid
        The id or the suffix could not be part of a file name everywhere.
    """
    if not re.fullmatch(r"[0-9a-z][0-9a-z-]{3,63}", blob):
        raise Invalid(
            f"Not the id of a blob: {blob!r}", "It has 4 to 64 lower-case letters and digits."
        )
    return f"objects/{blob[:2]}/{blob}{check_suffix(suffix)}"


def check_suffix(suffix: str) -> str:
    """Return the ending of a file name: of any format's name that :mod:`omicshelf.rules` lets in.

    Raises
    ------
    omicshelf.errors.Invalid
        It could not be part of a file name everywhere.
    """
    if len(suffix) > _LONGEST_SUFFIX or not _SUFFIX.fullmatch(suffix):
        raise Invalid(
            f"Not the ending of a file name: {suffix!r:.100}",
            "It is a dot followed by letters and digits, such as '.h5ad' or '.vcf.gz'.",
        )
    return suffix


def pack_suffix(suffix: str) -> str:
    """Give the ending under which a user's file becomes a pack.

    It is the file's own, but ``.file`` where that would make the pack look like an object of
    another kind: even its own manifest. Case makes no difference, as it makes none on some
    file systems.
    """
    return ".file" if suffix.lower().endswith(_OURS) else suffix


def manifest_key(blob: str) -> str:
    """Give the key of the manifest of a blob, in the same folder as its pack."""
    return object_key(blob, ".manifest")


def encode(manifest: BlobManifest, records: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Give the bytes of the manifest object.

    Parameters
    ----------
    records
        JSON objects that ride along, such as the record of the version: all that is needed
        to rebuild a catalog from its store.

    Raises
    ------
    omicshelf.errors.Invalid
        A record holds something that JSON has no form for.
    """
    extents = manifest.extents
    ends = extents["offset"].astype(np.int64) + extents["stored"]
    gaps = extents["offset"].astype(np.int64)
    gaps[1:] -= ends[:-1]
    names = manifest.names
    head = {
        "blob": manifest.blob,
        "size": manifest.size,
        "blake3": manifest.blake3,
        "digest": manifest.digest,
        "packs": [[key, n, manifest.pack_hashes.get(key)] for key, n in manifest.packs.items()],
        "params": manifest.params.to_dict(),
        "n_extents": len(extents),
        "names": None if names is None else [len(part) for part in names],
    }
    if manifest.sidecar is not None:
        head["sidecar"] = [getattr(manifest.sidecar, name) for name in ("key", "size", "blake3")]
    head_bytes = _json(head)
    columns = [gaps if name == "gap" else extents[name] for name, _ in _COLUMNS]
    body = b"".join(
        [
            struct.pack("<I", len(head_bytes)),
            head_bytes,
            *(
                column.astype(kind).tobytes()
                for column, (_, kind) in zip(columns, _COLUMNS, strict=True)
            ),
            extents["hash"].tobytes(),
            *(names or ()),
            _json(list(records), sort_keys=False),  # a user's metadata keep their order
        ]
    )
    start = _START.pack(_MAGIC, _VERSION, 0, len(body))
    sealed = start + zstandard.ZstdCompressor(level=3).compress(body)
    return sealed + blake3(sealed).digest()


def decode(data: bytes, key: str = "manifest") -> tuple[BlobManifest, list[dict[str, Any]]]:
    """Read a manifest object: the manifest, and the records that ride along.

    Parameters
    ----------
    key
        What to call the object in an error.

    Raises
    ------
    omicshelf.errors.IntegrityError
        The bytes are not those that were written.
    omicshelf.errors.StorageError
        They were written by a newer release.
    """
    if len(data) < _START.size + _TRAILER or data[:4] != _MAGIC:
        raise _damaged(key, "it is not a manifest")
    if blake3(data[:-_TRAILER]).digest() != data[-_TRAILER:]:
        raise _damaged(key, "its bytes do not have the hash that was recorded with them")
    _, version, _, length = _START.unpack_from(data)
    if version > _VERSION:
        raise newer(key, f"has the format {version}; this release reads up to {_VERSION}")
    try:
        body = zstandard.ZstdDecompressor().decompress(
            data[_START.size : -_TRAILER], max_output_size=length
        )
        manifest, records = _decode_body(memoryview(body), key)
    except (zstandard.ZstdError, ValueError, KeyError, TypeError, struct.error) as error:
        raise _damaged(key, f"it cannot be decoded ({error})") from error
    _check(manifest, key)
    return manifest, records


def _decode_body(body: memoryview, key: str) -> tuple[BlobManifest, list[dict[str, Any]]]:
    (head_length,) = struct.unpack_from("<I", body)
    at = 4 + head_length
    head = json.loads(bytes(body[4:at]))
    if unknown := sorted(head.keys() - _HEAD):
        raise newer(key, f"has the entry {unknown[0]!r}, which this release does not know")
    n = int(head["n_extents"])
    extents = np.zeros(n, EXTENT)
    gaps = np.empty(0, np.int64)
    for name, kind in _COLUMNS:
        column = np.frombuffer(body, kind, n, at)
        at += column.nbytes
        if name == "gap":
            gaps = column
        else:
            extents[name] = column
    stored = extents["stored"].astype(np.int64)
    extents["offset"] = np.cumsum(gaps) + np.cumsum(stored) - stored
    extents["hash"] = np.frombuffer(body, np.uint8, 32 * n, at).reshape(n, 32)
    at += 32 * n
    names = None
    if head["names"] is not None:
        n_obs, n_var = head["names"]
        names = bytes(body[at : at + n_obs]), bytes(body[at + n_obs : at + n_obs + n_var])
        at += n_obs + n_var
    manifest = BlobManifest(
        blob=head["blob"],
        size=head["size"],
        blake3=head["blake3"],
        packs={key: size for key, size, _ in head["packs"]},
        extents=extents,
        params=ChunkParams(**head["params"]),
        digest=head["digest"],
        names=names,
        pack_hashes={key: found for key, _, found in head["packs"] if found is not None},
        sidecar=None if head.get("sidecar") is None else Sidecar(*head["sidecar"]),
    )
    return manifest, json.loads(bytes(body[at:]))


def _check(manifest: BlobManifest, key: str) -> None:
    extents = manifest.extents
    if int(extents["length"].sum(dtype=np.int64)) != manifest.size:
        raise _damaged(key, "its chunks do not add up to the size of the file")
    if manifest.names is not None and manifest.sidecar is not None:
        raise _damaged(key, "it has names itself and in another object")
    if not len(extents):
        return
    if int(extents["pack"].max()) >= len(manifest.packs):
        raise _damaged(key, "a chunk lies in a pack that is not listed")
    pack_sizes = np.array(list(manifest.packs.values()), np.uint64)
    ends = extents["offset"] + extents["stored"]
    if (ends > pack_sizes[extents["pack"]]).any():
        raise _damaged(key, "a chunk lies past the end of its pack")
    raw = extents["codec"] == RAW
    if (extents["codec"] > ZSTD).any() or (extents["stored"] != extents["length"])[raw].any():
        raise _damaged(key, "a chunk is kept in a way that this release does not know")


def _json(value: object, *, sort_keys: bool = True) -> bytes:
    try:
        text = json.dumps(
            value, sort_keys=sort_keys, separators=(",", ":"), allow_nan=False, ensure_ascii=False
        )
        return text.encode()
    except (TypeError, ValueError) as error:
        raise Invalid(
            f"A record cannot be written as JSON: {error}.",
            "Records hold text, numbers, lists and objects; NaN has no form in JSON.",
        ) from error


def _damaged(key: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"The object {key!r} is damaged: {why}.",
        "Restore it from a backup of the store; `omicshelf verify` lists all that is damaged.",
    )
