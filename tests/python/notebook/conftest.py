"""A real kernel with a catalog of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from jupyter_client.manager import KernelManager
from realkernel import HOSTILE, WITHIN_S, Kernel

import omicshelf


@pytest.fixture(scope="session")
def filled_catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with a few datasets, one of them with hostile names."""
    folder = tmp_path_factory.mktemp("notebook") / "catalog"
    rng = np.random.default_rng(0)
    obs = pd.DataFrame(
        {"leiden": pd.Categorical(["a", "b"] * 10)}, index=[f"c{i}" for i in range(20)]
    )
    adata = anndata.AnnData(rng.random((20, 5), dtype="float32"), obs=obs)
    with omicshelf.connect(folder) as connection:
        catalog = omicshelf.Catalog("lung", connection=connection)
        catalog.save("biopsies", adata, metadata={"tissue": "lung"}, message="first")
        adata.obs["score"] = rng.random(20)
        catalog.save("biopsies", adata, message="scores")
        catalog.label("biopsies", "v1", "submitted")
        catalog.save("counts", pd.DataFrame({"x": [1, 2, 3]}), message="a table")
        hostile = pd.DataFrame({HOSTILE.replace("\x07", ""): ["a", "b"]})
        catalog.save("hostile", hostile, metadata={"<b>k</b>": HOSTILE.replace("\x07", "")})
    return folder


@pytest.fixture(scope="session")
def running_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A kernel for all tests."""
    folder = tmp_path_factory.mktemp("kernel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMICSHELF_URL", str(folder / "none"))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder / "runtime"))
        patch.setenv("IPYTHONDIR", str(folder / "ipython"))
        manager = KernelManager(kernel_name="python3")
        manager.start_kernel(cwd=str(folder))
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=WITHIN_S)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.fixture
def catalog_folder(filled_catalog: Path, tmp_path: Path) -> Path:
    """A catalog of the test's own."""
    return Path(shutil.copytree(filled_catalog, tmp_path / "catalog"))


@pytest.fixture
def kernel(running_kernel: Kernel, catalog_folder: Path) -> Iterator[Kernel]:
    """The kernel, with no variables, and the test's catalog as its default."""
    running_kernel.ok("%reset -f")
    running_kernel.ok(f"import omicshelf\n_catalog = omicshelf.connect({str(catalog_folder)!r})")
    yield running_kernel
    running_kernel.ok("import omicshelf.catalog.connection as c\nc.current().close()")
