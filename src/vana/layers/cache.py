"""Results kept for a while, and one call for all who ask at the same time."""

from __future__ import annotations

import asyncio
import copy
import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Generic, ParamSpec, TypeVar

from vana.kernel.background import Background
from vana.kernel.clock import SYSTEM_CLOCK, Clock, Deadline
from vana.kernel.errors import ConfigError, DeadlineExceeded, Unavailable, UsageError
from vana.kernel.run import LOCAL_TENANT, Evidence, Span, current_span, inside
from vana.layers.deadline import until_deadline
from vana.layers.key import canonical
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")

_IMMUTABLE = frozenset({type(None), bool, int, float, complex, str, bytes})
_KEY_BYTES = 16


@dataclass(frozen=True, slots=True)
class Cache:
    """Keep results for *ttl* seconds, at most *max_entries* of them; the one unused longest leaves first.

    Put it only around reads. Two calls are the same when tenant, target and arguments are: see
    `vana.layers.key.canonical`. *key*, called with the arguments, gives what the result depends on instead
    of them; the tenant and the target always count. Callers who ask while a call is under way share it: it
    goes on when the one who started it is cancelled, and ends when nobody waits for it any more. Errors are
    shared by those who wait and not kept.

    Every caller gets a copy of its own, and with it what was degraded, cited and made for the first one.

    Raises:
        ConfigError: *ttl* is not positive, or *max_entries* is below 1.
    """

    ttl: float = 300.0
    max_entries: int = 10_000
    key: Callable[..., object] | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)

    def __post_init__(self) -> None:
        """Refuse a cache that keeps nothing."""
        if not self.ttl > 0 or self.max_entries < 1:
            message = f"a cache keeps at least 1 entry for more than 0 s, not {self!r}"
            raise ConfigError(message)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* behind a cache of its own.

        It raises `UsageError` when an argument has no key or a result cannot be copied, `DeadlineExceeded`
        when the run's time is used up while waiting, and otherwise what *service* raises.
        """
        shelf = _Shelf[R](self, target)
        identity = _identity(self.key, service)

        @wraps(service)
        async def cached(*args: P.args, **kwargs: P.kwargs) -> R:
            span = current_span()
            tenant = span.run.tenant if span is not None else LOCAL_TENANT
            text = canonical((tenant, target, identity(*args, **kwargs)))
            key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()
            entry = shelf.get(key)
            if entry is not None:
                if span is not None:
                    span.add_evidence(entry.evidence)
            else:
                entry = await shelf.fetch(key, lambda: service(*args, **kwargs), span)
            return _copied(entry.value, target)

        return cached


def _identity(key: Callable[..., object] | None, service: Callable[P, Awaitable[R]]) -> Callable[P, object]:
    """Give what turns arguments into that by which a call is known: every spelling of a call is the same."""
    if key is not None:
        return key
    signature = inspect.signature(service)

    def bound(*args: P.args, **kwargs: P.kwargs) -> object:
        arguments = signature.bind(*args, **kwargs)
        arguments.apply_defaults()
        return arguments.arguments

    return bound


@dataclass(frozen=True, slots=True)
class _Entry(Generic[R]):
    """A result, its own copy of it, and until when it may be given out."""

    value: R
    evidence: Evidence
    until: float


@dataclass(slots=True, eq=False)
class _Flight(Generic[R]):
    """A call under way, how many wait for it, and its books."""

    books: Span | None
    waiting: int = 0
    charged: bool = False
    task: asyncio.Task[_Entry[R]] = field(init=False)

    @property
    def deadline(self) -> Deadline | None:
        """Give the deadline of the caller who started it."""
        return self.books.deadline if self.books is not None else None

    def settle(self, span: Span | None) -> None:
        """Enter the books of an ended flight into those of one who waited; the cost only into the first's."""
        if span is None or self.books is None or not self.task.done():
            return
        span.add_evidence(self.books)
        if not self.charged:
            self.charged = True
            span.add_usage(self.books)


class _Shelf(Generic[R]):
    """The entries and flights of one wrapped service."""

    __slots__ = ("_entries", "_flights", "_owner", "_recipe", "_target")

    def __init__(self, recipe: Cache, target: str) -> None:
        self._recipe = recipe
        self._target = target
        self._entries: OrderedDict[bytes, _Entry[R]] = OrderedDict()
        self._flights: dict[bytes, _Flight[R]] = {}
        # Never closed: a flight ends with the last of its callers, so that none is left when they are gone.
        self._owner = Background()

    def get(self, key: bytes) -> _Entry[R] | None:
        """Give the entry under *key* while it is fresh."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if self._recipe.clock.monotonic() >= entry.until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return entry

    async def fetch(self, key: bytes, call: Callable[[], Awaitable[R]], span: Span | None) -> _Entry[R]:
        """Join the flight for *key*, or start it, and give what it brings."""
        while True:
            flight = self._flights.get(key)
            led = flight is None
            if flight is None:
                flight = self._start(key, call, span)
            await self._wait(key, flight, span)
            if flight.task.cancelled():
                message = f"the shared call of {self._target} was cancelled"
                raise Unavailable(message)
            error = flight.task.exception()
            late = isinstance(error, DeadlineExceeded) and _is_over(flight.deadline)
            if led or not late:
                return flight.task.result()
            # The time of the one who started it was up, not ours: ask again.

    def _start(self, key: bytes, call: Callable[[], Awaitable[R]], span: Span | None) -> _Flight[R]:
        flight = _Flight[R](span.part(span.deadline) if span is not None else None)
        self._flights[key] = flight
        flight.task = self._owner.share(self._fly(key, flight, call), name=f"cache:{self._target}")
        return flight

    async def _fly(self, key: bytes, flight: _Flight[R], call: Callable[[], Awaitable[R]]) -> _Entry[R]:
        try:
            if flight.books is None:
                return self._keep(key, await call(), Evidence())
            with inside(flight.books):
                value = await call()
            return self._keep(key, value, flight.books.evidence())
        finally:
            self._forget(key, flight)

    def _keep(self, key: bytes, value: R, evidence: Evidence) -> _Entry[R]:
        until = self._recipe.clock.monotonic() + self._recipe.ttl
        entry = _Entry(_copied(value, self._target), evidence, until)
        self._entries[key] = entry
        self._entries.move_to_end(key)
        if len(self._entries) > self._recipe.max_entries:
            self._entries.popitem(last=False)
        return entry

    async def _wait(self, key: bytes, flight: _Flight[R], span: Span | None) -> None:
        """Wait for *flight* to end, however it does; the last who leaves it early takes it down."""
        flight.waiting += 1
        try:
            async with until_deadline(self._target):
                await asyncio.wait({flight.task})
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._forget(key, flight)
                flight.task.cancel()
                await asyncio.wait({flight.task})
                if not flight.task.cancelled():
                    flight.task.exception()  # it failed while it ended; nobody is left to hear it
            flight.settle(span)

    def _forget(self, key: bytes, flight: _Flight[R]) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


def _is_over(deadline: Deadline | None) -> bool:
    return deadline is not None and deadline.remaining() <= 0


def _copied(value: R, target: str) -> R:
    """Give a copy that shares nothing that could be changed with *value*."""
    if type(value) in _IMMUTABLE:
        return value
    try:
        return copy.deepcopy(value)
    except (TypeError, copy.Error) as error:
        message = f"the result of {target} cannot be cached: {error}"
        raise UsageError(message, hint="give out data, or leave the cache away") from error
