"""Time as a part that can be exchanged: a clock to read and to sleep on, and a deadline on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vana.kernel.errors import DeadlineExceeded

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager


class Alarm(Protocol):
    """Something that is called once, unless it is called off before."""

    def cancel(self) -> object:
        """Call it off; afterwards it does nothing."""
        ...


class Clock(Protocol):
    """What may be asked of time. `vana.testing.FakeClock` is the other one."""

    def monotonic(self) -> float:
        """Give seconds that never go back, from an arbitrary zero."""
        ...

    def now(self) -> float:
        """Give the wall time in seconds since 1970, UTC."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; at once when *seconds* is not positive."""
        ...

    def timeout(self, seconds: float) -> AbstractAsyncContextManager[asyncio.Timeout]:
        """Bound a block: after *seconds* it is cancelled and `TimeoutError` comes out.

        `expired()` of what it gives tells this timeout from one raised inside the block.
        """
        ...

    def alarm(self, seconds: float, ring: Callable[[], object]) -> Alarm:
        """Call *ring* from the running event loop after *seconds*."""
        ...


class SystemClock:
    """The machine's own clock."""

    __slots__ = ()

    monotonic = staticmethod(
        time.monotonic
    )  # itself, not a method around it: every layer asks it, twice a call

    def now(self) -> float:
        """Give seconds of `time.time`."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the running event loop."""
        await asyncio.sleep(max(0.0, seconds))

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """Bound a block with `asyncio.timeout`."""
        return asyncio.timeout(seconds)

    def alarm(self, seconds: float, ring: Callable[[], object]) -> asyncio.TimerHandle:
        """Call *ring* from the running event loop."""
        return asyncio.get_running_loop().call_later(seconds, ring)


SYSTEM_CLOCK: Clock = SystemClock()


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a clock after which work is no longer wanted. Handed down, never extended."""

    at: float
    clock: Clock = SYSTEM_CLOCK

    @classmethod
    def after(cls, seconds: float, clock: Clock = SYSTEM_CLOCK) -> Deadline:
        """Give the deadline *seconds* from now."""
        return cls(clock.monotonic() + seconds, clock)

    def remaining(self) -> float:
        """Give the seconds left, 0.0 when it has passed."""
        return max(0.0, self.at - self.clock.monotonic())

    def earlier(self, seconds: float) -> Deadline:
        """Give this deadline or the one *seconds* from now, whichever comes first."""
        return Deadline(min(self.at, self.clock.monotonic() + seconds), self.clock)

    def check(self, what: str) -> None:
        """Go on only while there is time.

        Raises:
            DeadlineExceeded: the deadline has passed; the message names *what* was not begun.
        """
        if self.clock.monotonic() >= self.at:
            message = f"no time left for {what}"
            raise DeadlineExceeded(message, hint="give the run more time with --timeout or timeout=")
