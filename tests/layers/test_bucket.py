from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.conftest import count
from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.clock import Deadline
from vana.kernel.errors import AtLimit, CircuitOpen, ConfigError, DeadlineExceeded, RateLimited
from vana.kernel.run import Run, Span, inside
from vana.layers.bucket import Bucket, Rate
from vana.testing import FakeClock, faulty


def tokens_of(tokens: float) -> float:
    return tokens


def per_minute(clock: FakeClock, requests: float | None, tokens: float | None = None) -> Rate:
    return Rate(requests, tokens, estimate=tokens_of, burst=10.0, clock=clock)


async def times_of(clock: FakeClock, rate: Rate, needs: list[float]) -> list[tuple[int, float]]:
    """Give in which order calls that need so many tokens went, and after how many seconds."""
    went: list[tuple[int, float]] = []
    bucket = Bucket(rate, "t")

    async def call(number: int, tokens: float) -> None:
        await bucket.reserve(tokens)
        went.append((number, round(clock.monotonic() - 1000.0, 3)))

    async with asyncio.TaskGroup() as group:
        for number, tokens in enumerate(needs):
            group.create_task(call(number, tokens))
            await turns(1)
        await clock.elapse(200.0)
    return went


async def test_after_a_burst_requests_go_at_the_pace_and_in_order():
    clock = FakeClock()
    went = await times_of(clock, per_minute(clock, 30.0), [0.0] * 8)
    assert went == [(0, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 2), (6, 4), (7, 6)]


async def test_a_large_request_is_not_passed_by_small_ones():
    clock = FakeClock()
    went = await times_of(clock, per_minute(clock, None, 600.0), [90.0, 60.0, 1.0, 1.0])
    assert [number for number, _ in went] == [0, 1, 2, 3]
    assert went[1][1] == 5.0


async def test_what_is_more_than_fits_goes_when_it_is_full_and_is_owed():
    clock = FakeClock()
    assert await times_of(clock, per_minute(clock, None, 600.0), [500.0, 1.0]) == [(0, 0.0), (1, 40.1)]


async def test_what_a_call_really_cost_is_settled():
    clock = FakeClock()

    async def service(tokens: float) -> float:
        return 2 * tokens

    rate = Rate(None, 600.0, estimate=tokens_of, cost=tokens_of, clock=clock)
    paced = rate.wrap(service, "t")
    assert await paced(50.0) == 100.0
    waiting = asyncio.create_task(awaited(paced(10.0)))
    await clock.elapse(0.9)
    assert not waiting.done()
    await clock.elapse(0.2)
    assert waiting.done()


async def test_what_was_never_sent_costs_nothing():
    clock = FakeClock()

    async def service(tokens: float) -> float:
        return tokens

    rate = per_minute(clock, 6.0, 600.0)
    paced = rate.wrap(faulty(service, errors=[CircuitOpen("t")] * 20), "t")
    assert [type(error) for error in await herd(lambda: paced(100.0), 5)] == [CircuitOpen] * 5


async def test_when_the_other_side_says_for_how_long_nobody_goes_before():
    clock = FakeClock()

    async def service(tokens: float) -> float:
        return tokens

    paced = per_minute(clock, 600.0).wrap(faulty(service, errors=[RateLimited("429", retry_after=7.0)]), "t")
    assert isinstance(await outcome(paced(1.0)), RateLimited)
    assert await clock.drive(paced(1.0)) == 1.0
    assert clock.monotonic() == pytest.approx(1007.0)


async def test_whose_turn_comes_too_late_is_refused_at_once():
    clock = FakeClock()
    bucket = Bucket(Rate(6.0, patience=15.0, clock=clock), "t")
    await bucket.reserve()
    with (
        inside(Span("s", "s", Run("r"), deadline=Deadline.after(5.0, clock))),
        pytest.raises(DeadlineExceeded),
    ):
        await bucket.reserve()
    waiting = asyncio.create_task(bucket.reserve())
    await turns()
    with pytest.raises(AtLimit):
        await bucket.reserve()
    assert clock.monotonic() == 1000.0
    await clock.elapse(10.0)
    assert waiting.done()


async def test_a_turn_that_came_while_its_caller_was_cancelled_goes_to_the_next():
    clock = FakeClock()
    bucket = Bucket(Rate(6.0, clock=clock), "t")
    await bucket.reserve()
    first, second = asyncio.create_task(bucket.reserve()), asyncio.create_task(bucket.reserve())
    await turns()
    clock.advance(10.0)
    await asyncio.sleep(0)
    first.cancel()
    await clock.elapse(1.0)
    assert first.cancelled()
    assert second.done()


@pytest.mark.parametrize("setting", [{}, {"requests_per_minute": 0.0}, {"tokens_per_minute": 5.0}])
def test_a_pace_at_which_nothing_moves_is_refused_when_made(setting: dict[str, float]):
    with pytest.raises(ConfigError):
        Rate(**setting)  # pyright: ignore[reportArgumentType] - every setting here is a float


def test_it_reads_as_written():
    assert repr(Rate(60.0)) == "Rate(requests_per_minute=60.0)"


class BucketMachine(RuleBasedStateMachine):
    """Callers come and are cancelled, costs are settled, time passes: the pace is kept, nobody is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.clock = FakeClock()
        self.began = self.clock.monotonic()
        self.bucket = Bucket(Rate(120.0, 6000.0, estimate=tokens_of, clock=self.clock), "t")
        self.tasks: list[asyncio.Task[None]] = []
        self.went: list[int] = []
        self.spent = 0.0

    def run(self, seconds: float) -> None:
        self.loop.run_until_complete(self.clock.elapse(seconds))

    async def in_loop(self, step: Callable[[], None]) -> None:
        step()

    async def call(self, number: int, tokens: float) -> None:
        await self.bucket.reserve(tokens)
        self.went.append(number)
        self.spent += tokens

    @rule(tokens=st.lists(st.floats(0, 900), min_size=1, max_size=5))
    def come(self, tokens: list[float]) -> None:
        for amount in tokens:
            self.tasks.append(self.loop.create_task(self.call(len(self.tasks), amount)))
        self.run(0.0)

    @rule(chance=st.integers(0, 1000))
    def cancel(self, chance: int) -> None:
        waiting = [task for task in self.tasks if not task.done()]
        if waiting:
            waiting[chance % len(waiting)].cancel()
            self.run(0.0)

    @rule(reserved=st.floats(0, 500), cost=st.floats(0, 500))
    def settle(self, reserved: float, cost: float) -> None:
        self.loop.run_until_complete(self.in_loop(lambda: self.bucket.settle(reserved, cost)))
        self.spent += cost - reserved
        self.run(0.0)

    @rule(seconds=st.sampled_from([0.1, 1.0, 7.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.run(seconds)

    @rule(seconds=st.sampled_from([0.5, 5.0]))
    def pause(self, seconds: float) -> None:
        self.bucket.pause(seconds)

    @invariant()
    def the_pace_is_kept_and_the_order(self) -> None:
        passed = self.clock.monotonic() - self.began
        assert len(self.went) <= 20 + 2 * passed + 1e-6
        assert self.went == sorted(self.went)

    def teardown(self) -> None:
        """Who was not cancelled goes in the end."""
        self.run(3600.0)
        assert all(task.done() for task in self.tasks)
        self.loop.close()


TestBucketMachine = BucketMachine.TestCase
TestBucketMachine.settings = settings(max_examples=count(daily=100, proof=2000), stateful_step_count=30)
