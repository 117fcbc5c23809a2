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
from vana.layers.watch import Bound, Watches, current_task

if TYPE_CHECKING:
    from contextvars import Token
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

_bound: ContextVar[Bound | None] = ContextVar("vana_bound", default=None)


def current_deadline() -> Deadline | None:
    """Give the moment at which what runs now is to end, the earliest of all around it; `None` without one."""
    limit = _earliest()
    return Deadline(limit.at, limit.clock) if isinstance(limit, Bound) else limit


def _earliest() -> Bound | Deadline | None:
    """Give what ends first of all that bounds what runs now."""
    span, bound = current_span(), _bound.get()
    deadline = span.deadline if span is not None else None
    if bound is None or deadline is None:
        return bound or deadline
    if bound.clock is deadline.clock:
        return deadline if deadline.at < bound.at else bound
    return deadline if deadline.remaining() < bound.remaining() else bound


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
        bounded = in_time(service, target)
        if self.seconds is None:
            return bounded
        seconds, clock, now = self.seconds, self.clock, self.clock.monotonic
        watches = Watches()

        def begin() -> Bound | None:
            began = now()
            at, span, outer = began + seconds, current_span(), _bound.get()
            if (span is not None or outer is not None) and _passes(span, outer, clock, began) <= at:
                return None
            return watches.enter(at, clock)

        return _cut(service, begin, otherwise=bounded, late=f"{target} took longer than {seconds:g} s")


def in_time(
    service: Callable[P, Awaitable[R]], what: str, *, share: float = 1.0
) -> Callable[P, Awaitable[R]]:
    """Give *service* bounded by the current deadline, or by a *share* of the time left when it is called.

    It raises `DeadlineExceeded` where no time is left, and `AttemptTimeout` when its share is used up.
    """
    if share < 1:
        return _in_share(service, what, share)

    @wraps(service)
    async def bounded(*args: P.args, **kwargs: P.kwargs) -> R:
        async with until_deadline(what):
            return await service(*args, **kwargs)

    return bounded


def _in_share(service: Callable[P, Awaitable[R]], what: str, share: float) -> Callable[P, Awaitable[R]]:
    watches = Watches()

    def begin() -> Bound | None:
        limit = _earliest()
        if limit is None:
            return None
        clock = limit.clock
        now = clock.monotonic()
        if now >= limit.at:
            Deadline(limit.at, clock).check(what)
        return watches.enter(now + (limit.at - now) * share, clock)

    return _cut(service, begin, otherwise=service, late=f"{what} used up its share of the time of the run")


def _cut(
    service: Callable[P, Awaitable[R]],
    begin: Callable[[], Bound | None],
    *,
    otherwise: Callable[P, Awaitable[R]],
    late: str,
) -> Callable[P, Awaitable[R]]:
    """Give *service* cut at the bound that *begin* gives with each call; *otherwise* where it gives none."""

    @wraps(service)
    async def timed(*args: P.args, **kwargs: P.kwargs) -> R:
        bound = begin()
        if bound is None:
            return await otherwise(*args, **kwargs)
        token = _bound.set(bound)
        try:
            return await service(*args, **kwargs)
        except asyncio.CancelledError as error:
            if bound.fired and bound.take_back():
                raise AttemptTimeout(late) from error
            raise
        except DeadlineExceeded as error:
            if bound.remaining() > 0:
                raise
            # Something inside noticed first that our moment, which it takes for the run's, has passed.
            raise AttemptTimeout(late) from error
        finally:
            _bound.reset(token)
            bound.leave()

    return timed


def _passes(span: Span | None, bound: Bound | None, clock: Clock, now: float) -> float:
    """Give when the earliest limit passes, on *clock*; infinity without one."""
    at = math.inf
    if bound is not None:
        at = bound.at if bound.clock is clock else now + bound.remaining()
    deadline = span.deadline if span is not None else None
    if deadline is not None:
        at = min(at, deadline.at if deadline.clock is clock else now + deadline.remaining())
    return at


class until_deadline:  # noqa: N801 - read as a verb, and a class, for one made of a generator costs much more
    """Bound a block by the current deadline; without one it is not bounded.

    Raises:
        DeadlineExceeded: the deadline has passed, before the block or in it; the message names *what*.
    """

    __slots__ = ("_bound", "_token", "_what")

    def __init__(self, what: str) -> None:
        self._what = what
        self._bound: Bound | None = None
        self._token: Token[Bound | None] | None = None

    async def __aenter__(self) -> None:
        deadline = current_deadline()
        if deadline is None:
            return
        deadline.check(self._what)
        task, outer, at, clock = current_task(), _bound.get(), deadline.at, deadline.clock
        if outer is not None and outer.is_of(task) and outer.at == at and outer.clock is clock:
            return  # it ends this block as well
        self._bound = bound = Bound(task, at, clock, {})
        bound.alarm = clock.alarm(deadline.remaining(), bound.cut)
        self._token = _bound.set(bound)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        bound, token = self._bound, self._token
        if bound is None or token is None:
            return
        _bound.reset(token)
        was_cut = isinstance(error, asyncio.CancelledError) and bound.fired and bound.take_back()
        bound.leave()
        if was_cut:
            message = f"the time of the run was used up during {self._what}"
            raise DeadlineExceeded(
                message, hint="give the run more time with --timeout or timeout="
            ) from error
