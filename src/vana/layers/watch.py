"""Limits of time on tasks, and the one timer that watches over many of them.

What `asyncio.timeout` does, for a tenth of its price: calls that are given the same number of seconds, or
the same share of the time that is left, end in the order in which they began. So they stand in a row, and
only the first of the row needs a timer.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vana.kernel.clock import Alarm, Clock


class Bound:
    """The moment at which a piece of one task is cut, and whether it was.

    A task is cut by cancelling it, and a cancellation by somebody else at the same moment wins: the
    requests are counted as `asyncio.timeout` does, see `asyncio.Task.uncancel`.
    """

    __slots__ = ("_before", "_task", "alarm", "at", "clock", "fired", "row")

    def __init__(self, task: asyncio.Task[object], at: float, clock: Clock, row: dict[Bound, None]) -> None:
        self._task = task
        self._before = task.cancelling()
        self.at = at
        self.clock = clock
        self.row = row
        """Where it stands until it is left or cut, if it has no alarm of its own."""
        self.alarm: Alarm | None = None
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

    def leave(self) -> None:
        """End the piece: it can be cut no more, and leaves no cancellation behind."""
        self.row.pop(self, None)
        if self.alarm is not None:
            self.alarm.cancel()
        if self.fired:
            self.take_back()


def current_task(loop: asyncio.AbstractEventLoop | None = None) -> asyncio.Task[object]:
    """Give the task that runs, the sooner if the running *loop* is known already.

    Raises:
        RuntimeError: none does: a limit ends a call by cancelling its task.
    """
    task = asyncio.current_task(loop)
    if task is None:
        message = "a time limit needs a task to end; run the call in one"
        raise RuntimeError(message)
    return task


class Watch:
    """Cut the tasks of one event loop at their moments, with one timer for all that end as they began."""

    __slots__ = ("_alarm", "_latest", "_rings_at", "clock", "loop", "row")

    def __init__(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> None:
        self.loop = loop
        self.clock = clock
        self.row: dict[Bound, None] = {}
        """Who is watched, in the order in which they are cut."""
        self._latest = 0.0  # when the last of the row is cut
        self._alarm: Alarm | None = None
        self._rings_at = math.inf

    def enter(self, task: asyncio.Task[object], at: float) -> Bound:
        """Watch *task* until it leaves; who is to end before the last of the row has a timer of its own."""
        row = self.row
        bound = Bound(task, at, self.clock, row)
        if row and at < self._latest:
            bound.alarm = self.clock.alarm(bound.remaining(), bound.cut)
            return bound
        row[bound] = None
        self._latest = at
        if at < self._rings_at:
            self._set(at)
        return bound

    def _set(self, at: float) -> None:
        """Ring at that moment, in vain when nobody is left to cut: to call it off would cost more."""
        if self._alarm is not None:
            self._alarm.cancel()
        self._rings_at = at
        self._alarm = self.clock.alarm(at - self.clock.monotonic(), self._ring)

    def _ring(self) -> None:
        """Cut who is due, and set the timer for the next."""
        now = self.clock.monotonic()
        self._alarm, self._rings_at = None, math.inf
        due: list[Bound] = []
        for bound in self.row:
            if bound.at > now:
                self._set(bound.at)
                break
            due.append(bound)
        for bound in due:
            del self.row[bound]
            bound.cut()


class Watches:
    """The watch for each event loop and clock: a timer set on one does not ring for tasks of another."""

    __slots__ = ("_all", "_last")

    def __init__(self) -> None:
        self._all: dict[tuple[asyncio.AbstractEventLoop, Clock], Watch] = {}
        self._last: Watch | None = None

    def enter(self, at: float, clock: Clock) -> Bound:
        """Put the current task under watch until the moment *at* on *clock*."""
        loop, watch = asyncio.get_running_loop(), self._last
        if watch is None or watch.loop is not loop or watch.clock is not clock:
            self._last = watch = self._of(loop, clock)
        return watch.enter(current_task(loop), at)

    def _of(self, loop: asyncio.AbstractEventLoop, clock: Clock) -> Watch:
        for closed in [key for key in self._all if key[0].is_closed()]:
            del self._all[closed]
        return self._all.setdefault((loop, clock), Watch(loop, clock))
