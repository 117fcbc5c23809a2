"""Time limits: of one call, of one attempt, and of the run that they are part of.

A limit stands in the context of what runs under it, so that everything below sees it, children in tasks of
their own included: `current_deadline`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock, Deadline
from vana.kernel.errors import AttemptTimeout, ConfigError, DeadlineExceeded
from vana.kernel.run import Span, current_span
from vana.layers.recipe import written
from vana.layers.watch import Bound, current_task, watching

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

    from vana.kernel.clock import Alarm

P = ParamSpec("P")
R = TypeVar("R")

_bound: ContextVar[Bound | None] = ContextVar("vana_bound", default=None)


def current_deadline() -> Deadline | None:
    """Give the moment at which what runs now is to end, the earliest of all around it; `None` without one."""
    span, bound = current_span(), _bound.get()
    deadline = span.deadline if span is not None else None
    if bound is None or (deadline is not None and deadline.remaining() < bound.remaining()):
        return deadline
    return Deadline(bound.at, bound.clock)


@contextmanager
def unbounded() -> Generator[None]:
    """Take the limits of layers around it off a block: for work that is shared, and outlives who began it.

    The current span's deadline still holds; give the work books of its own, see `Span.part`.
    """
    token = _bound.set(None)
    try:
        yield
    finally:
        _bound.reset(token)


@dataclass(frozen=True, slots=True)
class Timeout:
    """End a call after *seconds*, or when the run's deadline passes, whichever comes first.

    Outermost it bounds a call with all its attempts, innermost a single attempt. What runs inside sees the
    earlier one as `current_deadline`. Without *seconds* it enforces what is there already: the run's
    deadline. A limit that another one around it, in the same task, reaches first needs no timer.

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
        bounded = _until_deadline(service, target)
        if self.seconds is None:
            return bounded
        seconds, clock, now = self.seconds, self.clock, self.clock.monotonic
        watch = watching(seconds, clock)

        @wraps(service)
        async def timed(*args: P.args, **kwargs: P.kwargs) -> R:
            began = now()
            at = began + seconds
            span, outer = current_span(), _bound.get()
            if (span is not None or outer is not None) and _passes(span, outer, clock, began) <= at:
                return await bounded(*args, **kwargs)
            bound = watch(at)
            token = _bound.set(bound)
            try:
                return await service(*args, **kwargs)
            except asyncio.CancelledError as error:
                if bound.fired and bound.take_back():
                    raise _timed_out(target, seconds) from error
                raise
            except DeadlineExceeded as error:
                if now() < at:
                    raise
                # Something inside noticed first that our moment, which it takes for the run's, has passed.
                raise _timed_out(target, seconds) from error
            finally:
                _bound.reset(token)
                bound.row.pop(bound, None)
                if bound.fired:
                    bound.take_back()

        return timed


def _timed_out(target: str, seconds: float) -> AttemptTimeout:
    return AttemptTimeout(f"{target} took longer than {seconds:g} s")


def _passes(span: Span | None, bound: Bound | None, clock: Clock, now: float) -> float:
    """Give when the earliest limit passes, on *clock*; infinity without one."""
    at = math.inf
    if bound is not None:
        at = bound.at if bound.clock is clock else now + bound.remaining()
    deadline = span.deadline if span is not None else None
    if deadline is not None:
        at = min(at, deadline.at if deadline.clock is clock else now + deadline.remaining())
    return at


def _until_deadline(service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
    """Give *service* with no other limit than those around it."""

    @wraps(service)
    async def bounded(*args: P.args, **kwargs: P.kwargs) -> R:
        async with until_deadline(target):
            return await service(*args, **kwargs)

    return bounded


class until_deadline:  # noqa: N801 - read as a verb, and a class, for one made of a generator costs much more
    """Bound a block by the current deadline, or by a *share* of the time left; without one it is not bounded.

    Raises:
        DeadlineExceeded: the deadline has passed, before the block or in it; the message names *what*.
        AttemptTimeout: a share below 1 was used up.
    """

    __slots__ = ("_alarm", "_bound", "_share", "_token", "_what")

    def __init__(self, what: str, *, share: float = 1.0) -> None:
        self._what = what
        self._share = share
        self._bound: Bound | None = None
        self._alarm: Alarm | None = None
        self._token: Token[Bound | None] | None = None

    async def __aenter__(self) -> None:
        deadline = current_deadline()
        if deadline is None:
            return
        deadline.check(self._what)
        task, outer = current_task(), _bound.get()
        at, left = deadline.at, deadline.remaining() * self._share
        if self._share < 1:
            at = deadline.clock.monotonic() + left
        elif outer is not None and outer.is_of(task) and outer.at == at and outer.clock is deadline.clock:
            return  # it ends this block as well
        self._bound = Bound(task, at, deadline.clock, {})
        self._alarm = deadline.clock.alarm(left, self._bound.cut)
        self._token = _bound.set(self._bound)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        bound, alarm, token = self._bound, self._alarm, self._token
        if bound is None or alarm is None or token is None:
            return
        alarm.cancel()
        _bound.reset(token)
        was_cut = bound.fired and bound.take_back() and isinstance(error, asyncio.CancelledError)
        if self._share < 1 and (was_cut or (isinstance(error, DeadlineExceeded) and bound.remaining() <= 0)):
            message = f"{self._what} used up its share of the time of the run"
            raise AttemptTimeout(message) from error
        if was_cut:
            message = f"the time of the run was used up during {self._what}"
            raise DeadlineExceeded(
                message, hint="give the run more time with --timeout or timeout="
            ) from error
