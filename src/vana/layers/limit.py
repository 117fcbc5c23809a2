"""A bulkhead: so many calls of a target at once, so many waiting, and no more."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import AtLimit, AttemptTimeout, ConfigError, RateLimited
from vana.layers.aimd import Aimd
from vana.layers.queue import Queue
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")

_SIGNALS = (RateLimited, AttemptTimeout)


@dataclass(frozen=True, slots=True)
class Limit:
    """Let *concurrent* calls run at once and *waiting* more wait their turn, first come, first served.

    A wait ends at the current deadline at the latest, and after *patience* seconds. Inside a run leave
    *patience* out: who has time left gains nothing by being refused. Where requests enter, at a face, 2.0 is
    a good one: people who wait longer ask again, and the queue then works for nobody.

    An *adaptive* limit is for a target that others use too and that says so when it is too much, such as a
    model's provider: *concurrent* is then the most, and `RateLimited` and `AttemptTimeout` make it less for
    a while. See `vana.layers.aimd`.

    Raises:
        ConfigError: *concurrent* is below 1, *waiting* below 0, or *patience* is not positive.
    """

    concurrent: int
    waiting: int
    patience: float | None = None
    adaptive: bool = False
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)

    def __post_init__(self) -> None:
        """Refuse a limit that lets nobody in."""
        if self.concurrent < 1 or self.waiting < 0 or (self.patience is not None and not self.patience > 0):
            message = (
                f"a limit lets at least 1 call run, 0 wait, and they wait for more than 0 s, not {self!r}"
            )
            raise ConfigError(message)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* behind a bulkhead of its own.

        It raises `AtLimit` when too many wait already or patience is at its end, and `DeadlineExceeded` when
        the run's time is used up before its turn comes; in all three cases nothing was called.
        """
        gate, now = Gate(self, target), self.clock.monotonic
        pace = Aimd(self.concurrent, now()) if self.adaptive else None

        @wraps(service)
        async def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            if gate.taken < gate.limit:
                gate.taken += 1
            else:
                await gate.turn()
            try:
                result = await service(*args, **kwargs)
            except _SIGNALS:  # other errors and cancellation tell nothing
                if pace is not None:
                    pace.count(now(), signal=True)
                    gate.resize(pace.limit)
                raise
            else:
                if pace is not None:
                    pace.count(now(), signal=False)
                    if pace.limit != gate.limit:
                        gate.resize(pace.limit)
                return result
            finally:
                if gate.is_quiet:
                    gate.taken -= 1
                else:
                    gate.leave()

        return limited


class Gate:
    """Places taken and turns waited for.

    Not `asyncio.Semaphore`: a place that becomes free is handed to the first who waits, and is never up for
    grabs in between, so that neither a newcomer nor a cancelled waiter can lose one.
    """

    __slots__ = ("_queue", "_recipe", "_target", "is_quiet", "limit", "taken")

    def __init__(self, recipe: Limit, target: str) -> None:
        self._recipe = recipe
        self._target = target
        self._queue = Queue(target, recipe.patience, recipe.clock)
        self.limit = recipe.concurrent
        self.taken = 0
        self.is_quiet = True
        """Nobody waits and no more are in than may be, so that a place is left by counting it."""

    async def turn(self) -> None:
        """Wait until a place is handed over.

        Raises:
            AtLimit: too many wait for one, or it took longer than patience lasts.
            DeadlineExceeded: the run's time was used up.
        """
        if len(self._queue) >= self._recipe.waiting:
            message = f"{self._target} has {self.taken} calls running and {len(self._queue)} waiting"
            raise AtLimit(message, hint="try again later, or raise its limit")
        self.is_quiet = False
        try:
            await self._queue.turn(lost=self.leave)
        finally:
            self._settle()

    def leave(self) -> None:
        """Hand the place to the first who waits, or free it."""
        if self.taken > self.limit or not self._queue.call():
            self.taken -= 1
        self._settle()

    def resize(self, limit: int) -> None:
        """Let *limit* run at once from now on; those beyond it who run already go on to their end."""
        self.limit = limit
        while self.taken < limit and self._queue.call():
            self.taken += 1
        self._settle()

    def _settle(self) -> None:
        self.is_quiet = not self._queue and self.taken <= self.limit
