"""What all tests share: an own catalog and no settings of the user's, real files, no network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from suite import CONFORMANCE, OFFLINE_SUITE, REQUIRED, ROOT, refuse_network


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "offline: run once more in a network namespace with loopback only"
    )
    from hypothesis import HealthCheck, settings

    slow_is_fine = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("default", **slow_is_fine)
    settings.register_profile("long", max_examples=1000, **slow_is_fine)
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
    if os.environ.get("OFFLINE_SUITE") == "1":
        sys.addaudithook(refuse_network)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        path = item.path.relative_to(ROOT).as_posix() if item.path.is_relative_to(ROOT) else ""
        if any(path == part or path.startswith(f"{part}/") for part in OFFLINE_SUITE):
            item.add_marker(pytest.mark.offline)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("conformance") and not (CONFORMANCE / "data").is_dir():
        told = f"no folder of real files at {CONFORMANCE}: set CONFORMANCE"
        if REQUIRED:
            pytest.fail(told, pytrace=False)
        pytest.skip(told)


@pytest.fixture(scope="session", autouse=True)
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the tests away from the user's catalog, cache and settings."""
    folder = tmp_path_factory.mktemp("user")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OMICSHELF_")]:
            patch.delenv(name)
        patch.setenv("OMICSHELF_URL", str(folder / "catalog"))
        for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder / name))
        yield


@pytest.fixture(scope="session")
def conformance_folder() -> Path:
    """The folder of real files and acceptance programs."""
    return CONFORMANCE
