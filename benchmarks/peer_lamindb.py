"""The story of :mod:`benchmarks.peer`, run by the Python that has LaminDB.

``python peer_lamindb.py STORAGE FILE...`` saves each file as the next version of one artifact
from memory, loads the newest, and prints what it took as JSON.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path


def main(storage: str, *files: str) -> None:
    subprocess.run(["lamin", "init", "--storage", storage], check=True, stdout=sys.stderr)
    import anndata
    import lamindb as ln  # type: ignore[import-not-found]

    kept_before = _bytes(Path(storage))
    saves, loads = [], []
    for file in files:
        adata = anndata.read_h5ad(file)
        start = time.perf_counter()
        artifact = ln.Artifact.from_anndata(adata, key="cells.h5ad").save()
        saves.append(time.perf_counter() - start)
    for _ in range(3):
        start = time.perf_counter()
        ln.Artifact.get(artifact.uid).load()
        loads.append(time.perf_counter() - start)
    found = {
        "first": saves[0] * 1e3,
        "next": sorted(saves[1:])[len(saves) // 2 - 1] * 1e3,
        "load": sorted(loads)[1] * 1e3,
        "bytes": _bytes(Path(storage)) - kept_before,
        "version": ln.__version__,
    }
    print(json.dumps(found))


def _bytes(storage: Path) -> int:
    """Give the bytes of the data: its files but the database."""
    files = (path for path in storage.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files if "lamin.db" not in path.name)


if __name__ == "__main__":
    main(*sys.argv[1:])
