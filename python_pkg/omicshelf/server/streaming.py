"""Bytes of a blob on their way to a client, over tornado."""

from __future__ import annotations

import asyncio
import io
from typing import IO, TYPE_CHECKING, Protocol, cast

from tornado.iostream import StreamClosedError

from omicshelf.server.content import Span

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from omicshelf.server.handlers import ApiHandler

__all__ = ["send_content"]

_BLOCK = 1 << 20
# Of what is in a bucket, or compressed, more at a time: it is fetched and decoded in parallel.
_CHUNKED_BLOCK = 4 << 20


class HTTPConnection(Protocol):
    """What is used of a connection; tornado's type asks for bytes, and takes any buffer."""

    def write(self, chunk: memoryview) -> asyncio.Future[None]: ...


async def send_content(
    handler: ApiHandler, stream: IO[bytes], span: Span, threads: Executor
) -> int:
    """Send a range, a block at a time; gives the bytes sent.

    The next block is read while the last one is on its way. Where the client has gone, or the
    bytes turn out to be damaged, the answer ends short of its Content-Length and the connection
    is closed, so that nobody can take it for whole.
    """
    loop = asyncio.get_running_loop()
    sent = 0
    left = span.length
    size = min(left, _CHUNKED_BLOCK if span.partial else _BLOCK)
    # Below the handler, which would copy what it is given.
    connection = cast("HTTPConnection", handler.request.connection)
    buffers = [memoryview(bytearray(size)) for _ in range(1 if left <= size else 2)]
    ahead = loop.run_in_executor(threads, _read, stream, buffers[0])
    try:
        while left:
            block = await ahead
            if not sent:  # an error before the first byte is still an answer of its own
                await handler.flush()
            left -= len(block)
            if left:
                buffers.reverse()
                ahead = loop.run_in_executor(threads, _read, stream, buffers[0][:left])
            await connection.write(block)
            sent += len(block)
    except StreamClosedError:
        return sent
    finally:
        await asyncio.wait([asyncio.ensure_future(ahead)])
    return sent


def _read(stream: IO[bytes], target: memoryview) -> memoryview:
    """Fill ``target``, and give it."""
    left = target
    while left:
        n = cast("io.RawIOBase", stream).readinto(left)
        if not n:
            raise EOFError("the bytes end before their recorded size")
        left = left[n:]
    return target
