"""Where things are, and which tests make up the suite that needs no network.

A module of its own: `conftest` is not one name where several folders have one.
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
CONFORMANCE = Path(os.environ.get("CONFORMANCE") or ROOT.parent / "shared")
REQUIRED = os.environ.get("CONFORMANCE_REQUIRED") == "1"


def _expected() -> dict[str, Any]:
    """Read what independent tools found in the real files; nothing where there are none."""
    path = DATA / "EXPECTED.json"
    if not path.is_file():
        if REQUIRED:
            raise FileNotFoundError(f"CONFORMANCE_REQUIRED is set, and there is no {path}")
        return {}
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def _verdicts() -> dict[str, dict[str, str]]:
    with (ROOT / "tests" / "conformance" / "verdicts.tsv").open(newline="") as table:
        return {row["file"]: row for row in csv.DictReader(table, delimiter="\t")}


DATA = CONFORMANCE / "data"
EXPECTED = _expected()
VERDICTS = _verdicts()

# The suite that also runs without network, by test_offline.py: what a user does in a day.
OFFLINE_SUITE = (
    "tests/python/catalog",
    "tests/python/cli/test_cli_reading.py",
    "tests/python/cli/test_cli_writing.py",
    "tests/python/compat",
    "tests/python/test_demo.py",
    "tests/python/test_docs.py",
    "tests/conformance/test_tutorial.py",
)
_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0", "")


def refuse_network(event: str, args: tuple[Any, ...]) -> None:
    """Fail loudly where Python asks for another host, even if nobody could answer."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = args[1]
        host = address[0] if isinstance(address, tuple) else None
    else:
        return
    if isinstance(host, bytes):
        host = host.decode()
    if host is not None and not any(host == ok or host.startswith(ok or "\0") for ok in _LOOPBACK):
        raise RuntimeError(f"{event} of {host!r}: the offline suite must not ask for any host")
