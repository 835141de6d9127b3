"""An operation that fails at any of its steps has happened wholly, or not at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.reliability

LONG = os.environ.get("RELIABILITY") == "long"
OTHERS = [
    "metadata", "memory", "shared_names", "copy", "edit", "rollback", "delete", "undelete",
    "study", "label", "purge_file", "purge_dataset",
]  # fmt: skip
SCRIPT = Path(__file__).with_name("steps.py")
MEMORY = Path("/dev/shm")


def run(operation: str, kind: str, stride: int) -> dict[str, int]:
    # In memory where possible: what is tried is the order of the steps, and not the disk.
    place = MEMORY if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="omicshelf-steps-", dir=place) as folder:
        done = subprocess.run(
            [sys.executable, str(SCRIPT), operation, kind, folder, str(1 if LONG else stride)],
            capture_output=True,
            text=True,
        )
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, int] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    "operation",
    ["create", "delta", "names", "purge_versions", "collect", *(OTHERS if LONG else [])],
)
def test_killed_at_every_step(operation: str) -> None:
    outcome = run(operation, "kill", 4)
    assert outcome["tried"] >= 4
    assert outcome["before"]


@pytest.mark.parametrize("operation", ["delta", "attach", *(["create", *OTHERS] if LONG else [])])
def test_a_full_disk_at_every_step(operation: str) -> None:
    outcome = run(operation, "full", 6)
    assert outcome["refused"]
