"""Contracts that any implementation of a seam must pass, as inheritable pytest classes."""

import pytest

for _name in (
    "backend_base",
    "backend_bytes",
    "backend_datasets",
    "backend_files",
    "backend_keeping",
    "backend_search",
    "backend_versions",
    "objectstore",
):
    # So that a failing assertion shows its values, as it does in a test module.
    pytest.register_assert_rewrite(f"{__name__}.{_name}")

from omicshelf.testing.backend import BackendContract  # noqa: E402
from omicshelf.testing.objectstore import ObjectStoreContract  # noqa: E402

__all__ = ["BackendContract", "ObjectStoreContract"]
