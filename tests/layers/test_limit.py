from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.clock import Deadline
from vana.kernel.errors import AtLimit, ConfigError, DeadlineExceeded
from vana.kernel.run import Run, Span, inside
from vana.layers.limit import Limit
from vana.testing import FakeClock


class Room:
    """A service that stays until its gate opens, and remembers how many were in at once."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.inside = 0
        self.most = 0
        self.order: list[int] = []

    async def __call__(self, number: int = 0) -> int:
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.order.append(number)
        try:
            await self.gate.wait()
            return number
        finally:
            self.inside -= 1


async def test_no_more_run_at_once_than_may_and_all_who_may_wait_have_their_turn_in_order():
    room = Room()
    limited = Limit(3, 20).wrap(room, "t")
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(awaited(limited(number))) for number in range(20)]
        await turns()
        assert room.inside == 3
        room.gate.set()
    assert room.most == 3
    assert room.order == list(range(20))
    assert [task.result() for task in tasks] == list(range(20))


async def test_whoever_finds_the_queue_full_is_refused_at_once():
    room = Room()
    limited = Limit(2, 3).wrap(room, "t")
    async with asyncio.TaskGroup() as group:
        first = [group.create_task(awaited(limited())) for _ in range(5)]
        await turns()
        with pytest.raises(AtLimit, match="2 calls running and 3 waiting"):
            await limited()
        room.gate.set()
    assert all(task.done() for task in first)


async def test_a_wait_ends_at_the_deadline_and_nothing_was_called():
    clock, room = FakeClock(), Room()
    limited = Limit(1, 5).wrap(room, "t")
    span = Span("s", "s", Run("r"), deadline=Deadline.after(2.0, clock))
    async with asyncio.TaskGroup() as group:
        group.create_task(awaited(limited(1)))
        await turns()
        with inside(span):
            late = group.create_task(outcome(limited(2)))
        await clock.elapse(2.0)
        assert isinstance(late.result(), DeadlineExceeded)
        room.gate.set()
        await turns()
        assert await limited(3) == 3, "the place was not lost"
    assert room.order == [1, 3]


async def test_an_error_frees_the_place():
    async def failing() -> None:
        raise ValueError

    limited = Limit(1, 0).wrap(failing, "t")
    assert [type(await outcome(limited())) for _ in range(3)] == [ValueError] * 3


async def test_a_place_handed_to_a_waiter_that_is_cancelled_in_the_same_turn_goes_to_the_next():
    room = Room()
    limited = Limit(1, 5).wrap(room, "t")
    async with asyncio.TaskGroup() as group:
        holder = group.create_task(outcome(limited(1)))
        second = group.create_task(outcome(limited(2)))
        third = group.create_task(awaited(limited(3)))
        await turns()
        holder.cancel()  # in the next turn it leaves and hands its place to the second ...
        await asyncio.sleep(0)
        second.cancel()  # ... which is cancelled before it runs
        await turns()
        assert room.order == [1, 3]
        room.gate.set()
    assert third.result() == 3


async def test_a_place_is_not_handed_to_one_who_gave_up_a_moment_before():
    room = Room()
    limited = Limit(1, 5).wrap(room, "t")
    async with asyncio.TaskGroup() as group:
        holder = group.create_task(outcome(limited(1)))
        second = group.create_task(outcome(limited(2)))
        third = group.create_task(awaited(limited(3)))
        await turns()
        holder.cancel()
        second.cancel()  # both are cancelled; the holder runs first and finds the second still in the row
        await turns()
        assert room.order == [1, 3]
        room.gate.set()
    assert third.result() == 3


@given(st.lists(st.tuples(st.integers(0, 7), st.sampled_from(["cancel", "turn"])), max_size=30))
def test_no_order_of_cancellations_loses_a_place(steps: list[tuple[int, str]]):
    async def play() -> None:
        room = Room()
        limited = Limit(2, 8).wrap(room, "t")
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(outcome(limited(number))) for number in range(8)]
            await asyncio.sleep(0)
            for number, step in steps:
                if step == "cancel":
                    tasks[number].cancel()
                else:
                    await asyncio.sleep(0)
                assert room.inside <= 2
            room.gate.set()
        assert await herd(limited, 10) == [0] * 10, "both places and all turns are free again"

    asyncio.run(play())


@pytest.mark.parametrize(("concurrent", "waiting"), [(0, 1), (-1, 1), (1, -1)])
def test_a_limit_that_lets_nobody_in_is_refused_when_made(concurrent: int, waiting: int):
    with pytest.raises(ConfigError):
        Limit(concurrent, waiting)


def test_it_reads_as_written():
    assert repr(Limit(8, 16)) == "Limit(8, 16)"
