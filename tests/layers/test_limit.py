from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.conftest import count
from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.clock import Deadline
from vana.kernel.errors import (
    AtLimit,
    AttemptTimeout,
    ConfigError,
    DeadlineExceeded,
    RateLimited,
    Unavailable,
)
from vana.kernel.run import Run, Span, inside
from vana.layers.limit import Gate, Limit
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


async def test_at_a_face_nobody_waits_longer_than_patience_lasts():
    clock, room = FakeClock(), Room()
    limited = Limit(1, 5, patience=2.0, clock=clock).wrap(room, "t")
    async with asyncio.TaskGroup() as group:
        group.create_task(awaited(limited(1)))
        await turns()
        tired = group.create_task(outcome(limited(2)))
        await clock.elapse(1.9)
        assert not tired.done()
        await clock.elapse(0.1)
        assert isinstance(tired.result(), AtLimit)
        room.gate.set()
        await turns()
        assert await limited(3) == 3, "no place was lost"
    assert room.order == [1, 3]


async def test_inside_a_run_a_caller_waits_as_long_as_there_is_time():
    clock, room = FakeClock(), Room()
    limited = Limit(1, 5, clock=clock).wrap(room, "t")
    async with asyncio.TaskGroup() as group:
        group.create_task(awaited(limited(1)))
        await turns()
        patient = group.create_task(outcome(limited(2)))
        await clock.elapse(3600.0)
        assert not patient.done()
        room.gate.set()


@pytest.mark.parametrize("error", [RateLimited("429"), AttemptTimeout("late")])
async def test_an_adaptive_limit_shrinks_on_signals_and_grows_again_without_them(error: Exception):
    clock, most, inside_now = FakeClock(), list[int](), list[int]()
    answers: list[Exception | None] = [error]

    async def service() -> None:
        inside_now.append(1)
        most.append(len(inside_now))
        try:
            await clock.sleep(0.5)
            if answers[0] is not None:
                raise answers[0]
        finally:
            inside_now.pop()

    limited = Limit(20, 1000, adaptive=True, clock=clock).wrap(service, "t")

    async def play() -> int:
        most.clear()
        await clock.drive(herd(limited, 100))
        return max(most[-20:])

    assert await play() < 20
    assert await play() == 2, "a tenth is the floor"
    answers[0] = None
    for _ in range(3):
        await play()
    assert await play() == 20


async def test_other_errors_and_cancellation_do_not_make_an_adaptive_limit_smaller():
    clock = FakeClock()
    errors = [Unavailable("5xx"), ValueError("bug"), AtLimit("inner"), asyncio.CancelledError()] * 30

    async def service() -> None:
        clock.advance(0.1)
        raise errors.pop()

    room = Room()
    limited = Limit(10, 0, adaptive=True, clock=clock).wrap(service, "t")
    for _ in range(120):
        await outcome(limited())
    assert not errors
    again = Limit(10, 0, adaptive=True, clock=clock).wrap(room, "t")
    room.gate.set()
    assert len(await herd(again, 10)) == 10


class GateMachine(RuleBasedStateMachine):
    """Callers come, leave and are cancelled, and the limit moves: no place is lost and none is made up."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.gate = Gate(Limit(3, 1000), "t")
        self.inside: list[int] = []
        self.came: list[int] = []
        self.tasks: dict[int, asyncio.Task[None]] = {}
        self.doors: dict[int, asyncio.Event] = {}
        self.highest = 3

    def settle(self) -> None:
        self.loop.run_until_complete(turns())

    async def call(self, number: int) -> None:
        if self.gate.taken < self.gate.limit:
            self.gate.taken += 1
        else:
            await self.gate.turn()
        self.inside.append(number)
        self.came.append(number)
        try:
            await self.doors[number].wait()
        finally:
            self.inside.remove(number)
            self.gate.leave()

    @rule(number=st.integers(1, 4))
    def come(self, number: int) -> None:
        for _ in range(number):
            new = len(self.tasks)
            self.doors[new] = asyncio.Event()
            self.tasks[new] = self.loop.create_task(self.call(new))
        self.settle()

    @rule(chance=st.integers(0, 100), cancel=st.booleans())
    def go(self, chance: int, cancel: bool) -> None:  # noqa: FBT001 - given by the strategy
        running = [number for number, task in self.tasks.items() if not task.done()]
        if running:
            number = running[chance % len(running)]
            self.doors[number].set()
            if cancel:
                self.tasks[number].cancel()
            self.settle()

    @rule(limit=st.integers(1, 6))
    def resize(self, limit: int) -> None:
        self.gate.resize(limit)
        self.settle()

    @invariant()
    def places_are_what_is_taken(self) -> None:
        assert self.gate.taken == len(self.inside)
        waiting = sum(not task.done() for task in self.tasks.values()) - len(self.inside)
        assert not waiting or len(self.inside) >= self.gate.limit, "somebody waits before an open door"
        assert self.came == sorted(self.came), "first come, first served"

    def teardown(self) -> None:
        """Everybody has a turn in the end, and the gate is empty."""
        for door in self.doors.values():
            door.set()
        self.loop.run_until_complete(turns(5 * len(self.tasks) + 5))
        assert all(task.done() for task in self.tasks.values())
        assert self.gate.taken == 0
        assert self.gate.is_quiet
        self.loop.close()


TestGateMachine = GateMachine.TestCase
TestGateMachine.settings = settings(max_examples=count(daily=100, proof=2000), stateful_step_count=30)


@pytest.mark.parametrize(("concurrent", "waiting"), [(0, 1), (-1, 1), (1, -1)])
def test_a_limit_that_lets_nobody_in_is_refused_when_made(concurrent: int, waiting: int):
    with pytest.raises(ConfigError):
        Limit(concurrent, waiting)


def test_it_reads_as_written():
    assert repr(Limit(8, 16)) == "Limit(8, 16)"
