from __future__ import annotations

import threading
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from omicshelf.backend import source as module
from omicshelf.backend.source import ObjectSource
from omicshelf.formats import registry
from omicshelf.formats.base import Inspection
from omicshelf.formats.h5ad import H5ad


@pytest.fixture
def source() -> ObjectSource:
    return ObjectSource(ad.AnnData(np.ones((5, 4), np.float32)), registry.get("h5ad"))


def test_an_error_of_the_examination_comes_each_time_it_is_asked_for(
    source: ObjectSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: H5ad, _obj: ad.AnnData) -> Inspection:
        raise OSError("unreadable")

    monkeypatch.setattr(H5ad, "inspect_object", fail)
    for _ in range(2):
        with pytest.raises(OSError, match="unreadable"):
            source.digest()


@pytest.mark.parametrize("small", [True, False])
def test_only_a_large_object_is_examined_by_another_thread(
    source: ObjectSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: bool
) -> None:
    if not small:
        monkeypatch.setattr(module, "_ALONGSIDE", 8)
    real, threads = H5ad.inspect_object, []

    def examine(self: H5ad, obj: ad.AnnData) -> Inspection | None:
        threads.append(threading.get_ident())
        return real(self, obj)

    monkeypatch.setattr(H5ad, "inspect_object", examine)
    staged = source.stage(tmp_path)
    assert source.inspection().digest == source.digest() == H5ad().inspect(staged.path).digest
    assert len(threads) == 1
    assert (threads[0] == threading.get_ident()) is small
