"""Work under way that others wait for, and the circles in which it would wait for itself."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

from vana.kernel.errors import UsageError


class Work:
    """One piece of work: what it is called, and for which other pieces it waits now."""

    __slots__ = ("name", "waits_for")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waits_for: list[Work] = []  # one entry for each task that waits: it may recur


_current: ContextVar[Work | None] = ContextVar("vana_work", default=None)


@contextmanager
def doing(work: Work) -> Generator[None]:
    """Let the block, and the tasks and threads it starts, be part of *work*."""
    token = _current.set(work)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def waiting_for(work: Work) -> Generator[None]:
    """Let the work that is being done wait for *work* during the block; other callers just wait.

    Raises:
        UsageError: *work* waits for the one being done, maybe through others: neither would ever end. The
            message shows the way round.
    """
    mine = _current.get()
    if mine is None:
        yield
        return
    # Entered before it is looked for: of two threads that close a circle at once, one at least sees it.
    mine.waits_for.append(work)
    try:
        circle = _way(work, mine)
        if circle:
            told = " → ".join([*(step.name for step in circle), work.name])
            message = f"{work.name} waits for itself: {told}"
            raise UsageError(message, hint="one of them must do without the next", code="circle")
        yield
    finally:
        mine.waits_for.remove(work)


def _way(start: Work, goal: Work) -> list[Work]:
    """Give the pieces of work that lead from *start* to *goal*, both included; nothing where none do."""
    came: dict[Work, Work | None] = {start: None}
    ahead = [start]
    while ahead:
        step = ahead.pop()
        if step is goal:
            return _steps(came, step)
        for onward in tuple(step.waits_for):
            if onward not in came:
                came[onward] = step
                ahead.append(onward)
    return []


def _steps(came: dict[Work, Work | None], last: Work) -> list[Work]:
    way: list[Work] = []
    step: Work | None = last
    while step is not None:
        way.append(step)
        step = came[step]
    return way[::-1]
