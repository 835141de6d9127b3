"""Bad input, always the same way: a class of ours, what is wrong, what to do, nothing written."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest

from omicshelf import Catalog, copy_dataset, errors
from omicshelf.testing.folder import snapshot_folder, temporary_files

Write = Callable[..., Path]

POINTER = (
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n"
)


@pytest.fixture
def ready(catalog: Catalog, file: Write) -> Catalog:
    """A catalog with one dataset, so that refusals have something to leave alone."""
    catalog.create_dataset("d1", "T", file("first.csv"), {"a": 1}, study_id="S")
    catalog.attach_file("d1", file("f.pdf", b"%PDF"))
    return catalog


@contextmanager
def refused(catalog: Catalog, kind: type[Exception], *parts: str) -> Iterator[None]:
    """Expect an error that names ``parts``, says what to do, and leaves all as it was."""
    root = Path(catalog.connection.url)
    before = snapshot_folder(root)
    with pytest.raises(kind) as caught:
        yield
    told = str(caught.value)
    for part in parts:
        assert part in told, told
    assert len(told) < 3_000
    assert snapshot_folder(root) == before
    assert temporary_files(root) == []
    if isinstance(caught.value, errors.RequestException) and "Empty string" not in told:
        assert caught.value.detail, told


# -- ids, names, values


@pytest.mark.parametrize(
    ("dataset_id", "kind", "part"),
    [
        ("", errors.Invalid, "Empty string cannot be used as dataset_id"),
        ("a b", errors.Invalid, "consider using 'a_b'"),
        ("../../etc/passwd", errors.Invalid, "consider using"),
        ("a\x00b", errors.Invalid, "a\\x00b"),
        ("\x1b[31m", errors.Invalid, "\\x1b"),
        ("caf\u00e9", errors.Invalid, "consider using 'caf_'"),
        ("cafe\u0301", errors.Invalid, "consider using 'cafe_'"),
        ("x" * 1_000_000, errors.Invalid, "at most 200"),
        ("\ud800", errors.Invalid, "dataset_id"),
        (None, TypeError, "must be a str"),
        (3, TypeError, "must be a str"),
        (b"a", TypeError, "must be a str"),
        (["a"], TypeError, "must be a str"),
    ],
)
def test_ids(ready: Catalog, file: Write, dataset_id: Any, kind: Any, part: str) -> None:
    with refused(ready, kind, part):
        ready.create_dataset(dataset_id, "T", file(), {})
    with refused(ready, kind, part):
        ready.save(dataset_id, file())
    with refused(ready, kind, part):
        copy_dataset(ready, "d1", ready, dataset_id)


@pytest.mark.parametrize("dataset_id", ["", "a b", "../x", "a\x00b", "\ud800", "x" * 100_000])
def test_lookups_of_what_is_no_id(ready: Catalog, dataset_id: str) -> None:
    assert dataset_id not in ready
    for call in (
        lambda: ready.get_dataset(dataset_id),
        lambda: ready.update_dataset(dataset_id, metadata={}),
        lambda: ready.delete_dataset(dataset_id),
        lambda: ready.undelete_dataset(dataset_id),
        lambda: ready.purge_dataset(dataset_id),
        lambda: ready.list_versions(dataset_id),
        lambda: ready.list_files(dataset_id),
        lambda: ready.labels(dataset_id),
        lambda: ready.rollback(dataset_id, "v1"),
        lambda: ready.set_parent_study(dataset_id, "S"),
        lambda: ready.trigger_ingestion(dataset_id),
        lambda: ready.verify(dataset_id),
        lambda: ready.edit_metadata([dataset_id], {"a": 2}),
        lambda: copy_dataset(ready, dataset_id, ready, "d2"),
    ):
        with refused(ready, errors.NotFound):
            call()


@pytest.mark.parametrize("thing", [None, 3, b"d1", 1.5, ["d1"], object()])
def test_lookups_of_what_is_no_text(ready: Catalog, thing: Any) -> None:
    assert thing not in ready
    for call in (
        lambda: ready.get_dataset(thing),
        lambda: ready.delete_dataset(thing),
        lambda: ready.list_files(thing),
    ):
        with refused(ready, TypeError, "must be a str"):
            call()


@pytest.mark.parametrize("version", ["", "v9", "v0", "nope", "\x00", "\ud800", "x" * 100_000, 3])
def test_versions(ready: Catalog, version: Any) -> None:
    for call in (
        lambda: ready.get_version("d1", version),
        lambda: ready.rollback("d1", version),
        lambda: ready.load("d1", version),
        lambda: ready.label("d1", version, "good"),
        lambda: ready.diff("d1", version),
    ):
        with refused(ready, errors.RequestException):
            call()


@pytest.mark.parametrize(
    ("metadata", "part"),
    [
        ({"n": float("nan")}, "metadata['n']"),
        ({"n": np.array([1.0, np.inf])}, "metadata['n'][1]"),
        ({"n": {"deep": object()}}, "metadata['n']['deep']"),
        ({"n": pd.NA}, "metadata['n']"),
        ({3: "x"}, "key 3"),
        ({"a\x00": 1}, "NUL"),
        ({"a": "\ud800"}, "Unicode"),
        ([1], "must be a dict"),
        ("text", "must be a dict"),
    ],
)
def test_metadata(ready: Catalog, file: Write, metadata: Any, part: str) -> None:
    for call in (
        lambda: ready.create_dataset("d2", "T", file(), metadata),
        lambda: ready.update_dataset("d1", metadata=metadata),
        lambda: ready.save("d1", file(), metadata=metadata),
    ):
        with refused(ready, errors.Invalid, part):
            call()


def test_huge_metadata_are_kept(ready: Catalog, file: Write) -> None:
    metadata = {f"key{i}": "x" * 100 for i in range(20_000)} | {"long": "y" * 1_000_000}
    ready.create_dataset("big", "T", file(), metadata)
    assert ready.get_dataset("big").metadata() == metadata
    assert [d.dataset_id for d in ready.search(where={"key7": "x" * 100})] == ["big"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"data_type": ""}, "data_type"),
        ({"data_type": 3}, "data_type"),
        ({"data_type": "a\nb"}, "data_type"),
        ({"data_type": "x" * 256}, "255"),
        ({"study_id": ""}, "study_id"),
        ({"study_id": "a\x00"}, "study_id"),
        ({"message": 3}, "message"),
        ({"message": "x" * 10_001}, "10,001"),
        ({"message": "\ud800"}, "message"),
        ({"ingestion_params": {"priority": "urgent!"}}, "'low', 'medium' or 'high'"),
        ({"ingestion_params": ["low"]}, "ingestion_params"),
        ({"other_params": {"x": object()}}, "x"),
        ({"data_format": "no/such"}, "no/such"),
        ({"parents": ["nobody"]}, "nobody"),
    ],
)
def test_other_arguments(ready: Catalog, file: Write, arguments: dict[str, Any], part: str) -> None:
    data_type = arguments.pop("data_type", "T")
    with refused(ready, errors.RequestException, part):
        ready.create_dataset("d2", data_type, file(), {}, **arguments)


def test_duplicates_and_nothing_to_do(ready: Catalog, file: Write) -> None:
    with refused(ready, errors.AlreadyExists, "d1", "update_dataset"):
        ready.create_dataset("d1", "T", file(), {})
    with refused(ready, errors.Invalid, "Nothing to update"):
        ready.update_dataset("d1")
    with refused(ready, errors.Invalid, "no data"):
        ready.save("d2", None)


def test_a_call_without_data_is_pythons_own_error(ready: Catalog) -> None:
    with refused(ready, TypeError, "missing 1 required positional argument: 'data'"):
        ready.create_dataset("d2", "T", metadata={})  # type: ignore[call-arg]


# -- data


@pytest.mark.parametrize(
    "data", [3, b"bytes", None, ["a"], {"a": 1}, object(), np.ones((2, 2)), lambda: None]
)
def test_data_that_are_none(ready: Catalog, data: Any) -> None:
    with refused(ready, errors.Invalid, "data"):
        ready.create_dataset("d2", "T", data, {})


@pytest.mark.parametrize("path", ["", "a\x00b", "no/such/file.csv", "~nobody/x.csv", "x" * 5000])
def test_paths_that_are_not_there(ready: Catalog, path: str) -> None:
    with refused(ready, errors.Invalid):
        ready.create_dataset("d2", "T", path, {})
    with refused(ready, errors.Invalid):
        ready.attach_file("d1", path, file_name="x.csv")


def test_a_missing_file_is_one_for_python_too(ready: Catalog, tmp_path: Path) -> None:
    with refused(ready, FileNotFoundError, "missing.csv"):
        ready.create_dataset("d2", "T", tmp_path / "missing.csv", {})


@pytest.mark.parametrize("uri", ["s3://", "s3:///x.csv", "gs://b/x.csv", "ftp://x.org/a.csv"])
def test_addresses(ready: Catalog, uri: str) -> None:
    with refused(ready, errors.Invalid, uri):
        ready.create_dataset("d2", "T", uri, {}, data_format="csv")
    with refused(ready, errors.Invalid):
        ready.create_dataset("d2", "T", uri, {})
    with refused(ready, errors.Invalid, "file_format"):
        ready.attach_file("d1", uri)


def test_names_that_tell_no_format(ready: Catalog, file: Write) -> None:
    with refused(ready, errors.Invalid, "data_format"):
        ready.create_dataset("d2", "T", file("README", b"\x00\x01"), {})
    with refused(ready, errors.Invalid, "file_format"):
        ready.attach_file("d1", file("README", b"\x00\x01"))


def kept_with_a_problem(catalog: Catalog, path: Path, *parts: str) -> None:
    """Expect that a file is kept byte for byte, with what is wrong said now and later."""
    with pytest.warns(UserWarning, match="flagged: ") as told:
        dataset = catalog.create_dataset("flagged", "T", path, {})
    problems = dataset.peek().problems
    for part in parts:
        assert any(part in problem for problem in problems), problems
    assert [str(w.message) for w in told] == [f"flagged: {problem}" for problem in problems]
    assert {w.filename for w in told} == {__file__}
    assert dataset.open().read() == path.read_bytes()
    catalog.delete_dataset("flagged")
    catalog.purge_dataset("flagged")


NOT_DATA = {
    "empty": (b"", "empty"),
    "pointer": (POINTER.encode(), "git lfs pull"),
    "noise": (np.random.default_rng(0).bytes(5000), ""),
    "html": (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", ""),
}


@pytest.mark.parametrize("name", ["data.h5ad", "data.gct", "data.gctx", "data.h5mu", "data.loom"])
@pytest.mark.parametrize("content", list(NOT_DATA))
def test_what_is_promised_to_load_is_refused(
    ready: Catalog, file: Write, name: str, content: str
) -> None:
    data, part = NOT_DATA[content]
    with refused(ready, errors.Invalid, name, part):
        ready.create_dataset("d2", "T", file(name, data), {})
    with pytest.warns(UserWarning, match="kept: "):
        kept = ready.create_dataset("kept", "T", file(name, data), {}, check=False)
    assert kept.peek().problems
    assert kept.open().read() == data


@pytest.mark.parametrize("name", ["data.csv", "data.parquet", "data.xlsx", "data.vcf", "data.bam"])
@pytest.mark.parametrize("content", ["empty", "pointer", "noise"])
def test_what_is_only_kept_is_flagged(ready: Catalog, file: Write, name: str, content: str) -> None:
    data, _part = NOT_DATA[content]
    part = {"empty": "empty", "pointer": "Git LFS pointer", "noise": "first bytes"}[content]
    kept_with_a_problem(ready, file(name, data), part)


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
@pytest.mark.parametrize("kind", ["h5ad", "zarr.zip"])
def test_truncated_matrices_are_refused(
    ready: Catalog, file: Write, adata: anndata.AnnData, kind: str, part: float
) -> None:
    whole = file(f"whole.{kind}")
    if kind == "h5ad":
        adata.write_h5ad(whole)
    else:
        folder = whole.parent / "x.zarr"
        adata.write_zarr(folder)
        whole = Path(shutil.make_archive(str(folder), "zip", folder))
    data = whole.read_bytes()
    cut = file(f"cut.{kind}", data[: int(len(data) * part)])
    with refused(ready, errors.Invalid, cut.name):
        ready.create_dataset("d2", "T", cut, {})


@pytest.mark.parametrize("part", [0.1, 0.5, 0.999])
@pytest.mark.parametrize("kind", ["csv.gz", "parquet", "xlsx"])
def test_truncated_tables_are_flagged(ready: Catalog, file: Write, kind: str, part: float) -> None:
    whole = file(f"whole.{kind}")
    frame = pd.DataFrame({"a": np.arange(500), "b": np.random.default_rng(0).random(500)})
    if kind == "csv.gz":
        frame.to_csv(whole)
    elif kind == "parquet":
        frame.to_parquet(whole)
    else:
        frame.to_excel(whole)
    data = whole.read_bytes()
    kept_with_a_problem(ready, file(f"cut.{kind}", data[: int(len(data) * part)]))


def test_a_flipped_byte_in_an_h5ad(ready: Catalog, file: Write, adata: anndata.AnnData) -> None:
    plain = file("plain.h5ad")
    adata.write_h5ad(plain, compression="gzip")
    data = bytearray(plain.read_bytes())
    with h5py.File(plain) as opened:
        at = opened["X"].id.get_chunk_info(0).byte_offset
    data[at + 5] ^= 0xFF
    kept_with_a_problem(ready, file("broken.h5ad", bytes(data)), "X cannot be read")


def test_a_bomb_in_a_zip(ready: Catalog, file: Write) -> None:
    path = file("bomb.xlsx", b"")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as member:
            for _block in range(600):
                member.write(bytes(1 << 20))
    assert path.stat().st_size < 2_000_000
    kept_with_a_problem(ready, path, "629,145,")


def test_a_bomb_in_a_gzip(ready: Catalog, file: Write) -> None:
    path = file("bomb.csv.gz", b"")
    with gzip.open(path, "wb", 9) as packed:
        for _block in range(300):
            packed.write(bytes(1 << 20))
    kept_with_a_problem(ready, path, "binary")


def test_pipes_and_devices(ready: Catalog, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    for path in (pipe, Path("/dev/null")):
        with refused(ready, errors.Invalid):
            ready.create_dataset("d2", "T", path, {}, data_format="csv")
        with refused(ready, errors.Invalid):
            ready.attach_file("d1", path, file_format="csv", file_name="x.csv")


def test_folders(ready: Catalog, tmp_path: Path) -> None:
    folder = tmp_path / "some folder"
    folder.mkdir()
    (folder / "x.csv").write_text("a\n1\n")
    with refused(ready, errors.Invalid, "some folder"):
        ready.create_dataset("d2", "T", folder, {})
    with refused(ready, errors.Invalid, "folder"):
        ready.attach_file("d1", folder)


UNREADABLE = """
import sys
import omicshelf
from omicshelf import Catalog
omicshelf.connect(sys.argv[1])
for call in (
    lambda: Catalog("atlas").create_dataset("d2", "T", sys.argv[2], {}),
    lambda: Catalog("atlas").attach_file("d1", sys.argv[2]),
):
    try:
        call()
    except PermissionError as error:
        print(type(error).__name__, error)
"""


def test_files_that_may_not_be_read(ready: Catalog, file: Write) -> None:
    path = file("secret.csv")
    path.chmod(0)
    humble = []
    if os.geteuid() == 0:
        if shutil.which("setpriv") is None:
            pytest.skip("root may read everything")
        humble = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]
    before = snapshot_folder(Path(ready.connection.url))
    done = subprocess.run(
        [*humble, sys.executable, "-c", UNREADABLE, ready.connection.url, str(path)],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("AccessDenied") == 2, done.stdout
    assert done.stdout.count("secret.csv") == 2
    assert snapshot_folder(Path(ready.connection.url)) == before


# -- supplementary files


@pytest.mark.parametrize(
    "name",
    ["", "..", "../x", "a/b", "a\\b", "/etc/passwd", "a\x00", "a\nb", "\x1b[2J", "x" * 300,
     "\ud800", 3],
)  # fmt: skip
def test_file_names(ready: Catalog, file: Write, name: Any) -> None:
    with refused(ready, errors.Invalid, "file_name"):
        ready.attach_file("d1", file("x.pdf", b"%PDF"), file_name=name, file_format="pdf")
    with refused(ready, errors.RequestException):
        ready.get_file("d1", name)
    with refused(ready, errors.RequestException):
        ready.delete_file("d1", name)


@pytest.mark.parametrize("name", ["x" * 64, "a.b.c.d.e.f", "ome.tiff", "csv+gzip", "Manifest"])
def test_every_format_that_the_rules_let_in_is_kept(
    ready: Catalog, file: Write, name: str, tmp_path: Path
) -> None:
    ready.attach_file("d1", file("x.dat", b"bytes"), file_name="x", file_format=name)
    assert ready.get_file("d1", "x").file_format == name
    ready.get_file("d1", "x").download(str(tmp_path / "out"))
    assert (tmp_path / "out").read_bytes() == b"bytes"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ({"tag": ""}, "tag"),
        ({"tag": 3}, "tag"),
        ({"tag": "a\x00"}, "tag"),
        ({"source_version_id": "v9"}, "v9"),
        ({"source_version_id": 3}, "3"),
        ({"source_version_id": "v1", "made_from": "v1"}, "made_from"),
        ({"made_from": ""}, "version"),
        ({"file_format": ""}, "file_format"),
        ({"file_format": "a/b"}, "a/b"),
        ({"file_format": 3}, "file_format"),
    ],
)
def test_arguments_of_files(
    ready: Catalog, file: Write, arguments: dict[str, Any], part: str
) -> None:
    with refused(ready, errors.RequestException, part):
        ready.attach_file("d1", file("x.pdf", b"%PDF"), **arguments)


@pytest.mark.parametrize("path", [None, 3, b"\x00", object()])
def test_paths_of_files(ready: Catalog, path: Any) -> None:
    with refused(ready, errors.Invalid):
        ready.attach_file("d1", path, file_name="x.pdf")


# -- the rest


@pytest.mark.parametrize("name", ["", "a/b", "a@b", "a\\b", "a\x00", None, 1.5, True, "x" * 256])
def test_atlases(name: Any) -> None:
    with pytest.raises(errors.Invalid, match="omixatlas_id"):
        Catalog(name)


@pytest.mark.parametrize("label", ["", "v1", "deadbeef", "a/b", "a@b", " a", "a\x00", 3, "x" * 101])
def test_labels(ready: Catalog, label: Any) -> None:
    with refused(ready, errors.Invalid, "label"):
        ready.label("d1", "v1", label)


@pytest.mark.parametrize("study", ["", "a\x00", "a\nb", "x" * 256, 3])
def test_studies(ready: Catalog, study: Any) -> None:
    with refused(ready, errors.Invalid, "study_id"):
        ready.set_parent_study("d1", study)


@pytest.mark.parametrize(
    ("text", "where"),
    [("\x00", None), ("\ud800", {"a": "\ud800"}), ("x" * 100_000, None), ("*" * 1000, None),
     ("'; DROP TABLE dataset; --", {"'; DROP TABLE dataset; --": "x"}), ("%", {"%": "_"}),
     ("", {"n": 10**400}), ("NOT", {"a.b.c": ("~", "")}), ("", {"x" * 10_000: "y" * 100_000})],
)  # fmt: skip
def test_searches_find_nothing_and_do_no_harm(ready: Catalog, text: str, where: Any) -> None:
    before = snapshot_folder(Path(ready.connection.url))
    try:
        found = ready.search(text, where=where).total
    except errors.Invalid:
        found = 0
    assert found in (0, 1)
    assert snapshot_folder(Path(ready.connection.url)) == before


@pytest.mark.parametrize(
    "arguments", [{}, {"keep_last": 0}, {"keep_last": -1}, {"older_than": "soon"}]
)
def test_purges(ready: Catalog, arguments: dict[str, Any]) -> None:
    with refused(ready, errors.Invalid):
        ready.purge_versions("d1", **arguments)


@pytest.mark.parametrize("grace", [-1, float("nan"), "1 day"])
def test_graces(ready: Catalog, grace: Any) -> None:
    with refused(ready, errors.Invalid, "grace"):
        ready.gc(grace=grace)
