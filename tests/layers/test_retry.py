from __future__ import annotations

import asyncio
import math
import random
import socket
from collections.abc import AsyncGenerator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.herd import awaited, outcome
from vana.kernel.clock import Deadline
from vana.kernel.errors import AttemptTimeout, ConfigError, RateLimited, ToolFailed, Unavailable
from vana.kernel.run import Run, Span, inside
from vana.layers.deadline import Timeout
from vana.layers.retry import Retry, backoff
from vana.layers.retry_budget import RetryBudget
from vana.testing import FakeClock, faulty


async def double(x: int) -> int:
    return 2 * x


def whole() -> float:
    return 1.0


async def test_transient_errors_are_tried_again_until_one_attempt_succeeds():
    clock = FakeClock()
    service = Retry(clock=clock).wrap(faulty(double, errors=[Unavailable("a"), Unavailable("b")]), "t")
    assert await clock.drive(service(4)) == 8


async def test_last_error_is_raised_as_it_came_when_attempts_are_used_up():
    clock = FakeClock()
    last = Unavailable("third")
    errors = [Unavailable("first"), Unavailable("second"), last, Unavailable("never reached")]
    service = Retry(clock=clock).wrap(faulty(double, errors=errors), "t")
    with pytest.raises(Unavailable) as caught:
        await clock.drive(service(1))
    assert caught.value is last


@pytest.mark.parametrize("error", [ToolFailed("no"), ValueError("bug"), asyncio.CancelledError()])
async def test_what_is_not_transient_is_not_tried_again(error: BaseException):
    clock = FakeClock()
    service = Retry(clock=clock).wrap(faulty(double, errors=[error]), "t")
    with pytest.raises(type(error)):
        await service(1)
    assert await service(1) == 2, "the one error was used up by the one attempt"


async def test_waits_double_from_base_up_to_cap():
    clock = FakeClock()
    service = Retry(5, base=1.0, cap=3.0, clock=clock, rng=whole).wrap(
        faulty(double, errors=[Unavailable(str(n)) for n in range(4)]), "t"
    )
    began = clock.monotonic()
    await clock.drive(service(1))
    assert clock.monotonic() - began == pytest.approx(1 + 2 + 3 + 3)


async def test_retry_after_is_waited_for_and_the_jitter_comes_on_top():
    clock = FakeClock()
    service = Retry(base=0.5, clock=clock, rng=whole).wrap(
        faulty(double, errors=[RateLimited("slow down", retry_after=7.0)]), "t"
    )
    began = clock.monotonic()
    await clock.drive(service(1))
    assert clock.monotonic() - began == pytest.approx(7.5)


async def test_a_retry_after_beyond_the_limit_is_not_waited_for():
    clock = FakeClock()
    service = Retry(max_retry_after=30.0, clock=clock).wrap(
        faulty(double, errors=[RateLimited("come back tomorrow", retry_after=86_400.0)]), "t"
    )
    began = clock.monotonic()
    with pytest.raises(RateLimited):
        await clock.drive(service(1))
    assert clock.monotonic() == began


async def test_no_wait_begins_that_would_not_end_before_the_deadline():
    clock = FakeClock()
    deadline = Deadline.after(1.5, clock)
    span = Span("s", "s", Run("r"), deadline=deadline)
    service = Retry(4, base=1.0, clock=clock, rng=whole).wrap(
        faulty(double, errors=[Unavailable("1"), Unavailable("2"), Unavailable("3")]), "t"
    )
    with inside(span), pytest.raises(Unavailable, match="2"):
        await clock.drive(service(1))
    assert clock.monotonic() <= deadline.at


async def test_attempts_are_counted_on_the_span():
    clock = FakeClock()
    span = Span("s", "s", Run("r"))
    service = Retry(clock=clock).wrap(faulty(double, errors=[Unavailable("1"), Unavailable("2")]), "t")
    with inside(span):
        await clock.drive(service(1))
    assert span.attempt == 3


async def test_a_cancelled_wait_makes_no_further_attempt():
    clock = FakeClock()
    calls, down = list[int](), Unavailable("x")

    async def failing() -> None:
        calls.append(1)
        raise down

    task = asyncio.create_task(awaited(Retry(clock=clock).wrap(failing, "t")()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await clock.elapse(100)
    assert len(calls) == 1


class Remembering(FakeClock):
    """A clock on which nobody waits, and that remembers for how long they would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await asyncio.sleep(0)


async def down() -> None:
    raise Unavailable("down")


@pytest.mark.parametrize("asked", [None, 7.0])
async def test_rt1_waits_are_spread_evenly_also_at_the_cap_and_on_top_of_retry_after(asked: float | None):
    """Kolmogorov-Smirnov on 10,000 draws: a true uniform passes 1.95/sqrt(n) in 999 of 1000 runs."""
    clock, error = Remembering(), RateLimited("slow down", retry_after=asked)

    async def failing() -> None:
        raise error

    chance = random.Random(20)  # noqa: S311 - chance, not secrecy
    retry = Retry(3, base=8.0, cap=8.0, budget=None, clock=clock, rng=chance.random).wrap(failing, "t")
    for _ in range(5_000):
        await outcome(retry())
    drawn = sorted((wait - (asked or 0.0)) / 8.0 for wait in clock.waits)
    assert len(drawn) == 10_000
    distance = max(abs(value - place / len(drawn)) for place, value in enumerate(drawn))
    assert distance < 1.95 / math.sqrt(len(drawn))


@pytest.mark.parametrize("error", [Unavailable("down"), AttemptTimeout("late"), RateLimited("slow")])
@pytest.mark.parametrize("rate", [0.5, 40, 400])
async def test_rt2_retries_stay_within_a_fifth_of_the_first_attempts_and_one_a_second(
    error: Exception, rate: float
):
    clock, firsts, retries = FakeClock(), list[float](), list[float]()
    begun = set[int]()

    async def failing(number: int) -> None:
        (retries if number in begun else firsts).append(clock.monotonic())
        begun.add(number)
        raise error

    guarded = Retry(clock=clock).wrap(failing, "t")
    async with asyncio.TaskGroup() as group:
        for number in range(round(rate * 20)):
            group.create_task(outcome(guarded(number)))
            await clock.elapse(1 / rate)
        await clock.elapse(30.0)
    for moment in retries:
        # The retry was paid for when its wait began, up to a cap's length before it was made.
        spent = sum(1 for other in retries if moment - 10 < other <= moment)
        earned = sum(1 for other in firsts if moment - 12 < other <= moment)
        assert spent <= 0.2 * earned + 10
    assert retries, "there is a budget"


async def test_rt3_no_attempt_begins_after_the_deadline_outside_a_run_as_well():
    clock, begun = FakeClock(), list[float]()

    async def slow() -> None:
        begun.append(clock.monotonic())
        await clock.sleep(2.0)
        raise Unavailable("down")

    guarded = Timeout(5.0, clock).wrap(Retry(9, base=1.0, clock=clock, rng=whole).wrap(slow, "t"), "t")
    error = await clock.drive(outcome(guarded()))
    assert isinstance(error, (AttemptTimeout, Unavailable))
    assert begun == [1000.0, 1003.0]
    assert clock.monotonic() <= 1005.0


@pytest.mark.parametrize(
    ("retry_after", "deadline", "waited"),
    [(5.0, 60.0, True), (29.0, 60.0, True), (31.0, 60.0, False), (5.0, 4.0, False)],
)
async def test_rt4_what_the_other_side_asked_for_is_waited_or_given_up_at_once(
    retry_after: float,
    deadline: float,
    waited: bool,  # noqa: FBT001 - which of the two
):
    clock = FakeClock()
    guarded = Retry(clock=clock).wrap(faulty(double, errors=[RateLimited("x", retry_after=retry_after)]), "t")
    with inside(Span("s", "s", Run("r"), deadline=Deadline.after(deadline, clock))):
        result = await clock.drive(outcome(guarded(1)))
    if waited:
        assert result == 2
        assert clock.monotonic() >= 1000.0 + retry_after
    else:
        assert isinstance(result, RateLimited)
        assert clock.monotonic() == 1000.0


@pytest.mark.parametrize(
    ("cause", "tried_again"),
    [
        (ConnectionRefusedError(), True),
        (socket.gaierror(), True),
        (ConnectionResetError(), False),
        (None, False),
    ],
)
async def test_rt5_what_is_not_idempotent_is_repeated_only_if_it_was_never_sent(
    cause: Exception | None,
    tried_again: bool,  # noqa: FBT001 - which of the two
):
    clock, calls = FakeClock(), list[int]()

    async def pay(amount: int) -> None:
        calls.append(amount)
        raise Unavailable("down") from cause

    error = await clock.drive(outcome(Retry(idempotent=False, clock=clock).wrap(pay, "t")(5)))
    assert isinstance(error, Unavailable)
    assert len(calls) == (3 if tried_again else 1)


async def test_rt6_attempts_of_nested_retries_do_not_multiply():
    clock, calls = FakeClock(), list[int]()

    async def failing() -> None:
        calls.append(1)
        raise Unavailable("down")

    async def agent() -> None:
        async with asyncio.TaskGroup() as group:
            await group.create_task(awaited(Retry(clock=clock).wrap(failing, "tool")()))

    async def unwrapped() -> None:
        try:
            await agent()
        except ExceptionGroup as group:
            raise group.exceptions[0] from None

    guarded = Retry(clock=clock).wrap(Retry(clock=clock).wrap(unwrapped, "a"), "b")
    assert isinstance(await clock.drive(outcome(guarded())), Unavailable)
    assert len(calls) == 3
    calls.clear()
    assert isinstance(await clock.drive(outcome(Retry(clock=clock).wrap(failing, "t")())), Unavailable)
    assert len(calls) == 3, "the guard ends with the outer one"


async def test_rt7_a_stream_is_tried_again_until_its_first_item_and_never_after_it():
    clock, opened = FakeClock(), list[int]()

    async def tokens(cut_at: int) -> AsyncGenerator[int]:
        opened.append(cut_at)
        for number in range(4):
            if number == cut_at and (cut_at or len(opened) < 3):
                raise Unavailable("cut")
            yield number

    async def read(cut_at: int) -> tuple[list[int], str]:
        got: list[int] = []
        try:
            async for token in Retry(clock=clock).wrap_stream(tokens, "t")(cut_at):
                got.append(token)  # noqa: PERF401 - what came before the error is looked at
        except Unavailable as error:
            return got, str(error)
        return got, "whole"

    assert await clock.drive(read(0)) == ([0, 1, 2, 3], "whole")
    assert len(opened) == 3
    opened.clear()
    assert await clock.drive(read(2)) == ([0, 1], "cut")
    assert len(opened) == 1


async def test_a_stream_that_is_left_early_is_closed():
    ended = list[str]()

    async def tokens() -> AsyncGenerator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append("closed")

    stream = Retry().wrap_stream(tokens, "t")()
    assert await anext(stream) == 1
    await stream.aclose()
    assert ended == ["closed"]


async def test_when_the_budget_is_used_up_the_error_goes_on_at_once():
    clock = Remembering()
    guarded = Retry(2, budget=RetryBudget(share=0.0, per_second=0.3), clock=clock).wrap(down, "t")
    for _ in range(10):
        assert isinstance(await outcome(guarded()), Unavailable)
    assert len(clock.waits) == 3


@given(
    attempt=st.integers(-5, 10_000),
    base=st.floats(1e-6, 1e6),
    factor=st.floats(1.0, 1e6),
)
def test_backoff_grows_and_never_passes_its_cap(attempt: int, base: float, factor: float):
    cap = base * factor
    here, there = backoff(attempt, base=base, cap=cap), backoff(attempt + 1, base=base, cap=cap)
    assert 0 <= here <= there <= cap


def test_backoff_doubles_from_base():
    assert [backoff(n, base=0.5, cap=8.0) for n in range(1, 8)] == [0, 0.5, 1, 2, 4, 8, 8]


@pytest.mark.parametrize(
    ("attempts", "base", "cap"), [(0, 0.5, 8.0), (3, 0.0, 8.0), (3, -1.0, 8.0), (3, 9.0, 8.0)]
)
def test_a_retry_that_could_not_work_is_refused_when_made(attempts: int, base: float, cap: float):
    with pytest.raises(ConfigError):
        Retry(attempts, base=base, cap=cap)


def test_it_reads_as_written():
    assert repr(Retry()) == "Retry()"
    assert repr(Retry(5, cap=2.0)) == "Retry(attempts=5, cap=2.0)"
