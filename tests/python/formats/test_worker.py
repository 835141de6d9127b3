"""The worker process: what crosses the boundary, its limits, and how it ends."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import warnings
from pathlib import Path

import pytest

from omicshelf import errors
from omicshelf.formats import worker
from omicshelf.formats.frames import Message, read_message, write_message

linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def children(pid: int) -> set[int]:
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = stat.read_text().rsplit(")", 1)[1].split()[1]
        except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
            continue
        if int(parent) == pid:
            found.add(int(stat.parent.name))
    return found


def workers_of(pid: int) -> set[int]:
    return {child for child in children(pid) if b"omicshelf.formats.worker" in command(child)}


def command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):  # it ended meanwhile
        return b""


def wait_for(condition, seconds: float = 20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


def running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


@pytest.fixture
def png(tmp_path: Path) -> Path:
    path = tmp_path / "plot.png"
    size = (640).to_bytes(4, "big") + (480).to_bytes(4, "big")
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + size)
    return path


@pytest.fixture
def new_workers(monkeypatch: pytest.MonkeyPatch):
    """No warm worker: the next call starts one."""
    pool = worker._Pool()
    monkeypatch.setattr(worker, "_pool", pool)
    yield
    pool.close()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """A named pipe: whoever opens it to read waits for ever."""
    path = tmp_path / "endless.png"
    os.mkfifo(path)
    return path


def test_an_inspection_crosses_the_boundary(png: Path) -> None:
    found = worker.inspect_file(png, "png")
    assert found.summary.details == {"width": 640, "height": 480}
    assert found.summary.format == "png"
    assert found.summary.problems == []
    assert found.names is None


def test_the_summary_names_the_data_format_and_not_only_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\n1,2\n", mtime=0))
    assert worker.inspect_file(path, "csv+gzip").summary.format == "csv+gzip"


def test_names_digest_and_elements_cross(tmp_path: Path) -> None:
    from omicshelf.formats import registry

    path = tmp_path / "m.gct"
    path.write_text("#1.2\n2\t2\nNAME\tDescription\ts1\ts2\ng1\td\t1\t2\ng2\td\t3\t4\n")
    direct = registry.get("gct").inspect(path)
    assert worker.inspect_file(path, "gct") == direct
    assert direct.names is not None
    assert direct.digest is not None


def test_an_error_keeps_its_class_title_and_detail(tmp_path: Path) -> None:
    path = tmp_path / "m.gct"
    path.write_text("no matrix")
    with pytest.raises(errors.Invalid, match=r"m\.gct") as caught:
        worker.check_file(path, "gct")
    assert caught.value.detail


def test_warnings_are_repeated_for_the_caller(tmp_path: Path) -> None:
    path = tmp_path / "m.gct"
    path.write_text("#1.2\n1\t1\nNAME\tDescription\ts1\ng1\td\t1\n")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        worker.check_file(path, "gct")
        worker.inspect_file(path, "gct")
    assert caught == []


def test_a_call_that_does_not_end_becomes_a_problem(pipe: Path, png: Path) -> None:
    found = worker.inspect_file(pipe, "png", timeout=0.5)
    [problem] = found.summary.problems
    assert problem.startswith("The file could not be examined: it took longer than")
    assert problem.endswith("it is kept as it is.")
    assert found.summary.format == "png"
    assert worker.inspect_file(png, "png").summary.details, "the next call has a new worker"


def test_a_gzip_bomb_is_stopped_by_the_clock(tmp_path: Path) -> None:
    path = tmp_path / "bomb.vcf.gz"
    block = gzip.compress(b"\x00" * (1 << 26), compresslevel=1, mtime=0)
    path.write_bytes(block * 400)  # 26 GB inside 45 MB
    start = time.monotonic()
    found = worker.inspect_file(path, "vcf+gzip", timeout=2)
    assert time.monotonic() - start < 30
    assert found.summary.problems


@linux
def test_too_little_memory_becomes_a_problem(tmp_path: Path, new_workers: None) -> None:
    path = tmp_path / "m.gct"
    path.write_text("#1.2\n1\t1\nNAME\tDescription\ts1\ng1\td\t1\n")
    found = worker.inspect_file(path, "gct", memory=1 << 20)
    assert found.summary.problems, found
    assert "could not be examined" in found.summary.problems[0]
    assert worker.inspect_file(path, "gct").summary.problems == []


@linux
def test_a_crash_becomes_a_problem_and_the_next_call_works(
    pipe: Path, png: Path, new_workers: None
) -> None:
    before = workers_of(os.getpid())
    found = []
    thread = threading.Thread(target=lambda: found.append(worker.inspect_file(pipe, "png")))
    thread.start()
    [pid] = wait_for(lambda: workers_of(os.getpid()) - before)
    time.sleep(1.5)  # it has imported all it needs and waits for the pipe
    os.kill(pid, signal.SIGSEGV)
    thread.join(20)
    [inspection] = found
    assert "crashed (SIGSEGV)" in inspection.summary.problems[0]
    assert worker.inspect_file(png, "png").summary.problems == []


@linux
def test_a_crash_during_a_check_refuses_nothing(pipe: Path, new_workers: None) -> None:
    before = workers_of(os.getpid())
    done = []
    thread = threading.Thread(target=lambda: done.append(worker.check_file(pipe, "gct")))
    thread.start()
    [pid] = wait_for(lambda: workers_of(os.getpid()) - before)
    time.sleep(1.5)
    os.kill(pid, signal.SIGKILL)
    thread.join(20)
    assert done == [None]


@linux
def test_a_file_that_crashes_a_warm_worker_is_given_to_a_new_one(
    pipe: Path, png: Path, new_workers: None
) -> None:
    before = workers_of(os.getpid())
    worker.inspect_file(png, "png")
    [warm] = workers_of(os.getpid()) - before
    found = []
    thread = threading.Thread(target=lambda: found.append(worker.inspect_file(pipe, "png")))
    thread.start()
    time.sleep(0.3)
    os.kill(warm, signal.SIGSEGV)
    [second] = wait_for(lambda: workers_of(os.getpid()) - before - {warm})
    assert found == []
    time.sleep(1.5)
    os.kill(second, signal.SIGBUS)
    thread.join(20)
    assert "crashed (SIGBUS)" in found[0].summary.problems[0]


@linux
def test_threads_share_a_bounded_number_of_workers(png: Path) -> None:
    found: list[dict[str, object]] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(worker.inspect_file(png, "png").summary.details)
        )
        for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [{"width": 640, "height": 480}] * 12
    assert len(workers_of(os.getpid())) <= (os.cpu_count() or 1)


@linux
def test_the_worker_outlives_the_thread_that_asked_first(png: Path) -> None:
    thread = threading.Thread(target=worker.inspect_file, args=(png, "png"))
    thread.start()
    thread.join()
    before = workers_of(os.getpid())
    time.sleep(0.3)
    assert before
    assert before <= workers_of(os.getpid())


@linux
def test_a_fork_has_workers_of_its_own(png: Path) -> None:
    worker.inspect_file(png, "png")
    script = textwrap.dedent(
        f"""
        import os, sys
        from omicshelf.formats import worker
        worker.inspect_file({str(png)!r}, "png")
        pid = os.fork()
        if pid == 0:
            details = worker.inspect_file({str(png)!r}, "png").summary.details
            os._exit(0 if details["width"] == 640 else 1)
        _, status = os.waitpid(pid, 0)
        assert worker.inspect_file({str(png)!r}, "png").summary.details["width"] == 640
        sys.exit(os.waitstatus_to_exitcode(status))
        """
    )
    assert subprocess.run([sys.executable, "-c", script], timeout=60).returncode == 0


@linux
@pytest.mark.parametrize("how", ["exit", "kill"])
def test_no_worker_outlives_its_parent(png: Path, tmp_path: Path, how: str) -> None:
    out = tmp_path / "pids"
    script = textwrap.dedent(
        f"""
        import pathlib, sys, time
        from omicshelf.formats import worker
        worker.inspect_file({str(png)!r}, "png")
        pids = [str(w.process.pid) for w in worker._pool.all]
        pathlib.Path({str(out)!r} + ".part").write_text(" ".join(pids))
        pathlib.Path({str(out)!r} + ".part").rename({str(out)!r})
        time.sleep(0 if {how!r} == "exit" else 60)
        """
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    wait_for(out.exists)
    pids = [int(pid) for pid in out.read_text().split()]
    assert pids
    if how == "kill":
        process.kill()
    process.wait(30)
    wait_for(lambda: not any(running(pid) for pid in pids))


@linux
def test_a_busy_worker_dies_with_a_killed_parent(pipe: Path) -> None:
    script = f"from omicshelf.formats import worker\nworker.inspect_file({str(pipe)!r}, 'png')\n"
    process = subprocess.Popen([sys.executable, "-c", script])
    pids = wait_for(lambda: workers_of(process.pid))
    time.sleep(1.5)
    process.kill()
    process.wait()
    wait_for(lambda: not any(running(pid) for pid in pids))


def test_an_idle_worker_leaves_by_itself(png: Path) -> None:
    command = "from omicshelf.formats.worker_child import serve; import sys, os; "
    process = subprocess.Popen(
        [sys.executable, "-c", command + "serve(os.getppid(), 0.2)"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.wait(30) == 0
    process.communicate()


@linux
def test_a_worker_that_left_is_replaced_without_a_word(png: Path) -> None:
    worker.inspect_file(png, "png")
    for pid in workers_of(os.getpid()):
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not workers_of(os.getpid()))
    assert worker.inspect_file(png, "png").summary.problems == []


def test_prints_of_a_library_do_not_mix_with_answers(png: Path) -> None:
    script = textwrap.dedent(
        """
        import os, sys
        from omicshelf.formats import opaque, worker_child
        class Loud(opaque.Opaque):
            name = "png"
            def header(self, head):
                print("Python chatter", flush=True)
                os.write(1, b"C chatter")
                return {"stdin": sys.stdin.read()}
        from omicshelf.formats import registry
        registry.all_formats()["png"] = Loud()
        worker_child.serve(os.getppid(), 30)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    request = {"call": "inspect", "path": str(png), "format": "png"}
    write_message(process.stdin, Message({**request, "memory": 1 << 33, "seconds": 30.0}))
    answer = read_message(process.stdout)
    process.stdin.close()
    process.wait(30)
    assert answer is not None
    assert answer.body["summary"]["details"] == {"stdin": ""}


@pytest.mark.parametrize("name", ["OMICSHELF_WORKER_TIMEOUT", "OMICSHELF_WORKER_MEMORY"])
def test_a_setting_that_is_no_number_is_told(
    png: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "plenty")
    with pytest.raises(errors.Invalid, match=f"{name}.*plenty"):
        worker.inspect_file(png, "png")


def test_the_time_limit_comes_from_the_setting(pipe: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMICSHELF_WORKER_TIMEOUT", "0.5")
    assert "took longer" in worker.inspect_file(pipe, "png").summary.problems[0]


def test_a_module_in_the_current_folder_is_not_run(
    png: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = tmp_path / "here"
    trap.mkdir()
    (trap / "pydantic.py").write_text("raise SystemExit('ran a file of the current folder')")
    script = (
        "import sys; sys.path[:] = [p for p in sys.path if p]\n"
        "from omicshelf.formats import worker\n"
        f"assert not worker.inspect_file({str(png)!r}, 'png').summary.problems\n"
    )
    process = subprocess.run([sys.executable, "-P", "-c", script], cwd=trap, timeout=60)
    assert process.returncode == 0


@pytest.mark.parametrize(
    "data",
    [b"", b"\x01", b"\x01\x05\x00\x00\x00\x00\x00\x00\x00{}", b"\x02" + b"\x00" * 5],
    ids=["nothing", "no table", "short part", "short table"],
)
def test_a_cut_message_is_the_end_of_the_stream(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "stream"
    path.write_bytes(data)
    with path.open("rb") as stream:
        assert read_message(stream) is None


@pytest.mark.parametrize(
    "data",
    [
        b"\x00",
        b"\xff",
        b"\x01" + b"\xff" * 8,
        b"\x01\x02\x00\x00\x00\x00\x00\x00\x00[]",
        b"\x01\x02\x00\x00\x00\x00\x00\x00\x00x}",
    ],
    ids=["no parts", "many parts", "huge part", "not an object", "not JSON"],
)
def test_a_forged_message_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "stream"
    path.write_bytes(data)
    with path.open("rb") as stream, pytest.raises(OSError, match="message"):
        read_message(stream)


def test_messages_come_back_whole(tmp_path: Path) -> None:
    path = tmp_path / "stream"
    message = Message({"a": [1, None, "µ\udc80"]}, (b"", os.urandom(3_000_000)))
    with path.open("wb", buffering=0) as stream:
        write_message(stream, message)
        write_message(stream, Message({}))
    with path.open("rb", buffering=0) as stream:
        assert read_message(stream) == message
        assert read_message(stream) == Message({})
        assert read_message(stream) is None
