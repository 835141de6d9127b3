"""Files are examined in a process of their own, with limits of time and memory.

What people upload may crash HDF5 or htslib, unpack without end or hang. So :func:`check_file`,
:func:`inspect_file` and :func:`preview_file` send the path to a long-lived worker, a child
process that reads the file and answers with JSON and bytes. A worker that
dies, or has to be killed, becomes a line of ``summary.problems``; the next call gets a new one.

Workers start when first needed, one for each call that runs at the same time (as many as there
are processors at most). They end with the process that started them, whatever ends it: the
pipe they listen on closes, and on Linux the kernel kills them as well. A worker that had
nothing to do for ten minutes ends by itself.

``OMICSHELF_WORKER_MEMORY`` (bytes) and ``OMICSHELF_WORKER_TIMEOUT`` (seconds) change the limits.
"""

from __future__ import annotations

import atexit
import contextlib
import math
import os
import signal
import site
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from omicshelf import errors
from omicshelf.formats.base import Inspection, Names
from omicshelf.formats.frames import Message, read_message, write_message
from omicshelf.records import Summary

if TYPE_CHECKING:
    from omicshelf.formats.preview.models import Preview, PreviewRequest

__all__ = ["check_file", "inspect_file", "preview_file"]

_MEMORY = 8 << 30
_SECONDS = 60.0
_BYTES_PER_SECOND = 5_000_000
_PREVIEW_SECONDS = 60.0  # whatever the size: somebody waits for it
_IDLE_SECONDS = 600.0
_LAST_WORDS = 400
_KEPT = "it is kept as it is."


def inspect_file(
    path: str | Path,
    data_format: str,
    *,
    timeout: float | None = None,
    memory: int | None = None,
) -> Inspection:
    """Examine a file in a worker process.

    Parameters
    ----------
    path
        The file or folder.
    data_format
        Its format, as :func:`omicshelf.formats.registry.infer_path` gave it.
    timeout
        Seconds; by default 60 and one more for every 5 MB.
    memory
        Bytes of address space that the worker may take beyond its start; by default 8 GiB.
        Not enforced where the system has no such limit (macOS, Windows).

    Returns
    -------
    Inspection
        A file on which the worker crashed, or that takes longer or more memory than allowed,
        gives an inspection without facts that says so in ``summary.problems``.

    Raises
    ------
    omicshelf.errors.Invalid
        The file is malformed and its format is a promised one.
    """
    try:
        answer = _call("inspect", Path(path), data_format, timeout, memory)
    except _Failed as failure:
        problem = f"The file could not be examined: {failure}; {_KEPT}"
        kind = Summary(kind="file", format=data_format, problems=[problem])
        return Inspection(kind)
    names = Names(*answer.blobs) if answer.blobs else None
    summary = Summary.model_validate(answer.body["summary"])
    return Inspection(
        summary.model_copy(update={"format": data_format}), answer.body["digest"], names
    )


def check_file(path: str | Path, data_format: str) -> None:
    """Refuse a file that cannot be one of its format.

    A check that itself crashes or does not end refuses nothing: the inspection that follows
    records it.

    Raises
    ------
    omicshelf.errors.Invalid
        With the reason and the remedy.
    """
    with contextlib.suppress(_Failed):
        _call("check", Path(path), data_format, None, None)


def preview_file(
    path: str | Path,
    data_format: str,
    request: PreviewRequest,
    *,
    timeout: float | None = None,
    memory: int | None = None,
) -> Preview:
    """Read what an interface shows of a file, in a worker process.

    Parameters
    ----------
    path
        The file or folder.
    data_format
        Its format.
    request
        What is asked of it.
    timeout
        Seconds; by default 60.
    memory
        As for :func:`inspect_file`.

    Returns
    -------
    Preview
        What is wrong with the file, be it that the worker crashed on it, is told in
        ``problems``; then there is nothing else.

    Raises
    ------
    omicshelf.errors.Invalid
        The request names what the file has not, with near misses, or a kind of preview that
        its format has not.
    omicshelf.errors.MissingDependency
        A package that reads this format is not installed.
    """
    from omicshelf.formats.preview.models import Preview

    seconds = timeout or _setting("OMICSHELF_WORKER_TIMEOUT", _PREVIEW_SECONDS)
    asked = request.model_dump(mode="json", exclude_defaults=True) | {"kind": request.kind}
    try:
        answer = _call("preview", Path(path), data_format, seconds, memory, {"preview": asked})
        return Preview.model_validate_json(answer.blobs[0])
    except _Failed as failure:
        problem = f"It cannot be shown: {failure}."
        return Preview(kind=request.kind, format=data_format, problems=[problem])


class _Failed(Exception):
    """The worker could not answer; the text says why, as the middle of a sentence."""


class _Stopped(Exception):
    """The worker ended without an answer, by itself and between two calls."""


class _Worker:
    """A child process, as its parent sees it."""

    def __init__(self) -> None:
        self.timed_out = False
        # An unlinked file, not a pipe: nobody has to drain it, and it outlives a crash.
        self.stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by the pool
        started = threading.Event()
        self._error: BaseException | None = None
        # The kernel's "kill me when my parent dies" is bound to the thread that started the
        # child. This one lives as long as the child, and takes its exit status.
        thread = threading.Thread(
            target=self._run, args=(started,), name="omicshelf-worker", daemon=True
        )
        thread.start()
        started.wait()
        if self._error is not None:
            raise _Failed(f"no worker process could be started ({self._error})") from self._error

    def _run(self, started: threading.Event) -> None:
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "omicshelf.formats.worker", str(os.getpid())],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.stderr,
                bufsize=0,
                env=_child_environment(),
                start_new_session=True,  # an interrupt typed in a terminal is the parent's
            )
        except BaseException as error:
            self._error = error
            return
        finally:
            started.set()
        self.process.wait()

    def call(self, request: dict[str, Any], seconds: float, watchdog: _Watchdog) -> Message:
        """Send a request and wait for its answer; the worker is killed when it is late."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.timed_out = False
        try:
            with watchdog.watching(self, seconds):
                write_message(self.process.stdin, Message(request))
                answer = read_message(self.process.stdout)
        except OSError:
            answer = None
        if answer is None:
            self.end()
            raise _Stopped
        return answer

    def late(self) -> None:
        """Kill the process, for it takes too long."""
        self.timed_out = True
        self.process.kill()

    def last_words(self) -> str:
        """The end of what the process wrote to its standard error."""
        self.stderr.seek(0, os.SEEK_END)
        self.stderr.seek(max(0, self.stderr.tell() - 8192))
        lines = self.stderr.read().decode("utf-8", "replace").split("\n")
        told = [line.strip() for line in lines if line.strip()]
        return " ".join(told[-3:])[-_LAST_WORDS:]

    def end(self) -> None:
        """Kill the process if it still runs, and wait for its end."""
        self.process.kill()
        self.process.wait()
        self.close_pipes()

    def close_pipes(self) -> None:
        """Close this process's ends; after a fork its copies, which would keep a worker up."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


class _Watchdog:
    """One thread that kills every worker that is late; a timer a call would be a thread a call."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: dict[_Worker, float] = {}
        self._wakes_at = math.inf
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watching(self, worker: _Worker, seconds: float) -> Iterator[None]:
        """Give a worker so many seconds for what the block asks of it."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._deadlines[worker] = deadline
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name="omicshelf-watchdog", daemon=True
                )
                self._thread.start()
            elif deadline < self._wakes_at:
                self._changed.notify()
        try:
            yield
        finally:
            with self._changed:
                self._deadlines.pop(worker, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for worker in [w for w, deadline in self._deadlines.items() if deadline <= now]:
                    del self._deadlines[worker]
                    worker.late()
                self._wakes_at = min(self._deadlines.values(), default=math.inf)
                rest = None if self._wakes_at == math.inf else self._wakes_at - now
                self._changed.wait(None if rest is None else min(rest, threading.TIMEOUT_MAX))


class _Pool:
    """Workers that wait, and a limit on how many run."""

    def __init__(self) -> None:
        self.watchdog = _Watchdog()
        self.turns = threading.BoundedSemaphore(os.cpu_count() or 1)
        self.lock = threading.Lock()
        self.idle: list[_Worker] = []
        self.all: set[_Worker] = set()

    def take(self) -> tuple[_Worker, bool]:
        """Give a worker, and whether it is a new one."""
        with self.lock:
            while self.idle:
                worker = self.idle.pop()
                if worker.process.poll() is None:
                    return worker, False
                worker.end()
                worker.stderr.close()
                self.all.discard(worker)
        return self.start(), True

    def start(self) -> _Worker:
        worker = _Worker()
        with self.lock:
            self.all.add(worker)
        return worker

    def give_back(self, worker: _Worker) -> None:
        with self.lock:
            self.idle.append(worker)

    def drop(self, worker: _Worker) -> None:
        worker.end()
        worker.stderr.close()
        with self.lock:
            self.all.discard(worker)

    def close(self) -> None:
        with self.lock:
            workers, self.idle = list(self.idle), []
        for worker in workers:
            self.drop(worker)


_pool = _Pool()
_inherited: list[_Pool] = []  # referenced, so that no Popen of the parent's is finalised here


def _after_fork() -> None:
    global _pool
    for worker in _pool.all:
        worker.close_pipes()
    _inherited.append(_pool)
    _pool = _Pool()


@atexit.register
def _at_exit() -> None:
    _pool.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def _call(
    what: str,
    path: Path,
    data_format: str,
    timeout: float | None,
    memory: int | None,
    more: dict[str, Any] | None = None,
) -> Message:
    """Have a worker do ``what``; give its answer, raise its error, repeat its warnings."""
    seconds = timeout if timeout is not None else _allowed_seconds(path)
    memory = memory if memory is not None else int(_setting("OMICSHELF_WORKER_MEMORY", _MEMORY))
    request = {
        "call": what,
        "path": str(path.absolute()),
        "format": data_format,
        "memory": memory,
        "seconds": seconds,
        **(more or {}),
    }
    pool = _pool
    with pool.turns:
        answer = _ask(pool, request, seconds, memory)
    for text in answer.body.get("warnings", ()):
        warnings.warn(text, stacklevel=4)
    error = answer.body.get("error")
    if error is not None:
        kind = getattr(errors, error["kind"], errors.Invalid)
        raise kind(error["title"], error["detail"])
    return answer


def _ask(pool: _Pool, request: dict[str, Any], seconds: float, memory: int) -> Message:
    worker, new = pool.take()
    try:
        try:
            answer = worker.call(request, seconds, pool.watchdog)
        except _Stopped:
            if new or worker.timed_out:
                raise
            # It may have left, or been killed, while it was idle: a new one tells whether it
            # is the file that ends it.
            pool.drop(worker)
            worker = pool.start()
            answer = worker.call(request, seconds, pool.watchdog)
    except _Stopped:
        reason = _why_it_ended(worker, seconds)
        pool.drop(worker)
        raise _Failed(reason) from None
    except BaseException:
        # Interrupted in the middle of a message: this worker is of no more use.
        pool.drop(worker)
        raise
    failed = answer.body.get("failed")
    if failed is None:
        pool.give_back(worker)
        return answer
    pool.drop(worker)  # half-imported modules, leaked memory: no trust in its state
    if failed == "memory":
        raise _Failed(f"it needs more than {memory / (1 << 20):,.0f} MB of memory")
    raise _Failed(str(failed))


def _why_it_ended(worker: _Worker, seconds: float) -> str:
    if worker.timed_out:
        return f"it took longer than {seconds:,.0f} seconds"
    code = worker.process.returncode
    if code is not None and code < 0:
        try:
            how = f"the program that reads it crashed ({signal.Signals(-code).name})"
        except ValueError:
            how = f"the program that reads it crashed (signal {-code})"
    else:
        how = f"the program that reads it ended unexpectedly (exit status {code})"
    told = worker.last_words()
    return f"{how}: {told}" if told else how


def _allowed_seconds(path: Path) -> float:
    try:
        if path.is_dir():
            size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        else:
            size = path.stat().st_size
    except OSError:
        size = 0
    return _setting("OMICSHELF_WORKER_TIMEOUT", _SECONDS + size / _BYTES_PER_SECOND)


def _setting(name: str, default: float) -> float:
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0:
        raise errors.Invalid(
            f"The environment variable {name} is {text!r}.", "It must be a number above 0."
        )
    return value


def _child_environment() -> dict[str, str]:
    """The parent's, with this package importable and one thread for linear algebra."""
    env = dict(os.environ)
    root = str(Path(__file__).parents[2])
    if root not in {*site.getsitepackages(), site.getusersitepackages()}:
        env["PYTHONPATH"] = os.pathsep.join(filter(None, (env.get("PYTHONPATH"), root)))
    env.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    return env


if __name__ == "__main__":
    from omicshelf.formats.worker_child import serve

    serve(int(sys.argv[1]), _IDLE_SECONDS)
