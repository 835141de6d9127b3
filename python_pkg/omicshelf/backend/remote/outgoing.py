"""A source on its way to a server: staged once, cut and examined as often as is needed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from types import TracebackType
from typing import Self

from blake3 import blake3

from omicshelf.backend import wire
from omicshelf.backend.source import Source
from omicshelf.backend.store.chunks import ChunkParams, Scan, changed, scan
from omicshelf.backend.store.durable import storage_errors
from omicshelf.backend.store.sidecar import INLINE, encode_names

__all__ = ["Outgoing"]


class Outgoing:
    """The bytes of a source as a local file, for as long as the context lasts.

    Parameters
    ----------
    source
        What is to be written.
    folder
        Where a file is made of what is none.
    examined
        Whether what is in it is to be told.

    Attributes
    ----------
    cut_here
        Whether this process cuts and examines the file, or the server.
    owned
        Whether the file is a temporary one of ours; it is removed at the end.
    """

    def __init__(self, source: Source, folder: Path, *, examined: bool) -> None:
        self.source = source
        self.examined = examined
        self.cut_here = True
        self._scan: Scan | None = None
        staged = source.stage(folder)
        self.path, self.owned = staged.path, staged.owned
        try:
            with storage_errors(f"read {self.path}"):
                self.size = self.path.stat().st_size
        except BaseException:
            self._discard()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._discard()

    def _discard(self) -> None:
        if self.owned:
            self.path.unlink(missing_ok=True)

    @property
    def hash(self) -> str | None:
        """The blake3 hash (hex) of the file, once it was cut."""
        return None if self._scan is None else self._scan.blake3

    def digest(self) -> str | None:
        """Give the content digest, where there is one that this process can compute."""
        return self.source.digest() if self.examined and self.cut_here else None

    def cut(self, params: ChunkParams) -> Scan:
        """Cut the file, once for the same parameters."""
        if self._scan is None or self._scan.params != params:
            self._scan = scan(self.path, params=params)
            if self._scan.size != self.size:
                raise changed(self.path)
        return self._scan

    def inspected(self, *, whole: bool = True) -> wire.Inspected | None:
        """Wait for what was learnt from the content; None where nobody asks for it.

        Parameters
        ----------
        whole
            With the names, also where there are so many that their hash may do.
        """
        if not self.examined:
            return None
        found = self.source.inspection()
        told: dict[str, str] = {}
        if (names := found.names) is not None:
            if whole or len(names.obs) + len(names.var) <= INLINE:
                told = {"obs_names": _base64(names.obs), "var_names": _base64(names.var)}
            else:
                told = {"names_hash": blake3(encode_names(names.obs, names.var)).hexdigest()}
        return wire.Inspected(
            summary=json.loads(found.summary.model_dump_json(exclude_defaults=True)),
            digest=found.digest,
            **told,
        )


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
