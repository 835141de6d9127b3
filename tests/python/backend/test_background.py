from __future__ import annotations

import os
import threading

import pytest

from omicshelf.backend.background import in_thread


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
