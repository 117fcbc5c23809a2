from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.herd import Counting, turns
from vana.layers.watch import Bound, Watches, current_task
from vana.testing import FakeClock


async def hang(watches: Watches, clock: FakeClock, seconds: float, ends: list[float]) -> None:
    """Hang until cut, and write down after how long that was."""
    began = clock.monotonic()
    bound = watches.enter(began + seconds, clock)
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        assert bound.fired
        assert bound.take_back()
        ends.append(clock.monotonic() - began)
    finally:
        bound.leave()


@given(st.lists(st.sampled_from([1.0, 2.0, 5.0, 60.0]), min_size=1, max_size=8))
def test_whatever_the_order_in_which_they_end_each_is_cut_at_its_own_moment(limits: list[float]):
    async def play() -> list[float]:
        clock, watches, ends = FakeClock(), Watches(), list[float]()
        async with asyncio.TaskGroup() as group:
            for seconds in limits:
                group.create_task(hang(watches, clock, seconds, ends))
            await clock.elapse(100.0)
        return ends

    assert asyncio.run(play()) == sorted(limits)


async def test_a_long_limit_that_was_left_does_not_put_off_a_short_one():
    clock, watches, ends = Counting(), Watches(), list[float]()
    for _ in range(3):
        watches.enter(clock.monotonic() + 3600.0, clock).leave()
    assert clock.alarms == 1
    async with asyncio.TaskGroup() as group:
        group.create_task(hang(watches, clock, 2.0, ends))
        await clock.elapse(5.0)
    assert ends == [2.0]


async def test_limits_that_end_in_the_order_in_which_they_began_share_one_alarm():
    clock, watches, ends = Counting(), Watches(), list[float]()
    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(hang(watches, clock, 5.0 + number, ends))
        await turns()
        assert clock.alarms == 1
        await clock.elapse(100.0)
    assert ends == [5.0 + number for number in range(50)]


async def test_an_alarm_of_its_own_is_called_off_by_who_leaves():
    clock, watches = FakeClock(), Watches()
    task = current_task()
    first = watches.enter(clock.monotonic() + 60.0, clock)
    second = watches.enter(clock.monotonic() + 1.0, clock)
    second.leave()
    await clock.elapse(30.0)
    assert (first.fired, second.fired, task.cancelling()) == (False, False, 0)
    first.leave()


async def test_each_clock_has_a_watch_of_its_own():
    watches, clocks = Watches(), [FakeClock(), FakeClock()]
    bounds: list[Bound] = []

    async def block(clock: FakeClock) -> None:
        bounds.append(watches.enter(clock.monotonic() + 1.0, clock))
        await asyncio.get_running_loop().create_future()

    tasks = [asyncio.create_task(block(clock)) for clock in clocks]
    await turns()
    await clocks[1].elapse(2.0)
    assert [bound.fired for bound in bounds] == [False, True]
    tasks[0].cancel()
    await asyncio.wait(tasks)
    for bound in bounds:
        bound.leave()


def test_without_a_task_there_is_nothing_to_cut():
    async def play() -> list[BaseException]:
        errors: list[BaseException] = []

        def outside() -> None:
            try:
                Watches().enter(1.0, FakeClock())
            except RuntimeError as error:
                errors.append(error)

        asyncio.get_running_loop().call_soon(outside)
        await turns()
        return errors

    (error,) = asyncio.run(play())
    assert isinstance(error, RuntimeError)
    with pytest.raises(RuntimeError):
        current_task()
