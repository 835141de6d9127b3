"""Record what a real server answers, for tests of the front end's components.

``python tests/front_end/record.py`` makes a catalog in a temporary folder, serves it, asks what
the components ask, and writes the answers to ``src/testing/recorded.json``.
"""

from __future__ import annotations

import getpass
import json
import pathlib
import socket
import tempfile
import warnings
from typing import Any

import anndata
import numpy as np
import pandas as pd
import requests

import omicshelf
from omicshelf.testing.servers.jupyter import JupyterServer, jupyter

ROOT = pathlib.Path(__file__).parents[2]
TARGET = ROOT / "src/testing/recorded.json"
ATLAS = "immunology"
HOSTILE = '<img src=x onerror="alert(1)">'


def sample() -> anndata.AnnData:
    """Give 60 cells and 30 genes of scanpy's own example."""
    import scanpy

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = scanpy.datasets.pbmc68k_reduced()
    return whole[:60, :30].copy()


def fill(folder: pathlib.Path) -> None:
    """Make the catalog: a dataset of three versions, a hostile one, tables, one in the trash."""
    with omicshelf.connect(folder) as connection:
        catalog = omicshelf.Catalog(ATLAS, connection=connection)
        adata = sample()
        counts = adata.copy()
        counts.X = np.floor(np.exp(adata.X)).astype("float32")
        metadata = {
            "title": "Fresh 68k PBMCs (donor A)",
            "organism": "Homo sapiens",
            "cell_type": ["mononuclear cell"],
            "donors": 1,
            "frozen": False,
            "protocol": {"kit": "v1", "lanes": [1, 2]},
        }
        kind = "Single cell RNA-seq"
        catalog.save("pbmc", counts, data_type=kind, metadata=metadata, message="Counts")
        catalog.save("pbmc", adata, message="Scaled")
        adata.obs["leiden"] = pd.Categorical([str(i % 4) for i in range(adata.n_obs)])
        catalog.save("pbmc", adata, message="Add leiden")
        hostile = adata[:12, :6].copy()
        hostile.obs[HOSTILE] = pd.Categorical([HOSTILE, "\u202eevil\u202c"] * 6)
        hostile.obs["x" * 5000] = 1.0
        catalog.save(
            "hostile",
            hostile,
            data_type=HOSTILE,
            message=HOSTILE,
            metadata={
                "title": HOSTILE,
                "k" * 500: "y" * 5000,
                "rtl": "مرحبا",
                "nul-free": "a\x07b",
            },
        )
        for i in range(6):
            catalog.save(
                f"table_{i}",
                pd.DataFrame({"a": [i]}),
                data_type="Table",
                metadata={"organism": ["Homo sapiens", "Mus musculus"][i % 2], "tissue": "lung"},
            )
        catalog.delete_dataset("table_5")


class Recorder:
    """Asks a server, and keeps what it answered."""

    def __init__(self, server: JupyterServer) -> None:
        self.base = f"{server.url}omicshelf/api/v1"
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"token {server.token}"
        self.kept: list[dict[str, Any]] = []

    def ask(
        self,
        method: str,
        path: str,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        name: str | None = None,
    ) -> Any:
        """Send a request, and keep the answer; ``name`` where a test asks for it by name."""
        answer = self.session.request(
            method, self.base + path, params=query, json=body, headers=headers, timeout=60
        )
        etag = {"etag": answer.headers["ETag"]} if "ETag" in answer.headers else {}
        found = answer.json() if answer.content else None
        self.kept.append(
            {
                "name": name,
                "method": method,
                "path": path,
                "query": query or {},
                "status": answer.status_code,
                "headers": etag,
                "body": found,
            }
        )
        return found, answer.headers.get("ETag")


def record(server: JupyterServer) -> list[dict[str, Any]]:
    """Ask what the components ask."""
    recorder = Recorder(server)
    ask = recorder.ask
    atlas = f"/atlases/{ATLAS}"
    ask("GET", "/atlases")
    ask("GET", f"{atlas}/keys")
    for facets in (
        ["data_type"],
        ["cell_type", "donors", "frozen", "organism", "protocol", "title"],
    ):
        ask("GET", f"{atlas}/datasets", {"limit": 1, "facets": facets, "facet_limit": 50})
    for dataset in ("pbmc", "hostile"):
        at = f"{atlas}/datasets/{dataset}"
        ask("GET", at)
        ask("GET", f"{at}/files")
        versions = ask("GET", f"{at}/versions")[0]["versions"]
        versions.sort(key=lambda version: version["seq"])
        for before, version in zip([None, *versions], versions, strict=False):
            here = f"{at}/versions/{version['version_id']}"
            ask("GET", f"{here}/summary")
            if before:
                ask("GET", f"{at}/versions/{before['version_id']}/diff/{version['version_id']}")
        newest = f"{at}/versions/{versions[-1]['version_id']}/preview"
        for embedding in ("X_umap", "X_pca"):
            query = {"kind": "embedding", "embedding": embedding, "color": "bulk_labels"}
            ask("GET", newest, {**query, "points": 2000})
    for gone in ("table_5", "nothing"):  # deleted, and never there
        ask("GET", f"{atlas}/datasets/{gone}")
        ask("GET", f"{atlas}/datasets/{gone}/versions")
        ask("GET", f"{atlas}/datasets/{gone}/files")
        where = json.dumps([["dataset_id", "=", gone]], separators=(",", ":"))
        ask("GET", f"{atlas}/datasets", {"deleted": "true", "where": where, "limit": 1})
    save(recorder)
    return recorder.kept


def save(recorder: Recorder) -> None:
    """Save metadata, then again as somebody who has not seen that: one goes, one is refused."""
    at = f"/atlases/{ATLAS}/datasets/pbmc"
    before, etag = recorder.ask("GET", at, name="before")
    metadata = {**before["version"]["metadata"], "organism": "Mus musculus", "tissue": "blood"}
    body = {"dataset_id": "pbmc", "metadata": metadata, "message": "From a mouse"}
    recorder.ask("PATCH", at, body=body, headers={"If-Match": etag}, name="saved")
    recorder.ask("PATCH", at, body=body, headers={"If-Match": etag}, name="refused")
    recorder.ask("GET", at, name="after")
    recorder.ask("GET", f"{at}/versions", name="versions after")


def main() -> None:
    """Write the answers."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        fill(folder / "catalog")
        with jupyter(folder / "server", catalog=folder / "catalog") as server:
            kept = record(server)
    TARGET.parent.mkdir(exist_ok=True)
    text = json.dumps(kept, ensure_ascii=True, separators=(",", ":"))
    # Nothing of the machine that it was recorded on.
    for own, said in ((socket.gethostname(), "workstation"), (getpass.getuser(), "ada")):
        text = text.replace(json.dumps(own), json.dumps(said))
    TARGET.write_text(text + "\n")
    print(f"{len(kept)} answers, {TARGET.stat().st_size:,} bytes: {TARGET}")


if __name__ == "__main__":
    main()
