"""The acceptance program, unchanged: with omicshelf itself, and with the old client's names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.conformance

AS_IT_IS = "import runpy, sys; runpy.run_path(sys.argv[1], run_name='__main__')"
WITH_OLD_NAMES = f"import omicshelf.compat as c; c.install(); {AS_IT_IS}"


@pytest.mark.parametrize(
    ("package", "runner"),
    [("omicshelf", AS_IT_IS), ("polly.data_management", WITH_OLD_NAMES)],
    ids=["omicshelf", "old names"],
)
def test_tutorial_passes(
    package: str, runner: str, conformance_folder: Path, tmp_path: Path
) -> None:
    program = conformance_folder / "acceptance" / "polly_tutorial.py"
    done = subprocess.run(
        [sys.executable, "-c", runner, str(program)],
        env={
            **os.environ,
            "POLLY_TUTORIAL_PKG": package,
            "STRICT": "1",
            "OMICSHELF_URL": str(tmp_path / "catalog"),
            "TMPDIR": str(tmp_path),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    verdict = json.loads(done.stdout[done.stdout.index("{\n") :])
    assert verdict["failed"] == 0
    assert verdict["inferred_not_met"] == []
    assert done.stdout.count("\nok ") + done.stdout.startswith("ok ") == verdict["sections"] == 26
