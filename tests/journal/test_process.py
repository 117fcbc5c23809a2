from __future__ import annotations

import os

import pytest

from tests.journal.processes import begin
from vana.journal.process import claim, is_alive


def test_this_process_is_alive_and_never_marks_the_same_twice() -> None:
    marks = {claim() for _ in range(100)}
    assert len(marks) == 100
    assert all(map(is_alive, marks))


@pytest.mark.parametrize("mark", ["", "x:1:a", f"{os.getpid()}", f"{os.getpid()}:17:a", "4194305:1:a", ":::"])
def test_mark_of_nobody_is_not_alive(mark: str) -> None:
    assert not is_alive(mark)


@pytest.mark.real
def test_process_that_was_killed_is_not_alive_even_before_it_is_collected() -> None:
    with begin("marks.py") as process:
        assert process.stdout is not None
        mark = process.stdout.readline().strip()
        assert is_alive(mark)
        process.kill()
        process.stdout.read()  # ends when it is dead
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert not is_alive(mark)
