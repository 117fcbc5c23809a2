"""Time that passes when a test says so."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import math
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

T = TypeVar("T")

_TURNS = 20  # turns of the event loop in which what was woken gets to its next wait; a call hops a few tasks
_REAL = 0.01  # seconds of real time given at once to work that waits for a thread or a process


class FakeClock:
    """A clock that stands still until `advance`, `elapse` or `drive` move it. It belongs to one event loop.

    Sleeps and timeouts come due in the order of their moments, and in that of their making where those are
    equal, so that a test runs the same way every time.
    """

    def __init__(self, start: float = 1000.0, *, wall: float = 1_750_000_000.0) -> None:
        self._time = start
        self._wall_ahead = wall - start
        self._moments: list[tuple[float, int]] = []  # a heap; the number settles ties
        self._alarms: dict[int, Callable[[], None]] = {}  # those still wanted, by number
        self._numbers = itertools.count()

    def monotonic(self) -> float:
        """Give the seconds that this clock shows."""
        return self._time

    def now(self) -> float:
        """Give its wall time in seconds since 1970, UTC; it moves along."""
        return self._time + self._wall_ahead

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far; only for a turn of the loop when it is not positive."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        alarm = self.set(seconds, lambda: None if woken.done() else woken.set_result(None))
        try:
            await woken
        finally:
            self.unset(alarm)

    @asynccontextmanager
    async def timeout(self, seconds: float) -> AsyncGenerator[asyncio.Timeout]:
        """Bound a block: `TimeoutError` comes out once the clock was moved that far."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(None) as limit:
            if seconds <= 0:
                limit.reschedule(loop.time())
                yield limit
                return
            alarm = self.set(seconds, lambda: limit.reschedule(loop.time()))
            try:
                yield limit
            finally:
                self.unset(alarm)

    def alarm(self, seconds: float, ring: Callable[[], object]) -> FakeAlarm:
        """Call *ring* from the running event loop once the clock was moved that far."""
        return FakeAlarm(self, seconds, ring)

    def advance(self, seconds: float) -> None:
        """Move the clock at once and wake in order all who are due; they run when the test next awaits."""
        end = self._time + seconds
        while self._next() <= end:
            self._ring()
        self._time = end

    async def elapse(self, seconds: float) -> None:
        """Let time pass: move from alarm to alarm, and let those woken run before going on to the next."""
        end = self._time + seconds
        await _settle()
        while self._next() <= end:
            self._ring()
            await _settle()
        self._time = end

    async def drive(self, work: Awaitable[T]) -> T:
        """Await *work*, moving on to the next alarm each time nothing more happens, and give its result."""
        task = asyncio.get_running_loop().create_task(_awaited(work))
        try:
            while not task.done():
                await _settle()
                if self._alarms and not task.done():
                    self._ring()
                else:
                    await asyncio.wait({task}, timeout=_REAL)
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait({task})

    def set(self, seconds: float, wake: Callable[[], None]) -> int:
        """Call *wake* when the clock gets there, in the midst of whoever moves it; give its number."""
        number = next(self._numbers)
        self._alarms[number] = wake
        heapq.heappush(self._moments, (self._time + seconds, number))
        return number

    def unset(self, number: int) -> None:
        """Forget the alarm of that number."""
        self._alarms.pop(number, None)

    def _next(self) -> float:
        """Give the moment of the next alarm that is still wanted, infinity where there is none."""
        while self._moments and self._moments[0][1] not in self._alarms:
            heapq.heappop(self._moments)
        return self._moments[0][0] if self._moments else math.inf

    def _ring(self) -> None:
        """Move on to the next alarm, of which there is one, and wake who set it."""
        self._time = max(self._time, self._next())
        _, number = heapq.heappop(self._moments)
        self._alarms.pop(number)()


class FakeAlarm:
    """What `FakeClock.alarm` gives. It rings from the loop, as timers do, never in the midst of a task."""

    __slots__ = ("_clock", "_number", "_ring", "_soon")

    def __init__(self, clock: FakeClock, seconds: float, ring: Callable[[], object]) -> None:
        self._clock = clock
        self._ring = ring
        self._soon: asyncio.Handle | None = None
        loop = asyncio.get_running_loop()
        self._number = clock.set(seconds, lambda: self._come_due(loop))

    def cancel(self) -> None:
        """Call it off."""
        self._clock.unset(self._number)
        if self._soon is not None:
            self._soon.cancel()

    def _come_due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._soon = loop.call_soon(self._ring)


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)


async def _awaited(work: Awaitable[T]) -> T:
    return await work
