from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import count
from tests.layers.herd import outcome, turns
from tests.layers.shared import InMemory
from vana.journal.shared import SqliteSharedState
from vana.kernel.background import Background
from vana.kernel.errors import CircuitOpen, ConfigError, Unavailable
from vana.kernel.ports import SharedState
from vana.layers.breaker import Breaker, Circuit, circuit_of
from vana.layers.sharing import Finding, Sharing
from vana.testing import FakeClock


@dataclass
class Process:
    """One of several that call the same target."""

    state: SharedState
    clock: FakeClock
    troubles: list[BaseException] = field(default_factory=list[BaseException])
    fails: bool = True
    calls: int = 0

    def __post_init__(self) -> None:
        self.owner = Background(lambda _, error: self.troubles.append(error))
        recipe = Breaker(
            minimum_calls=3,
            good_probes=1,
            sharing=Sharing(self.state, self.owner),
            clock=self.clock,
            rng=lambda: 0.5,
        )
        self.guarded: Callable[[], Awaitable[None]] = recipe.wrap(self.target, "t")

    async def target(self) -> None:
        self.calls += 1
        if self.fails:
            raise Unavailable("down")

    @property
    def circuit(self) -> Circuit:
        circuit = circuit_of(self.guarded)
        assert circuit is not None
        return circuit

    async def call(self, times: int = 1) -> list[object]:
        return [await outcome(self.guarded()) for _ in range(times)]


async def test_what_one_process_found_out_another_follows_without_a_failure_of_its_own():
    clock, state = FakeClock(), InMemory()
    one, other = Process(state, clock), Process(state, clock)
    await one.call(3)
    await turns(20)
    await other.call()
    await turns(20)
    assert other.circuit.state == "open"
    assert isinstance((await other.call())[0], CircuitOpen)
    assert other.calls == 1
    clock.advance(1.0)
    assert await state.swap(
        "breaker:t", {"until": None, "openings": 0}, version=1
    )  # a third has seen it well
    await other.call()
    await turns(20)
    assert other.circuit.state == "closed"


async def test_no_call_waits_for_a_state_that_does_not_answer():
    class Hanging(InMemory):
        async def read(self, key: str) -> tuple[None, int]:
            await asyncio.get_running_loop().create_future()
            raise AssertionError

    one = Process(Hanging(), FakeClock())
    assert [type(error) for error in await one.call(4)] == [Unavailable] * 3 + [CircuitOpen]
    await one.owner.aclose()


async def test_where_the_state_is_broken_the_breaker_goes_on_alone_and_the_owner_is_told():
    clock, state = FakeClock(), InMemory()
    state.is_broken = True
    one = Process(state, clock)
    await one.call(3)
    await turns(20)
    assert one.circuit.state == "open"
    assert one.troubles
    clock.advance(2.0)
    one.fails = False
    await one.call()
    assert one.circuit.state == "closed"
    await turns(20)


async def test_who_recovers_does_not_take_back_what_another_has_just_found_out():
    clock, state = FakeClock(), InMemory()
    one, other = Process(state, clock), Process(state, clock)
    await one.call(3)
    await turns(20)
    clock.advance(2.0)
    assert state.kept["breaker:t"][1] == 1
    assert await state.swap("breaker:t", {"until": clock.now() + 20.0, "openings": 4}, version=1)
    one.fails = False
    await one.call()
    await turns(20)
    assert state.kept["breaker:t"][1] == 2, "the other's finding stands"
    assert one.circuit.state == "open"
    await other.owner.aclose()


async def test_while_nothing_is_new_the_state_is_read_once_a_second():
    clock, state = FakeClock(), InMemory()
    one = Process(state, clock, fails=False)
    for _ in range(100):
        await one.call()
        await turns(10)
        clock.advance(0.1)
    assert state.reads <= 11


@pytest.mark.parametrize("value", [None, 7, "x", [], {"until": "soon", "openings": 1}, {"until": 1.0}])
def test_what_no_breaker_has_written_is_not_believed(value: object):
    assert Finding.read(value) is None  # pyright: ignore[reportArgumentType] - JSON, all of it


async def test_a_finding_of_the_far_future_does_not_keep_it_open_for_ever():
    clock, state = FakeClock(), InMemory()
    one = Process(state, clock, fails=False)
    await state.swap("breaker:t", {"until": clock.now() + 1e9, "openings": 3}, version=0)
    await one.call()
    await turns(20)
    assert one.circuit.state == "open"
    clock.advance(36.1)
    await one.call()
    assert one.circuit.state == "closed"
    await turns(20)


async def ended(owner: Background) -> None:
    """Wait for tasks that wait for a thread."""
    for _ in range(2000):
        if not len(owner):
            return
        await asyncio.sleep(0.002)
    pytest.fail("a task does not end")


async def test_it_works_through_a_file(tmp_path: Path):
    clock = FakeClock()
    one, other = (Process(SqliteSharedState(tmp_path), clock) for _ in range(2))
    await one.call(3)
    await ended(one.owner)
    await other.call()
    await ended(other.owner)
    assert other.circuit.state == "open"


def test_a_state_that_would_be_read_without_end_is_refused():
    with pytest.raises(ConfigError):
        Sharing(InMemory(), Background(), every=0.0)


@settings(max_examples=count(daily=100, proof=2000))
@given(
    st.lists(
        st.one_of(
            st.tuples(st.integers(0, 2), st.sampled_from(["call", "fail", "work"])),
            st.tuples(st.sampled_from([0.3, 2.0, 9.0]), st.just("wait")),
        ),
        max_size=50,
    )
)
def test_whatever_they_tell_each_other_none_sticks(steps: list[tuple[float, str]]):
    async def play() -> None:
        clock, state = FakeClock(), InMemory()
        processes = [Process(state, clock) for _ in range(3)]
        for number, step in steps:
            if step == "wait":
                clock.advance(number)
            elif step == "call":
                await processes[int(number)].call()
                await turns(3)
            else:
                processes[int(number)].fails = step == "fail"
        for process in processes:
            process.fails = False
        for _ in range(20):
            clock.advance(40.0)
            for process in processes:
                await process.call()
                await turns(20)
        assert [process.circuit.state for process in processes] == ["closed"] * 3
        assert not any(len(process.owner) for process in processes)

    asyncio.run(play())
