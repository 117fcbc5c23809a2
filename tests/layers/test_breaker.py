from __future__ import annotations

import asyncio
import traceback
from dataclasses import replace
from typing import Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from tests.conftest import count
from tests.layers.herd import Heard, awaited, herd, outcome, turns
from vana.kernel.errors import (
    AtLimit,
    AttemptTimeout,
    CircuitOpen,
    ConfigError,
    InputError,
    ModelFailed,
    RateLimited,
    Unavailable,
)
from vana.kernel.run import Run, Span, inside
from vana.layers.breaker import Breaker, Circuit, circuit_of
from vana.layers.health import CircuitState, State, Verdict
from vana.layers.limit import Limit
from vana.layers.permit import Permit
from vana.layers.retry import Retry
from vana.layers.stack import stack
from vana.testing import FakeClock


def middle() -> float:
    return 0.5


def breaker(clock: FakeClock, **settings: object) -> Breaker:
    """Give a breaker that is quick to open, and lets calls be slow unless told otherwise."""
    quick = {"minimum_calls": 3, "good_probes": 1, "slow": None, "rng": middle}
    return Breaker(clock=clock, **(quick | settings))  # pyright: ignore[reportArgumentType] - named by tests


def circuit(clock: FakeClock, **settings: object) -> Circuit:
    return Circuit(breaker(clock, **settings), "t")


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


class Switch:
    """A service that fails, works or hangs as told, and counts who reached it."""

    def __init__(self) -> None:
        self.mode: Literal["fail", "work", "hang"] = "fail"
        self.calls = 0
        self.running = 0
        self.gate = asyncio.Event()
        self.error: BaseException = Unavailable("down")

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
    guarded = breaker(clock, minimum_calls=2, queue=queue).wrap(service, "t")
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
    guarded = breaker(clock, minimum_calls=2).wrap(service, "t")
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
    guarded = breaker(clock, minimum_calls=2).wrap(service, "t")
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
    guarded = breaker(clock, minimum_calls=2, queue=Limit(3, 9)).wrap(service, "t")
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
    guarded = breaker(clock, minimum_calls=2, lease=5.0, queue=Limit(3, 9)).wrap(service, "t")
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
    guarded = breaker(clock, minimum_calls=2, queue=Limit(1, 10)).wrap(service, "t")
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


async def test_cb1_of_ten_thousand_callers_one_probe_passes_and_the_rest_are_told_when_to_come_back():
    clock, service = FakeClock(), Switch()
    guarded = Breaker(clock=clock, rng=middle).wrap(service, "t")
    for _ in range(10):
        await outcome(guarded())
    clock.advance(2.0)
    service.mode, service.calls = "hang", 0
    async with asyncio.TaskGroup() as group:
        probe = group.create_task(outcome(guarded()))
        await turns()
        refused = await herd(guarded, 9_999)
        assert {type(error) for error in refused} == {CircuitOpen}
        assert all(isinstance(error, CircuitOpen) and error.retry_after for error in refused)
        assert service.calls == 1
        service.mode = "work"
        service.gate.set()
    assert probe.result() == 1


def test_cb2_failures_are_a_share_of_the_last_calls_and_not_a_count_for_life():
    clock = FakeClock()
    steady = Circuit(Breaker(clock=clock), "t")
    for number in range(10_000):
        steady.settle(steady.admit(), "failing" if number % 100 == 0 else "healthy")
        clock.advance(0.05)
    assert steady.state == "closed"
    for outcomes, state in [("fffffffff", "closed"), ("ffffffffff", "open"), ("hfhfhfhfhf", "open")]:
        fresh = Circuit(Breaker(clock=clock), "t")
        for letter in outcomes:
            fresh.settle(fresh.admit(), "failing" if letter == "f" else "healthy")
        assert fresh.state == state


@pytest.mark.parametrize("outcome", ["healthy", "failing", None])
def test_cb3_what_began_before_a_change_of_state_changes_nothing_after_it(outcome: Verdict | None):
    clock = FakeClock()
    broken = circuit(clock)
    old = [broken.admit() for _ in range(20)]
    fail(broken, 3)
    broken.settle(old.pop(), outcome)
    assert broken.state == "open"
    clock.advance(2.0)
    probe = broken.admit()
    broken.settle(old.pop(), outcome)
    assert broken.state == "half_open"
    broken.settle(probe, "healthy")
    for permit in old:
        broken.settle(permit, outcome)
    assert broken.snapshot().calls == 0
    assert broken.state == "closed"


@pytest.mark.parametrize(
    ("error", "counts"),
    [
        (Unavailable("5xx"), True),
        (AttemptTimeout("late"), True),
        (ModelFailed("malformed"), True),
        (KeyError("bug"), True),
        (RateLimited("429"), False),
        (InputError("caller"), False),
        (ConfigError("key"), False),
        (AtLimit("ours"), False),
        (asyncio.CancelledError(), False),
    ],
)
async def test_cb4_only_the_targets_faults_open_it(error: BaseException, counts: bool):  # noqa: FBT001
    service = Switch()
    service.error = error
    guarded = Breaker(minimum_calls=5, clock=FakeClock()).wrap(service, "t")
    for _ in range(50):
        await outcome(guarded())
    assert service.calls == (5 if counts else 50)


@given(st.lists(st.floats(-1e9, 1e9), max_size=8))
def test_cb5_steps_of_the_wall_clock_move_nothing(steps: list[float]):
    class Stepping(FakeClock):
        step = 0.0

        def now(self) -> float:
            return super().now() + self.step

    clock = Stepping()
    broken = circuit(clock)
    fail(broken, 3)
    for step in steps:
        clock.step = step
        with pytest.raises(CircuitOpen) as refusal:
            broken.admit()
        assert refusal.value.retry_after == pytest.approx(2.0)
    clock.advance(2.0)
    broken.settle(broken.admit(), "healthy")
    assert broken.state == "closed"


@pytest.mark.parametrize("end", [asyncio.CancelledError, KeyboardInterrupt, GeneratorExit])
def test_cb6_a_probe_that_is_broken_off_gives_its_permit_back(end: type[BaseException]):
    clock = FakeClock()
    broken = circuit(clock)
    fail(broken, 3)
    clock.advance(2.0)
    with pytest.raises(end), broken.admit():
        raise end
    assert broken.state == "half_open"
    broken.settle(broken.admit(), "healthy")
    assert broken.state == "closed"


def test_cb7_a_hung_probe_cannot_stick_it():
    clock = FakeClock()
    broken = circuit(clock, lease=12.0)
    fail(broken, 3)
    clock.advance(2.0)
    hung = broken.admit()
    clock.advance(11.9)
    with pytest.raises(CircuitOpen):
        broken.peek()
    with pytest.raises(CircuitOpen):
        broken.admit()
    clock.advance(0.1)
    second = broken.admit()
    broken.settle(hung, "failing")
    assert broken.state == "half_open"
    broken.settle(second, "healthy")
    assert broken.state == "closed"


def test_cb8_a_target_that_hangs_is_noticed_when_its_calls_become_slow_and_each_counts_once():
    clock = FakeClock()
    hanging = Circuit(Breaker(clock=clock, rng=middle), "t")
    permits = [hanging.admit() for _ in range(10)]
    clock.advance(4.9)
    assert hanging.state == "closed"
    clock.advance(0.1)
    assert hanging.state == "open", "at the threshold, not when they end"
    for permit in permits:
        hanging.settle(permit, "failing")
    assert (hanging.snapshot().calls, hanging.snapshot().failure_rate) == (0, 0.0)
    clock.advance(1.9)
    with pytest.raises(CircuitOpen) as refusal:
        hanging.peek()
    assert refusal.value.retry_after == pytest.approx(0.1), "it is open since that moment, whoever asked when"


def test_a_slow_call_that_fails_in_the_end_is_one_call_that_was_slow_and_failed():
    clock = FakeClock()
    mixed = Circuit(Breaker(clock=clock), "t")
    slow = [mixed.admit() for _ in range(4)]
    clock.advance(6.0)
    assert (mixed.snapshot().calls, mixed.snapshot().slow_rate) == (4, 1.0)
    clock.advance(4.0)
    for permit in slow:
        mixed.settle(permit, "failing")
        mixed.settle(permit, "failing")
    seen = mixed.snapshot()
    assert (seen.calls, seen.slow_rate, seen.failure_rate) == (4, 1.0, 1.0)


def test_a_slow_probe_opens_it_again_while_it_runs():
    clock = FakeClock()
    broken = circuit(clock, slow=5.0)
    fail(broken, 3)
    clock.advance(2.0)
    broken.admit()
    clock.advance(5.0)
    with pytest.raises(CircuitOpen) as refusal:
        broken.peek()
    assert refusal.value.retry_after == pytest.approx(4.0)


async def test_cb9_each_change_of_state_is_told_once_and_the_error_that_opened_it_comes_as_it_was():
    clock, service, heard = FakeClock(), Switch(), Heard()
    guarded = breaker(clock, events=heard).wrap(service, "model:x/y")
    span = Span("s", "s", Run("r"))
    with inside(span):
        errors = [await outcome(guarded()) for _ in range(3)]
        assert all(error is service.error for error in errors)
        frames = traceback.extract_tb(service.error.__traceback__)
        assert [frame.name for frame in frames if frame.name == "__call__"] == ["__call__"] * 3
        clock.advance(2.0)
        service.mode = "work"
        await guarded()
        await guarded()
    told = [
        (event.kind, event.name, event.span_id, event.data["from"], event.data["to"])
        for event in heard.events
    ]
    assert told == [
        ("note", "model:x/y", "s", "closed", "open"),
        ("note", "model:x/y", "s", "open", "half_open"),
        ("note", "model:x/y", "s", "half_open", "closed"),
    ]
    assert heard.events[0].data["failure_rate"] == 1.0


def test_cb10_open_times_double_from_2_to_30_s_with_a_fifth_of_jitter_and_start_anew_when_it_closed():
    clock = FakeClock()
    broken = Circuit(Breaker(clock=clock), "t")
    fail(broken, 10)
    for middle_of in (2.0, 4.0, 8.0, 16.0, 30.0, 30.0):
        with pytest.raises(CircuitOpen) as refusal:
            broken.peek()
        assert refusal.value.retry_after is not None
        assert 0.8 * middle_of <= refusal.value.retry_after <= 1.2 * middle_of
        clock.advance(refusal.value.retry_after)
        broken.settle(broken.admit(), "failing")
    clock.advance(36.0)
    for _ in range(3):
        assert broken.state != "closed", "three good probes close it, one after the other"
        broken.settle(broken.admit(), "healthy")
    assert broken.state == "closed"
    fail(broken, 10)
    with pytest.raises(CircuitOpen) as refusal:
        broken.peek()
    assert refusal.value.retry_after is not None
    assert refusal.value.retry_after <= 2.4


def test_what_is_forced_stays_until_it_is_released():
    clock = FakeClock()
    forced = circuit(clock)
    forced.force_open()
    clock.advance(1000.0)
    with pytest.raises(CircuitOpen) as refusal:
        forced.admit()
    assert refusal.value.retry_after is None
    forced.force_closed()
    fail(forced, 100)
    assert forced.snapshot().state == "forced_closed"
    assert forced.snapshot().calls == 0
    forced.release()
    assert forced.state == "closed"
    forced.release()
    fail(forced, 3)
    assert forced.state == "open"
    forced.release()
    assert forced.state == "open", "nothing was forced"


async def test_the_state_can_be_read_through_the_layers_outside():
    clock, service = FakeClock(), Switch()
    guarded = stack(Retry(1), breaker(clock, queue=Limit(2, 2)))(service, "t")
    read = circuit_of(guarded)
    assert read is not None
    assert circuit_of(service) is None
    for _ in range(3):
        await outcome(guarded())
    clock.advance(0.5)
    assert read.snapshot() == CircuitState("t", "open", 1_750_000_000.0, 1.5, 0.0, 0.0, 0)


class BreakerMachine(RuleBasedStateMachine):
    """Any interleaving of calls that begin, end, hang and are cancelled, forced states, and time that passes.

    A twin is asked for its state at every tenth of a second, the circuit itself only when a call comes: that
    slow calls are judged when somebody asks, and not by a timer, must not show.
    """

    calls: Bundle[tuple[Permit, Permit]] = Bundle("calls")

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock()
        self.probes, self.lease = 2, 7.0
        settings = {"probes": self.probes, "lease": self.lease, "slow": 5.0, "good_probes": 2}
        self.circuit = circuit(self.clock, **settings)
        self.twin = circuit(self.clock, **settings)
        self.open_calls: dict[Permit, tuple[int, bool, float]] = {}
        self.epoch = 0
        self.seen: tuple[State, float] = ("closed", 0.0)

    def observe(self) -> State:
        """Count a change of state as a new generation, seen from outside."""
        state = self.circuit.state
        if state != self.seen[0]:
            self.epoch += 1
        self.seen = (state, self.clock.monotonic())
        return state

    def admitted(self, asked: Circuit) -> Permit | None:
        try:
            return asked.admit()
        except CircuitOpen:
            assert asked.state not in {"closed", "forced_closed"}, "a closed breaker refuses nobody"
            return None

    @rule(target=calls)
    def begin(self) -> tuple[Permit, Permit]:
        permit, same = self.admitted(self.circuit), self.admitted(self.twin)
        assert (permit is None) == (same is None)
        state = self.observe()
        if permit is None or same is None:
            assert state != "forced_closed"
            # A call that was never admitted: settling it is a late result.
            return Permit(self.circuit, -1, 0.0), Permit(self.twin, -1, 0.0)
        assert state != "forced_open"
        self.open_calls[permit] = (self.epoch, state == "half_open", self.clock.monotonic())
        return permit, same

    @rule(call=consumes(calls), verdict=st.sampled_from(["healthy", "failing", None]))
    def end(self, call: tuple[Permit, Permit], verdict: Verdict | None) -> None:
        before = self.observe()
        begun = self.open_calls.pop(call[0], None)
        self.circuit.settle(call[0], verdict)
        self.twin.settle(call[1], verdict)
        after = self.circuit.state
        if verdict is None or begun is None or begun[0] != self.epoch or before.startswith("forced"):
            assert after == before, "a cancelled call or a result of an older generation moved the state"
        elif begun[1] and before == "half_open":
            assert after in ({"half_open", "closed"} if verdict == "healthy" else {"open"})
        self.observe()

    @rule(seconds=st.sampled_from([0.1, 1.0, 3.0, 8.0, 31.0]))
    def wait(self, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            self.clock.advance(0.1)
            assert self.twin.state

    @rule(how=st.sampled_from(["open", "closed", "release"]))
    def force(self, how: str) -> None:
        for one in (self.circuit, self.twin):
            {"open": one.force_open, "closed": one.force_closed, "release": one.release}[how]()
        self.observe()
        self.epoch += how != "release"

    @invariant()
    def nobody_can_tell_when_it_was_asked(self) -> None:
        assert self.circuit.snapshot() == replace(self.twin.snapshot(), since=self.circuit.snapshot().since)

    @invariant()
    def probes_are_bounded(self) -> None:
        self.observe()
        now = self.clock.monotonic()
        live = [
            permit
            for permit, (epoch, probing, begun) in self.open_calls.items()
            if probing and epoch == self.epoch and now - begun < self.lease
        ]
        assert len(live) <= self.probes

    def teardown(self) -> None:
        """Whatever happened, it never sticks: a patient caller is admitted in the end."""
        self.circuit.release()
        self.clock.advance(100.0)
        self.circuit.admit()


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=count(daily=200, proof=10_000), stateful_step_count=40)
