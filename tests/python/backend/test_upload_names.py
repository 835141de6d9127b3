"""The names of cells travel once: of those that the last versions have, the hash is enough."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from blake3 import blake3
from test_uploads import Client

from omicshelf.backend import wire
from omicshelf.backend.base import VersionDraft
from omicshelf.backend.embedded.backend import EmbeddedBackend
from omicshelf.backend.remote.backend import RemoteBackend
from omicshelf.backend.source import ObjectSource
from omicshelf.backend.store.sidecar import INLINE, encode_names
from omicshelf.backend.wire import Inspected
from omicshelf.errors import Invalid, StaleUpload
from omicshelf.formats import registry
from omicshelf.formats.base import Names
from omicshelf.testing.backend_base import ATLAS, BY
from omicshelf.testing.backend_bytes import random_bytes
from omicshelf.testing.servers.forked import forked

N_CELLS = 3 * INLINE // 8


def hashes(n: int, seed: int = 0) -> bytes:
    found = np.random.default_rng(seed).integers(0, 2**63, n, np.uint64)
    return np.sort(found).astype("<u8").tobytes()


def hash_of(obs: bytes, var: bytes) -> str:
    return blake3(encode_names(obs, var)).hexdigest()


def of(text: str | None, **more: Any) -> Inspected:
    return Inspected(summary={"kind": "file"}, names_hash=text, **more)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    (tmp_path / "client").mkdir()
    with closing(EmbeddedBackend(tmp_path / "catalog")) as backend:
        yield Client(backend, tmp_path / "client")


def upload(client: Client, data: bytes, dataset: str = "d1") -> str:
    """Send the chunks of a file, and say nothing yet of what is in it."""
    state = client.begin(data, chunked=True, dataset=dataset)
    chunks = client.chunks(data, state.params)
    plan = client.backend.plan_upload(state.upload, chunks, user=client.user)
    for number, part in enumerate(client.parts(data, chunks, plan)):
        client.send(state.upload, number, part)
    return str(state.upload)


def version_with_names(client: Client, obs: bytes, dataset: str = "d1") -> Any:
    begun = upload(client, random_bytes(50_000), dataset)
    told = of(None, obs_names=base64.b64encode(obs).decode(), var_names="")
    assert not client.backend.inspected(begun, told, user=client.user).lacks_names
    return client.finish(begun, dataset=dataset)


def test_the_hash_of_names_of_a_last_version_is_enough(client: Client) -> None:
    obs = hashes(N_CELLS)
    first = version_with_names(client, obs)
    begun = upload(client, random_bytes(60_000))
    for _ in range(2):  # it may be sent again
        state = client.backend.inspected(begun, of(hash_of(obs, b"")), user=client.user)
        assert not state.lacks_names
    second = client.finish(begun)
    assert client.backend.names(second.version.blob) == Names(obs, b"")
    manifests = [client.backend.manifest(one.version.blob) for one in (first, second)]
    assert manifests[0].sidecar == manifests[1].sidecar
    assert client.backend.verify().ok


def test_other_names_are_asked_for_and_nothing_is_kept(client: Client) -> None:
    version_with_names(client, hashes(N_CELLS))
    begun = upload(client, random_bytes(60_000))
    other = hash_of(hashes(N_CELLS, 1), b"")
    assert client.backend.inspected(begun, of(other), user=client.user).lacks_names
    with pytest.raises(Invalid, match="was not told"):
        client.finish(begun)


def test_a_hash_gives_no_access_to_names_of_another_dataset(client: Client) -> None:
    obs = hashes(N_CELLS)
    version_with_names(client, obs, "secret")
    begun = upload(client, random_bytes(60_000), "mine")
    assert client.backend.inspected(begun, of(hash_of(obs, b"")), user=client.user).lacks_names


def test_names_and_their_hash_are_too_much(client: Client) -> None:
    obs = hashes(N_CELLS)
    version_with_names(client, obs)
    begun = upload(client, random_bytes(60_000))
    both = of(hash_of(obs, b""), obs_names=base64.b64encode(obs).decode())
    with pytest.raises(Invalid, match="names and their hash"):
        client.backend.inspected(begun, both, user=client.user)


def test_names_that_are_purged_meanwhile_are_asked_for_again(client: Client) -> None:
    obs = hashes(N_CELLS)
    version_with_names(client, obs)
    begun = upload(client, random_bytes(60_000))
    client.backend.inspected(begun, of(hash_of(obs, b"")), user=client.user)
    client.backend.delete_dataset(ATLAS, "d1", by=BY)
    client.backend.purge_dataset(ATLAS, "d1", by=BY)
    client.backend.gc(grace=0)
    with pytest.raises(StaleUpload, match="purged meanwhile"):
        client.finish(begun)


def test_the_client_sends_them_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_CACHE", str(tmp_path / "cache"))
    adata = ad.AnnData(
        np.random.default_rng(0).random((N_CELLS, 2), np.float32),
        obs=pd.DataFrame(index=[f"cell{i}" for i in range(N_CELLS)]),
    )
    told: list[Inspected] = []
    with forked(tmp_path / "server") as server:
        backend = RemoteBackend(server.url, token=server.token)
        ask = backend.client.ask

        def listen(method: str, path: str, **more: Any) -> Any:
            if isinstance(more.get("body"), wire.Inspected):
                told.append(more["body"])
            return ask(method, path, **more)

        monkeypatch.setattr(backend.client, "ask", listen)
        with closing(backend):
            found = []
            for change in ("nothing", "a column", "a name"):
                if change == "a column":
                    adata.obs["n"] = np.arange(N_CELLS)
                if change == "a name":
                    adata.obs_names = ["other", *adata.obs_names[1:]]
                draft = VersionDraft("cells", "save", data_type="T")
                source = ObjectSource(adata, registry.get("h5ad"))
                written = backend.put_version(ATLAS, draft, source, by=BY)
                found.append(backend.names(written.version.blob))
    assert [one.names_hash is None for one in told] == [True, False, False, True]
    assert [one.obs_names is None for one in told] == [False, True, True, False]
    assert found[0] == found[1] != found[2]
