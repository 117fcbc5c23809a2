from __future__ import annotations

import asyncio
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.herd import Counting, awaited, outcome, turns
from vana.kernel.clock import SYSTEM_CLOCK, Deadline
from vana.kernel.errors import AttemptTimeout, ConfigError, DeadlineExceeded
from vana.kernel.run import Run, Span, current_span, degrade, inside
from vana.layers.deadline import Timeout, current_deadline, in_time, unbounded, until_deadline
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
        deadline = current_deadline()
        return deadline.at if deadline is not None else None

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
        deadline = current_deadline()
        assert deadline is not None
        return deadline.at - 1000.0

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


async def test_two_layers_that_ask_for_the_same_or_a_later_moment_set_one_alarm():
    for seconds in (5.0, 9.0, None):
        clock = Counting()
        service = Timeout(5.0, clock).wrap(Timeout(seconds, clock).wrap(hang, "inner"), "outer")
        with pytest.raises(AttemptTimeout, match="outer"):
            await clock.drive(service())
        assert clock.alarms == 1


async def test_calls_of_one_target_share_one_alarm_and_each_is_cut_at_its_own_moment():
    clock, ends = Counting(), list[float]()
    service = Timeout(5.0, clock).wrap(hang, "t")

    async def call() -> None:
        with pytest.raises(AttemptTimeout):
            await service()
        ends.append(clock.monotonic() - 1000.0)

    async with asyncio.TaskGroup() as group:
        for _ in range(100):
            group.create_task(call())
            await clock.elapse(0.01)
        assert clock.alarms == 1
        await clock.elapse(10.0)
    assert ends == pytest.approx([5.0 + 0.01 * number for number in range(100)])


async def test_a_child_in_a_task_of_its_own_sees_and_keeps_the_limit_of_its_parent():
    clock, seen = FakeClock(), list[float]()

    async def child() -> None:
        deadline = current_deadline()
        assert deadline is not None
        seen.append(deadline.remaining())
        await Timeout(60.0, clock).wrap(hang, "child")()

    async def parent() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            group.create_task(child())

    with pytest.raises(AttemptTimeout, match="parent took longer"):
        await clock.drive(Timeout(3.0, clock).wrap(parent, "parent")())
    assert seen == [3.0, 3.0]
    assert clock.monotonic() == 1003.0


async def test_work_that_outlives_who_began_it_can_be_without_its_limit():
    clock = FakeClock()

    async def shared() -> None:
        with unbounded():
            assert current_deadline() is None
        assert current_deadline() is not None

    await Timeout(3.0, clock).wrap(shared, "t")()


async def test_a_share_of_the_time_left_is_an_attempt_and_the_whole_is_the_deadline():
    clock = FakeClock()

    with inside(span_until(8.0, clock)):
        with pytest.raises(AttemptTimeout, match="its share"):
            await clock.drive(in_time(hang, "it", share=0.25)())
        assert clock.monotonic() == 1002.0
        with pytest.raises(DeadlineExceeded):
            await clock.drive(in_time(hang, "it")())
    assert clock.monotonic() == 1008.0


async def test_who_is_cancelled_at_the_very_moment_its_time_is_over_is_cancelled():
    clock = FakeClock()
    task = asyncio.create_task(awaited(Timeout(5.0, clock).wrap(hang, "t")()))
    await turns()
    clock.advance(5.0)
    task.cancel()
    assert isinstance(await outcome(task), asyncio.CancelledError)
    assert task.cancelled()


async def test_a_call_that_ends_in_the_turn_in_which_its_time_is_over_leaves_no_cancellation_behind():
    clock = FakeClock()

    async def ends_late() -> str:
        clock.advance(5.0)
        return "done"

    assert await Timeout(5.0, clock).wrap(ends_late, "t")() == "done"
    await turns()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def test_a_service_that_takes_no_notice_of_being_cut_gives_its_result():
    clock = FakeClock()

    async def stubborn() -> str:
        with suppress(asyncio.CancelledError):
            await hang()
        return "in spite of it"

    assert await clock.drive(Timeout(1.0, clock).wrap(stubborn, "t")()) == "in spite of it"
    await turns()


@given(
    st.lists(st.sampled_from([1.0, 2.0, 3.0]), min_size=1, max_size=4),
    st.one_of(st.none(), st.integers(0, 4)),
    st.integers(0, 4),
)
def test_nested_limits_and_a_cancellation_end_a_call_as_asyncio_timeout_would(
    limits: list[float], cancelled_at: int | None, works_for: int
):
    """The peer runs beside it: nested `asyncio.timeout` blocks on the same moments."""

    async def play(layered: bool) -> tuple[str, int]:  # noqa: FBT001 - which of the two
        clock = FakeClock()

        async def work() -> None:
            await clock.sleep(works_for + 0.5)

        async def peer(left: list[float]) -> None:
            if not left:
                return await work()
            async with clock.timeout(left[0]):
                return await peer(left[1:])

        service = work
        for seconds in reversed(limits):
            service = Timeout(seconds, clock).wrap(service, "t")
        task = asyncio.create_task(awaited(service() if layered else peer(limits)))
        for tick in range(6):
            await turns()
            if tick == cancelled_at:
                task.cancel()
            await clock.elapse(1.0)
        error = await outcome(task)
        kind = "late" if isinstance(error, (AttemptTimeout, TimeoutError)) else type(error).__name__
        return kind, task.cancelling()

    assert asyncio.run(play(layered=True)) == asyncio.run(play(layered=False))


def test_one_wrapped_service_serves_one_event_loop_after_another():
    service = Timeout(0.01).wrap(hang, "t")
    for _ in range(3):
        with pytest.raises(AttemptTimeout):
            asyncio.run(awaited(service()))


@pytest.mark.real
async def test_of_ten_thousand_calls_at_once_none_is_cut_more_than_50_ms_late():
    """The best of three herds, for the machine has others to serve as well."""
    service, worst = Timeout(1.0).wrap(hang, "t"), list[float]()

    async def call() -> float:
        began = time.monotonic()
        with pytest.raises(AttemptTimeout):
            await service()
        return time.monotonic() - began - 1.0

    for _ in range(3):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(call()) for _ in range(10_000)]
        worst.append(max(task.result() for task in tasks))
    assert min(worst) <= 0.05


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan")])
def test_a_timeout_that_leaves_no_time_is_refused_when_made(seconds: float):
    with pytest.raises(ConfigError):
        Timeout(seconds)


def test_it_reads_as_written():
    assert repr(Timeout()) == "Timeout()"
    assert repr(Timeout(2.5)) == "Timeout(seconds=2.5)"
