"""The worker process: it reads requests, checks, inspects or previews a file, and answers."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import warnings
from pathlib import Path
from typing import IO, Any

from omicshelf.errors import RequestException
from omicshelf.formats import registry
from omicshelf.formats.frames import Message, read_message, write_message

__all__ = ["serve"]

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h
_NICE = 5
_PACKAGE = str(Path(__file__).parents[1])


def serve(parent: int, idle_seconds: float) -> None:
    """Answer requests on the standard streams until they close or nothing comes any more."""
    requests = os.fdopen(os.dup(0), "rb", buffering=0)
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    # What libraries print must not land among the answers, and they have nothing to read.
    os.dup2(2, 1)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    _die_with(parent)
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)
    limits = _Limits()
    while _has_request(requests, idle_seconds):
        request = read_message(requests)
        if request is None:
            return
        _forget_last_words()
        limits.apply(int(request.body["memory"]), float(request.body["seconds"]))
        answer = _answer(request.body)
        limits.lift()
        write_message(answers, answer)


def _has_request(requests: IO[bytes], idle_seconds: float) -> bool:
    if os.name == "nt":  # no select on pipes: an idle worker waits for its parent's end
        return True
    return bool(select.select([requests], [], [], idle_seconds)[0])


def _answer(request: dict[str, Any]) -> Message:
    """Run a request; every outcome but a crash is an answer."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            message = _run(request)
        except RequestException as error:
            told = {"kind": error.kind, "title": error.title, "detail": error.detail}
            message = Message({"error": told})
        except MemoryError:
            message = Message({"failed": "memory"})
        except Exception as error:
            short = "Cannot allocate memory" in str(error)  # as an import or HDF5 words it
            text = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
            message = Message({"failed": "memory" if short else text.rstrip(": ")[:400]})
    message.body["warnings"] = [
        str(warning.message)
        for warning in caught
        if warning.category is UserWarning and warning.filename.startswith(_PACKAGE)
    ]
    return message


def _run(request: dict[str, Any]) -> Message:
    fmt = registry.get(request["format"])
    path = Path(request["path"])
    if fmt.name == "zarr":
        _refuse_pickles()
    if request["call"] == "check":
        fmt.check(path)
        return Message({})
    if request["call"] == "preview":
        return _preview(path, request)
    found = fmt.inspect(path)
    blobs = (found.names.obs, found.names.var) if found.names else ()
    return Message(
        {"summary": found.summary.model_dump(mode="json"), "digest": found.digest}, blobs
    )


def _preview(path: Path, request: dict[str, Any]) -> Message:
    from omicshelf.formats.preview.models import PreviewRequest
    from omicshelf.formats.preview.run import preview

    found = preview(path, request["format"], PreviewRequest.model_validate(request["preview"]))
    return Message({}, (found.model_dump_json().encode(),))


def _refuse_pickles() -> None:
    """Leave no way to a codec that runs what a file says: nothing from a file is unpickled."""
    import numcodecs  # type: ignore[import-untyped]

    class Refused(numcodecs.abc.Codec):  # type: ignore[misc]
        codec_id = "pickle"

        def encode(self, buf: Any) -> Any:
            raise ValueError("pickled values are not written")

        def decode(self, buf: Any, out: Any = None) -> Any:
            raise ValueError("its values are pickled Python objects, which are not read")

    numcodecs.register_codec(Refused)


class _Limits:
    """Limits of address space and processor time, set anew for each request."""

    def __init__(self) -> None:
        self.base = _address_space()
        try:
            import resource
        except ImportError:  # Windows
            return
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def apply(self, memory: int, seconds: float) -> None:
        try:
            import resource
        except ImportError:
            return
        if self.base:
            _soften(resource.RLIMIT_AS, self.base + memory)
        # The parent watches the clock; this ends a worker whose parent was killed meanwhile.
        # Several threads may burn time at once.
        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        _soften(resource.RLIMIT_CPU, int(used + seconds * (os.cpu_count() or 1)) + 10)

    def lift(self) -> None:
        """Leave room to answer, whatever the request took."""
        try:
            import resource
        except ImportError:
            return
        for limit in (resource.RLIMIT_AS, resource.RLIMIT_CPU):
            _soften(limit, resource.getrlimit(limit)[1])


def _soften(limit: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(limit)[1]
    if hard != resource.RLIM_INFINITY and value != resource.RLIM_INFINITY:
        value = min(value, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(limit, (value, hard))


def _address_space() -> int:
    """Bytes of address space in use; 0 where the system does not tell (and has no limit)."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _die_with(parent: int) -> None:
    """Have the kernel kill this process with its parent, on Linux."""
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        raise SystemExit


def _forget_last_words() -> None:
    with contextlib.suppress(OSError):
        os.lseek(2, 0, os.SEEK_SET)
        os.ftruncate(2, 0)
