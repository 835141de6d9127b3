"""A filled catalog, and the command line as a function."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from omicshelf.cli.app import app

V1 = "gene,count\nCD4,1\nCD8A,2\n"
V2 = "gene,count\nCD4,1\nCD8A,5\nLYZ,7\n"


class Run:
    """What a command gave."""

    def __init__(self, result: Result) -> None:
        self.code = result.exit_code
        self.stdout = result.stdout
        self.stderr = result.stderr
        self.raised = result.exception

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def problems(self) -> list[Any]:
        """The lines of stderr as JSON."""
        return [json.loads(line) for line in self.stderr.splitlines()]

    @property
    def lines(self) -> list[list[str]]:
        return [line.split("\t") for line in self.stdout.splitlines()]

    def __repr__(self) -> str:
        return f"Run({self.code})\nstdout: {self.stdout}\nstderr: {self.stderr}"


Cli = Callable[..., Run]


@pytest.fixture
def cli(catalog_folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    """Run ``omicshelf ARGS`` in an empty folder, on an own copy of the filled catalog."""
    from omicshelf.catalog import origin

    place = tmp_path / "here"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.setenv("OMICSHELF_URL", str(catalog_folder))
    monkeypatch.setenv("OMICSHELF_PROGRESS", "0")
    monkeypatch.delenv("OMICSHELF_ATLAS", raising=False)
    monkeypatch.setattr(origin, "_interface", None)

    def run(*args: object, code: int | None = 0, input: str | None = None) -> Run:
        done = Run(CliRunner().invoke(app, [str(arg) for arg in args], input=input))
        assert isinstance(done.raised, SystemExit | None), done.raised
        assert "Traceback" not in done.stderr + done.stdout
        assert code is None or done.code == code, done
        return done

    return run


@pytest.fixture
def catalog_folder(filled: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "catalog"
    shutil.copytree(filled, folder)
    return folder


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog with one atlas, ``lung``.

    ``counts`` has v1 (labelled "first") and v2, a file and a study; ``other`` is made from
    ``counts`` v2; ``gone`` is deleted.
    """
    import omicshelf

    folder = tmp_path_factory.mktemp("filled")
    table = folder / "table.csv"
    with omicshelf.connect(folder / "catalog") as connection:
        catalog = omicshelf.Catalog("lung", connection=connection)
        table.write_text(V1)
        catalog.create_dataset(
            "counts", "Bulk RNAseq", table, {"tissue": "lung", "age": 52}, message="as it came"
        )
        table.write_text(V2)
        newest = catalog.update_dataset("counts", data=table, message="one gene more")
        catalog.label("counts", "v1", "first")
        catalog.set_parent_study("counts", "GSE1")
        notes = folder / "notes.txt"
        notes.write_text("cells were fine")
        catalog.attach_file("counts", notes, tag="QC", made_from="v2")
        catalog.create_dataset("other", "Table", table, {"tissue": "liver"}, parents=[newest])
        catalog.create_dataset("gone", "Table", table, {})
        catalog.delete_dataset("gone")
    return folder / "catalog"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A file that is not in the catalog yet."""
    path = tmp_path / "new table.csv"
    path.write_text("a,b\n1,2\n3,4\n")
    return path
