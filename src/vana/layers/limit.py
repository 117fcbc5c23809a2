"""A bulkhead: so many calls of a target at once, so many waiting, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.errors import AtLimit, ConfigError
from vana.layers.deadline import until_deadline
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Limit:
    """Let *concurrent* calls run at once and *waiting* more wait their turn, first come, first served.

    A wait ends at the current span's deadline at the latest.

    Raises:
        ConfigError: *concurrent* is below 1, or *waiting* below 0.
    """

    concurrent: int
    waiting: int

    def __post_init__(self) -> None:
        """Refuse a limit that lets nobody in."""
        if self.concurrent < 1 or self.waiting < 0:
            message = f"a limit lets at least 1 call run and 0 wait, not {self!r}"
            raise ConfigError(message)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* behind a bulkhead of its own.

        It raises `AtLimit` when too many wait already, and `DeadlineExceeded` when the run's time is used
        up before its turn comes; in both cases nothing was called.
        """
        gate = _Gate(self, target)

        @wraps(service)
        async def limited(*args: P.args, **kwargs: P.kwargs) -> R:
            if not gate.enter():
                await gate.turn()
            try:
                return await service(*args, **kwargs)
            finally:
                gate.leave()

        return limited


class _Gate:
    """Places taken and turns waited for.

    Not `asyncio.Semaphore`: a place that becomes free is handed to the first who waits, and is never up for
    grabs in between, so that neither a newcomer nor a cancelled waiter can lose one.
    """

    __slots__ = ("_recipe", "_target", "_turns", "taken")

    def __init__(self, recipe: Limit, target: str) -> None:
        self._recipe = recipe
        self._target = target
        self._turns: dict[asyncio.Future[None], None] = {}  # in order of arrival
        self.taken = 0

    def enter(self) -> bool:
        """Take a place if one is free, and say whether it was.

        Raises:
            AtLimit: none is free, and too many wait for one.
        """
        if self.taken < self._recipe.concurrent:
            self.taken += 1
            return True
        if len(self._turns) >= self._recipe.waiting:
            message = f"{self._target} has {self.taken} calls running and {len(self._turns)} waiting"
            raise AtLimit(message, hint="try again later, or raise its limit")
        return False

    async def turn(self) -> None:
        """Wait until a place is handed over."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._turns[turn] = None
        mine = False
        try:
            async with until_deadline(f"waiting for {self._target}"):
                await turn
            mine = True
        finally:
            self._turns.pop(turn, None)
            if not mine and turn.done() and not turn.cancelled():
                self.leave()  # the place was handed over while we were being cancelled: hand it on

    def leave(self) -> None:
        """Hand the place to the first who waits, or free it."""
        while self._turns:
            turn = next(iter(self._turns))
            del self._turns[turn]
            if not turn.done():
                turn.set_result(None)
                return
        self.taken -= 1
