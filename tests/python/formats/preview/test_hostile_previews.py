"""Files that were made to do harm: what is wrong with them is told, and nothing else happens."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from omicshelf.formats import worker
from omicshelf.formats.annotated.confined import refuse_foreign_parts
from omicshelf.formats.preview.models import Preview, PreviewRequest
from omicshelf.formats.worker import preview_file

KINDS: tuple[dict[str, Any], ...] = (
    {"kind": "list"},
    {"kind": "embedding", "color": "leiden"},
    {"kind": "embedding", "gene": "GENE3", "matrix": "layers/csr"},
    {"kind": "table"},
    {"kind": "table", "table": "var"},
    {"kind": "matrix", "matrix": "layers/csc"},
    {"kind": "names", "rows": (1, 2)},
)


def every(path: Path, data_format: str = "h5ad", **limits: Any) -> list[Preview]:
    return [preview_file(path, data_format, PreviewRequest(**k), **limits) for k in KINDS]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file of somebody else's, with a word in it that must not come out."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["word"] = np.array([b"SECRET"] * 60)
        file["numbers"] = np.full(60, 4242.0)
        file["matrix"] = np.full((60, 3), 4242.0)
    return path


def linked(secret: Path) -> dict[str, Callable[[Any], None]]:
    def column(file: Any) -> None:
        file["obs/stolen"] = h5py.ExternalLink(str(secret), "/word")
        file["obs"].attrs["column-order"] = [*file["obs"].attrs["column-order"], "stolen"]

    def embedding(file: Any) -> None:
        file["obsm/X_stolen"] = h5py.ExternalLink(str(secret), "/matrix")

    def virtual(file: Any) -> None:
        layout = h5py.VirtualLayout((60, 3), "f8")
        layout[:] = h5py.VirtualSource(str(secret), "matrix", (60, 3))
        file["obsm"].create_virtual_dataset("X_stolen", layout)

    def raw_bytes(file: Any) -> None:
        stored = [(str(secret), 0, 180)]
        file["obsm"].create_dataset("X_stolen", (60, 3), "u1", external=stored)

    def whole(file: Any) -> None:
        del file["obs"]
        file["obs"] = h5py.ExternalLink(str(secret), "/")

    return {f.__name__: f for f in (column, embedding, virtual, raw_bytes, whole)}


@pytest.mark.parametrize("way", ["column", "embedding", "virtual", "raw_bytes", "whole"])
def test_no_other_file_is_read(hostile: Any, secret: Path, way: str) -> None:
    path = hostile(linked(secret)[way])
    for found in every(path):
        assert "not complete in itself" in found.problems[0]
        text = found.model_dump_json()
        assert "SECRET" not in text
        assert "4242" not in text


def test_links_within_the_file_and_cycles_are_no_harm(hostile: Any) -> None:
    def cycle(file: Any) -> None:
        file["uns/again"] = file["uns"]
        file["uns/nowhere"] = h5py.SoftLink("/uns/nowhere")
        file["obsm/X_soft"] = h5py.SoftLink("/obsm/X_umap")

    path = hostile(cycle)
    assert all(found.problems == [] for found in every(path))
    with h5py.File(path) as file:
        refuse_foreign_parts(file, path)


def huge_shape(file: Any) -> None:
    """Announce a petabyte of coordinates that were never written."""
    del file["obsm/X_umap"]
    made = file["obsm"].create_dataset("X_umap", (1 << 44, 8), "f8", chunks=(1 << 16, 8))
    made.attrs["encoding-type"], made.attrs["encoding-version"] = "array", "0.2.0"


def huge_names(file: Any) -> None:
    del file["obs/_index"]
    made = file["obs"].create_dataset("_index", (1 << 40,), h5py.string_dtype(), chunks=(1 << 16,))
    made.attrs["encoding-type"], made.attrs["encoding-version"] = "string-array", "0.2.0"


def table_of_groups(file: Any) -> None:
    del file["obs/score"]
    file.create_group("obs/score")


def references(file: Any) -> None:
    del file["obs/score"]
    pointer = file["X"].ref
    file["obs"].create_dataset("score", data=np.array([pointer] * 60, dtype=h5py.ref_dtype))


def codes_beyond(file: Any) -> None:
    file["obs/leiden/codes"][0] = 99


def indices_beyond(file: Any) -> None:
    file["layers/csr/indices"][0] = 1 << 20
    file["layers/csc/indices"][0] = 1 << 20


def negative_indices(file: Any) -> None:
    file["layers/csc/indices"][5] = -7


def pointers_down(file: Any) -> None:
    file["layers/csr/indptr"][3] = 1 << 30
    file["layers/csc/indptr"][3] = 1 << 30


def wrong_shape(file: Any) -> None:
    file["layers/csr"].attrs["shape"] = [1 << 40, 1 << 40]


def no_index(file: Any) -> None:
    del file["obs"].attrs["_index"]


def categories_of_a_matrix(file: Any) -> None:
    del file["obs/leiden/categories"]
    made = file["obs/leiden"].create_dataset("categories", data=np.ones((3, 3)))
    made.attrs["encoding-type"], made.attrs["encoding-version"] = "array", "0.2.0"


CHANGES = (
    huge_shape, huge_names, table_of_groups, references, codes_beyond, indices_beyond,
    negative_indices, pointers_down, wrong_shape, no_index,
    categories_of_a_matrix,
)  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_damage_is_told_and_no_crash(hostile: Any, change: Callable[[Any], None]) -> None:
    path = hostile(change)
    told = 0
    for found in every(path, memory=1 << 30, timeout=60):
        part = next((getattr(found, k) for k in ("embedding", "table", "matrix", "names")
                     if getattr(found, k) is not None), found.contents)  # fmt: skip
        assert (part is None) == bool(found.problems)
        told += bool(found.problems) or "unreadable" in found.model_dump_json()
    assert told


def test_a_file_cut_short_is_told(files: dict[str, Path], tmp_path: Path) -> None:
    whole = files["h5ad"].read_bytes()
    for length in (0, 7, 900, len(whole) // 2, len(whole) - 1):
        path = tmp_path / f"{length}.h5ad"
        path.write_bytes(whole[:length])
        assert all(found.problems for found in every(path))


def test_bytes_flipped_at_random_never_end_the_server(
    files: dict[str, Path], tmp_path: Path
) -> None:
    whole = np.frombuffer(files["h5ad"].read_bytes(), dtype=np.uint8)
    for seed in range(12):
        rng = np.random.default_rng(seed)
        bytes_ = whole.copy()
        places = rng.integers(0, len(whole), 200)
        bytes_[places] ^= rng.integers(1, 256, 200, dtype=np.uint8)
        path = tmp_path / f"{seed}.h5ad"
        path.write_bytes(bytes_.tobytes())
        for asked in ({"kind": "list"}, {"kind": "table"}):
            request = PreviewRequest(**asked)
            found = preview_file(path, "h5ad", request, timeout=60, memory=1 << 30)
            assert found.problems or found.contents or found.table


def test_pickled_objects_of_zarr_are_not_read(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the user has allowed it for files that they trust."""
    monkeypatch.setenv("NUMCODECS_ALLOW_UNSAFE_PICKLE_DECODE", "1")
    pool = worker._Pool()
    monkeypatch.setattr(worker, "_pool", pool)
    store = tmp_path / "evil.zarr"
    shutil.copytree(files["zarr"], store)
    done = tmp_path / "done"

    class Evil:
        def __reduce__(self) -> Any:
            return Path.touch, (done,)

    index = store / "obs" / "_index"
    meta = json.loads((index / ".zarray").read_text())
    codecs = [{"id": "vlen-utf8"}, {"id": "pickle"}]
    meta |= {"filters": codecs, "compressor": None, "dtype": "|O"}
    (index / ".zarray").write_text(json.dumps(meta))
    (store / ".zmetadata").unlink(missing_ok=True)
    for chunk in index.iterdir():
        if not chunk.name.startswith("."):
            chunk.write_bytes(pickle.dumps(Evil()))
    try:
        found = preview_file(store, "zarr", PreviewRequest(kind="table"))
        assert "pickled" in found.problems[0]
        assert worker.inspect_file(store, "zarr").summary.problems
        assert not done.exists()
    finally:
        pool.close()


def test_a_worker_that_is_too_slow_or_too_large_is_told(files: dict[str, Path]) -> None:
    slow = preview_file(files["h5ad"], "h5ad", PreviewRequest(), timeout=1e-4)
    assert "longer than" in slow.problems[0]
    assert slow.contents is None
    again = preview_file(files["h5ad"], "h5ad", PreviewRequest())
    assert again.problems == []
