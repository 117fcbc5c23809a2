"""A whole stack in virtual time, under a scheduler whose every choice is drawn from a seed."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from tests.conftest import count
from tests.layers.herd import outcome
from vana.kernel.errors import AtLimit, AttemptTimeout, CircuitOpen, DeadlineExceeded, Unavailable
from vana.layers.breaker import Breaker
from vana.layers.deadline import Timeout
from vana.layers.limit import Limit
from vana.layers.order import Parts, standard
from vana.layers.retry import Retry
from vana.testing import VirtualClock, VirtualLoop, faulty
from vana.testing.faulty import between, fails, flapping, hangs, share, slow

CONCURRENT, DEADLINE_S, ILL_UNTIL_S, END_S = 8, 20.0, 240.0, 300.0
ENDS = {int, AtLimit, AttemptTimeout, CircuitOpen, DeadlineExceeded, Unavailable, asyncio.CancelledError}
"""A value, the typed errors, and cancellation: nothing else may come out."""


@dataclass
class Told:
    """What happened in a scenario."""

    outcomes: list[tuple[float, float, object]] = field(default_factory=list[tuple[float, float, object]])
    """When each came, when it ended, and how."""
    most_inside: int = 0
    left: int = 0


async def scenario(clock: VirtualClock, seed: int) -> Told:
    """Send requests for five minutes to a target that is ill in four ways for four, and cancel some."""
    chance, told, inside = random.Random(seed), Told(), Counter[str]()  # noqa: S311 - chance, not secrecy

    async def serve() -> int:
        await clock.sleep(chance.uniform(0.1, 0.5))
        return 1

    ill = faulty(serve, fails(lambda: Unavailable("busy")), when=share(0.2, chance))
    ill = faulty(ill, slow(6.0, clock), when=flapping(40.0, 10.0, clock))
    ill = faulty(ill, hangs(), when=between(100.0, 140.0, clock))

    async def target() -> int:
        inside["now"] += 1
        told.most_inside = max(told.most_inside, inside["now"])
        try:
            return await (ill() if clock.monotonic() < ILL_UNTIL_S else serve())
        finally:
            inside["now"] -= 1

    call = standard(
        Parts(
            deadline=Timeout(DEADLINE_S, clock),
            retry=Retry(clock=clock, rng=chance.random),
            breaker=Breaker(clock=clock, rng=chance.random, max_open=8.0, lease=12.0),
            limit=Limit(CONCURRENT, 2 * CONCURRENT, adaptive=True, clock=clock),
            timeout=Timeout(8.0, clock),
        )
    )(target, "target")

    async def request() -> None:
        came = clock.monotonic()
        task = asyncio.ensure_future(call())
        if chance.random() < 0.1:
            clock.alarm(chance.uniform(0.0, 10.0), task.cancel)
        told.outcomes.append((came, -1.0, None))
        place = len(told.outcomes) - 1
        end = await outcome(task)
        told.outcomes[place] = (came, clock.monotonic(), type(end))

    async with asyncio.TaskGroup() as group:
        while clock.monotonic() < END_S:
            await clock.sleep(chance.expovariate(10.0))
            group.create_task(request())
    told.left = inside["now"]
    return told


def played(seed: int) -> tuple[Told, list[tuple[float, str]]]:
    loop = VirtualLoop(seed=seed, record=True)
    return loop.play(lambda clock: scenario(clock, seed)), loop.trace


def test_the_same_seed_gives_the_same_trace_bit_for_bit():
    one, again = played(1), played(1)
    assert one == again
    assert played(2)[1] != one[1]


@pytest.mark.parametrize("seed", range(count(daily=4, proof=200)))
def test_whatever_the_interleaving_a_stack_keeps_its_word(seed: int):
    told, _ = played(seed)
    ends = {end for _, _, end in told.outcomes}
    assert ends <= ENDS
    assert {int, CircuitOpen, asyncio.CancelledError} <= ends, "the scenario is too mild to show anything"
    assert told.most_inside <= CONCURRENT
    assert told.left == 0
    late = [(came, ended) for came, ended, _ in told.outcomes if ended > came + DEADLINE_S + 1e-6]
    assert late == []
    recovered = [end for came, _, end in told.outcomes if came > ILL_UNTIL_S + 30.0]
    assert set(recovered) <= {int, asyncio.CancelledError}, "it is well, and still refused"
