from __future__ import annotations

import asyncio

import pytest

from tests.layers.herd import awaited, outcome, turns
from vana.kernel.clock import SYSTEM_CLOCK, Deadline
from vana.kernel.errors import AttemptTimeout, ConfigError, DeadlineExceeded
from vana.kernel.run import Run, Span, current_span, degrade, inside
from vana.layers.deadline import Timeout, until_deadline
from vana.testing import FakeClock


async def hang() -> None:
    await asyncio.get_running_loop().create_future()


def span_until(seconds: float | None, clock: FakeClock) -> Span:
    return Span("s", "s", Run("r"), deadline=Deadline.after(seconds, clock) if seconds is not None else None)


async def test_its_own_seconds_end_an_attempt_that_may_be_tried_again():
    clock = FakeClock()
    with pytest.raises(AttemptTimeout, match="slow took longer than 5 s"):
        await clock.drive(Timeout(5.0, clock).wrap(hang, "slow")())
    assert clock.monotonic() == pytest.approx(1005.0)


async def test_the_runs_deadline_ends_a_call_for_good():
    clock = FakeClock()
    with inside(span_until(3.0, clock)), pytest.raises(DeadlineExceeded, match="used up during slow"):
        await clock.drive(Timeout(5.0, clock).wrap(hang, "slow")())
    assert clock.monotonic() == pytest.approx(1003.0)


async def test_without_seconds_of_its_own_it_enforces_the_runs_deadline():
    clock = FakeClock()
    with inside(span_until(3.0, clock)), pytest.raises(DeadlineExceeded):
        await clock.drive(Timeout(clock=clock).wrap(hang, "slow")())


async def test_nothing_is_called_once_the_deadline_has_passed():
    clock, calls = FakeClock(), list[int]()

    async def service() -> None:
        calls.append(1)

    span = span_until(1.0, clock)
    clock.advance(1.0)
    with inside(span), pytest.raises(DeadlineExceeded, match="no time left for t"):
        await Timeout(5.0, clock).wrap(service, "t")()
    assert calls == []


async def test_on_the_system_clock_it_ends_a_call_too():
    with pytest.raises(AttemptTimeout):
        await Timeout(0.01).wrap(hang, "t")()
    span = Span("s", "s", Run("r"), deadline=Deadline.after(0.01, SYSTEM_CLOCK))
    with inside(span), pytest.raises(DeadlineExceeded):
        await Timeout().wrap(hang, "t")()


async def test_what_runs_inside_sees_the_earlier_deadline_and_the_caller_keeps_its_own():
    clock = FakeClock()

    async def look() -> float | None:
        span = current_span()
        return span.deadline.at if span is not None and span.deadline is not None else None

    for own, runs, expected in [(5.0, 9.0, 5.0), (9.0, 5.0, 5.0), (5.0, None, 5.0), (None, 5.0, 5.0)]:
        span = span_until(runs, clock)
        kept = span.deadline
        with inside(span):
            seen = await Timeout(own, clock).wrap(look, "t")()
        assert seen == clock.monotonic() + expected
        assert span.deadline is kept


async def test_calls_side_by_side_in_one_span_have_each_their_own_deadline():
    clock = FakeClock()
    gate = asyncio.Event()

    async def look() -> float:
        await gate.wait()
        span = current_span()
        assert span is not None
        assert span.deadline is not None
        return span.deadline.at - 1000.0

    span = span_until(None, clock)
    with inside(span):
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(awaited(Timeout(seconds, clock).wrap(look, "t")()))
                for seconds in (5.0, 9.0, 2.0)
            ]
            await turns()
            gate.set()
    assert [task.result() for task in tasks] == [5.0, 9.0, 2.0]
    assert span.deadline is None


async def test_books_kept_inside_reach_the_caller_however_it_ends():
    clock = FakeClock()

    async def spend() -> None:
        span = current_span()
        assert span is not None
        span.input_tokens += 7
        span.attempt = 2
        degrade("a", "b", "c")
        await hang()

    span = span_until(None, clock)
    with inside(span), pytest.raises(AttemptTimeout):
        await clock.drive(Timeout(1.0, clock).wrap(spend, "t")())
    assert (span.input_tokens, span.attempt, len(span.degraded)) == (7, 2, 1)


async def test_an_outer_timeout_of_the_same_moment_or_earlier_is_named_as_what_it_is():
    """The inner one takes the outer's deadline for the run's; the outer one knows better."""
    clock = FakeClock()
    inner = Timeout(60.0, clock).wrap(hang, "inner")
    with pytest.raises(AttemptTimeout, match="outer took longer than 2 s"):
        await clock.drive(Timeout(2.0, clock).wrap(inner, "outer")())


async def test_an_inner_refusal_for_want_of_time_is_the_outers_timeout_once_its_time_is_up():
    clock = FakeClock()

    async def work() -> None:
        clock.advance(3.0)
        async with until_deadline("more work"):
            pass

    with inside(span_until(9.0, clock)), pytest.raises(AttemptTimeout, match="outer took longer") as caught:
        await Timeout(2.0, clock).wrap(work, "outer")()
    assert isinstance(caught.value.__cause__, DeadlineExceeded)


async def test_a_timeout_raised_by_the_service_itself_passes_as_it_is():
    clock, mine = FakeClock(), TimeoutError("of the service")

    async def service() -> None:
        raise mine

    assert await outcome(Timeout(5.0, clock).wrap(service, "t")()) is mine
    with inside(span_until(3.0, clock)):
        assert await outcome(Timeout(clock=clock).wrap(service, "t")()) is mine


async def test_cancellation_is_not_taken_for_a_timeout():
    clock = FakeClock()
    task = asyncio.create_task(awaited(Timeout(5.0, clock).wrap(hang, "t")()))
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_timeout_that_leaves_no_time_is_refused_when_made(seconds: float):
    with pytest.raises(ConfigError):
        Timeout(seconds)


def test_it_reads_as_written():
    assert repr(Timeout()) == "Timeout()"
    assert repr(Timeout(2.5)) == "Timeout(seconds=2.5)"
