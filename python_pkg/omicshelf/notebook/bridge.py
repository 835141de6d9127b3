"""The kernel's side of a widget's requests: messages of its comm, answered by threads.

The protocol is that of ``src/api/comm.ts``. The front end sends ``request`` (``id``, ``method``,
``path``, ``query``, ``headers``, ``body`` or a buffer), ``cancel`` (``id``), ``listen`` with
``on``: whether it wants to hear of changes, and ``hello``. The kernel sends ``answer`` (``id``,
``status``, ``headers``, the body as a buffer: JSON, or bytes) and ``event`` (``topic``, ``body``):
the topics are ``changes`` (a list, or null where all that is shown is to be read again),
``connection``, and ``hello``, which answers one as soon as no cell keeps messages waiting.

Nothing is computed in the thread that runs cells. Answers leave from the threads: ipykernel
hands what is sent, from wherever, to the thread that owns the socket.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import Any

from omicshelf.catalog.connection import Connection
from omicshelf.notebook.answers import Answered, Asked, answer, json_bytes
from omicshelf.notebook.following import News, following
from omicshelf.server.refusals import failed, refusal_of

__all__ = ["Bridge", "Send"]

Send = Callable[[dict[str, Any], Sequence[Any]], None]
"""Sends a message with its buffers to the front end, from any thread."""

Own = Callable[[Asked], Answered | None]
"""Answers a request that is about the kernel itself; None where it is about the catalog."""

_THREADS = 4
_LISTENS_WITHIN_S = 10.0
_log = logging.getLogger("omicshelf")


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_THREADS, thread_name_prefix="omicshelf-widget")


class Bridge:
    """Answers the requests of one widget.

    Parameters
    ----------
    connection
        The catalog.
    send
        Sends to the front end.
    own
        What the kernel answers besides the catalog.
    """

    def __init__(self, connection: Connection, send: Send, own: Own = lambda _asked: None) -> None:
        self._connection = connection
        self._send = send
        self._own = own
        self._guard = threading.Lock()
        self._sending = threading.Lock()
        self._under_way: dict[int, tuple[Future[None], threading.Event]] = {}
        self._end_following: Callable[[], None] | None = None
        self._listening: Future[None] | None = None
        self._has_read = False
        self._closed = False

    @property
    def is_listening(self) -> bool:
        """Whether the front end is told of changes."""
        return self._end_following is not None

    def receive(self, content: Any, buffers: Sequence[Any] = ()) -> None:
        """Take a message of the front end; returns at once."""
        if self._closed or not isinstance(content, Mapping):
            return
        match content.get("kind"):
            case "hello":
                # Said by the thread that takes messages: it is free, whatever the others do.
                self._event("hello", None)
            case "request":
                self._begin(content, buffers)
            case "cancel":
                self._cancel(content.get("id"))
            case "listen":
                # Whoever has read before it listens may have missed something in between.
                wanted, again = bool(content.get("on")), self._has_read
                self._listening = _threads().submit(self._listen, wanted, again)

    def close(self) -> None:
        """Give up what is under way, and stop listening."""
        with self._guard:
            self._closed = True
            waiting = list(self._under_way.values())
            self._under_way.clear()
        for future, gone in waiting:
            gone.set()
            future.cancel()
        self._stop_listening()

    # -- requests

    def _begin(self, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        number = content.get("id")
        if not isinstance(number, int):
            return
        # The kernel's own answers are no news of the catalog.
        self._has_read |= not str(content.get("path", "")).startswith("/kernel/")
        gone = threading.Event()
        listening = self._listening
        with self._guard:
            future = _threads().submit(self._answer, number, content, buffers, gone, listening)
            self._under_way[number] = (future, gone)

    def _answer(
        self,
        number: int,
        content: Mapping[str, Any],
        buffers: Sequence[Any],
        gone: threading.Event,
        listening: Future[None] | None,
    ) -> None:
        if listening is not None:
            # So that what is read is not older than the first change that is told.
            wait([listening], _LISTENS_WITHIN_S)
        try:
            asked = _asked(content, buffers)
            found = self._own(asked) or answer(self._connection, asked, gone)
        except Exception as error:
            failure = refusal_of(error) or failed(error, _log, "kernel")
            found = Answered(failure.status, {}, failure.body.model_dump_json().encode())
        with self._guard:
            wanted = self._under_way.pop(number, None) is not None
        if wanted and not gone.is_set():
            told = {
                "kind": "answer",
                "id": number,
                "status": found.status,
                "headers": dict(found.headers),
            }
            self._tell(told, [found.body] if found.body else [])

    def _cancel(self, number: Any) -> None:
        with self._guard:
            found = self._under_way.pop(number, None) if isinstance(number, int) else None
        if found is not None:
            future, gone = found
            gone.set()
            future.cancel()

    # -- changes

    def _listen(self, wanted: bool, again: bool) -> None:
        if not wanted:
            self._stop_listening()
            return
        end = following(self._connection).follow(self._hear)
        with self._guard:
            before, self._end_following = self._end_following, None if self._closed else end
            closed = self._closed
        if before is not None:
            before()
        if closed:
            end()
        elif again:
            self._hear(News(None))

    def _stop_listening(self) -> None:
        with self._guard:
            end, self._end_following = self._end_following, None
        if end is not None:
            end()

    def _hear(self, news: News) -> None:
        if news.error is not None:
            failure = refusal_of(news.error)
            body = {} if failure is None else failure.body.model_dump()
            status = 500 if failure is None else failure.status
            told = {"state": "unreachable", "status": status, "again_in": news.again_in}
            self._event("connection", {**told, **body})
            return
        if news.changes is None:
            self._event("connection", {"state": "connected"})
            self._event("changes", None)
        else:
            self._event("changes", [change.model_dump(mode="json") for change in news.changes])

    def _event(self, topic: str, body: Any) -> None:
        self._tell({"kind": "event", "topic": topic, "body": body}, [])

    def _tell(self, message: dict[str, Any], buffers: Sequence[Any]) -> None:
        with self._sending:
            if not self._closed:
                self._send(message, buffers)


def _asked(content: Mapping[str, Any], buffers: Sequence[Any]) -> Asked:
    headers = content.get("headers") or {}
    return Asked(
        method=str(content.get("method", "GET")),
        path=str(content.get("path", "")),
        query=str(content.get("query") or "").removeprefix("?"),
        headers={str(name): str(value) for name, value in headers.items()},
        body=memoryview(buffers[0]).cast("B") if buffers else json_bytes(content.get("body")),
    )
