"""The rules of the house that no linter knows."""

from __future__ import annotations

import ast
import importlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from suite import ROOT

PACKAGE = ROOT / "python_pkg" / "omicshelf"
MODULES = sorted(PACKAGE.rglob("*.py"))
HEAVY = {"anndata", "pandas", "scanpy", "sqlalchemy", "duckdb", "numpy", "h5py", "pyarrow", "zarr"}


def tracked() -> list[Path]:
    """Every file that a clone has."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip("this is no git checkout")
    names = done.stdout.decode().split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode()


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
        ".__init__"
    )


# -- who may import whom


def test_calls_go_one_way() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    "code",
    [
        "import omicshelf",
        "import omicshelf; dir(omicshelf); omicshelf.__version__; omicshelf.errors",
        "from omicshelf.compat import install; install()",
        "import omicshelf.demo",
    ],
)
def test_importing_is_light(code: str) -> None:
    listed = f"{code}; import sys; print(*({HEAVY!r} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", listed], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_every_public_name_is_there() -> None:
    import omicshelf

    for name in omicshelf.__all__:
        assert getattr(omicshelf, name) is not None
    assert set(omicshelf.__all__) == set(dir(omicshelf))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        omicshelf.nothing  # noqa: B018


# -- the database


def test_the_migrations_lead_to_the_schema(tmp_path: Path) -> None:
    from alembic import command

    from omicshelf.backend.embedded.database import Database

    database = Database(f"sqlite:///{tmp_path / 'catalog.db'}")
    database.upgrade()
    config = database._alembic_config()
    try:
        with database.reading() as connection:
            config.attributes["connection"] = connection
            command.check(config)  # raises where autogenerate finds a difference
    finally:
        database.close()


# -- what a clone shows


ABSOLUTE_HOMES = re.compile(r"(?<![\w.$~])/(?:home|Users|root|work)/[a-z]")
# A registry is the installer's business, and the user's; written apart so as not to find itself.
REGISTRY_HOSTS = ("py" + "pi.org", "pythonhosted" + ".org", "registry.npm" + "js", "conda." + "io")
LOCAL_REGISTRIES = re.compile(r"--(?:index-url|extra-index-url|find-links)\b")


def test_no_file_names_a_path_of_somebodys_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in tracked()
        for match in ABSOLUTE_HOMES.finditer(text_of(path))
    ]
    assert found == []


def test_no_file_names_a_package_registry() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked()
        for host in REGISTRY_HOSTS
        if host in text_of(path)
    ]
    found += [
        str(path.relative_to(ROOT))
        for path in tracked()
        if path.name in ("Makefile", "run", "pyproject.toml")
        and LOCAL_REGISTRIES.search(text_of(path))
    ]
    assert found == []


LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml")


def test_no_lock_pins_the_addresses_of_one_machine() -> None:
    assert [path.name for path in tracked() if path.name in LOCKS] == []
    for path in tracked():
        if path.name in ("package-lock.json", "yarn.lock"):
            assert '"resolved": "http' not in text_of(path), path


def test_the_licence_is_there_and_named() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "BSD-3-Clause"
    licence = (ROOT / "LICENSE").read_text()
    assert "Redistribution and use in source and binary forms" in licence
    assert "Neither the name of the copyright holder" in licence


# -- the code


@pytest.mark.parametrize("path", MODULES, ids=module_name)
def test_every_module_says_what_it_is(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text()))
    if path.name == "__init__.py" and not path.read_text().strip():
        return  # only makes a folder importable
    assert told, f"{path} has no docstring"
    assert "placeholder" not in told.lower()


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [path for path in MODULES if path.stem in drawers] == []


def test_nothing_is_left_for_later() -> None:
    marks = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|NotImplemented(?!Error)\s*#")
    found = [path for path in MODULES if marks.search(path.read_text())]
    assert found == []


def test_nothing_of_a_dataset_is_unpickled() -> None:
    banned = re.compile(r"^\s*(?:import|from)\s+(?:pickle|marshal|shelve|dill|cloudpickle)\b", re.M)
    assert [path for path in MODULES if banned.search(path.read_text())] == []
    loads = [path for path in MODULES if "allow_pickle=True" in path.read_text()]
    assert loads == []


def format_modules() -> list[str]:
    registry = importlib.import_module("omicshelf.formats.registry")
    return list(registry._MODULES)


@pytest.mark.parametrize("module", format_modules())
def test_every_format_module_is_tested(module: str) -> None:
    """By a test module of its name, or one that imports it."""
    wanted = re.compile(rf"omicshelf\.formats(?:\.| import [^\n]*\b){module}\b")
    tests = list((ROOT / "tests" / "python" / "formats").rglob("test_*.py"))
    found = [
        path for path in tests if path.stem == f"test_{module}" or wanted.search(path.read_text())
    ]
    assert found, f"no test of omicshelf.formats.{module}"


def test_every_format_of_the_registry_is_complete() -> None:
    registry = importlib.import_module("omicshelf.formats.registry")
    for name, fmt in registry.all_formats().items():
        assert fmt.title, name
        assert fmt.loadable or not fmt.promised, name
        assert name == name.lower(), name


def test_every_module_of_tests_has_a_name_of_its_own() -> None:
    """Pytest imports them by their names alone: of two with the same one it reads only one."""
    names = [path.name for path in (ROOT / "tests").rglob("*.py") if path.name != "conftest.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []
