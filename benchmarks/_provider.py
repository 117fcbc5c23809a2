"""A model provider as a queue with slots, in virtual time, and what can go wrong with it.

The constants are those of the simulation the layers were designed with; they are not tuned here. 200 clients
in one process send 40 requests a second (Poisson), each with 20 s of patience. The provider has 60 slots and
takes about a second (lognormal, sigma 0.5); 600 calls may queue before it says "not now". What a client gives
up on is served all the same, and takes its slot. The fallback has 70 slots of 1.5 s. The fault lasts from 60
to 120 s of 220.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vana.kernel.errors import RateLimited
from vana.layers.responses import of_response

if TYPE_CHECKING:
    from vana.testing import VirtualClock

CLIENTS, RATE_PER_S, PATIENCE_S = 200, 40.0, 20.0
FAULT_FROM_S, FAULT_TO_S, END_S = 60.0, 120.0, 220.0
SIGMA, QUICK_NO_S, QUICK_ERROR_S = 0.5, 0.05, 0.2


@dataclass(frozen=True, slots=True)
class Size:
    """How much a provider can carry."""

    slots: int
    mean_s: float
    queue: int


PRIMARY, FALLBACK = Size(60, 1.0, 600), Size(70, 1.5, 200)


def constants() -> dict[str, object]:
    """Give the constants of the model, to be printed with its figures."""
    return {
        "clients": CLIENTS,
        "requests_per_s": RATE_PER_S,
        "patience_s": PATIENCE_S,
        "fault_s": [FAULT_FROM_S, FAULT_TO_S],
        "end_s": END_S,
        "primary": {"slots": PRIMARY.slots, "mean_s": PRIMARY.mean_s, "queue": PRIMARY.queue},
        "fallback": {"slots": FALLBACK.slots, "mean_s": FALLBACK.mean_s, "queue": FALLBACK.queue},
        "lognormal_sigma": SIGMA,
        "abandoned_work_is_served": True,
    }


class Provider:
    """One provider. `calls` holds the moment of every call that reached it."""

    def __init__(self, size: Size, fault: Fault | None, clock: VirtualClock, chance: random.Random) -> None:
        self._size = size
        self._free = size.slots
        self._queue: deque[tuple[asyncio.Future[None], float]] = deque()
        self._fault = fault
        self.clock = clock
        self.chance = chance
        self.calls: list[float] = []

    @property
    def is_ill(self) -> bool:
        """Tell whether the fault is on."""
        return FAULT_FROM_S <= self.clock.monotonic() < FAULT_TO_S

    async def call(self) -> str:
        """Serve one request, after the fault had its say."""
        self.calls.append(self.clock.monotonic())
        extra = await self._fault(self) if self._fault is not None and self.is_ill else 0.0
        if len(self._queue) >= self._size.queue:
            await self.refuse()
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._free > 0:
            self._start(done, extra)
        else:
            self._queue.append((done, extra))
        await done
        return "served"

    async def refuse(self, after: float = QUICK_NO_S, status: int = 503) -> None:
        """Answer that it cannot serve."""
        await self.clock.sleep(after)
        error = of_response(status, "provider", message="not now")
        if error is not None:
            raise error

    def _start(self, done: asyncio.Future[None], extra: float) -> None:
        self._free -= 1
        seconds = self.chance.lognormvariate(-SIGMA * SIGMA / 2, SIGMA) * self._size.mean_s
        slower = 10.0 if self._fault is slow and self.is_ill else 1.0
        self.clock.alarm(seconds * slower + extra, lambda: self._end(done))

    def _end(self, done: asyncio.Future[None]) -> None:
        self._free += 1
        if not done.done():
            done.set_result(None)
        if self._queue:
            self._start(*self._queue.popleft())


Fault = Callable[[Provider], Awaitable[float]]
"""What a fault does to a call before it is queued; gives the seconds by which serving it takes longer."""


async def errors30(provider: Provider) -> float:
    """Three calls of ten fail after 0.2 s."""
    if provider.chance.random() < 0.3:  # noqa: PLR2004 - its name
        await provider.refuse(QUICK_ERROR_S, 500)
    return 0.0


async def dead(provider: Provider) -> float:
    """Every call fails at once."""
    await provider.clock.sleep(QUICK_NO_S)
    raise ConnectionRefusedError


async def hang(provider: Provider) -> float:
    """No call is answered for ten minutes."""
    await provider.clock.sleep(600.0)
    raise ConnectionResetError


async def slow(_provider: Provider) -> float:
    """What is started takes ten times as long."""
    return 0.0


@dataclass(slots=True)
class RateLimit:
    """Half of the offered rate is served; the rest is told to come back in 5 s."""

    tokens: float = 0.0
    at: float = field(default=0.0)

    async def __call__(self, provider: Provider) -> float:
        """Take a token, or say so."""
        now = provider.clock.monotonic()
        self.tokens, self.at = min(20.0, self.tokens + (now - self.at) * 20.0), now
        if self.tokens < 1:
            await provider.clock.sleep(QUICK_NO_S)
            message = "too many requests"
            raise RateLimited(message, retry_after=5.0)
        self.tokens -= 1
        return 0.0


async def flapping(provider: Provider) -> float:
    """Dead for 5 s, well for 5 s, and again."""
    if (provider.clock.monotonic() - FAULT_FROM_S) % 10.0 < 5.0:  # noqa: PLR2004 - see above
        await provider.refuse()
    return 0.0


async def middle(provider: Provider) -> float:
    """Dead for the middle third of the fault's time."""
    third = (FAULT_TO_S - FAULT_FROM_S) / 3
    if FAULT_FROM_S + third <= provider.clock.monotonic() < FAULT_TO_S - third:
        await provider.refuse()
    return 0.0


async def slow_first_token(provider: Provider) -> float:
    """The first token comes about 6 s late, the slot taken all the while; the rest is as quick as ever."""
    return provider.chance.lognormvariate(-SIGMA * SIGMA / 2, SIGMA) * 6.0


FAULTS: dict[str, Callable[[], tuple[Fault, Fault | None]]] = {
    "errors30": lambda: (errors30, None),
    "dead": lambda: (dead, None),
    "hang": lambda: (hang, None),
    "slow": lambda: (slow, None),
    "ratelimit": lambda: (RateLimit(), None),
    "flapping": lambda: (flapping, None),
    "correlated": lambda: (dead, middle),
    "slow_first_token": lambda: (slow_first_token, None),
}
"""By name: what is wrong with the primary, and with the fallback."""
