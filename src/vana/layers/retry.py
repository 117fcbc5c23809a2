"""Trying again: the only retry in the system, so that attempts do not multiply."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError, Transient
from vana.kernel.run import current_span
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")

_DOUBLINGS = 64  # beyond it every cap is reached, and a power of two would leave the range of a float


@dataclass(frozen=True, slots=True)
class Retry:
    """Try up to *attempts* times while the error is `Transient`.

    Put it only around what is safe to repeat: reads, and tools that say `idempotent=True`. Between attempts
    it waits a time drawn from [0, `backoff`], and where the other side named a `retry_after`, that much
    longer. It gives up at once, with the error it has, when that is beyond *max_retry_after* seconds or
    when the wait would not end before the current span's deadline. The span's `attempt` counts along.

    The defaults are those of the OpenAI client, 3.54: two retries, half a second doubling to eight.

    Raises:
        ConfigError: *attempts* is below 1, *base* is not positive, or *cap* is below *base*.
    """

    attempts: int = 3
    base: float = 0.5
    cap: float = 8.0
    max_retry_after: float = 30.0
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

        @wraps(service)
        async def retried(*args: P.args, **kwargs: P.kwargs) -> R:
            for attempt in range(2, self.attempts + 1):
                try:
                    return await service(*args, **kwargs)
                except Transient as error:
                    wait = self._wait(attempt, error)
                    if wait is None:
                        raise
                await self.clock.sleep(wait)
                span = current_span()
                if span is not None:
                    span.attempt = attempt
            return await service(*args, **kwargs)

        return retried

    def _wait(self, attempt: int, error: Transient) -> float | None:
        """Give the seconds to wait before try number *attempt*, or `None` when it is not to be made."""
        asked = error.retry_after or 0.0
        if asked > self.max_retry_after:
            return None
        # Jitter also on top of what the other side asked for: all who were refused got the same number.
        wait = asked + self.rng() * backoff(attempt, base=self.base, cap=self.cap)
        span = current_span()
        deadline = span.deadline if span is not None else None
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
