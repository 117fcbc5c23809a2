"""Things opened when they are first asked for, each once, and closed in the end, the last one first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable
from contextlib import AsyncExitStack, asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

from vana.kernel.background import Background
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError, UsageError
from vana.layers.flight import Flight

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

Close: TypeAlias = Callable[[T], Awaitable[None]]


@dataclass(slots=True, eq=False)
class _Open(Generic[T]):
    """A thing that is open, when it was last asked for, and how many hold it."""

    thing: T
    used: float
    holders: int = 0


class Lazy(Generic[K, T]):
    """Open things with *load*, once for each key, however many ask at the same time.

    A load belongs to nobody's run: it sees no span and no deadline, and goes on when those who wait for it
    are cancelled. What fails is not kept: all who wait get the error, and the next who asks tries again, or
    with *negative* gets the error for that many seconds. A plain function that blocks goes in with
    `in_thread`.

    `aclose` closes with *close* what was opened, the last one first: what a load needed is open before it,
    so it is closed after it. With *idle*, what nobody asked for or held that many seconds is closed before;
    who uses a thing for longer than that, uses it in a block of `hold`.

    It belongs to one event loop. *noun* names the things in errors.

    Raises:
        ConfigError: *idle* is not positive, or *negative* is not at least 0.
    """

    def __init__(
        self,
        load: Callable[[K], Awaitable[T]],
        *,
        close: Close[T] | None = None,
        idle: float | None = None,
        negative: float = 0.0,
        noun: str = "",
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if not negative >= 0 or (idle is not None and not idle > 0):
            message = f"things cannot be kept for idle={idle!r} s, or failures for negative={negative!r} s"
            raise ConfigError(message, hint="idle > 0, negative >= 0")
        self._load = load
        self._close = close
        self._idle = idle
        self._negative = negative
        self._noun = noun
        self._clock = clock
        self._open: dict[K, _Open[T]] = {}  # in the order in which they were opened
        self._flights: dict[K, Flight[_Open[T]]] = {}
        self._closing: dict[K, Flight[None]] = {}
        self._failed: dict[K, tuple[Exception, float]] = {}
        self._loads, self._ends = Background(), Background()
        self._watch: asyncio.Task[None] | None = None
        self._is_closed = False

    async def get(self, key: K) -> T:
        """Give the thing of that key, opened now if it was not.

        Raises:
            UsageError: this was closed; or the load waits for itself, maybe through others: the message shows
                the way round.
            DeadlineExceeded: the current span's deadline passed while the load went on.
        """
        return (await self._used(key)).thing

    @asynccontextmanager
    async def hold(self, key: K) -> AsyncGenerator[T]:
        """Give the thing for a block, in which it is not idle. Raises as `get` does."""
        one = await self._used(key)
        one.holders += 1
        try:
            yield one.thing
        finally:
            one.holders -= 1
            one.used = self._clock.monotonic()

    async def aclose(self) -> None:
        """End the loads under way, then close what is open, the last one first, each even if another fails.

        Raises:
            Exception: what the closing of one raised; of several the last, with the others as its context.
        """
        self._is_closed = True
        await self._loads.aclose()
        async with AsyncExitStack() as stack:
            for one in self._open.values():
                if self._close is not None:
                    stack.push_async_callback(self._close, one.thing)
            self._open.clear()
            for closing in tuple(self._closing.values()):
                await closing.wait()

    async def _used(self, key: K) -> _Open[T]:
        one = self._open.get(key) or await self._opened(key)
        one.used = self._clock.monotonic()
        return one

    async def _opened(self, key: K) -> _Open[T]:
        if self._is_closed:
            message = f"{self._named(key)} cannot be opened: its owner is closed"
            raise UsageError(message)
        known = self._failed.get(key)
        if known is not None and self._clock.monotonic() < known[1]:
            raise known[0].with_traceback(None)
        flight = self._flights.get(key)
        if flight is None:
            # In an empty context: what one caller may do, and until when, is no business of the next.
            flight = Context().run(self._begin, key)
        await flight.wait()
        return flight.result()

    def _begin(self, key: K) -> Flight[_Open[T]]:
        flight = Flight(self._named(key), lambda: self._loaded(key), self._loads.share)
        self._flights[key] = flight
        return flight

    async def _loaded(self, key: K) -> _Open[T]:
        try:
            if key in self._closing:
                await self._closing[key].wait()
            one = _Open(await self._load(key), self._clock.monotonic())
        except Exception as error:
            self._note(key, error)
            raise
        finally:
            del self._flights[key]
        self._open[key] = one
        self._failed.pop(key, None)
        if self._idle is not None and self._watch is None:
            self._watch = Context().run(self._loads.spawn, self._evict(self._idle), name="idle")
        return one

    def _note(self, key: K, error: Exception) -> None:
        now = self._clock.monotonic()
        self._failed = {other: known for other, known in self._failed.items() if now < known[1]}
        if self._negative:
            self._failed[key] = error, now + self._negative

    async def _evict(self, idle: float) -> None:
        """Close what has been idle for *idle* seconds, the last opened first, until nothing is open."""
        try:
            while self._open:
                now = self._clock.monotonic()
                ends = {
                    key: now + idle if one.holders else one.used + idle for key, one in self._open.items()
                }
                due = [key for key, end in ends.items() if end <= now]
                if due:
                    await self._shut(due[-1])
                else:
                    await self._clock.sleep(min(ends.values()) - now)
        finally:
            self._watch = None

    async def _shut(self, key: K) -> None:
        """Close one. Who asks for it from now on gets a new one, opened when this one is closed."""
        one = self._open.pop(key)
        if self._close is None:
            return
        close = self._close
        flight = Flight(f"closing {self._named(key)}", lambda: close(one.thing), self._ends.spawn)
        self._closing[key] = flight
        try:
            await flight.wait()
        finally:
            if flight.has_landed:
                self._closing.pop(key, None)

    def _named(self, key: K) -> str:
        return f"{self._noun} {key}".strip()


def in_thread(
    load: Callable[[K], T],
    *,
    close: Close[T] | None = None,
    idle: float | None = None,
    negative: float = 0.0,
    noun: str = "",
    clock: Clock = SYSTEM_CLOCK,
) -> Lazy[K, T]:
    """Give a `Lazy` whose *load* is a plain function that may block: it is called in a thread.

    A thread cannot be cancelled: `aclose` waits until a load under way has ended, and closes its thing.
    """

    async def threaded(key: K) -> T:
        work = asyncio.ensure_future(asyncio.to_thread(load, key))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await asyncio.wait({work})
            if not work.cancelled() and work.exception() is None and close is not None:
                await close(work.result())
            raise

    return Lazy(threaded, close=close, idle=idle, negative=negative, noun=noun, clock=clock)
