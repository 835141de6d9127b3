"""Copies from one catalog to another: two folders, and a folder and a live server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest

import omicshelf
from omicshelf import Catalog, copy_dataset, errors
from omicshelf.backend.remote.client import Client
from omicshelf.testing.servers.forked import ForkedServer, forked

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ForkedServer]:
    with forked(tmp_path / "server") as server:
        yield server


@pytest.fixture(params=["folder to folder", "folder to server", "server to folder"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Catalog, Catalog]]:
    """A catalog to copy from, and one to copy to."""
    with ExitStack() as stack:
        found = []
        for kind in request.param.split(" to "):
            if kind == "server":
                server = request.getfixturevalue("server")
                opened = omicshelf.connect(f"{server.url}lab?token={server.token}")
            else:
                opened = omicshelf.connect(tmp_path / f"catalog-{len(found)}")
            found.append(Catalog(f"atlas{len(found)}", connection=stack.enter_context(opened)))
        yield found[0], found[1]


def test_all_of_a_dataset(
    pair: tuple[Catalog, Catalog], file: Write, adata: anndata.AnnData
) -> None:
    source, dest = pair
    source.create_dataset("d1", "First", file("x.csv"), {"n": 1}, message="one")
    source.update_dataset("d1", metadata={"n": 2})
    source.save("d1", adata, metadata={"n": 3}, data_type="Third", study_id="S")
    source.attach_file("d1", file("a.pdf", "%PDF"), tag="paper")
    source.attach_file("d1", file("qc.txt", "good"), source_version_id="v3")
    made = copy_dataset(source, "d1", dest, "copy", with_history=True)
    assert (made.omixatlas_id, made.dataset_id, made.study_id) == ("atlas1", "copy", "S")
    versions = dest.list_versions("copy")
    original = source.list_versions("d1")
    for mine, its in zip(versions, original, strict=True):
        assert mine.metadata() == its.metadata()
        assert (mine.data_type, mine.data_format) == (its.data_type, its.data_format)
        assert (mine.blake3, mine.size) == (its.blake3, its.size)
        assert mine.peek() == its.peek()
        assert mine.open().read() == its.open().read()
    assert [v.message for v in versions if v.version == "v1"] == ["one"]
    assert (made.load().X == adata.X).all()
    files = {f.file_name: f for f in dest.list_files("copy")}
    assert files["a.pdf"].tag == "paper"
    assert files["qc.txt"].derived_from == made.version_id
    assert files["qc.txt"].open().read() == b"good"
    dest.update_dataset("copy", data=file("y.csv", "gene\nTP53\n"))
    assert [f.file_name for f in dest.list_files("copy")] == ["a.pdf"]
    first = next(c for c in dest.changes() if c.action == "create")
    origin = first.details["ingestion_params"]["copied_from"]
    assert origin["version_id"] == next(v for v in original if v.version == "v1").version_id
    assert origin["catalog"] == source.connection.url
    assert "token" not in origin["catalog"]


def test_the_newest_version_alone(pair: tuple[Catalog, Catalog], file: Write) -> None:
    source, dest = pair
    source.create_dataset("d1", "T", file("x.csv"), {"n": 1})
    source.update_dataset("d1", data=file("y.csv", "gene,count\nMYC,1\n"))
    assert copy_dataset(source, "d1", dest, "d1").version == "v1"
    with pytest.raises(errors.AlreadyExists, match="overwrite=True"):
        copy_dataset(source, "d1", dest, "d1")
    again = copy_dataset(source, "d1", dest, "d1", overwrite=True, message="again")
    assert (again.version, again.message) == ("v2", "again")
    assert again.added_bytes == 0
    assert dest.get_version("d1", "v1").open().read() == again.open().read()
    with pytest.raises(errors.NotFound, match="nix"):
        copy_dataset(source, "nix", dest, "new")
    assert "new" not in dest


def test_what_the_server_has_is_not_sent(
    server: ForkedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Write
) -> None:
    sent: list[int] = []
    put = Client.put_bytes

    def counting(self: Client, path: str, data: bytes, *rest: Any) -> None:
        sent.append(len(data))
        put(self, path, data, *rest)

    monkeypatch.setattr(Client, "put_bytes", counting)
    data = bytearray(np.random.default_rng(0).bytes(20_000_000))
    with (
        omicshelf.connect(tmp_path / "mine") as mine,
        omicshelf.connect(server.url, token=server.token) as theirs,
    ):
        source, dest = Catalog("a", connection=mine), Catalog("b", connection=theirs)
        source.create_dataset("d1", "T", file("x.bin", bytes(data)), {}, data_format="bin")
        copy_dataset(source, "d1", dest, "d1")
        assert sum(sent) == len(data)
        sent.clear()
        copy_dataset(source, "d1", dest, "d1", overwrite=True)
        assert sent == []
        data[9_000_000:9_000_004] = b"gene"
        source.update_dataset("d1", data=file("x.bin", bytes(data)), data_format="bin")
        made = copy_dataset(source, "d1", dest, "d1", overwrite=True)
        assert 0 < sum(sent) < len(data) // 50
        assert made.open().read() == bytes(data)


def test_a_copy_that_is_cut_off_says_how_far_it_came(
    server: ForkedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Write
) -> None:
    monkeypatch.setattr("omicshelf.backend.remote.client._TRIES", 1)
    with (
        omicshelf.connect(tmp_path / "mine") as mine,
        omicshelf.connect(server.url, token=server.token) as theirs,
    ):
        source, dest = Catalog("a", connection=mine), Catalog("b", connection=theirs)
        for number in range(3):
            source.save("d1", file("x.csv", f"gene\nG{number}\n"))
        real, newest = mine.backend.summary, mine.backend.get_version("a", "d1", "v3").blob

        def summary(blob: str) -> Any:
            if blob == newest:
                server.kill()
            return real(blob)

        monkeypatch.setattr(mine.backend, "summary", summary)
        with pytest.raises(errors.Unreachable, match="2 of 3 versions have been copied") as caught:
            copy_dataset(source, "d1", dest, "d1", with_history=True)
        assert server.token not in str(caught.value)
        server.start()
        assert [v.version for v in dest.list_versions("d1")] == ["v2", "v1"]


def test_one_catalog_opened_twice(tmp_path: Path, file: Write) -> None:
    """Inside one catalog no bytes are read, however many connections there are."""
    with omicshelf.connect(tmp_path / "c") as first, omicshelf.connect(tmp_path / "c") as second:
        source, dest = Catalog("a", connection=first), Catalog("a", connection=second)
        source.create_dataset("d1", "T", file(), {})
        made = copy_dataset(source, "d1", dest, "d2")
        assert made.added_bytes == 0
        assert made.message == "Copied from a/d1 v1"
