"""A pace: so many requests and tokens a minute, reserved before a call and settled after it."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import AtLimit, ConfigError, DeadlineExceeded, RateLimited, Refused
from vana.layers.deadline import current_deadline
from vana.layers.queue import is_called, limited_wait
from vana.layers.recipe import written

if TYPE_CHECKING:
    from vana.kernel.clock import Alarm

P = ParamSpec("P")
R = TypeVar("R")

_MINUTE_S = 60.0
_ENOUGH = 1e-6  # of a request or token: what rounding may lack
_SHORTEST_S = 0.001  # no shorter wait, which a clock could round to none


@dataclass(frozen=True, slots=True)
class Rate:
    """Keep to *requests_per_minute* and *tokens_per_minute*; either may be left out.

    A call reserves one request and as many tokens as *estimate* says of its arguments, and waits for them,
    first come, first served: a large one is not passed by small ones. Afterwards *cost* says of the result
    how many tokens it took, and the difference is given back or taken off; who failed keeps its estimate.
    After a calm, *burst* seconds' worth may go at once, so that in no minute more than the rate and that go
    out. When the other side says `RateLimited` with a `retry_after`, nobody goes before that has passed.

    A call whose turn cannot come before its deadline, or not within *patience* seconds, is refused at once.

    Raises:
        ConfigError: no rate is given, a figure is not positive, or tokens are to be kept without *estimate*.
    """

    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    estimate: Callable[..., float] | None = None
    cost: Callable[..., float] | None = None
    burst: float = 10.0
    patience: float | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)

    def __post_init__(self) -> None:
        """Refuse a pace at which nothing moves."""
        rates = [rate for rate in (self.requests_per_minute, self.tokens_per_minute) if rate is not None]
        given = [*rates, self.burst, *([self.patience] if self.patience is not None else [])]
        if not rates or not min(given) > 0 or (self.tokens_per_minute is not None and self.estimate is None):
            message = f"nothing can be paced by {self!r}"
            hint = "give requests_per_minute, or tokens_per_minute with estimate; every figure > 0"
            raise ConfigError(message, hint=hint)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* at a pace of its own.

        It raises `DeadlineExceeded` or `AtLimit` when its turn would come too late; nothing was called then.
        """
        bucket, estimate, cost = Bucket(self, target), self.estimate, self.cost

        @wraps(service)
        async def paced(*args: P.args, **kwargs: P.kwargs) -> R:
            tokens = estimate(*args, **kwargs) if estimate is not None else 0.0
            await bucket.reserve(tokens)
            try:
                result = await service(*args, **kwargs)
            except Refused:
                bucket.settle(tokens, 0.0, requests=0)  # nothing was sent
                raise
            except RateLimited as error:
                bucket.pause(error.retry_after or 0.0)
                raise
            if cost is not None:
                bucket.settle(tokens, cost(result))
            return result

        return paced


class _Level:
    """What may go now of one kind; below zero it is owed."""

    __slots__ = ("_most", "_per_second", "amount")

    def __init__(self, per_minute: float, burst: float, least: float) -> None:
        self._per_second = per_minute / _MINUTE_S
        self._most = max(least, self._per_second * burst)
        self.amount = self._most

    def fill(self, seconds: float) -> None:
        """Let *seconds* pass."""
        if seconds > 0:
            self.amount = min(self._most, self.amount + seconds * self._per_second)

    def put(self, amount: float) -> None:
        """Give back *amount*, or take it off where it is negative."""
        self.amount = min(self._most, self.amount + amount)

    def wait(self, amount: float, *, behind: float) -> float:
        """Give the seconds until *amount* may go, *behind* so much else; more than fits needs it full."""
        if self._most == math.inf:
            return 0.0
        return max(0.0, (behind + min(amount, self._most) - self.amount - _ENOUGH) / self._per_second)


class Bucket:
    """The pace of one target."""

    __slots__ = (
        "_ahead",
        "_alarm",
        "_paused_until",
        "_recipe",
        "_requests",
        "_row",
        "_seen",
        "_target",
        "_tokens",
    )

    def __init__(self, recipe: Rate, target: str) -> None:
        self._recipe = recipe
        self._target = target
        self._requests = _level(recipe.requests_per_minute, recipe.burst, least=1.0)
        self._tokens = _level(recipe.tokens_per_minute, recipe.burst, least=0.0)
        self._seen = recipe.clock.monotonic()
        self._paused_until = self._seen
        self._row: OrderedDict[asyncio.Future[None], float] = OrderedDict()  # tokens, in order of arrival
        self._ahead = 0.0  # tokens of all who wait
        self._alarm: Alarm | None = None

    async def reserve(self, tokens: float = 0.0) -> None:
        """Take one request and *tokens*, as soon as it is our turn and they are there.

        Raises:
            AtLimit: that takes longer than patience lasts.
            DeadlineExceeded: that is not before the current deadline; nothing was taken.
        """
        wait = self._wait(tokens)
        if wait <= 0 and not self._row:
            self._take(tokens)
            return
        self._refuse_if_late(wait)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        limit = limited_wait(turn, self._target, self._recipe.patience, self._recipe.clock)
        self._row[turn] = tokens
        self._ahead += tokens
        if self._alarm is None:
            self._serve()
        try:
            await turn
        except (asyncio.CancelledError, Refused):
            if self._row.pop(turn, None) is not None:
                self._ahead -= tokens
            elif is_called(turn):
                self.settle(tokens, 0.0, requests=0)  # it was our turn while we were being cancelled
            self._serve()
            raise
        finally:
            if limit is not None:
                limit.cancel()

    def settle(self, reserved: float, tokens: float, *, requests: int = 1) -> None:
        """Say what a reservation of *reserved* tokens really cost, and that it was no request after all."""
        self._fill()
        self._tokens.put(reserved - tokens)
        self._requests.put(1 - requests)
        self._serve()

    def pause(self, seconds: float) -> None:
        """Let nobody go for *seconds* from now."""
        self._paused_until = max(self._paused_until, self._recipe.clock.monotonic() + seconds)

    def _refuse_if_late(self, wait: float) -> None:
        deadline, patience = current_deadline(), self._recipe.patience
        told = f"the turn of this call of {self._target} would come in {wait:.1f} s"
        if deadline is not None and wait >= deadline.remaining():
            message = f"{told}, after the time of the run is used up"
            raise DeadlineExceeded(message, hint="give the run more time with --timeout or timeout=")
        if patience is not None and wait > patience:
            message = f"{told}, and nobody waits longer than {patience:g} s"
            raise AtLimit(message, hint="try again later, or raise its rate")

    def _serve(self) -> None:
        """Let go, in order, all who may now, and set the alarm for the next."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        while self._row:
            turn, tokens = next(iter(self._row.items()))
            wait = 0.0 if turn.done() else self._wait(tokens, is_first=True)
            if wait > 0:
                self._alarm = self._recipe.clock.alarm(max(wait, _SHORTEST_S), self._serve)
                return
            del self._row[turn]
            self._ahead -= tokens
            if not turn.done():
                self._take(tokens)
                turn.set_result(None)

    def _take(self, tokens: float) -> None:
        self._requests.amount -= 1
        self._tokens.amount -= tokens

    def _wait(self, tokens: float, *, is_first: bool = False) -> float:
        """Give the seconds until one request and *tokens* may go, behind all who wait or as the first."""
        now = self._fill()
        requests = 0 if is_first else len(self._row)
        ahead = 0.0 if is_first else self._ahead
        return max(
            self._requests.wait(1, behind=requests),
            self._tokens.wait(tokens, behind=ahead),
            self._paused_until - now,
        )

    def _fill(self) -> float:
        now = self._recipe.clock.monotonic()
        self._requests.fill(now - self._seen)
        self._tokens.fill(now - self._seen)
        self._seen = now
        return now


def _level(per_minute: float | None, burst: float, *, least: float) -> _Level:
    return _Level(per_minute if per_minute is not None else math.inf, burst, least)
