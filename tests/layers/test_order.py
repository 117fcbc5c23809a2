from __future__ import annotations

import asyncio

import pytest

from tests.layers.herd import Heard, awaited, outcome, turns
from vana.kernel.errors import AllFailed, AtLimit, AttemptTimeout, CircuitOpen, ConfigError, Unavailable
from vana.kernel.run import Run, Span, inside
from vana.layers.breaker import Breaker
from vana.layers.bucket import Rate
from vana.layers.cache import Cache
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.limit import Limit
from vana.layers.order import ORDER, Parts, standard
from vana.layers.retry import Retry
from vana.layers.trace import Trace
from vana.testing import FakeClock


async def other(x: int) -> str:
    return f"other {x}"


def test_the_order_is_the_one_of_the_architecture():
    assert ORDER == (
        "trace",
        "contain",
        "deadline",
        "cache",
        "fallback",
        "retry",
        "breaker",
        "rate",
        "limit",
        "timeout",
        "classify",
    )


def test_a_stack_is_built_in_that_order_with_the_limit_as_the_breakers_queue():
    parts = Parts(
        trace=Trace(Heard(), "model"),
        deadline=Timeout(30.0),
        cache=Cache(),
        fallback=Fallback(other),
        retry=Retry(),
        breaker=Breaker(),
        limit=Limit(8, 16),
        timeout=Timeout(10.0),
    )
    assert repr(standard(parts)) == (
        "stack(Trace(kind='model'), Contain(), Timeout(seconds=30.0), Cache(), Fallback(other), Retry(), "
        "Breaker(queue=Limit(8, 16)), Timeout(seconds=10.0), Classify())"
    )


def test_what_is_not_given_is_left_out():
    assert repr(standard(Parts())) == "stack(Contain(), Classify())"
    assert repr(standard(Parts(limit=Limit(1, 2)))) == "stack(Contain(), Limit(1, 2), Classify())"
    both = standard(Parts(breaker=Breaker(), rate=Rate(60.0), limit=Limit(1, 2)))
    assert "Breaker(queue=stack(Rate(requests_per_minute=60.0), Limit(1, 2)))" in repr(both)
    with pytest.raises(ConfigError, match="two queues"):
        standard(Parts(breaker=Breaker(queue=Limit(1, 1)), limit=Limit(2, 2)))


class Target:
    """A target that is out of reach, and counts."""

    def __init__(self) -> None:
        self.calls = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, x: int) -> str:
        self.calls += 1
        await self.gate.wait()
        message = f"no route for {x}"
        raise ConnectionRefusedError(message)


def parts(clock: FakeClock, **given: object) -> Parts:
    return Parts(
        retry=Retry(attempts=3, base=1.0, cap=1.0, clock=clock),
        breaker=Breaker(minimum_calls=2, clock=clock),
        limit=Limit(1, 0),
        timeout=Timeout(5.0, clock),
        **given,  # pyright: ignore[reportArgumentType] - the test names the rest
    )


async def test_an_error_of_the_standard_library_is_retried_and_then_the_fallback_answers():
    """Classifier inside the retry, retry inside the fallback, and the breaker saw each attempt."""
    clock, target, heard = FakeClock(), Target(), Heard()
    guarded = standard(parts(clock, trace=Trace(heard, clock=clock), fallback=Fallback(other)))(target, "t")
    with inside(Span("s", "s", Run("r"))):
        assert await clock.drive(guarded(1)) == "other 1"
        assert await clock.drive(guarded(2)) == "other 2"
    assert target.calls == 2, "the breaker opened after two attempts and refused the third and the next call"
    first, second = (event.data for event in heard.ended)
    assert (first["attempts"], second["attempts"]) == (3, 1)
    assert "failed too often" in str(first["degraded"])


async def test_a_hanging_attempt_counts_for_the_breaker_as_a_timeout():
    clock, target = FakeClock(), Target()
    target.gate.clear()
    guarded = standard(parts(clock))(target, "t")
    error = await clock.drive(outcome(guarded(1)))
    assert isinstance(error, CircuitOpen), "two attempts timed out, and the breaker refused the third"
    assert target.calls == 2


async def test_who_finds_no_place_is_refused_and_that_is_no_failure_of_the_target():
    clock, target = FakeClock(), Target()
    target.gate.clear()
    guarded = standard(parts(clock))(target, "t")
    async with asyncio.TaskGroup() as group:
        busy = group.create_task(outcome(guarded(1)))
        await turns()
        for number in range(20):
            assert isinstance(await outcome(guarded(number)), AtLimit)
        assert target.calls == 1
        busy.cancel()


async def test_a_hit_asks_neither_breaker_nor_limit():
    clock = FakeClock()
    calls: list[int] = []

    async def read(x: int) -> int:
        calls.append(x)
        return x

    guarded = standard(parts(clock, cache=Cache(clock=clock)))(read, "t")
    assert await awaited(guarded(1)) == 1
    gate = asyncio.Event()

    async with asyncio.TaskGroup() as group:
        holders = [group.create_task(outcome(guarded(1))) for _ in range(50)]
        gate.set()
    assert [task.result() for task in holders] == [1] * 50
    assert calls == [1]


async def test_the_whole_call_has_a_time_of_its_own_over_all_attempts():
    clock, target = FakeClock(), Target()
    target.gate.clear()
    began = clock.monotonic()
    guarded = standard(parts(clock, deadline=Timeout(7.0, clock)))(target, "t")
    error = await clock.drive(outcome(guarded(1)))
    assert isinstance(error, AttemptTimeout)
    assert clock.monotonic() - began <= 7.0


async def test_when_all_targets_are_out_of_reach_each_cause_is_told():
    clock, target = FakeClock(), Target()

    async def gone(x: int) -> str:
        message = f"gone with {x}"
        raise Unavailable(message)

    guarded = standard(parts(clock, fallback=Fallback(gone)))(target, "t")
    error = await clock.drive(outcome(guarded(1)))
    assert isinstance(error, AllFailed)
    assert [type(cause) for cause in error.causes] == [CircuitOpen, Unavailable]
