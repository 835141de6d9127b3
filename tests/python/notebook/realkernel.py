"""A real kernel, and what a front end says to it and hears of it."""

from __future__ import annotations

import queue
import textwrap
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient

WITHIN_S = 60.0

# A text that would act if anybody took it for markup, and one that would turn others around.
HOSTILE = "<img src=x onerror=alert(1)>\u202eevil\x07"


@dataclass
class Cell:
    """What a cell gave."""

    text: str = ""
    data: list[dict[str, Any]] = field(default_factory=list)
    error: str | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)

    @property
    def plain(self) -> str:
        """The text of what was displayed."""
        return "\n".join(data.get("text/plain", "") for data in self.data)


class Kernel:
    """A kernel that runs cells, and a front end of the comms that they open."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.comm_messages: list[dict[str, Any]] = []

    def run(self, code: str) -> Cell:
        """Run a cell and give all that it shows."""
        sent = self.client.execute(textwrap.dedent(code))
        return self.collect(sent)

    def collect(self, sent: str) -> Cell:
        """Give what a cell that was sent shows, until it has ended."""
        cell, until = Cell(), time.monotonic() + WITHIN_S
        while True:
            message = self.client.get_iopub_msg(timeout=max(0.1, until - time.monotonic()))
            content, kind = message["content"], message["msg_type"]
            if kind.startswith("comm_"):
                self.comm_messages.append(message)
            if message["parent_header"].get("msg_id") != sent:
                continue
            cell.messages.append(message)
            if kind == "stream":
                cell.text += content["text"]
            elif kind in ("display_data", "execute_result"):
                cell.data.append(content["data"])
            elif kind == "error":
                cell.error = "\n".join(content["traceback"])
            elif kind == "status" and content["execution_state"] == "idle":
                return cell

    def ok(self, code: str) -> Cell:
        """Run a cell that must not fail."""
        cell = self.run(code)
        assert cell.error is None, cell.error
        return cell

    def complete(self, code: str) -> list[str]:
        """Give what may follow at the end of a line."""
        answer = self.client.complete(code, len(code), reply=True, timeout=WITHIN_S)
        return list(answer["content"]["matches"])

    # -- the front end of widgets

    def send(self, comm: str, content: dict[str, Any], buffers: list[bytes] | None = None) -> None:
        """Send a custom message to a widget."""
        data = {"method": "custom", "content": content}
        self._send(comm, data, buffers)

    def set(self, comm: str, **state: Any) -> None:
        """Set traits of a widget, as its view would."""
        self._send(comm, {"method": "update", "state": state, "buffer_paths": []}, None)

    def _send(self, comm: str, data: dict[str, Any], buffers: list[bytes] | None) -> None:
        session = self.client.session
        message = session.msg("comm_msg", {"comm_id": comm, "data": data})
        session.send(self.client.shell_channel.socket, message, buffers=buffers or [])

    def custom(self, comm: str, wanted: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Wait for a custom message of a widget that ``wanted`` says yes to."""
        until = time.monotonic() + WITHIN_S
        seen = []
        while time.monotonic() < until:
            if self.comm_messages:
                message = self.comm_messages.pop(0)
            else:
                try:
                    message = self.client.get_iopub_msg(timeout=1)
                except queue.Empty:
                    continue
            if message["msg_type"] != "comm_msg" or message["content"]["comm_id"] != comm:
                continue
            data = message["content"]["data"]
            if data.get("method") != "custom":
                continue
            seen.append(data["content"])
            if wanted(data["content"]):
                return data["content"], [bytes(buffer) for buffer in message["buffers"]]
        raise AssertionError(f"no such message among {seen}")

    def ask(self, comm: str, number: int, **request: Any) -> tuple[dict[str, Any], list[bytes]]:
        """Send a request of the REST interface over a comm, and give the answer."""
        buffers = request.pop("buffers", None)
        self.send(comm, {"kind": "request", "id": number, "method": "GET", **request}, buffers)
        return self.answer(comm, number)

    def answer(self, comm: str, number: int) -> tuple[dict[str, Any], list[bytes]]:
        """Wait for the answer to a request."""
        return self.custom(comm, lambda told: told["kind"] == "answer" and told["id"] == number)
