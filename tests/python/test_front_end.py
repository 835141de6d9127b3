"""What Python and the front end have to agree on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import version
from typing import Any

import pytest

from omicshelf.server.openapi import document
from suite import ROOT

DOCUMENT = ROOT / "src" / "api" / "openapi.json"
WRITE_ANEW = f"python -m omicshelf.server.openapi > {DOCUMENT.relative_to(ROOT)}"

# The releases of JupyterLab's packages that came with JupyterLab 4.4.0, the oldest one that we run
# in: a range that starts later would be refused there, since JupyterLab's own copy is shared.
OLDEST = {
    "@jupyterlab/apputils": "4.5.0",
    "@jupyterlab/coreutils": "6.4.0",
    "@jupyterlab/services": "7.4.0",
    "@lumino/coreutils": "2.2.1",
    "@lumino/disposable": "2.1.4",
    "@lumino/dragdrop": "2.1.6",
    "@lumino/messaging": "2.0.3",
    "@lumino/signaling": "2.1.4",
    "@lumino/widgets": "2.7.0",
    "react": "18.2.0",
    "react-dom": "18.2.0",
}
# What JupyterLab does not bring is bundled with the parts that use it, without what they do not
# use; a package that is not named so would be shipped whole.
SHARED = re.compile(r"(@jupyterlab|@lumino)/.*|react|react-dom|@codemirror/(state|view|language)")


@pytest.fixture(scope="module")
def package() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "package.json").read_text())
    return found


def test_types_are_made_from_what_the_server_says() -> None:
    assert json.loads(DOCUMENT.read_text()) == document(), f"Write it anew: {WRITE_ANEW}"


def test_the_document_is_written_as_it_is_kept() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "omicshelf.server.openapi"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == DOCUMENT.read_text(), f"Write it anew: {WRITE_ANEW}"


def test_there_is_one_version(package: dict[str, Any]) -> None:
    assert package["version"] == version("omicshelf")
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert lock["packages"][""]["version"] == package["version"]


def numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


def test_the_oldest_jupyterlab_has_what_is_shared(package: dict[str, Any]) -> None:
    for name, wanted in package["dependencies"].items():
        if not SHARED.fullmatch(name) or name.startswith("@codemirror/"):
            continue
        assert wanted.startswith("^"), name
        assert numbers(wanted[1:]) <= numbers(OLDEST.get(name, "4.4.0")), name


def test_what_is_not_shared_is_bundled(package: dict[str, Any]) -> None:
    own = {name for name in package["dependencies"] if not SHARED.fullmatch(name)}
    told = package["jupyterlab"]["sharedPackages"]
    assert {name for name, shared in told.items() if shared is False} == own


def test_the_lock_is_of_the_package_and_whole(package: dict[str, Any]) -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert lock[""]["dependencies"] == package["dependencies"]
    assert lock[""]["devDependencies"] == package["devDependencies"]
    assert [name for name, one in lock.items() if name and "integrity" not in one] == []


def test_every_setting_has_a_title_a_text_and_a_default() -> None:
    schema = json.loads((ROOT / "schema" / "plugin.json").read_text())
    for name, setting in schema["properties"].items():
        assert {"title", "description", "default", "type"} <= setting.keys(), name


def test_the_labextension_is_found_by_name() -> None:
    import omicshelf

    assert omicshelf._jupyter_labextension_paths() == [{"src": "labextension", "dest": "omicshelf"}]


def test_no_script_of_a_package_runs_when_it_is_installed() -> None:
    told = (ROOT / ".npmrc").read_text().split()
    assert {"ignore-scripts=true", "omit-lockfile-registry-resolved=true"} <= set(told)


def test_the_front_end_asks_the_interface_at_its_address() -> None:
    from omicshelf.backend.wire import API

    told = (ROOT / "src" / "api" / "http.ts").read_text()
    assert f"export const API = '{API.lstrip('/')}';" in told
