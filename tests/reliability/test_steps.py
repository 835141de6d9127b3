"""An operation that fails at any of its steps has happened wholly, or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"
OFTEN = ["create", "delta", "attach", "purge_versions", "collect"]
OTHERS = [
    "metadata", "memory", "copy", "edit", "rollback", "delete", "undelete", "study", "label",
    "purge_file", "purge_dataset",
]  # fmt: skip
SCRIPT = Path(__file__).with_name("steps.py")


def run(operation: str, kind: str, folder: Path) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), operation, kind, str(folder)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("operation", OFTEN + (OTHERS if LONG else []))
def test_killed_at_every_step(operation: str, tmp_path: Path) -> None:
    outcome = run(operation, "kill", tmp_path)
    assert outcome["steps"] >= 4
    if operation != "collect":
        assert outcome["before"]
        assert outcome["after"]


@pytest.mark.parametrize("operation", OFTEN + (OTHERS if LONG else []))
def test_a_full_disk_at_every_step(operation: str, tmp_path: Path) -> None:
    outcome = run(operation, "full", tmp_path)
    assert outcome["refused"]
