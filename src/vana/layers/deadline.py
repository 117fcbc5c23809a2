"""Time limits: of one call, of one attempt, and of the run that they are part of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock, Deadline
from vana.kernel.errors import AttemptTimeout, ConfigError, DeadlineExceeded
from vana.kernel.run import current_span, inside
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Timeout:
    """End a call after *seconds*, or when the run's deadline passes, whichever comes first.

    Outermost it bounds a call with all its attempts, innermost a single attempt. What runs inside sees the
    earlier deadline in its current span. Without *seconds* it enforces the run's deadline alone.

    Raises:
        ConfigError: *seconds* is not positive.
    """

    seconds: float | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)

    def __post_init__(self) -> None:
        """Refuse a limit that leaves no time."""
        if self.seconds is not None and not self.seconds > 0:
            message = f"a timeout must be positive, not {self.seconds!r}"
            raise ConfigError(message, hint="leave it out to have no other limit than the run's deadline")

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with a limit.

        It raises `AttemptTimeout` when its own seconds have passed, and `DeadlineExceeded` when the run's
        deadline has; once that has passed, nothing is called.
        """
        seconds = self.seconds

        @wraps(service)
        async def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            span = current_span()
            deadline = span.deadline if span is not None else None
            if deadline is not None:
                deadline.check(target)
            if seconds is not None and (deadline is None or seconds < deadline.remaining()):
                return await self._within(seconds, service, target, *args, **kwargs)
            if deadline is None:
                return await service(*args, **kwargs)
            async with until_deadline(target):
                return await service(*args, **kwargs)

        return timed

    async def _within(
        self,
        seconds: float,
        service: Callable[P, Awaitable[R]],
        target: str,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Call *service* with a deadline of its own, in books of its own.

        The caller's span is not changed: calls made side by side in one span may have different deadlines.
        """
        deadline = Deadline.after(seconds, self.clock)
        message = f"{target} took longer than {seconds:g} s"
        span = current_span()
        part = span.part(deadline) if span is not None else None
        limit: asyncio.Timeout | None = None
        try:
            async with self.clock.timeout(seconds) as limit:
                if part is None:
                    return await service(*args, **kwargs)
                with inside(part):
                    return await service(*args, **kwargs)
        except TimeoutError as error:
            if limit is None or not limit.expired():
                raise
            raise AttemptTimeout(message) from error
        except DeadlineExceeded as error:
            if deadline.remaining() > 0:
                raise
            # Something inside noticed first that our deadline, which it takes for the run's, has passed.
            raise AttemptTimeout(message) from error
        finally:
            if part is not None:
                part.fold_into_parent()


@asynccontextmanager
async def until_deadline(what: str) -> AsyncGenerator[None]:
    """Bound a block by the current span's deadline; without one it is not bounded.

    Raises:
        DeadlineExceeded: the deadline has passed, before the block or in it; the message names *what*.
    """
    span = current_span()
    deadline = span.deadline if span is not None else None
    if deadline is None:
        yield
        return
    deadline.check(what)
    limit: asyncio.Timeout | None = None
    try:
        async with deadline.clock.timeout(deadline.remaining()) as limit:
            yield
    except TimeoutError as error:
        if limit is None or not limit.expired():
            raise
        message = f"the time of the run was used up during {what}"
        raise DeadlineExceeded(message, hint="give the run more time with --timeout or timeout=") from error
