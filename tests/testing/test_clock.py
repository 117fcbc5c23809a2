from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.clock import Clock
from vana.testing import FakeClock


def test_it_stands_still_until_it_is_moved():
    clock = FakeClock(100.0, wall=5000.0)
    as_any_clock: Clock = clock
    assert (as_any_clock.monotonic(), as_any_clock.now()) == (100.0, 5000.0)
    clock.advance(2.5)
    assert (clock.monotonic(), clock.now()) == (102.5, 5002.5)


@given(st.lists(st.integers(1, 20), max_size=12), st.integers(0, 25))
def test_sleepers_wake_in_the_order_of_their_moments_and_of_their_coming(waits: list[int], moved: int):
    async def play() -> list[int]:
        clock, woken = FakeClock(), list[int]()

        async def sleep(number: int, seconds: int) -> None:
            await clock.sleep(seconds)
            woken.append(number)

        tasks = [asyncio.create_task(sleep(number, seconds)) for number, seconds in enumerate(waits)]
        await asyncio.sleep(0)
        clock.advance(moved)
        for _ in range(3):
            await asyncio.sleep(0)
        seen = list(woken)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        return seen

    due = [(seconds, number) for number, seconds in enumerate(waits) if seconds <= moved]
    assert asyncio.run(play()) == [number for _, number in sorted(due)]


async def test_while_time_passes_those_woken_may_sleep_again():
    clock, moments = FakeClock(0.0), list[float]()

    async def tick() -> None:
        for _ in range(5):
            await clock.sleep(2.0)
            moments.append(clock.monotonic())

    async with asyncio.TaskGroup() as group:
        group.create_task(tick())
        await clock.elapse(7.0)
        assert moments == [2.0, 4.0, 6.0]
        assert clock.monotonic() == 7.0
        await clock.elapse(100.0)
    assert moments == [2.0, 4.0, 6.0, 8.0, 10.0]


async def test_two_hours_of_waiting_are_driven_through_at_once():
    clock = FakeClock(0.0)

    async def patient() -> str:
        for _ in range(120):
            await clock.sleep(60.0)
        return "done"

    assert await clock.drive(patient()) == "done"
    assert clock.monotonic() == 7200.0


async def test_what_is_driven_may_wait_for_a_thread():
    assert await FakeClock().drive(asyncio.to_thread(time.sleep, 0.001)) is None


async def test_an_error_of_what_is_driven_comes_out():
    async def fail() -> None:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        await FakeClock().drive(fail())


async def test_a_block_is_cut_when_its_time_is_over_and_not_before():
    clock = FakeClock()

    async def block() -> None:
        async with clock.timeout(5.0):
            await clock.sleep(60.0)

    task = asyncio.create_task(block())
    await clock.elapse(4.9)
    assert not task.done()
    await clock.elapse(0.1)
    with pytest.raises(TimeoutError):
        await task


async def test_a_block_that_ends_in_time_leaves_no_alarm_behind():
    clock = FakeClock(0.0)
    async with clock.timeout(5.0) as limit:
        pass
    assert not limit.expired()
    await clock.drive(clock.sleep(9.0))
    assert clock.monotonic() == 9.0


async def test_a_block_without_time_is_cut_at_its_first_wait():
    clock = FakeClock()
    with pytest.raises(TimeoutError):
        async with clock.timeout(0.0):
            await clock.sleep(1.0)


async def test_a_cancelled_sleeper_is_not_woken_and_its_alarm_is_gone():
    clock = FakeClock(0.0)
    sleeper = asyncio.create_task(clock.sleep(5.0))
    await asyncio.sleep(0)
    sleeper.cancel()
    clock.advance(6.0)
    with pytest.raises(asyncio.CancelledError):
        await sleeper
    await clock.drive(clock.sleep(1.0))
    assert clock.monotonic() == 7.0
