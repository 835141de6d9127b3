"""A named peer, on request: the same story told to LaminDB, in a venv made for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks import samples
from benchmarks.keeping import N_VERSIONS
from benchmarks.measuring import Clock, Figure, Scale, new_catalog, stored_bytes

__all__ = ["lamindb"]

_STORY = Path(__file__).with_name("peer_lamindb.py")


class Skipped(RuntimeError):
    """The peer cannot be run here; the text says why."""


def lamindb(folder: Path, scale: Scale) -> Iterator[Figure]:
    """Keep versions that differ by an obs column: seconds of each save and load, and bytes.

    Each is measured in its own process by its own Python. No bar: it is another design.
    """
    try:
        python = _install(folder)
        for name, adata in (
            ("pbmc68k_reduced", samples.pbmc()),
            (f"{scale.medium[0]:,} x {scale.medium[1]:,}", samples.normalised(*scale.medium)),
        ):
            root = folder / name.replace(" ", "")
            root.mkdir()
            paths = []
            for number in range(N_VERSIONS):
                adata = samples.with_column(adata, number) if number else adata
                paths.append(root / f"v{number + 1}.h5ad")
                adata.write_h5ad(paths[-1])
            theirs = _theirs(python, root, paths)
            ours = _ours(root, paths)
            for key, unit, what in (
                ("first", "ms", "the first save"),
                ("next", "ms", "a save with one obs column more, median"),
                ("load", "ms", "load of the newest, median"),
                ("bytes", "MB", f"bytes of {N_VERSIONS} versions"),
            ):
                ratio = ours[key] / theirs[key]
                against = f"LaminDB {theirs['version']}"
                what = f"peer, {name}: {what}"
                yield Figure(what, ours[key], unit, ratio, "x", None, theirs[key], against)
    except Skipped as reason:
        print(f"  skipped: {reason}", file=sys.stderr)
        yield Figure(f"peer: skipped, {reason}", 0, "", 0, "", None)


def _install(folder: Path) -> Path:
    """Make a venv with LaminDB and give its Python."""
    venv = folder / "venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    for command in (
        [sys.executable, "-m", "venv", str(venv)],
        [str(python), "-m", "pip", "install", "--quiet", "lamindb"],
    ):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            last = (done.stdout.strip().splitlines() or ["no message"])[-1]
            raise Skipped(f"`{' '.join(command[1:])}` failed: {last[:200]}")
    return python


def _theirs(python: Path, root: Path, paths: list[Path]) -> dict[str, float]:
    storage = root / "lamindb"
    home = root / "home"  # its settings are kept below the home folder
    home.mkdir()
    keep = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    binaries = f"{python.parent}{os.pathsep}{keep.get('PATH', '')}"
    done = subprocess.run(
        [python, _STORY, storage, *paths],
        capture_output=True,
        text=True,
        cwd=root,
        env=keep | {"HOME": str(home), "PATH": binaries},
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise Skipped(f"it cannot tell the story: {last[:200]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found | {"bytes": found["bytes"] / 1e6}


def _ours(root: Path, paths: list[Path]) -> dict[str, float]:
    import anndata

    seconds, loads = [], []
    with new_catalog(root / "catalog") as catalog:
        empty = stored_bytes(root / "catalog")
        for path in paths:
            adata = anndata.read_h5ad(path)
            clock = Clock()
            with clock:
                catalog.save("cells", adata)
            seconds.append(clock.seconds)
        for _ in range(3):
            clock = Clock()
            with clock:
                catalog.load("cells")
            loads.append(clock.seconds)
        kept = stored_bytes(root / "catalog") - empty
    return {
        "first": seconds[0] * 1e3,
        "next": sorted(seconds[1:])[len(seconds) // 2 - 1] * 1e3,
        "load": sorted(loads)[1] * 1e3,
        "bytes": kept / 1e6,
    }
