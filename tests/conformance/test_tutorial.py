"""The acceptance program, unchanged: with omicshelf itself, and with the old client's names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

pytestmark = pytest.mark.conformance

AS_IT_IS = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
WITH_OLD_NAMES = f"import omicshelf.compat as c; c.install(); {AS_IT_IS}"


def run_tutorial(
    program: Path,
    folder: Path,
    settings: Mapping[str, str],
    *,
    package: str = "omicshelf",
    runner: str = AS_IT_IS,
) -> None:
    """Run the program in a process of its own, and assert that it asks for nothing more."""
    done = subprocess.run(
        [sys.executable, "-c", runner, str(program)],
        env={
            **os.environ,
            **settings,
            "POLLY_TUTORIAL_PKG": package,
            "STRICT": "1",
            "TMPDIR": str(folder),
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert verdict["failed"] == 0
    assert verdict["inferred_not_met"] == []
    assert done.stdout.count("\nok ") + done.stdout.startswith("ok ") == verdict["sections"] == 26


@pytest.fixture
def program(conformance_folder: Path) -> Path:
    """The acceptance program."""
    return conformance_folder / "acceptance" / "polly_tutorial.py"


@pytest.mark.parametrize(
    ("package", "runner"),
    [("omicshelf", AS_IT_IS), ("polly.data_management", WITH_OLD_NAMES)],
    ids=["omicshelf", "old names"],
)
def test_tutorial_passes(package: str, runner: str, program: Path, tmp_path: Path) -> None:
    settings = {"OMICSHELF_URL": str(tmp_path / "catalog")}
    run_tutorial(program, tmp_path, settings, package=package, runner=runner)
