"""The breaker beside the only other one in Python that lets exactly one probe through: interlock-cb.

Compared where both mean the same: one probe closes, nothing leaves the window, nobody hangs.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
from contextlib import suppress
from contextvars import Context, copy_context
from typing import Protocol, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import count, not_run
from vana.kernel.errors import CircuitOpen, Unavailable
from vana.layers.breaker import Breaker, Circuit
from vana.layers.permit import Permit
from vana.testing import FakeClock

Steps = list[tuple[str, float]]


class Peer(Protocol):
    """What is used of interlock's `CircuitBreaker`."""

    state: object

    def __enter__(self) -> object: ...
    def __exit__(self, *error: object) -> object: ...


@pytest.fixture(autouse=True)
def needs_interlock() -> None:
    if importlib.util.find_spec("interlock") is None:
        not_run("interlock-cb is not installed: it is in the group dev")


def peer(clock: FakeClock) -> tuple[Peer, type[Exception]]:
    interlock = importlib.import_module("interlock")
    config = interlock.Config(
        minimum_number_of_calls=3,
        slow_call_duration_threshold=5.0,
        slow_call_rate_threshold=0.6,
        permitted_calls_in_half_open=1,
        wait_duration_in_open=2.0,
        wait_duration_backoff_multiplier=2.0,
        wait_duration_in_open_max=30.0,
        window_type=interlock.WindowType.TIME_BASED,
        window_size=3_600,
    )
    made = interlock.CircuitBreaker(name="t", config=config, clock=clock)
    return cast("Peer", made), cast("type[Exception]", interlock.CircuitOpenError)


class Pair:
    """Both, given the same calls."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        recipe = Breaker(
            minimum_calls=3,
            window=3_600.0,
            good_probes=1,
            lease=1e9,
            clock=self.clock,
            rng=lambda: 0.5,
        )
        self.ours = Circuit(recipe, "t")
        self.theirs, self.refusal = peer(self.clock)
        self.running: list[tuple[Permit, Context]] = []

    def begin(self) -> None:
        context = copy_context()
        permit: Permit | None = None
        with suppress(CircuitOpen):
            permit = self.ours.admit()
        try:
            context.run(self.theirs.__enter__)
        except self.refusal:
            assert permit is None, "they refuse and we do not"
        else:
            assert permit is not None, "we refuse and they do not"
            self.running.append((permit, context))

    def end(self, which: float, error: BaseException | None) -> None:
        if self.running:
            permit, context = self.running.pop(int(which * len(self.running)))
            permit.__exit__(type(error) if error else None, error, None)
            context.run(self.theirs.__exit__, type(error) if error else None, error, None)

    def agree(self) -> None:
        theirs = str(getattr(self.theirs.state, "value", self.theirs.state)).lower()
        assert self.ours.state == theirs


ENDS = {"ok": None, "fail": Unavailable("down"), "cancel": asyncio.CancelledError()}


@settings(max_examples=count(daily=300, proof=10_000))
@given(
    st.lists(
        st.tuples(st.sampled_from(["begin", "begin", *ENDS, "wait"]), st.floats(0, 1, exclude_max=True)),
        max_size=60,
    )
)
def test_calls_side_by_side_move_both_alike(steps: Steps):
    pair = Pair()
    for step, number in steps:
        if step == "begin":
            pair.begin()
        elif step in ENDS:
            pair.end(number, ENDS[step])
        elif not pair.running:  # who waits while calls run makes them slow, which we judge earlier than they
            pair.clock.advance(0.5 + 4 * number)
        pair.agree()


@settings(max_examples=count(daily=300, proof=10_000))
@given(
    st.lists(
        st.tuples(st.sampled_from([*ENDS, "slow", "wait"]), st.sampled_from([0.5, 1.0, 1.9, 2.0, 4.0, 31.0])),
        max_size=60,
    )
)
def test_calls_one_after_another_some_of_them_slow_move_both_alike(steps: Steps):
    pair = Pair()
    for step, number in steps:
        if step == "wait":
            pair.clock.advance(number)
            continue
        pair.begin()
        if step == "slow":
            pair.clock.advance(
                5.0
            )  # to the moment: they would open it when the call ends, we when it is slow
        pair.end(0, ENDS.get(step))
        pair.agree()
