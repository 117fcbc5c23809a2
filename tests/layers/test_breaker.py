from __future__ import annotations

import asyncio
from typing import Literal

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.conftest import count
from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.errors import (
    AtLimit,
    AttemptTimeout,
    CircuitOpen,
    ConfigError,
    InputError,
    ModelFailed,
    ModelRetry,
    ProgramFailed,
    RateLimited,
    StoreFailed,
    ToolFailed,
    Unavailable,
)
from vana.layers.breaker import Breaker, Circuit, Permit, State, Verdict, verdict
from vana.layers.limit import Limit
from vana.testing import FakeClock


def middle() -> float:
    return 0.5


def circuit(clock: FakeClock, *, minimum_calls: int = 3, probes: int = 1, lease: float = 60.0) -> Circuit:
    return Circuit(
        Breaker(minimum_calls=minimum_calls, probes=probes, lease=lease, clock=clock, rng=middle), "t"
    )


def fail(broken: Circuit, times: int) -> None:
    for _ in range(times):
        broken.settle(broken.admit(), "failing")


def test_it_opens_when_the_share_of_failures_is_reached_and_enough_calls_ended():
    broken = circuit(FakeClock(), minimum_calls=4)
    fail(broken, 3)
    assert broken.state == "closed"
    fail(broken, 1)
    assert broken.state == "open"


def test_one_failure_in_a_hundred_never_opens_it():
    clock = FakeClock()
    steady = circuit(clock, minimum_calls=10)
    for number in range(10_000):
        steady.settle(steady.admit(), "failing" if number % 100 == 99 else "healthy")
        clock.advance(0.01)
    assert steady.state == "closed"


def test_failures_older_than_the_window_are_forgotten():
    clock = FakeClock()
    slow = circuit(clock, minimum_calls=3)
    for _ in range(20):
        fail(slow, 1)
        clock.advance(16.0)
    assert slow.state == "closed", "there were never three calls within 30 s"


def test_open_breaker_refuses_and_says_for_how_long():
    clock = FakeClock()
    broken = circuit(clock)
    fail(broken, 3)
    clock.advance(0.5)
    with pytest.raises(CircuitOpen) as refusal:
        broken.admit()
    assert refusal.value.retry_after == pytest.approx(1.5)
    assert refusal.value.target == "t"


def test_a_good_probe_closes_it_and_a_bad_one_opens_it_for_twice_as_long_up_to_the_maximum():
    clock = FakeClock()
    broken = circuit(clock)
    fail(broken, 3)
    lengths: list[float] = []
    for _ in range(7):
        with pytest.raises(CircuitOpen) as refusal:
            broken.peek()
        lengths.append(refusal.value.retry_after or 0.0)
        clock.advance(lengths[-1])
        fail(broken, 1)
    assert lengths == pytest.approx([2, 4, 8, 16, 30, 30, 30])
    clock.advance(30.0)
    broken.settle(broken.admit(), "healthy")
    assert broken.state == "closed"
    fail(broken, 3)
    with pytest.raises(CircuitOpen) as refusal:
        broken.peek()
    assert refusal.value.retry_after == pytest.approx(2.0), "recovery resets the doubling"


def test_the_open_time_varies_by_a_fifth_so_that_processes_do_not_probe_in_step():
    lengths: list[float | None] = []
    for chance in (0.0, 0.25, 0.999999):
        broken = Circuit(Breaker(minimum_calls=1, clock=FakeClock(), rng=lambda chance=chance: chance), "t")
        fail(broken, 1)
        with pytest.raises(CircuitOpen) as refusal:
            broken.peek()
        lengths.append(refusal.value.retry_after)
    assert lengths == pytest.approx([1.6, 1.8, 2.4], abs=1e-4)


def test_a_probe_that_tells_nothing_gives_its_place_to_the_next():
    clock = FakeClock()
    broken = circuit(clock)
    fail(broken, 3)
    clock.advance(2.0)
    broken.settle(broken.admit(), None)
    assert broken.state == "half_open"
    broken.settle(broken.admit(), "healthy")
    assert broken.state == "closed"


def test_a_hung_probe_loses_its_place_after_its_lease_and_its_late_result_is_ignored():
    clock = FakeClock()
    broken = circuit(clock, lease=5.0)
    fail(broken, 3)
    clock.advance(2.0)
    hung = broken.admit()
    clock.advance(4.9)
    with pytest.raises(CircuitOpen):
        broken.admit()
    clock.advance(0.1)
    second = broken.admit()
    broken.settle(hung, "failing")
    assert broken.state == "half_open"
    broken.settle(second, "healthy")
    assert broken.state == "closed"


def test_failures_begun_before_it_opened_do_not_open_it_again_after_it_recovered():
    clock = FakeClock()
    broken = circuit(clock, minimum_calls=3)
    old = [broken.admit() for _ in range(50)]
    fail(broken, 3)
    clock.advance(2.0)
    broken.settle(broken.admit(), "healthy")
    for permit in old:
        broken.settle(permit, "failing")
    fail(broken, 2)
    assert broken.state == "closed", "only two failures belong to this generation"


def test_a_success_begun_before_it_opened_does_not_close_it():
    broken = circuit(FakeClock())
    old = broken.admit()
    fail(broken, 3)
    broken.settle(old, "healthy")
    assert broken.state == "open"


@pytest.mark.parametrize(
    "error", [Unavailable("x"), AttemptTimeout("x"), ModelFailed("x"), StoreFailed("x"), KeyError("x")]
)
def test_the_targets_faults_count(error: Exception):
    assert verdict(error) == "failing"


@pytest.mark.parametrize(
    "error",
    [
        InputError("x"),
        AtLimit("x"),
        CircuitOpen("x"),
        RateLimited("x"),
        asyncio.CancelledError(),
        KeyboardInterrupt(),
        GeneratorExit(),
    ],
)
def test_the_callers_faults_refusals_and_cancellation_are_no_verdict(error: BaseException):
    assert verdict(error) is None


@pytest.mark.parametrize("error", [None, ToolFailed("x"), ProgramFailed("x"), ModelRetry("x")])
def test_a_target_that_answers_is_healthy_whatever_it_answers(error: Exception | None):
    assert verdict(error) == "healthy"


class Switch:
    """A service that fails, works or hangs as told, and counts who reached it."""

    def __init__(self) -> None:
        self.mode: Literal["fail", "work", "hang"] = "fail"
        self.calls = 0
        self.running = 0
        self.gate = asyncio.Event()
        self.error = Unavailable("down")

    async def __call__(self) -> int:
        self.calls += 1
        self.running += 1
        try:
            if self.mode == "hang":
                await self.gate.wait()
            await asyncio.sleep(0)
            if self.mode == "fail":
                raise self.error
            return self.calls
        finally:
            self.running -= 1


@pytest.mark.parametrize("mode", ["fail", "work", "hang"])
@pytest.mark.parametrize("queue", [None, Limit(8, 20_000)])
async def test_of_ten_thousand_callers_of_a_half_open_breaker_one_reaches_the_service(
    mode: Literal["fail", "work", "hang"], queue: Limit | None
):
    clock, service = FakeClock(), Switch()
    guarded = Breaker(minimum_calls=2, queue=queue, clock=clock, rng=middle).wrap(service, "t")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await guarded()
    clock.advance(2.0)
    service.mode, service.calls = mode, 0
    async with asyncio.TaskGroup() as group:
        callers = group.create_task(herd(guarded, 10_000))
        await turns(3)
        assert service.calls == 1
        service.gate.set()
    refusals = [error for error in callers.result() if isinstance(error, CircuitOpen)]
    assert service.calls == 1
    assert len(refusals) == 9_999
    assert all(refusal.retry_after is not None for refusal in refusals)


async def test_open_breaker_refuses_without_calling():
    clock, service = FakeClock(), Switch()
    guarded = Breaker(minimum_calls=2, clock=clock).wrap(service, "t")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await guarded()
    with pytest.raises(CircuitOpen):
        await guarded()
    assert service.calls == 2


async def test_the_call_that_opens_it_raises_its_own_error():
    service = Switch()
    error = await outcome(Breaker(minimum_calls=1, clock=FakeClock()).wrap(service, "t")())
    assert error is service.error


async def test_a_cancelled_probe_gives_its_permit_back_and_changes_nothing():
    clock, service = FakeClock(), Switch()
    guarded = Breaker(minimum_calls=2, clock=clock, rng=middle).wrap(service, "t")
    for _ in range(2):
        with pytest.raises(Unavailable):
            await guarded()
    clock.advance(2.0)
    service.mode = "hang"
    probe = asyncio.create_task(awaited(guarded()))
    await turns()
    with pytest.raises(CircuitOpen):
        await guarded()
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    service.mode = "work"
    assert await guarded() == 4


async def test_while_the_probe_is_out_callers_are_refused_before_the_queue_and_not_put_into_it():
    """Two calls begun before it opened and the probe hold all places, so that a caller would have to wait."""
    clock, service = FakeClock(), Switch()
    guarded = Breaker(minimum_calls=2, queue=Limit(3, 9), clock=clock, rng=middle).wrap(service, "t")
    service.mode = "hang"
    async with asyncio.TaskGroup() as group:
        stuck = [group.create_task(outcome(guarded())) for _ in range(2)]
        await turns()
        service.mode = "fail"
        for _ in range(2):
            await outcome(guarded())
        clock.advance(2.0)
        service.mode = "hang"
        probe = group.create_task(outcome(guarded()))
        await turns()
        assert service.running == 3
        caller = group.create_task(outcome(guarded()))
        await turns()
        assert caller.done()
        assert isinstance(caller.result(), CircuitOpen)
        service.mode = "work"
        service.gate.set()
    assert [type(task.result()) for task in (*stuck, probe)] == [int, int, int]


async def test_a_probe_takes_its_permit_after_the_queue():
    """Who waits for a place that calls from before hold has no permit yet, and refuses it to nobody."""
    clock, service = FakeClock(), Switch()
    guarded = Breaker(minimum_calls=2, lease=5.0, queue=Limit(3, 9), clock=clock, rng=middle).wrap(
        service, "t"
    )
    service.mode = "hang"
    async with asyncio.TaskGroup() as group:
        stuck = [group.create_task(outcome(guarded())) for _ in range(2)]
        await turns()
        service.mode = "fail"
        for _ in range(2):
            await outcome(guarded())
        service.mode = "hang"
        clock.advance(2.0)
        hung = group.create_task(outcome(guarded()))
        await turns()
        clock.advance(5.0)  # the probe's lease is over, so that others pass the breaker and wait for a place
        waiting = [group.create_task(outcome(guarded())) for _ in range(3)]
        await turns()
        assert not any(task.done() for task in waiting)
        service.mode = "work"
        stuck[0].cancel()
        await turns(10)
        assert waiting[0].done(), "a place became free, and with it came the permit"
        service.gate.set()
    assert [type(task.result()) for task in (*waiting, hung)] == [int] * 4


async def test_whoever_left_the_queue_after_it_opened_is_refused():
    clock, service = FakeClock(), Switch()
    guarded = Breaker(minimum_calls=2, queue=Limit(1, 10), clock=clock).wrap(service, "t")
    outcomes = await herd(guarded, 5)
    assert [type(one) for one in outcomes] == [
        Unavailable,
        Unavailable,
        CircuitOpen,
        CircuitOpen,
        CircuitOpen,
    ]
    assert service.calls == 2


async def test_each_target_has_a_breaker_of_its_own():
    recipe = Breaker(minimum_calls=1, clock=FakeClock())
    bad, good = Switch(), Switch()
    good.mode = "work"
    guarded_bad, guarded_good = recipe.wrap(bad, "bad"), recipe.wrap(good, "good")
    with pytest.raises(Unavailable):
        await guarded_bad()
    with pytest.raises(CircuitOpen, match="bad"):
        await guarded_bad()
    assert await guarded_good() == 1


@pytest.mark.parametrize(
    "setting",
    [
        {"failure_rate": 0.0},
        {"failure_rate": 1.5},
        {"window": 0.0},
        {"open_for": 0.0},
        {"open_for": 40.0},
        {"lease": 0.0},
    ],
)
def test_a_breaker_that_could_not_work_is_refused_when_made(setting: dict[str, float]):
    with pytest.raises(ConfigError):
        Breaker(**setting)  # pyright: ignore[reportArgumentType] - every setting here is a float


def test_it_reads_as_written():
    assert repr(Breaker()) == "Breaker()"
    assert repr(Breaker(probes=2, queue=Limit(8, 16))) == "Breaker(probes=2, queue=Limit(8, 16))"


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls that begin, succeed, fail, are cancelled, and time that passes."""

    calls: Bundle[Permit] = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.probes = 2
        self.lease = 7.0
        self.circuit = circuit(self.clock, minimum_calls=3, probes=self.probes, lease=self.lease)
        self.open_calls: dict[Permit, tuple[int, bool, float]] = {}
        self.epoch = 0
        self.state: State = "closed"

    def observe(self) -> None:
        """Count a change of state as a new generation, seen from outside."""
        if self.circuit.state != self.state:
            self.epoch += 1
            self.state = self.circuit.state

    @rule(target=calls)
    def begin(self) -> Permit:
        try:
            permit = self.circuit.admit()
        except CircuitOpen:
            assert self.circuit.state != "closed", "a closed breaker refuses nobody"
            permit = Permit(self.circuit, -1)  # a call that was never admitted: settling it is a late result
            self.observe()
            return permit
        self.observe()
        probing = self.circuit.state == "half_open"
        self.open_calls[permit] = (self.epoch, probing, self.clock.monotonic())
        return permit

    @rule(call=consumes(calls), outcome=st.sampled_from(["healthy", "failing"]))
    def end(self, call: Permit, outcome: Verdict) -> None:
        begun = self.open_calls.pop(call, None)
        before = self.circuit.state
        self.circuit.settle(call, outcome)
        if begun is None or begun[0] != self.epoch:
            assert self.circuit.state == before, "a result of an older generation moved the state"
        elif begun[1] and self.clock.monotonic() - begun[2] < self.lease:
            assert self.circuit.state == ("closed" if outcome == "healthy" else "open")
        self.observe()

    @rule(call=consumes(calls))
    def cancel(self, call: Permit) -> None:
        self.open_calls.pop(call, None)
        before = self.circuit.state
        self.circuit.settle(call, None)
        assert self.circuit.state == before, "a cancelled call moved the state"

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 8.0, 31.0]))
    def wait(self, seconds: float) -> None:
        before = self.circuit.state
        self.clock.advance(seconds)
        assert self.circuit.state == before

    @invariant()
    def probes_are_bounded(self) -> None:
        now = self.clock.monotonic()
        live = [
            permit
            for permit, (epoch, probing, begun) in self.open_calls.items()
            if probing and epoch == self.epoch and now - begun < self.lease
        ]
        assert len(live) <= self.probes

    def teardown(self) -> None:
        """Whatever happened, it never sticks: a patient caller is admitted in the end."""
        self.clock.advance(100.0)
        self.circuit.admit()


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=count(daily=200, proof=10_000), stateful_step_count=40)
