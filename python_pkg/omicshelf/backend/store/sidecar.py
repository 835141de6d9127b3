"""Names sidecars: the hashes of the names of a blob, as an object that blobs share.

The hashes do not compress, and most versions of a dataset have the names of the one before:
kept in every manifest they would be most of what a version costs. The layout, version 1, all
integers little-endian (``docs/decisions/003-store-format.md`` says why)::

    "OMSN"  u16 format version  u16 zero  u64 bytes of the obs part  u64 bytes of the var part
    obs names, var names (sorted 64-bit hashes)

The hash of the whole object is in the manifests that refer to it. The same names are the same
bytes, so that this hash also says whether two blobs can share one object.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from blake3 import blake3

from omicshelf.errors import IntegrityError, StorageError

__all__ = ["INLINE", "Sidecar", "decode_names", "describe_names", "encode_names", "newer"]

INLINE = 16 << 10
"""Bytes of names up to which they lie in the manifest: another file would cost a flush."""

_MAGIC = b"OMSN"
_VERSION = 1
_START = struct.Struct("<4sHHQQ")


@dataclass(frozen=True)
class Sidecar:
    """Where the names of a blob are: an object, the bytes it has, and its blake3 hash (hex)."""

    key: str
    size: int
    blake3: str

    def equals(self, other: Sidecar) -> bool:
        """Say whether both hold the same names, in whatever objects."""
        return (self.size, self.blake3) == (other.size, other.blake3)


def encode_names(obs: bytes, var: bytes) -> bytes:
    """Give the bytes of the object that holds these names."""
    return _START.pack(_MAGIC, _VERSION, 0, len(obs), len(var)) + obs + var


def describe_names(key: str, data: bytes) -> Sidecar:
    """Give what a manifest records of a sidecar with the bytes ``data``."""
    return Sidecar(key, len(data), blake3(data).hexdigest())


def decode_names(data: bytes, sidecar: Sidecar) -> tuple[bytes, bytes]:
    """Read a sidecar: the obs and the var names.

    Raises
    ------
    omicshelf.errors.IntegrityError
        The bytes are not those that were written.
    omicshelf.errors.StorageError
        They were written by a newer release.
    """
    if not describe_names(sidecar.key, data).equals(sidecar):
        raise _damaged(sidecar.key, "its bytes do not have the hash that was recorded of them")
    if len(data) < _START.size or data[:4] != _MAGIC:
        raise _damaged(sidecar.key, "it holds no names")
    _, version, _, n_obs, n_var = _START.unpack_from(data)
    if version > _VERSION:
        raise newer(sidecar.key, f"has the format {version}; this release reads up to {_VERSION}")
    if _START.size + n_obs + n_var != len(data):
        raise _damaged(sidecar.key, "its parts do not add up to its size")
    middle = _START.size + n_obs
    return data[_START.size : middle], data[middle:]


def newer(key: str, why: str) -> StorageError:
    """Make the error for an object that this release is too old to read."""
    return StorageError(
        f"The object {key!r} {why}.",
        "It was written by a newer omicshelf. Install that release: "
        "`pip install --upgrade omicshelf`.",
    )


def _damaged(key: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"The names in the object {key!r} are damaged: {why}.",
        "Only differences between versions need them; the data can be loaded as before. Restore "
        "it from a backup of the store; `omicshelf verify` lists all that is damaged.",
    )
