"""A row of callers who wait: first come, first served, and nobody's turn is lost when somebody leaves."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from vana.kernel.errors import AtLimit, DeadlineExceeded, VanaError
from vana.layers.deadline import current_deadline

if TYPE_CHECKING:
    from vana.kernel.clock import Alarm, Clock


class Queue:
    """The callers who wait for *target*, at most *patience* seconds each and at most until their deadline."""

    __slots__ = ("_clock", "_patience", "_row", "_target")

    def __init__(self, target: str, patience: float | None, clock: Clock) -> None:
        self._target = target
        self._patience = patience
        self._clock = clock
        # In order of arrival. Not a plain dict: its first entry takes the longer to find the more have left.
        self._row: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    def __len__(self) -> int:
        """Give how many wait."""
        return len(self._row)

    async def turn(self, *, lost: Callable[[], object]) -> None:
        """Wait until called. Who was called and then cancelled before it ran gives its turn to *lost*.

        Raises:
            AtLimit: patience is at its end.
            DeadlineExceeded: the run's time is used up, now or while waiting.
        """
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        alarm = limited_wait(turn, self._target, self._patience, self._clock)
        self._row[turn] = None
        came = False
        try:
            await turn
            came = True
        finally:
            if alarm is not None:
                alarm.cancel()
            self._row.pop(turn, None)
            if not came and is_called(turn):
                lost()

    def call(self) -> bool:
        """Tell the first who waits that it is its turn, and say whether there was one."""
        while self._row:
            turn, _ = self._row.popitem(last=False)
            if not turn.done():
                turn.set_result(None)
                return True
        return False


def is_called(turn: asyncio.Future[None]) -> bool:
    """Tell whether it is the turn of who waits for *turn*, whether or not it has noticed."""
    return turn.done() and not turn.cancelled() and turn.exception() is None


def limited_wait(
    turn: asyncio.Future[None], target: str, patience: float | None, clock: Clock
) -> Alarm | None:
    """Let the wait for *turn* end after *patience* seconds or at the deadline; `None` where neither is set.

    Who waits gets `AtLimit` or `DeadlineExceeded` then, and cancels what this gives when the wait is over.

    Raises:
        DeadlineExceeded: the deadline has passed already.
    """
    deadline, what = current_deadline(), f"waiting for {target}"
    if deadline is not None:
        deadline.check(what)
    if patience is not None and (deadline is None or patience < deadline.remaining()):
        tired = AtLimit(f"{what} took longer than {patience:g} s", hint="try again later")
        return clock.alarm(patience, partial(_give_up, turn, tired))
    if deadline is None:
        return None
    late = DeadlineExceeded(
        f"the time of the run was used up while {what}",
        hint="give the run more time with --timeout or timeout=",
    )
    return deadline.clock.alarm(deadline.remaining(), partial(_give_up, turn, late))


def _give_up(turn: asyncio.Future[None], error: VanaError) -> None:
    if not turn.done():
        turn.set_exception(error)
