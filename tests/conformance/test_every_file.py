"""Every real file goes through a catalog: in, described, loaded, and out again byte for byte."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import omicshelf
from omicshelf import errors
from suite import DATA, EXPECTED, VERDICTS

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not EXPECTED, reason="no folder of real files: set CONFORMANCE"),
]


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[omicshelf.Catalog]:
    with omicshelf.connect(tmp_path_factory.mktemp("catalog")) as connection:
        yield omicshelf.Catalog("real", connection=connection)


def id_of(name: str) -> str:
    return re.sub(r"[^0-9a-zA-Z_-]", "_", name)


@pytest.mark.parametrize("name", VERDICTS)
def test_a_file_goes_in_and_comes_out(
    name: str, catalog: omicshelf.Catalog, tmp_path: Path
) -> None:
    row = VERDICTS[name]
    if row["verdict"] == "refuse":
        before = catalog.changes()
        with pytest.raises(errors.Invalid, match=re.escape(row["reason"])) as caught:
            catalog.create_dataset(id_of(name), "Real", DATA / name, {})
        assert caught.value.detail
        assert catalog.changes() == before
        kept = catalog.create_dataset(id_of(name), "Real", DATA / name, {}, check=False)
        assert any(row["reason"] in problem for problem in kept.peek().problems)
    else:
        kept = catalog.create_dataset(id_of(name), "Real", DATA / name, {"file": name})
    assert kept.data_format == row["format"]
    assert kept.size == (DATA / name).stat().st_size
    out = Path(kept.download(tmp_path / "out"))
    assert hashlib.sha256(out.read_bytes()).hexdigest() == EXPECTED[name]["sha256"]
    assert hashlib.sha256(kept.open().read()).hexdigest() == EXPECTED[name]["sha256"]
    if row["verdict"] == "load":
        assert not kept.peek().problems
    if row["verdict"] == "flag":
        assert any(row["reason"] in problem for problem in kept.peek().problems)
    if row["load"] == "yes":
        assert kept.load() is not None
    elif row["load"] == "no":
        with pytest.raises(errors.Invalid):
            kept.load()
