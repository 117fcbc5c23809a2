"""Services in trouble: they fail, hang, slow down or ask for a slower pace, at the calls that a test names.

A *trouble* is what happens before the service is called: it raises, it waits, or it never ends. A *when* says
at which calls. Both are plain functions, so a test may bring its own, and troubles nest:

    service = faulty(fetch, slow(3.0, clock), when=share(0.1, chance))
    service = faulty(service, rate_limited(5.0), when=nth(1, 2))
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from functools import wraps
from typing import ParamSpec, TypeAlias, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError, RateLimited

P = ParamSpec("P")
R = TypeVar("R")

Trouble: TypeAlias = Callable[[], Awaitable[None]]
"""What happens before a call."""

When: TypeAlias = Callable[[int], bool]
"""Whether it happens at this call; they are counted from 1."""


def always(_call: int) -> bool:
    """Let it happen at every call."""
    return True


def faulty(
    service: Callable[P, Awaitable[R]],
    trouble: Trouble | None = None,
    *,
    when: When = always,
    errors: Iterable[BaseException] = (),
) -> Callable[P, Awaitable[R]]:
    """Give *service* with *trouble* before the calls that *when* names.

    The first calls of all raise *errors*, one each and in order. Where an error is raised the service itself
    is not called.
    """
    left = deque(errors)
    calls = 0

    @wraps(service)
    async def failing(*args: P.args, **kwargs: P.kwargs) -> R:
        nonlocal calls
        calls += 1
        if left:
            raise left.popleft()
        if trouble is not None and when(calls):
            await trouble()
        return await service(*args, **kwargs)

    return failing


def fails(error: Callable[[], BaseException]) -> Trouble:
    """Raise what *error* makes, anew each time: `fails(ConnectionResetError)`."""

    async def trouble() -> None:
        raise error()

    return trouble


def rate_limited(retry_after: float | None = None) -> Trouble:
    """Raise `RateLimited`, asking for *retry_after* seconds of patience."""
    return fails(lambda: RateLimited("too many requests", retry_after=retry_after))


def hangs() -> Trouble:
    """Never end; only cancellation does."""

    async def trouble() -> None:
        await asyncio.get_running_loop().create_future()

    return trouble


def slow(seconds: float, clock: Clock = SYSTEM_CLOCK) -> Trouble:
    """Wait *seconds* on *clock* before the service is called."""

    async def trouble() -> None:
        await clock.sleep(seconds)

    return trouble


def nth(*calls: int) -> When:
    """Let it happen at these *calls* alone, the first being 1."""
    wanted = frozenset(calls)
    return lambda call: call in wanted


def share(part: float, chance: random.Random) -> When:
    """Let it happen at a random *part* of the calls, drawn from *chance*: give that a seed.

    Raises:
        ConfigError: *part* is not in [0, 1].
    """
    if not 0 <= part <= 1:
        message = f"a share of calls is between 0 and 1, not {part!r}"
        raise ConfigError(message)
    return lambda _: chance.random() < part


def between(start: float, end: float, clock: Clock) -> When:
    """Let it happen from the moment *start* up to *end*, in seconds of *clock*."""
    return lambda _: start <= clock.monotonic() < end


def flapping(well: float, ill: float, clock: Clock) -> When:
    """Let it happen for *ill* seconds after each *well* seconds of peace, from now on and for ever.

    Raises:
        ConfigError: one of them is not positive.
    """
    if min(well, ill) <= 0:
        message = f"flapping takes positive times, not {well!r} and {ill!r}"
        raise ConfigError(message)
    began = clock.monotonic()
    return lambda _: (clock.monotonic() - began) % (well + ill) >= well
