from __future__ import annotations

import os
import threading
from concurrent.futures import CancelledError

import pytest

from omicshelf.backend.background import Lane, in_thread


def test_results_and_errors_come_back() -> None:
    assert in_thread(lambda: 6 * 7).result(10) == 42
    with pytest.raises(ZeroDivisionError):
        in_thread(lambda: 1 / 0).result(10)


def test_nothing_waits_for_a_thread_to_be_free() -> None:
    """Each task waits for all the others: with fewer threads than tasks it would never end."""
    meeting = threading.Barrier(12)
    tasks = [in_thread(lambda: meeting.wait(30)) for _ in range(12)]
    assert sorted(task.result(30) for task in tasks) == list(range(12))


def test_a_thread_is_used_again() -> None:
    names = {in_thread(threading.get_ident).result(10) for _ in range(50)}
    assert len(names) < 50


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_threads_of_its_own() -> None:
    in_thread(lambda: None).result(10)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if in_thread(lambda: 7).result(10) == 7 else 1
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_lane_keeps_the_order() -> None:
    done: list[int] = []
    with Lane() as lane:
        waiting = [lane.submit(done.append, i) for i in range(100)]
        for wait in waiting:
            wait()
    assert done == list(range(100))
    with Lane() as lane, pytest.raises(ZeroDivisionError):
        lane.submit(lambda: 1 / 0)()


def test_the_end_of_a_lane_leaves_out_what_has_not_begun() -> None:
    begun, go = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        begun.set()
        go.wait(30)
        done.append("first")

    with Lane() as lane:
        lane.submit(first)
        left_out = lane.submit(done.append, "second")
        begun.wait(30)
        threading.Timer(0.05, go.set).start()
    assert done == ["first"]
    with pytest.raises(CancelledError):
        left_out()


def test_little_work_is_done_by_the_caller() -> None:
    with Lane(inline=True) as lane:
        assert lane.submit(threading.get_ident)() == threading.get_ident()
