"""One call that many wait for. It outlives the one who started it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from vana.kernel.errors import Unavailable
from vana.layers.deadline import until_deadline
from vana.layers.work import Work, doing, waiting_for

if TYPE_CHECKING:
    from vana.kernel.plain import JSON

R = TypeVar("R")


class Start(Protocol):
    """How the task of a flight is made: `Background.share`, or `Background.spawn`."""

    def __call__(self, work: Coroutine[JSON, None, R], *, name: str) -> asyncio.Task[R]:
        """Start *work* and give its task."""
        ...


class Flight(Generic[R]):
    """A call under way. Nobody who waits for it can end it by being cancelled."""

    __slots__ = ("_task", "_waiters", "work")

    def __init__(self, name: str, call: Callable[[], Awaitable[R]], start: Start) -> None:
        self.work = Work(name)
        self._waiters: dict[asyncio.Future[None], None] = {}
        self._task = start(self._fly(call), name=name)
        self._task.add_done_callback(self._land)

    @property
    def has_landed(self) -> bool:
        """Tell whether the call has ended, however it did."""
        return self._task.done()

    @property
    def is_awaited(self) -> bool:
        """Tell whether anybody waits."""
        return bool(self._waiters)

    async def wait(self) -> None:
        """Wait until the call has ended, however it does, or the time of the one who waits is up.

        Raises:
            DeadlineExceeded: the current span's deadline has passed.
            UsageError: the call waits for the one who asks.
        """
        if self._task.done():
            return
        with waiting_for(self.work):
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters[waiter] = None
            try:
                async with until_deadline(self.work.name):
                    await waiter
            finally:
                self._waiters.pop(waiter, None)

    def result(self) -> R:
        """Give what the ended call gave, or raise what it raised.

        Raises:
            Unavailable: it was cancelled.
        """
        if self._task.cancelled():
            message = f"the shared call of {self.work.name} was cancelled"
            raise Unavailable(message)
        return self._task.result()

    async def end(self) -> None:
        """Cancel the call and wait until it has cleaned up."""
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _fly(self, call: Callable[[], Awaitable[R]]) -> R:
        with doing(self.work):
            return await call()

    def _land(self, task: asyncio.Task[R]) -> None:
        if not task.cancelled():
            task.exception()  # heard: who waits raises it, and where nobody does, there is nobody to tell
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
