from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.clock import SYSTEM_CLOCK, Deadline
from vana.kernel.errors import DeadlineExceeded
from vana.testing import FakeClock


def test_a_deadline_counts_down_and_never_below_zero():
    clock = FakeClock()
    deadline = Deadline.after(5.0, clock)
    left = [deadline.remaining()]
    for _ in range(3):
        clock.advance(2.0)
        left.append(deadline.remaining())
    assert left == [5.0, 3.0, 1.0, 0.0]


def test_work_begins_before_the_deadline_only():
    clock = FakeClock()
    deadline = Deadline.after(1.0, clock)
    deadline.check("the work")
    clock.advance(1.0)
    with pytest.raises(DeadlineExceeded, match="no time left for the work") as caught:
        deadline.check("the work")
    assert caught.value.hint


@given(first=st.floats(-100, 100), second=st.floats(-100, 100))
def test_the_earlier_of_two_is_never_later_than_either(first: float, second: float):
    clock = FakeClock(0.0)
    both = Deadline.after(first, clock).earlier(second)
    assert both.at == min(first, second)
    assert both.clock is clock


def test_the_system_clock_shows_the_machines_time():
    before, wall = time.monotonic(), time.time()
    assert before <= SYSTEM_CLOCK.monotonic() <= time.monotonic()
    assert wall <= SYSTEM_CLOCK.now() <= time.time()


async def test_the_system_clock_does_not_wait_for_what_is_past():
    await SYSTEM_CLOCK.sleep(-5.0)
    await SYSTEM_CLOCK.sleep(0.0)


async def test_the_system_clock_bounds_a_block():
    with pytest.raises(TimeoutError):
        async with SYSTEM_CLOCK.timeout(0.005):
            await SYSTEM_CLOCK.sleep(0.04)
