"""Limits of time on tasks, and the one timer that watches over many of them.

What `asyncio.timeout` does, for a tenth of its price: calls that are given the same number of seconds end in
the order in which they began, so they stand in a row, and only the first of the row needs a timer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vana.kernel.clock import Clock


class Bound:
    """The moment at which a piece of one task is cut, and whether it was.

    A task is cut by cancelling it, and a cancellation by somebody else at the same moment wins: the
    requests are counted as `asyncio.timeout` does, see `asyncio.Task.uncancel`.
    """

    __slots__ = ("_before", "_task", "at", "clock", "fired", "row")

    def __init__(self, task: asyncio.Task[object], at: float, clock: Clock, row: dict[Bound, None]) -> None:
        self._task = task
        self._before = task.cancelling()
        self.at = at
        self.clock = clock
        self.row = row
        """Where it stands until it is left or cut."""
        self.fired = False

    def is_of(self, task: asyncio.Task[object] | None) -> bool:
        """Tell whether it is *task* that will be cut."""
        return self._task is task

    def remaining(self) -> float:
        """Give the seconds left; not positive once the moment has passed."""
        return self.at - self.clock.monotonic()

    def cut(self) -> None:
        """Cancel the task; the piece learns by `take_back` that it was this."""
        self.fired = True
        self._task.cancel()

    def take_back(self) -> bool:
        """Withdraw the cancellation, once, and say whether nobody else wants the task cancelled."""
        self.fired = False
        return self._task.uncancel() <= self._before


def current_task() -> asyncio.Task[object]:
    """Give the task that runs.

    Raises:
        RuntimeError: none does: a limit ends a call by cancelling its task.
    """
    task = asyncio.current_task()
    if task is None:
        message = "a time limit needs a task to end; run the call in one"
        raise RuntimeError(message)
    return task


class Watch:
    """Cut the tasks of one event loop that take longer than *seconds*, with one timer for all of them."""

    __slots__ = ("_clock", "_is_set", "_loop", "_seconds", "row")

    def __init__(self, loop: asyncio.AbstractEventLoop | None, seconds: float, clock: Clock) -> None:
        self._loop = loop
        self._seconds = seconds
        self._clock = clock
        self._is_set = False
        self.row: dict[Bound, None] = {}
        """Who is watched, in the order in which they are cut."""

    def is_for(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Tell whether it watches the tasks of *loop*."""
        return self._loop is loop

    def enter(self, task: asyncio.Task[object], at: float) -> Bound:
        """Watch *task* until it leaves the row; *at* is in *seconds* from now."""
        row = self.row
        bound = Bound(task, at, self._clock, row)
        row[bound] = None
        if not self._is_set:
            self._is_set = True
            self._clock.alarm(self._seconds, self._ring)
        return bound

    def _ring(self) -> None:
        """Cut who is due, and set the timer for the next; it is never called off, which would cost more."""
        now = self._clock.monotonic()
        due: list[Bound] = []
        left = 0.0
        for bound in self.row:
            if bound.at > now:
                left = bound.at - now
                break
            due.append(bound)
        for bound in due:
            del self.row[bound]
            bound.cut()
        self._is_set = left > 0
        if left > 0:
            self._clock.alarm(left, self._ring)


def watching(seconds: float, clock: Clock) -> Callable[[float], Bound]:
    """Give what puts the current task under watch until the moment it is called with, *seconds* from then.

    Each event loop has a watch of its own: a timer set on one does not ring for tasks of another.
    """
    watches: dict[asyncio.AbstractEventLoop, Watch] = {}
    last = Watch(None, seconds, clock)

    def enter(at: float) -> Bound:
        nonlocal last
        task = current_task()
        loop = task.get_loop()
        watch = last
        if not watch.is_for(loop):
            for closed in [loop for loop in watches if loop.is_closed()]:
                del watches[closed]
            last = watch = watches.setdefault(loop, Watch(loop, seconds, clock))
        return watch.enter(task, at)

    return enter
