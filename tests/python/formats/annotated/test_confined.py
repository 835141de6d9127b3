"""An HDF5 file of which a part lies in another file is refused wherever it is opened."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from omicshelf.errors import Invalid
from omicshelf.formats.base import LoadRequest
from omicshelf.formats.registry import get


@pytest.mark.parametrize(
    ("data_format", "place"),
    [
        ("h5ad", "obs"),
        ("h5mu", "mod/rna"),
        ("loom", "matrix"),
        ("10x_h5", "matrix"),
        ("gctx", "0/DATA/0/matrix"),
    ],
)
def test_a_link_to_another_file_is_refused(tmp_path: Path, data_format: str, place: str) -> None:
    other, path = tmp_path / "other.h5", tmp_path / "linked.h5"
    with h5py.File(other, "w") as file:
        file["values"] = np.ones((2, 2))
    with h5py.File(path, "w") as file:
        file[place] = h5py.ExternalLink(str(other), "/values")
    fmt = get(data_format)
    for call in (fmt.check, fmt.inspect, lambda path: fmt.load(path, LoadRequest())):
        with pytest.raises(Invalid, match=f"not complete in itself: {place} is a link") as caught:
            call(path)
        assert "one file" in str(caught.value.detail)
