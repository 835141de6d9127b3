"""A proxy in front of a server that fails as networks do: by a seeded plan, so again alike."""

from __future__ import annotations

import random
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from typing import Self

__all__ = ["NOTHING", "OFTEN", "FaultyProxy"]

NOTHING: Mapping[str, float] = {}
OFTEN: Mapping[str, float] = {
    "drop": 0.04,
    "lose": 0.04,
    "truncate": 0.04,
    "refuse": 0.06,
    "delay": 0.10,
}
"""What happens to how many of the requests: the connection is cut before the server has heard
of it (``drop``), or when it answers (``lose``: it was done, and nobody is told), or in the middle
of the answer (``truncate``); it is answered by 503 (``refuse``), or late (``delay``)."""

_REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_BLOCK = 64 << 10


class FaultyProxy:
    """Listens on a free port of the loopback interface; close it, or use it in a ``with`` block.

    Parameters
    ----------
    server
        The URL of the server behind it.
    plan
        How often what happens to a request, each between 0 and 1; it may be changed later.
    seed
        Of the plan.

    Attributes
    ----------
    url
        To be used instead of the server's.
    done
        How often each fault was made.
    """

    def __init__(self, server: str, plan: Mapping[str, float] = OFTEN, *, seed: int = 0) -> None:
        parts = urlsplit(server)
        self._server = parts.hostname or "127.0.0.1", parts.port or 80
        self.plan = plan
        self.done: Counter[str] = Counter()
        self._random = random.Random(seed)  # noqa: S311
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._listener.settimeout(0.1)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening; connections end with their next byte."""
        self._ended.set()
        self._thread.join()
        self._listener.close()

    def _choose(self) -> str:
        with self._guard:
            at = self._random.random()
            for fault, share in self.plan.items():
                at -= share
                if at < 0:
                    self.done[fault] += 1
                    return fault
            return "pass"

    def _accept(self) -> None:
        while not self._ended.is_set():
            try:
                client, _address = self._listener.accept()
            except TimeoutError:
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        client.settimeout(None)
        with client:
            try:
                with socket.create_connection(self._server) as server:
                    self._pass_on(client, server)
            except OSError:
                return  # one side has gone: the other is told by the end of its connection

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        """Copy both ways; what a client sends after an answer is its next request."""
        fault, answering, left = "pass", True, 0
        while not self._ended.is_set():
            ready, _, _ = select.select([client, server], [], [], 0.2)
            if client in ready:
                data = client.recv(_BLOCK)
                if not data:
                    return
                if answering:
                    fault, answering = self._choose(), False
                    left = self._random.randrange(1, _BLOCK)
                    if fault == "drop":
                        return
                    if fault == "refuse":
                        client.sendall(_REFUSED)
                        return
                    if fault == "delay":
                        time.sleep(self._random.uniform(0.01, 0.3))
                server.sendall(data)
            if server in ready:
                data = server.recv(_BLOCK)
                if not data or fault == "lose":
                    return
                answering = True
                if fault == "truncate":
                    client.sendall(data[:left])
                    left -= len(data)
                    if left <= 0:
                        return
                    continue
                client.sendall(data)
