"""Many clients of a team's servers at once, in a process of their own.

Each client does one request after the other, chosen by chance in the proportions of a working
day; it keeps to one server and goes to the next where that one does not answer. What a server
acknowledged is written down, and compared at the end by whoever started the process.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import threading
import time
import urllib.parse
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import urllib3
from blake3 import blake3

__all__ = ["MIX", "main"]

ATLAS = "load"
MIX = {"list": 30, "search": 15, "get": 25, "summary": 13, "upload": 8, "download": 9}
_MEGABYTE = 1 << 20
_API = "/omicshelf/api/v1"
_HERE = f"{_API}/atlases/{ATLAS}"


@dataclass
class Told:
    """What the clients of one process saw."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)
    turned: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)


class Failed(Exception):
    """A server answered that something is wrong."""


class Client(threading.Thread):
    """One user, with one connection at a time."""

    def __init__(self, number: int, servers: list[str], token: str, until: float) -> None:
        super().__init__(daemon=True)
        self.told = Told()
        self._number, self._servers, self._until = number, servers, until
        self._chance = random.Random(number)
        self._token = token
        self._known: list[str] = []
        self._blobs: list[tuple[str, str]] = []
        self._connect(number % len(servers))

    def _connect(self, which: int) -> None:
        self._which = which % len(self._servers)
        self._pool = urllib3.connection_from_url(
            self._servers[self._which], maxsize=1, retries=False, timeout=30.0
        )

    def run(self) -> None:
        doings: dict[str, Callable[[], None]] = {name: getattr(self, f"_do_{name}") for name in MIX}
        while time.monotonic() < self._until:
            (name,) = self._chance.choices(list(MIX), weights=list(MIX.values()))
            if not self._known:  # there is nothing of its own to ask for yet
                name = "upload"
            started = time.monotonic()
            try:
                doings[name]()
            except urllib3.exceptions.HTTPError as error:
                if len(self._servers) == 1:
                    self.told.errors.append(f"{name}: {error}")
                self.told.turned += 1
                self._connect(self._which + 1)
                continue
            except Failed as error:
                self.told.errors.append(f"{name}: {error}")
                continue
            self.told.seconds[name].append(time.monotonic() - started)

    def _ask(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> bytes:
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        answer = self._pool.request(
            method,
            path,
            body=data,
            headers={"Authorization": f"token {self._token}", **(headers or {})},
        )
        if answer.status >= 400:
            raise Failed(f"{answer.status} {answer.data[:300]!r}")
        return answer.data

    def _do_list(self) -> None:
        self._ask("GET", f"{_HERE}/datasets?limit=50")

    def _do_search(self) -> None:
        word = self._chance.choice(["lung", "liver", "heart", "client"])
        asked = urllib.parse.urlencode({"text": word, "facets": "tissue", "limit": 20})
        self._ask("GET", f"{_HERE}/datasets?{asked}")

    def _do_get(self) -> None:
        name = self._chance.choice(self._known)
        found = json.loads(self._ask("GET", f"{_HERE}/datasets/{name}"))
        if found["dataset_id"] != name:
            raise Failed(f"asked for {name}, got {found['dataset_id']}")

    def _do_summary(self) -> None:
        name = self._chance.choice(self._known)
        self._ask("GET", f"{_HERE}/datasets/{name}/versions/v1/summary")

    def _do_download(self) -> None:
        blob, expected = self._chance.choice(self._blobs)
        data = self._ask("GET", f"{_API}/blobs/{blob}/content")
        if blake3(data).hexdigest() != expected:
            raise Failed(f"the blob {blob} has other bytes than were sent")

    def _do_upload(self) -> None:
        name = f"client{self._number}-{len(self._known)}-{self._chance.randrange(10**9)}"
        data = self._chance.randbytes(_MEGABYTE)
        version = {
            "dataset_id": name,
            "mode": "create",
            "data_type": "Load",
            "metadata": {"tissue": self._chance.choice(["lung", "liver", "heart"])},
        }
        request = {
            "atlas": ATLAS,
            "dataset_id": name,
            "size": len(data),
            "data_format": "bin",
            "version": version,
        }
        upload = json.loads(self._ask("POST", f"{_API}/uploads", request))["upload"]
        hashed = blake3(data).hexdigest()
        told = {"X-Omicshelf-Blake3": hashed, "Content-Type": "application/octet-stream"}
        self._ask("PUT", f"{_API}/uploads/{upload}/parts/0", data, told)
        made = json.loads(self._ask("POST", f"{_HERE}/datasets", {**version, "upload": upload}))
        self.told.acknowledged[name] = hashed
        self._known.append(name)
        self._blobs.append((made["version"]["blob"], hashed))


def main() -> int:
    """Run the clients; print what they saw as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", action="append", required=True)
    parser.add_argument("--token", required=True)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=60)
    options = parser.parse_args()
    until = time.monotonic() + options.seconds
    clients = [
        Client(options.first + i, options.server, options.token, until)
        for i in range(options.clients)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    whole = Told()
    for client in clients:
        for name, seconds in client.told.seconds.items():
            whole.seconds[name] += seconds
        whole.errors += client.told.errors
        whole.turned += client.told.turned
        whole.acknowledged |= client.told.acknowledged
    json.dump(vars(whole), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
