"""What the groups of the backend contract share: data to write, hooks, and `refused`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from omicshelf.backend.base import Backend, FileDraft, VersionDraft
from omicshelf.backend.source import FileSource, ObjectSource, Staged
from omicshelf.errors import RequestException
from omicshelf.formats import registry
from omicshelf.formats.base import Inspection, Progress
from omicshelf.records import DatasetRecord, FileRecord, Origin, VersionRecord

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["ATLAS", "BY", "BackendFixtures", "Interrupted", "Material"]

ATLAS = "atlas"
BY = Origin(user="ada", host="bench", interface="python", packages={"omicshelf": "1"})


class Material:
    """Small real files and objects to put into a catalog."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._number = 0

    def path(self, name: str) -> Path:
        """Give a path in a folder of its own."""
        self._number += 1
        folder = self.folder / str(self._number)
        folder.mkdir(parents=True)
        return folder / name

    def text(self, content: str | bytes = "text", name: str = "notes.txt") -> FileSource:
        """Give a file that is kept as it is and has no content digest."""
        path = self.path(name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return FileSource(path, "txt")

    def csv(self, content: str = "gene,count\nTP53,3\nMYC,5\n") -> FileSource:
        """Give a table."""
        path = self.path("table.csv")
        path.write_text(content)
        return FileSource(path, "csv")

    def gct(self) -> FileSource:
        """Give a matrix of 2 rows and 3 columns."""
        path = self.path("matrix.gct")
        path.write_text(
            "#1.3\n2\t3\t1\t1\nid\tsymbol\ts1\ts2\ts3\ntissue\tna\tlung\tlung\tliver\n"
            "g1\tTP53\t1.5\t2\t3\ng2\tMYC\t4\t5\t6\n"
        )
        return FileSource(path, "gct")

    def attachment(self, content: str | bytes = "attached", name: str = "a.pdf") -> FileSource:
        """Give a supplementary file."""
        path = self.path(name)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return FileSource(path, "pdf", inspect=False)

    @staticmethod
    def anndata(seed: int = 0, n_obs: int = 20, n_vars: int = 6) -> AnnData:
        """Make an AnnData with counts, a category and an embedding."""
        import anndata
        import numpy as np
        import pandas as pd

        chosen = np.random.default_rng(seed)
        made = anndata.AnnData(
            chosen.poisson(2, (n_obs, n_vars)).astype("float32"),
            obs=pd.DataFrame(
                {"leiden": pd.Categorical(chosen.choice(["0", "1", "2"], n_obs))},
                index=[f"cell{i}" for i in range(n_obs)],
            ),
            var=pd.DataFrame(index=[f"gene{i}" for i in range(n_vars)]),
        )
        made.obsm["X_pca"] = chosen.normal(size=(n_obs, 2))
        return made

    def in_memory(self, adata: AnnData) -> ObjectSource:
        """Give an AnnData as the object that it is."""
        fmt = registry.for_object(adata)
        assert fmt is not None
        return ObjectSource(adata, fmt)

    def h5ad(self, adata: AnnData, **options: Any) -> FileSource:
        """Give an AnnData as a file."""
        path = self.path("data.h5ad")
        adata.write_h5ad(path, **options)
        return FileSource(path, "h5ad")


class Interrupted:
    """A source during whose reading something else happens, for instance another's write."""

    def __init__(self, source: FileSource, meanwhile: Callable[[], object]) -> None:
        self._source = source
        self._meanwhile: Callable[[], object] | None = meanwhile
        self.data_format = source.data_format
        self.progress: Progress | None = None

    @property
    def suffix(self) -> str:
        return self._source.suffix

    def inspection(self) -> Inspection:
        return self._source.inspection()

    def digest(self) -> str | None:
        return self._source.digest()

    def stage(self, folder: Path) -> Staged:
        staged = self._source.stage(folder)
        meanwhile, self._meanwhile = self._meanwhile, None
        if meanwhile is not None:
            meanwhile()
        return staged


class BackendFixtures:
    """The fixture and the hooks that an implementation gives, and short ways to write."""

    # -- to be given by the implementation

    @pytest.fixture
    def backend(self) -> Iterator[Backend]:
        """An open backend on an empty catalog."""
        raise NotImplementedError

    def another(self, backend: Backend) -> AbstractContextManager[Backend]:
        """Open the same catalog once more, as another process would; close it at the end."""
        raise NotImplementedError

    def snapshot(self, backend: Backend) -> Mapping[str, Any]:
        """Read all that is recorded and kept, around the backend; equal when nothing changed."""
        raise NotImplementedError

    def left_over(self, backend: Backend) -> list[str]:
        """List the temporary files of unfinished writes, around the backend."""
        raise NotImplementedError

    def damage(self, backend: Backend, blob: str) -> None:
        """Change one byte of what is stored of a blob, around the backend."""
        raise NotImplementedError

    def kill_while_writing(self, backend: Backend) -> None:
        """Leave behind what a process does that is killed just before its write is visible."""
        raise NotImplementedError

    # -- short ways

    @pytest.fixture
    def material(self, tmp_path: Path) -> Material:
        """Files to write."""
        return Material(tmp_path / "material")

    @staticmethod
    def put(
        backend: Backend,
        dataset_id: str,
        source: Any = None,
        *,
        mode: Any = "create",
        atlas: str = ATLAS,
        data_type: str | None = None,
        **draft: Any,
    ) -> DatasetRecord:
        """Write a version."""
        if data_type is None and mode == "create":
            data_type = "Test data"
        made = VersionDraft(dataset_id, mode, data_type=data_type, **draft)
        return backend.put_version(atlas, made, source, by=BY)

    @staticmethod
    def attach(
        backend: Backend,
        dataset_id: str,
        source: Any,
        name: str = "a.pdf",
        *,
        atlas: str = ATLAS,
        **draft: Any,
    ) -> FileRecord:
        """Attach a file."""
        return backend.put_file(atlas, FileDraft(dataset_id, name, "pdf", **draft), source, by=BY)

    @staticmethod
    def read(backend: Backend, record: VersionRecord | FileRecord) -> bytes:
        """Read all bytes of a version or file."""
        with backend.open_blob(record.blob) as stream:
            return stream.read()

    @contextmanager
    def refused(
        self, backend: Backend, kind: type[RequestException], *parts: str
    ) -> Iterator[None]:
        """Expect an error that names ``parts``, and that leaves everything as it was."""
        before = self.snapshot(backend)
        with pytest.raises(kind) as caught:
            yield
        for part in parts:
            assert part in str(caught.value)
        assert caught.value.title
        assert self.snapshot(backend) == before
        assert self.left_over(backend) == []

    @contextmanager
    def unchanged(self, backend: Backend) -> Iterator[None]:
        """Expect that nothing is written."""
        before = self.snapshot(backend)
        yield
        assert self.snapshot(backend) == before
        assert self.left_over(backend) == []
