"""Trying again: the only retry in the system, so that attempts do not multiply."""

from __future__ import annotations

import random
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import AttemptTimeout, ConfigError, Transient
from vana.kernel.run import current_span
from vana.layers.deadline import current_deadline
from vana.layers.recipe import written
from vana.layers.retry_budget import Ledger, RetryBudget

P = ParamSpec("P")
R = TypeVar("R")

_DOUBLINGS = 64  # beyond it every cap is reached, and a power of two would leave the range of a float
_BUDGET = RetryBudget()
_UNSENT = (ConnectionRefusedError, socket.gaierror)

_retrying: ContextVar[bool] = ContextVar("vana_retrying", default=False)


@dataclass(frozen=True, slots=True)
class Retry:
    """Try up to *attempts* times while the error is `Transient`.

    Between attempts it waits a time drawn from [0, `backoff`], and where the other side named a
    `retry_after`, that much longer. It gives up at once, with the error it has, when that is beyond
    *max_retry_after* seconds, when the wait would not end before the current deadline, and when the
    target's *budget* is used up (`None`: there is none). The span's `attempt` counts along.

    Put it only around what is safe to repeat: reads, and tools that say `idempotent=True`. Around anything
    else say `idempotent=False`: it then tries again only what provably was never sent, because the
    connection was refused or the name could not be resolved.

    A retry within a retry makes one attempt, for the outer one repeats it: attempts do not multiply.

    The defaults are those of the OpenAI client, 3.54: two retries, half a second doubling to eight.

    Raises:
        ConfigError: *attempts* is below 1, *base* is not positive, or *cap* is below *base*.
    """

    attempts: int = 3
    base: float = 0.5
    cap: float = 8.0
    max_retry_after: float = 30.0
    budget: RetryBudget | None = _BUDGET
    idempotent: bool = True
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    rng: Callable[[], float] = field(default=random.random, repr=False)
    """Gives a number in [0, 1)."""

    def __post_init__(self) -> None:
        """Refuse what could not wait."""
        backoff(1, base=self.base, cap=self.cap)
        if self.attempts < 1:
            message = f"a retry makes at least 1 attempt, not {self.attempts!r}"
            raise ConfigError(message)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(
        self,
        service: Callable[P, Awaitable[R]],
        target: str,  # noqa: ARG002 - every layer is told; here the last error is raised as it came
    ) -> Callable[P, Awaitable[R]]:
        """Give *service* tried again; when no attempt is left it raises what the last one raised."""
        attempts = _Attempts(self)
        ledger, now = attempts.ledger, self.clock.monotonic

        @wraps(service)
        async def retried(*args: P.args, **kwargs: P.kwargs) -> R:
            if _retrying.get():
                return await service(*args, **kwargs)
            if now() >= ledger.edge:
                ledger.roll()
            ledger.firsts += 1
            token = _retrying.set(True)
            try:
                attempt = 1
                while True:
                    try:
                        return await service(*args, **kwargs)
                    except Transient as error:
                        attempt += 1
                        if not await attempts.may_begin(attempt, error):
                            raise
            finally:
                _retrying.reset(token)

        return retried

    def wrap_stream(
        self,
        service: Callable[P, AsyncIterator[R]],
        target: str,  # noqa: ARG002 - as for `wrap`
    ) -> Callable[P, AsyncGenerator[R]]:
        """Give *service*, which gives items one by one, tried again until its first item is there.

        Afterwards nothing is tried again, for the consumer has seen a part of the answer: what *service*
        raises then goes on as it comes. A stream makes no guard for retries within it.
        """
        attempts = _Attempts(self)

        @wraps(service)
        async def retried(*args: P.args, **kwargs: P.kwargs) -> AsyncGenerator[R]:
            attempts.ledger.begin()
            attempt, has_begun = 1, _retrying.get()
            while True:
                items = service(*args, **kwargs)
                try:
                    async for item in items:
                        has_begun = True
                        yield item
                except Transient as error:
                    attempt += 1
                    if has_begun or not await attempts.may_begin(attempt, error):
                        raise
                else:
                    return
                finally:
                    if isinstance(items, AsyncGenerator):
                        await items.aclose()

        return retried


class _Attempts:
    """What one target is granted."""

    __slots__ = ("_recipe", "ledger")

    def __init__(self, recipe: Retry) -> None:
        self._recipe = recipe
        self.ledger = Ledger(recipe.budget, recipe.clock.monotonic)

    async def may_begin(self, attempt: int, error: Transient) -> bool:
        """Wait for the moment of try number *attempt*, or say at once that it is not to be made."""
        recipe = self._recipe
        wait = self._wait(attempt, error)
        if wait is None or not self.ledger.spend(timed_out=isinstance(error, AttemptTimeout)):
            return False
        await recipe.clock.sleep(wait)
        span = current_span()
        if span is not None:
            span.attempt = attempt
        return True

    def _wait(self, attempt: int, error: Transient) -> float | None:
        """Give the seconds to wait before try number *attempt*, or `None` when it is not to be made."""
        recipe = self._recipe
        asked = error.retry_after or 0.0
        if attempt > recipe.attempts or asked > recipe.max_retry_after:
            return None
        if not recipe.idempotent and not isinstance(error.__cause__, _UNSENT):
            return None
        # Jitter also on top of what the other side asked for: all who were refused got the same number.
        wait = asked + recipe.rng() * backoff(attempt, base=recipe.base, cap=recipe.cap)
        deadline = current_deadline()
        return None if deadline is not None and wait >= deadline.remaining() else wait


def backoff(attempt: int, *, base: float, cap: float) -> float:
    """Give the longest wait before try number *attempt*, in seconds; the first try waits for nothing.

    Doubles from *base* and stops growing at *cap*; callers draw the real wait
    uniformly from [0, result], so that clients do not come back in step.
    Source: "full jitter", AWS Architecture Blog, 2015.

    Raises:
        ConfigError: *base* is not positive, or *cap* is below it.
    """
    if not 0 < base <= cap:
        message = f"a backoff needs 0 < base <= cap, not base={base!r}, cap={cap!r}"
        raise ConfigError(message)
    if attempt <= 1:
        return 0.0
    return min(cap, base * 2.0 ** min(attempt - 2, _DOUBLINGS))
