"""What every backend must do, asserted once."""

from __future__ import annotations

from omicshelf.testing.backend_bytes import BytesContract
from omicshelf.testing.backend_datasets import DatasetsContract
from omicshelf.testing.backend_files import FilesContract
from omicshelf.testing.backend_keeping import KeepingContract
from omicshelf.testing.backend_roles import RolesContract
from omicshelf.testing.backend_search import SearchContract
from omicshelf.testing.backend_tokens import TokensContract
from omicshelf.testing.backend_versions import VersionsContract

__all__ = ["BackendContract"]


class BackendContract(
    VersionsContract,
    DatasetsContract,
    FilesContract,
    RolesContract,
    TokensContract,
    SearchContract,
    BytesContract,
    KeepingContract,
):
    """Inherit it in a test class, and say how to open a backend and how to go around it.

    The fixture ``backend`` opens an empty catalog; ``another`` opens the same one again;
    ``snapshot``, ``left_over``, ``damage`` and ``kill_while_writing`` look and reach past the
    implementation. For an embedded catalog :mod:`omicshelf.testing.folder` does that.

    Examples
    --------
    >>> class TestMyBackend(BackendContract):  # doctest: +SKIP
    ...     @pytest.fixture
    ...     def backend(self, tmp_path): ...
    ...     def another(self, backend): ...
    ...     def snapshot(self, backend): ...
    ...     def left_over(self, backend): ...
    ...     def damage(self, backend, blob): ...
    ...     def kill_while_writing(self, backend): ...
    """
