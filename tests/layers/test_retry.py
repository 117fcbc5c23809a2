from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.herd import awaited
from vana.kernel.clock import Deadline
from vana.kernel.errors import ConfigError, RateLimited, ToolFailed, Unavailable
from vana.kernel.run import Run, Span, inside
from vana.layers.retry import Retry, backoff
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


async def test_waits_are_spread_over_the_whole_range():
    """Full jitter: of many callers refused together, no two tenths of the range hold the same one."""
    waits: list[float] = []

    class Remembering(FakeClock):
        async def sleep(self, seconds: float) -> None:
            waits.append(seconds)
            await asyncio.sleep(0)

    retry = Retry(2, base=8.0, cap=8.0, clock=Remembering())
    for _ in range(2000):
        await retry.wrap(faulty(double, errors=[Unavailable("x")]), "t")(1)
    tenths = [sum(1 for wait in waits if 0.8 * n <= wait < 0.8 * (n + 1)) for n in range(10)]
    assert sum(tenths) == 2000
    assert min(tenths) > 120, "200 are expected in each; six standard deviations below is 120"


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
