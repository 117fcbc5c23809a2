from __future__ import annotations

import asyncio
import random
import time
from asyncio import sleep  # unwatched: on this loop it waits for nobody
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.clock import Clock, Deadline
from vana.layers.deadline import Timeout
from vana.layers.retry import Retry
from vana.testing import Deadlock, VirtualClock, VirtualLoop, faulty


async def crowd(clock: VirtualClock) -> list[int]:
    """Give the order in which ten equals come through."""
    order: list[int] = []

    async def one(number: int) -> None:
        await sleep(1.0)
        order.append(number)
        await clock.sleep(0)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(one(number))
    return order


def played(seed: int | None) -> tuple[list[int], list[tuple[float, str]]]:
    loop = VirtualLoop(seed=seed, record=True)
    return loop.play(crowd), loop.trace


@given(st.integers(0, 1 << 32))
def test_the_same_seed_gives_the_same_trace(seed: int):
    assert played(seed) == played(seed)


def test_seeds_give_different_interleavings_of_the_same_steps():
    runs = [played(seed) for seed in range(20)]
    assert len({tuple(order) for order, _ in runs}) > 15
    assert {tuple(sorted(order)) for order, _ in runs} == {tuple(range(10))}
    assert len({tuple(sorted(trace)) for _, trace in runs}) == 1


def test_without_a_seed_who_came_first_goes_first():
    assert played(None)[0] == list(range(10))


@pytest.mark.parametrize("seed", [None, *range(8)])
def test_callbacks_that_are_no_tasks_keep_their_order(seed: int | None):
    async def scenario(_clock: VirtualClock) -> list[int]:
        loop, order = asyncio.get_running_loop(), list[int]()
        for number in range(10):
            loop.call_soon(order.append, number)
        await sleep(0)
        return order

    assert VirtualLoop(seed=seed).play(scenario) == list(range(10))


def test_an_hour_of_waiting_takes_no_time():
    async def scenario(clock: VirtualClock) -> float:
        await sleep(1800.0)
        await clock.sleep(1800.0)
        return clock.monotonic()

    began = time.perf_counter()
    assert VirtualLoop().play(scenario) == 3600.0
    assert time.perf_counter() - began < 5.0  # an hour it is not


def test_its_clock_is_one_that_layers_take():
    async def scenario(clock: VirtualClock) -> tuple[float, float]:
        injected: Clock = clock
        service = faulty(attempt, errors=[])
        patient = Retry(attempts=3, clock=injected, rng=lambda: 1.0).wrap(
            Timeout(10.0, injected).wrap(service, "it"), "it"
        )
        deadline = Deadline.after(100.0, injected)
        with pytest.raises(TimeoutError):
            async with injected.timeout(60.0):
                await patient()
        return injected.monotonic(), deadline.remaining()

    async def attempt() -> None:
        await asyncio.get_running_loop().create_future()

    # Three attempts of 10 s, 0.5 and 1 s between them, would end after 31.5 s with an AttemptTimeout.
    with pytest.raises(BaseException, match="longer than 10 s"):
        VirtualLoop().play(scenario)


def test_wall_time_moves_along():
    async def scenario(clock: VirtualClock) -> float:
        await clock.sleep(60.0)
        return clock.now()

    assert VirtualLoop(wall=1000.0).play(scenario) == 1060.0


def test_a_deadlock_is_told_with_who_waits_and_where():
    async def scenario(_clock: VirtualClock) -> None:
        door = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(door.wait(), name="ann")
            group.create_task(door.wait(), name="bob")

    with pytest.raises(Deadlock) as caught:
        VirtualLoop().play(scenario)
    ann, bob, main = caught.value.waiting
    assert ann.startswith("ann at Event.wait (locks.py:")
    assert bob.startswith("bob at Event.wait")
    assert main.startswith("task-1 at TaskGroup.__aexit__")
    assert ann in str(caught.value)


def test_what_waits_with_a_timeout_is_no_deadlock():
    async def scenario(clock: VirtualClock) -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(86_400.0):
                await asyncio.Event().wait()
        return clock.monotonic()

    assert VirtualLoop().play(scenario) == 86_400.0


def test_timers_that_are_cancelled_hold_time_up_no_more_and_are_let_go():
    async def scenario(clock: VirtualClock) -> float:
        for _ in range(10_000):
            async with clock.timeout(1e9):
                await clock.sleep(0.001)
        kept.append(len(loop._timers))  # pyright: ignore[reportPrivateUsage] - nobody else sees what is kept
        return clock.monotonic()

    loop, kept = VirtualLoop(), list[int]()
    assert loop.play(scenario) == pytest.approx(10.0)
    assert kept[0] < 200


def test_what_is_given_to_a_thread_runs_here_and_its_error_comes_back():
    async def scenario(_clock: VirtualClock) -> int:
        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(lambda: 1 // 0)
        return await asyncio.to_thread(pow, 2, 10)

    assert VirtualLoop(seed=1).play(scenario) == 1024


def test_a_socket_is_not_to_be_had():
    async def scenario(_clock: VirtualClock) -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(NotImplementedError):
        VirtualLoop().play(scenario)


def test_async_generators_are_closed_at_the_end():
    closed: list[str] = []

    async def numbers() -> AsyncGenerator[int]:
        try:
            yield 1
            yield 2
        finally:
            closed.append("closed")

    async def scenario(_clock: VirtualClock) -> int:
        kept.append(numbers())
        return await anext(kept[0])

    kept: list[AsyncGenerator[int]] = []
    assert VirtualLoop().play(scenario) == 1
    assert closed == ["closed"]


def test_a_stopped_loop_can_be_run_again_and_a_closed_one_cannot():
    loop = VirtualLoop()
    loop.call_later(5.0, loop.stop)
    loop.run_forever()
    assert loop.time() == 5.0
    loop.call_later(5.0, loop.stop)
    loop.run_forever()
    assert loop.time() == 10.0
    loop.close()
    with pytest.raises(RuntimeError):
        loop.call_soon(print)


@given(st.lists(st.floats(0.0, 1e6, allow_nan=False), max_size=30), st.integers(0, 99))
def test_time_goes_through_every_timer_in_order_and_never_back(waits: list[float], seed: int):
    async def scenario(clock: VirtualClock) -> list[tuple[float, float]]:
        seen: list[tuple[float, float]] = []

        async def one(seconds: float) -> None:
            await clock.sleep(seconds)
            seen.append((seconds, clock.monotonic()))

        async with asyncio.TaskGroup() as group:
            for seconds in random.Random(seed).sample(waits, len(waits)):  # noqa: S311 - chance, not secrecy
                group.create_task(one(seconds))
        return seen

    seen = VirtualLoop(seed=seed).play(scenario)
    assert [moment for _, moment in seen] == sorted(waits)
    assert all(wait == moment for wait, moment in seen)
