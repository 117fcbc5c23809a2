from __future__ import annotations

import asyncio
import random
from functools import partial

import pytest

from vana.kernel.errors import ConfigError, RateLimited
from vana.testing import FakeClock, faulty
from vana.testing.faulty import between, fails, flapping, hangs, nth, rate_limited, share, slow

CHANCE = partial(random.Random, 7)


async def double(x: int) -> int:
    return 2 * x


async def test_it_raises_each_error_once_and_in_order_and_then_calls_through():
    calls: list[int] = []

    async def counted(x: int) -> int:
        calls.append(x)
        return 2 * x

    errors = [ValueError("a"), KeyError("b")]
    service = faulty(counted, errors=errors)
    for error in errors:
        with pytest.raises(type(error)) as caught:
            await service(1)
        assert caught.value is error
    assert calls == []
    assert [await service(2), await service(x=3)] == [4, 6]
    assert calls == [2, 3]


async def test_a_trouble_comes_at_the_calls_that_are_named():
    service = faulty(double, fails(ConnectionResetError), when=nth(2, 4))
    assert await service(1) == 2
    with pytest.raises(ConnectionResetError) as first:
        await service(1)
    assert await service(2) == 4
    with pytest.raises(ConnectionResetError) as second:
        await service(1)
    assert first.value is not second.value
    assert await service(3) == 6


async def test_without_a_when_it_comes_at_every_call():
    service = faulty(double, rate_limited(2.5))
    for _ in range(3):
        with pytest.raises(RateLimited) as caught:
            await service(1)
        assert caught.value.retry_after == 2.5


async def test_a_slow_call_is_answered_late_and_a_hanging_one_never():
    clock = FakeClock(0.0)
    assert await clock.drive(faulty(double, slow(3.0, clock))(4)) == 8
    assert clock.monotonic() == 3.0
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await faulty(double, hangs())(1)


async def test_a_share_is_drawn_from_the_seed():
    async def failed() -> list[bool]:
        service = faulty(double, fails(ValueError), when=share(0.3, CHANCE()))
        outcomes = [await asyncio.gather(service(1), return_exceptions=True) for _ in range(1000)]
        return [isinstance(outcome[0], ValueError) for outcome in outcomes]

    one, other = await failed(), await failed()
    assert one == other
    assert 240 < sum(one) < 360


async def test_flapping_goes_by_the_clock():
    clock = FakeClock(50.0)
    service = faulty(double, fails(ValueError), when=flapping(well=3.0, ill=2.0, clock=clock))
    seen = ""
    for _ in range(12):
        (outcome,) = await asyncio.gather(service(1), return_exceptions=True)
        seen += "." if outcome == 2 else "x"
        clock.advance(1.0)
    assert seen == "...xx...xx.."


async def test_troubles_nest():
    clock = FakeClock(0.0)
    service = faulty(double, slow(1.0, clock), when=between(10.0, 20.0, clock))
    service = faulty(service, fails(ValueError), when=nth(1))
    with pytest.raises(ValueError):  # noqa: PT011 - it has no message
        await service(1)
    assert (await clock.drive(service(1)), clock.monotonic()) == (2, 0.0)
    clock.advance(10.0)
    assert (await clock.drive(service(1)), clock.monotonic()) == (2, 11.0)


def test_what_cannot_be_is_refused():
    for part in (-0.1, 1.1, float("nan")):
        with pytest.raises(ConfigError):
            share(part, CHANCE())
    for well, ill in ((0.0, 1.0), (1.0, 0.0)):
        with pytest.raises(ConfigError):
            flapping(well, ill, FakeClock())
