"""An own catalog for each test, and small files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

import omicshelf
from omicshelf import Catalog


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[omicshelf.Connection]:
    with omicshelf.connect(tmp_path / "catalog") as connection:
        yield connection


@pytest.fixture
def catalog(connection: omicshelf.Connection) -> Catalog:
    return Catalog("atlas")


@pytest.fixture
def adata() -> anndata.AnnData:
    chosen = np.random.default_rng(0)
    made = anndata.AnnData(
        chosen.poisson(2, (20, 6)).astype("float32"),
        obs=pd.DataFrame(
            {"leiden": pd.Categorical(chosen.choice(["0", "1"], 20))},
            index=[f"cell{i}" for i in range(20)],
        ),
        var=pd.DataFrame(index=[f"gene{i}" for i in range(6)]),
    )
    made.obsm["X_pca"] = chosen.normal(size=(20, 2))
    return made


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write a file and give its path."""

    def write(name: str = "table.csv", content: str | bytes = "gene,count\nTP53,3\n") -> Path:
        path = tmp_path / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
