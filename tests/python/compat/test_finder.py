"""The import hook: it gives what is not there, and never hides what is."""

from __future__ import annotations

import importlib
import importlib.util
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

import omicshelf
from omicshelf import compat

MODULES = ("polly.auth", "polly.data_management", "polly.errors", "polly.threading_utils")


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    compat.uninstall()
    yield
    compat.uninstall()


def test_nothing_resolves_before_install() -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("polly.auth")


@pytest.mark.parametrize("name", MODULES)
def test_every_name_of_a_module_is_there(name: str) -> None:
    compat.install()
    module = importlib.import_module(name)
    ours = importlib.import_module(f"omicshelf.compat.{name}")
    assert module.__name__ == name
    assert module.__doc__
    for public in ours.__all__:
        assert getattr(module, public) is getattr(ours, public)


def test_the_catalog_is_ours() -> None:
    compat.install()
    from polly.data_management import Catalog, copy_dataset  # type: ignore[import-not-found]

    assert Catalog is omicshelf.Catalog
    assert copy_dataset is omicshelf.copy_dataset


def test_installing_twice_is_installing_once() -> None:
    before = len(sys.meta_path)
    compat.install()
    compat.install()
    assert len(sys.meta_path) == before + 1


def test_uninstall_takes_it_back() -> None:
    before = list(sys.meta_path)
    compat.install()
    importlib.import_module("polly.auth")
    compat.uninstall()
    compat.uninstall()
    assert sys.meta_path == before
    assert not [name for name in sys.modules if name.partition(".")[0] == "polly"]
    assert importlib.util.find_spec("polly") is None


def test_unknown_modules_of_the_package_stay_unknown() -> None:
    compat.install()
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("polly.cohort")


def test_a_real_package_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "polly"
    package.mkdir()
    (package / "__init__.py").write_text("real = True\n")
    (package / "auth.py").write_text("real = True\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match="'polly' is installed"):
        compat.install()
    try:
        assert importlib.import_module("polly.auth").real
        # What the real one does not have is not made up beside it.
        with pytest.raises(ModuleNotFoundError):
            importlib.import_module("polly.data_management")
        compat.uninstall()
        assert importlib.import_module("polly.auth").real
    finally:
        for name in ("polly", "polly.auth"):
            sys.modules.pop(name, None)


def test_a_folder_of_that_name_is_no_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "polly").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compat.install()
    assert importlib.import_module("polly.data_management").Catalog is omicshelf.Catalog


def test_install_is_quick() -> None:
    """One line at the top of a notebook imports nothing heavy."""
    code = (
        "import sys, omicshelf.compat; omicshelf.compat.install();"
        "heavy = {'pandas', 'anndata', 'sqlalchemy', 'numpy'} & set(sys.modules);"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
