"""The catalog as people use it: what they call, what they get, what is remembered for them."""

from __future__ import annotations

import datetime as dt
import inspect
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

import omicshelf
from omicshelf import Catalog, copy_dataset, errors, for_each_threaded

Write = Callable[..., Path]


# -- what existing notebooks call


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("create_dataset", "dataset_id data_type data metadata *ingestion_params *other_params"),
        ("get_dataset", "dataset_id"),
        ("list_datasets", "*limit *prefetch_metadata"),
        (
            "update_dataset",
            "dataset_id data_type metadata data *ingestion_params *other_params",
        ),
        ("delete_dataset", "dataset_id"),
        ("set_parent_study", "dataset_id study_id *ingestion_params *other_params"),
        ("list_studies", ""),
        ("list_datasets_in_study", "study_id"),
        ("get_version", "dataset_id version_id"),
        ("list_versions", "dataset_id *include_deleted"),
        ("rollback", "dataset_id version_id *ingestion_params *other_params"),
        ("attach_file", "dataset_id path *tag *source_version_id *file_name"),
        ("get_file", "dataset_id file_name"),
        ("list_files", "dataset_id"),
        ("delete_file", "dataset_id file_name"),
        ("clear_token_cache", ""),
        ("trigger_ingestion", "dataset_id *ingestion_params *other_params"),
    ],
)
def test_signatures_are_kept(method: str, arguments: str) -> None:
    parameters = list(inspect.signature(getattr(Catalog, method)).parameters.values())[1:]
    positional = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    keyword = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    wanted = arguments.split()
    assert positional == [name for name in wanted if not name.startswith("*")]
    expected = [name[1:] for name in wanted if name.startswith("*")]
    assert [name for name in keyword if name in expected] == expected


def test_a_day_with_the_catalog(catalog: Catalog, adata: anndata.AnnData, file: Write) -> None:
    made = catalog.create_dataset("pbmc", "Single Cell", adata, {"tissue": "blood"}, study_id="S1")
    assert re.fullmatch(
        r"Dataset\(dataset_id='pbmc', data_type='Single Cell', last_modified_at="
        r"'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', data_format='h5ad', study_id='S1'\)",
        repr(made),
    )
    assert (made.dataset_id, made.omixatlas_id, made.data_format) == ("pbmc", "atlas", "h5ad")
    assert abs(made.created_at - time.time() * 1000) < 60_000
    assert "pbmc" in catalog
    assert made in catalog
    assert catalog.get_dataset("pbmc").load().shape == (20, 6)
    new = catalog.update_dataset("pbmc", metadata={"tissue": "Blut"}, message="in German")
    assert (new.version, new.message, new.metadata()) == ("v2", "in German", {"tissue": "Blut"})
    assert made.metadata() == {"tissue": "blood"}
    versions = catalog.list_versions("pbmc")
    assert [v.version for v in versions] == ["v2", "v1"]
    assert re.fullmatch(
        r"DatasetVersion\(version_id='[0-9a-f-]{36}', created_at='[-\d]{10} [:\d]{8}'\)",
        repr(versions[0]),
    )
    assert catalog.get_version("pbmc", versions[1].version_id).metadata() == {"tissue": "blood"}
    back = catalog.rollback("pbmc", versions[1].version_id)
    assert (back.version, back.rolled_back_from) == ("v3", versions[1].version_id)
    catalog.set_parent_study("pbmc", "S2")
    assert (catalog.list_studies(), catalog.list_datasets_in_study("S2")) == (["S2"], ["pbmc"])
    attached = catalog.attach_file(
        "pbmc", file("qc.pdf", b"%PDF"), tag="QC", source_version_id=back.version_id
    )
    assert re.fullmatch(
        r"SupplementaryFile\(file_name='qc.pdf', file_format='pdf', created_at='[-: \d]{19}', "
        r"tag='QC', derived_from=\.\.\.\)",
        repr(attached),
    )
    assert [f.file_name for f in catalog.list_files("pbmc")] == ["qc.pdf"]
    catalog.update_dataset("pbmc", data=adata[:10].copy())
    assert catalog.list_files("pbmc") == []
    catalog.delete_dataset("pbmc")
    assert "pbmc" not in catalog
    assert catalog.get_version("pbmc", "v1").load().n_obs == 20
    assert catalog.undelete_dataset("pbmc").version == "v4"
    assert catalog.trigger_ingestion("pbmc")["action"] == "reindex"
    assert catalog.clear_token_cache() is None


def test_a_handle_costs_nothing_and_checks_nothing() -> None:
    assert repr(Catalog("9")) == "Catalog(omixatlas_id='9')"
    assert Catalog(9).omixatlas_id == "9"  # type: ignore[arg-type]


def test_metadata_belong_to_the_caller(catalog: Catalog, file: Write) -> None:
    mine = {"a": [1]}
    made = catalog.create_dataset("d1", "T", file(), mine)
    mine["a"].append(2)
    made.metadata()["a"].append(3)
    assert made.metadata() == catalog.get_dataset("d1").metadata() == {"a": [1]}


@pytest.mark.parametrize(
    "data",
    [
        pd.DataFrame({"a": [1, 2]}, index=["x", "y"]),
        pd.DataFrame({"a": pd.Categorical(["u", "v"])}),
    ],
)
def test_tables_of_memory(catalog: Catalog, data: pd.DataFrame) -> None:
    catalog.create_dataset("d1", "T", data, {})
    loaded = catalog.load("d1")
    pd.testing.assert_frame_equal(loaded, data, check_names=False)


# -- save


def test_save(catalog: Catalog, adata: anndata.AnnData) -> None:
    first = catalog.save("d1", adata, metadata={"a": 1}, message="first")
    assert (first.version, first.data_type, first.unchanged) == ("v1", "AnnData", False)
    again = catalog.save("d1", adata)
    assert (again.version, again.unchanged, again.metadata()) == ("v1", True, {"a": 1})
    adata.obs["new"] = np.arange(20)
    assert catalog.save("d1", adata).version == "v2"
    assert "new" in catalog.load("d1").obs


def test_save_does_not_write_over_others(tmp_path: Path, file: Write) -> None:
    with omicshelf.connect(tmp_path / "catalog") as mine:
        catalog = Catalog("atlas")
        catalog.save("d1", file("1.txt", "one"))
        with omicshelf.connect(tmp_path / "catalog"):
            Catalog("atlas").save("d1", file("2.txt", "two"), expected_version="any")
        with pytest.raises(errors.Conflict, match="v2") as caught:
            catalog.save("d1", file("3.txt", "three"))
        assert "expected_version='any'" in str(caught.value)
        assert catalog.get_dataset("d1").open().read() == b"two"
        assert catalog.save("d1", file("3.txt", "three"), expected_version="v2").version == "v3"
        catalog.delete_dataset("d1")
        assert catalog.save("d1", file("4.txt", "four")).version == "v4"
        assert mine is catalog.connection


def test_loading_is_seeing(tmp_path: Path, file: Write) -> None:
    with omicshelf.connect(tmp_path / "catalog") as theirs:
        other = Catalog("atlas", connection=theirs)
        other.save("d1", file("1.csv", "a\n1\n"))
        with omicshelf.connect(tmp_path / "catalog") as mine:
            catalog = Catalog("atlas", connection=mine)
            catalog.load("d1")
            other.save("d1", file("2.csv", "a\n2\n"))
            with pytest.raises(errors.Conflict):
                catalog.save("d1", file("3.csv", "a\n3\n"))
            catalog.load("d1")
            assert catalog.save("d1", file("3.csv", "a\n3\n")).version == "v3"


def test_what_was_loaded_is_recorded(catalog: Catalog, file: Write) -> None:
    source = catalog.create_dataset("source", "T", file("1.csv", "a\n1\n"), {})
    catalog.load("source")
    made = catalog.save("result", file("2.csv", "a\n2\n"))
    assert made.session_inputs == (source.version_id,)
    assert made.parents == ()
    child = catalog.save("child", file("3.csv", "a\n3\n"), parents=[source])
    assert (child.parents, child.session_inputs) == ((source.version_id,), ())
    assert [v.dataset_id for v in source.children] == ["child"]


def test_versions_by_objects(catalog: Catalog, file: Write) -> None:
    first = catalog.create_dataset("d1", "T", file(), {})
    second = catalog.update_dataset("d1", metadata={"a": 1}, expected_version=first)
    assert catalog.get_dataset(first).version == "v2"  # type: ignore[arg-type]
    with pytest.raises(errors.Conflict):
        catalog.update_dataset("d1", metadata={"a": 2}, expected_version=first)
    assert catalog.rollback("d1", first).version == "v3"  # type: ignore[arg-type]
    assert catalog.label("d1", second.version_id, "good").name == "good"
    assert catalog.labels("d1") == {"good": second.version_id}
    assert catalog.get_version("d1", "good").labels == ("good",)
    catalog.remove_label("d1", "good")
    assert catalog.labels("d1") == {}


# -- data going out


def test_downloads(catalog: Catalog, file: Write, tmp_path: Path) -> None:
    data = "gene,count\nTP53,3\n"
    dataset = catalog.create_dataset("d1", "T", file(content=data), {})
    target = tmp_path / "deep" / "er" / "x.csv"
    assert dataset.download(str(target)) == str(target)
    into = f"{tmp_path}{os.sep}new{os.sep}"
    assert dataset.download(into) == f"{into}d1.csv"
    assert dataset.download(tmp_path) == str(tmp_path / "d1.csv")
    for path in (target, Path(f"{into}d1.csv"), tmp_path / "d1.csv"):
        assert path.read_text() == data
    (tmp_path / "d1.csv").write_text("mine")
    dataset.download(tmp_path / "d1.csv")
    assert (tmp_path / "d1.csv").read_text() == data
    attached = catalog.attach_file("d1", file("a b#é.txt", "x"))
    assert Path(attached.download(tmp_path)).name == "a b#é.txt"
    with pytest.raises(errors.Invalid, match="not a folder"):
        dataset.download(target / "below")


def test_the_path_is_there_until_the_end(tmp_path: Path, file: Write) -> None:
    with omicshelf.connect(tmp_path / "catalog"):
        catalog = Catalog("atlas")
        dataset = catalog.create_dataset("d1", "T", file("x.vcf.txt", "text"), {})
        path = dataset.path()
        assert path.read_text() == "text"
        assert not os.access(path, os.W_OK) or os.geteuid() == 0
        catalog.update_dataset("d1", data=file("y.txt", "new"))
        catalog.purge_versions("d1", keep_last=1)
        catalog.gc(grace=0)
        assert path.read_text() == "text"
    assert Path(tmp_path / "catalog").is_dir()


def test_citations_name_the_bytes(catalog: Catalog, file: Write) -> None:
    dataset = catalog.create_dataset("d1", "T", file("x.txt", "text"), {})
    assert re.fullmatch(
        rf"atlas/d1@{dataset.version_id} \(\d{{4}}-\d\d-\d\d\)\. blake3:{dataset.blake3} sha256:"
        "982d9e3eb996f559e633f4d194def3761d909f5a3b647d1a851fead67c32c9d1",
        dataset.cite(),
    )


# -- copies, edits, purges


def test_copies(catalog: Catalog, file: Write, connection: omicshelf.Connection) -> None:
    catalog.create_dataset("d1", "T", file(), {"a": 1}, study_id="S")
    made = copy_dataset("atlas", "d1", "other", "d2")
    assert (made.omixatlas_id, made.dataset_id, made.study_id) == ("other", "d2", "S")
    with pytest.raises(errors.AlreadyExists):
        copy_dataset(catalog, "d1", Catalog("other"), "d2")
    assert copy_dataset("atlas", "d1", "other", "d2", overwrite=True).version == "v2"
    assert copy_dataset("atlas", "d1", "other", "d3", True, with_history=True).version == "v1"


def test_edits_of_many(catalog: Catalog, file: Write) -> None:
    for name in ("d1", "d2", "d3"):
        catalog.create_dataset(name, "T", file(), {"tissue": "lung" if name != "d3" else "liver"})
    assert list(catalog.edit_metadata("d3", {"x": 1}, dry_run=True).changed) == ["d3"]
    assert catalog.get_dataset("d3").version == "v1"
    assert set(catalog.edit_metadata("tissue:lung", {"organ": "Lunge"}).changed) == {"d1", "d2"}
    assert set(catalog.edit_metadata({"organ": "Lunge"}, remove="tissue").changed) == {"d1", "d2"}
    assert catalog.get_dataset("d1").metadata() == {"organ": "Lunge"}
    with pytest.raises(errors.Invalid, match="every dataset"):
        catalog.edit_metadata({}, {"x": 1})


@pytest.mark.parametrize("age", [0, 0.0, dt.timedelta(0), "2100-01-01", dt.date(2100, 1, 1)])
def test_purges_by_age(catalog: Catalog, file: Write, age: object) -> None:
    catalog.create_dataset("d1", "T", file(), {})
    catalog.update_dataset("d1", metadata={"a": 1})
    time.sleep(0.01)
    assert len(catalog.purge_versions("d1", older_than=age).removed) == 1
    assert catalog.purge_versions("d1", older_than=dt.timedelta(days=1)).removed == []


@pytest.mark.parametrize("age", ["yesterday", True, object(), 10**12, float("nan"), ""])
def test_ages_that_are_refused(catalog: Catalog, file: Write, age: object) -> None:
    catalog.create_dataset("d1", "T", file(), {})
    with pytest.raises(errors.Invalid):
        catalog.purge_versions("d1", older_than=age)


# -- connections


def test_the_default_connection(tmp_path: Path, file: Write) -> None:
    with omicshelf.connect(tmp_path / "a") as first:
        catalog = Catalog("atlas")
        catalog.create_dataset("in_a", "T", file(), {})
        with omicshelf.connect(tmp_path / "b") as second:
            assert catalog.connection is second
            assert "in_a" not in catalog
            assert "in_a" in Catalog("atlas", connection=first)
        assert catalog.connection is first
        assert "in_a" in catalog
        assert repr(first) == f"Connection({str(tmp_path / 'a')!r})"


def test_using_a_closed_connection_opens_it_again(tmp_path: Path, file: Write) -> None:
    connection = omicshelf.connect(tmp_path / "a")
    catalog = Catalog("atlas", connection=connection)
    catalog.create_dataset("d1", "T", file(), {})
    connection.close()
    connection.close()
    assert catalog.load("d1").shape == (1, 2)
    catalog.update_dataset("d1", metadata={"a": 1})
    connection.close()


def test_where_it_connects_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(config))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("OMICSHELF_URL", str(tmp_path / "by environment"))
    with omicshelf.connect() as connection:
        assert connection.url == str(tmp_path / "by environment")
    monkeypatch.delenv("OMICSHELF_URL")
    with omicshelf.connect() as connection:
        assert connection.url == str(tmp_path / "data" / "omicshelf" / "catalog")
    (config / "omicshelf").mkdir(parents=True)
    (config / "omicshelf" / "config.toml").write_text(f'url = "{tmp_path / "by file"}"\n')
    with omicshelf.connect() as connection:
        assert connection.url == str(tmp_path / "by file")
    for broken in ("url = [", "url = 3\n", 'url = ""\n'):
        (config / "omicshelf" / "config.toml").write_text(broken)
        with pytest.raises(errors.Invalid, match=r"config\.toml"):
            omicshelf.connect()
    with omicshelf.connect(f"file://{tmp_path}/by-address") as connection:
        assert connection.url == f"{tmp_path}/by-address"


@pytest.mark.parametrize("url", ["", "  ", "a\x00b", "http:///x", "s3://b/x", "ftp://x"])
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(errors.Invalid) as caught:
        omicshelf.connect(url)
    assert caught.value.detail


# -- threads


def test_for_each_threaded() -> None:
    seen: list[int] = []
    for_each_threaded(list(range(20)), seen.append, max_workers=4)
    assert sorted(seen) == list(range(20))
    for_each_threaded([], lambda _: 1 / 0)

    def sometimes(number: int) -> None:
        if number < 3:
            raise RuntimeError(f"no {number}")

    with pytest.raises(errors.FailureLimitError, match="40%") as caught:
        for_each_threaded(list(range(5)), sometimes, max_error_perc=0.4)
    assert isinstance(caught.value.__cause__, RuntimeError)
    for_each_threaded(list(range(5)), sometimes, max_error_perc=0.6)


def test_an_interrupt_is_passed_on() -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        for_each_threaded([1, 2, 3], interrupt)


# -- what is said beside


def test_unknown_arguments_warn_and_are_recorded(catalog: Catalog, file: Write) -> None:
    with pytest.warns(UserWarning, match="mesage.*Did you mean 'message'") as told:
        catalog.create_dataset("d1", "T", file(), {}, mesage="x")
    assert told[0].filename == __file__
    with pytest.warns(UserWarning, match="prioritaet") as told:
        catalog.update_dataset(
            "d1", metadata={}, ingestion_params={"priority": "low", "prioritaet": 1}
        )
    (create, update) = catalog.changes()
    assert create.details["ingestion_params"] == {"mesage": "x"}
    assert update.details["ingestion_params"] == {"priority": "low", "prioritaet": 1}


def test_nothing_is_printed_and_nothing_warns(
    catalog: Catalog, adata: anndata.AnnData, file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        catalog.create_dataset("d1", "T", file(), {})
        catalog.save("d2", adata)
        catalog.load("d2")
        catalog.attach_file("d1", file("x.pdf", b"%PDF"))
        catalog.search("x", facets=["a"])
        catalog.delete_dataset("d1")
    assert capsys.readouterr() == ("", "")


def test_importing_stays_quick() -> None:
    code = (
        "import sys, omicshelf; heavy = {'anndata', 'pandas', 'sqlalchemy', 'scanpy', 'h5py', "
        "'pyarrow', 'numpy', 'pydantic'} & set(sys.modules); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
