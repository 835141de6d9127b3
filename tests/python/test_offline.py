"""A user's day on a machine without network.

The suite marked ``offline`` (see ``tests/conftest.py``) runs once more in a network namespace
of its own, where there is nothing but loopback: what Python, a native library or a subprocess
asks of another host fails there, and fails a test.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys

import pytest

from suite import OFFLINE_SUITE, REQUIRED, ROOT

# Brings loopback up (SIOCSIFFLAGS with IFF_UP: `ip link set lo up` without needing ip), makes
# sure that there is no way out, and runs what follows.
_ENTER = """
import fcntl, os, socket, struct, sys
request = struct.pack("16sh22x", b"lo", 1)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    fcntl.ioctl(probe, 0x8914, request)
    try:
        probe.connect(("192.0.2.1", 9))
    except OSError:
        pass
    else:
        sys.exit("there is a way out of the namespace")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


def namespaces_work() -> bool:
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.timeout(900)
def test_the_offline_suite() -> None:
    if not namespaces_work():
        told = "`unshare -rn true` does not work here: no namespace without network can be made"
        if REQUIRED:
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    suite = [part for part in OFFLINE_SUITE if (ROOT / part).exists()]
    assert suite
    done = subprocess.run(
        [
            *("unshare", "-rn", sys.executable, "-c", _ENTER),
            *("-m", "pytest", "-q", "-m", "offline and not slow", "-p", "no:xdist", *suite),
        ],
        cwd=ROOT,
        env={**without_xdist(), "OFFLINE_SUITE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    passed = re.search(r"(\d+) passed", done.stdout)
    assert passed
    assert int(passed[1]) > 50


def test_the_suite_would_notice(tmp_path: object) -> None:
    """The watch itself works: asking for a host is an error, loopback is not."""
    code = (
        "import sys, socket; sys.path.insert(0, 'tests'); import suite\n"
        "sys.addaudithook(suite.refuse_network)\n"
        "socket.getaddrinfo('localhost', 80)\n"
        "try:\n    socket.getaddrinfo('example.org', 80)\n"
        "except RuntimeError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "socket.getaddrinfo of 'example.org'" in done.stdout


def without_xdist() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
