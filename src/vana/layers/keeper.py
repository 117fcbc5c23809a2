"""What a cache does when it has no fresh result: share one call, serve what is stale, keep what comes."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Generic, TypeGuard, TypeVar, cast

from vana.kernel.background import Background
from vana.kernel.clock import Clock, Deadline
from vana.kernel.errors import AllFailed, CircuitOpen, DeadlineExceeded, Transient, VanaError
from vana.kernel.plain import JSON
from vana.kernel.run import Evidence, Span, degrade, inside
from vana.layers.cache_group import CacheGroup, Held
from vana.layers.deadline import current_deadline, unbounded
from vana.layers.flight import Flight
from vana.layers.parcel import Parcel, packed
from vana.layers.shelf import Entry, Failing, Place, Shelf

R = TypeVar("R")

_JITTER = 0.1
_ERROR_BYTES = 1024
_NOTHING = Evidence()


@dataclass(frozen=True, slots=True)
class Terms:
    """How one target's results are kept: the settings of `vana.layers.cache.Cache`."""

    target: str
    ttl: float
    stale: float
    stale_if_error: float
    negative: float
    errors: tuple[type[Exception], ...]
    is_frozen: bool
    group: CacheGroup | None
    clock: Clock
    rng: Callable[[], float]


@dataclass(frozen=True, slots=True)
class Ask(Generic[R]):
    """One caller's request for a result that is not at hand."""

    place: Place
    digest: Callable[[], bytes]
    """Gives the key under which every process knows it."""
    call: Callable[[], Awaitable[R]]
    tags: tuple[str, ...]
    span: Span | None


@dataclass(slots=True, eq=False)
class _Voyage:
    """A flight, its books, and whether what it brings may be kept."""

    books: Span | None
    tags: tuple[str, ...]
    is_refresh: bool
    deadline: Deadline | None
    """Until when the one who started it wanted it; `None` for a refresh, which nobody waits for."""
    is_fenced: bool = False
    is_charged: bool = False
    flight: Flight[Parcel] = field(init=False)

    def is_late(self) -> bool:
        """Tell whether the time of the one who started it is up."""
        return self.deadline is not None and self.deadline.remaining() <= 0

    def evidence(self) -> Evidence:
        """Give what belongs to the value that it brought."""
        return self.books.evidence() if self.books is not None else _NOTHING

    def settle(self, span: Span | None) -> None:
        """Enter its books into those of one who waited to the end; the cost only into the first's."""
        if span is None or self.books is None or not self.flight.has_landed:
            return
        span.add_evidence(self.books)
        if not self.is_charged:
            self.is_charged = True
            span.add_usage(self.books)


class Keeper(Generic[R]):
    """The shelf and the calls under way of one wrapped service."""

    __slots__ = ("__weakref__", "_owner", "_terms", "_voyages", "shelf")

    def __init__(self, terms: Terms, shelf: Shelf) -> None:
        self.shelf = shelf
        self._terms = terms
        self._voyages: dict[Place, _Voyage] = {}
        # Never closed: these flights end with the last of their callers, so none is left when they are gone.
        self._owner = Background()
        if terms.group is not None:
            terms.group.join(self)

    async def give(self, ask: Ask[R]) -> R:
        """Give what is stale and may be given, or make the call, or wait for the one under way."""
        terms, entry = self._terms, self.shelf.entries.get(ask.place)
        if entry is not None:
            now = terms.clock.monotonic()
            if (failing := entry.error) is not None and now < failing.until:
                raise failing.error.with_traceback(None)
            if now < entry.until:
                return self._handed(entry, ask.span)
            if terms.group is not None and terms.group.is_open and now < entry.until + terms.stale:
                self._refresh(ask, entry, now)
                return self._handed(entry, ask.span)
        try:
            parcel = await self._shared(ask)
        except VanaError as error:
            entry = self._usable(ask.place, error)
            if entry is None:
                raise
            age = terms.clock.monotonic() - entry.until
            degrade("stale", f"{terms.target}: {error.message}", f"a result that was over {age:.0f} s ago")
            return self._handed(entry, ask.span)
        return cast("R", parcel.opened())  # a parcel gives out what was put in

    def held(self) -> Held:
        """Give how many entries there are, and how many bytes they take."""
        return Held(len(self.shelf.entries), self.shelf.bytes)

    def forget(self, tags: frozenset[str]) -> None:
        """Let go of all that bears one of *tags*, and do not keep what is being computed with one."""
        everything = self._terms.target in tags
        if everything:
            self.shelf.clear()
        else:
            self.shelf.drop_tagged(tags)
        for place, voyage in tuple(self._voyages.items()):
            if everything or not tags.isdisjoint(voyage.tags):
                # Who asks from now on is owed a newer result, so nobody joins it any more.
                voyage.is_fenced = True
                del self._voyages[place]

    def _handed(self, entry: Entry, span: Span | None) -> R:
        if span is not None and entry.evidence is not None:
            span.add_evidence(entry.evidence)
        return cast("R", entry.opened())  # only results of this service stand on its shelf

    def _usable(self, place: Place, error: VanaError) -> Entry | None:
        """Give the stale entry that may stand in for a call that failed with *error*."""
        entry = self.shelf.entries.get(place)
        if entry is None or not is_outage(error):
            return None
        over = self._terms.clock.monotonic() - entry.until
        return entry if over < self._terms.stale_if_error else None

    def _refresh(self, ask: Ask[R], entry: Entry, now: float) -> None:
        if self._under_way(ask.place) is None and now >= entry.refresh_at:
            self._depart(ask, is_refresh=True)

    async def _shared(self, ask: Ask[R]) -> Parcel:
        """Join the call under way, or start it, and give what it brings."""
        while True:
            if (deadline := current_deadline()) is not None:
                deadline.check(self._terms.target)
            voyage = self._under_way(ask.place)
            led = voyage is None
            if voyage is None:
                voyage = self._depart(ask, is_refresh=False)
            await self._wait(ask, voyage)
            try:
                return voyage.flight.result()
            except DeadlineExceeded:
                if led or not voyage.is_late():
                    raise
            # The time of the one who started it was up, not ours: ask again.

    def _under_way(self, place: Place) -> _Voyage | None:
        """Give the call under way; one that was cancelled before it began could not cross itself off."""
        voyage = self._voyages.get(place)
        return None if voyage is None or voyage.flight.has_landed else voyage

    def _depart(self, ask: Ask[R], *, is_refresh: bool) -> _Voyage:
        span, group = ask.span, self._terms.group
        deadline = None if is_refresh else current_deadline()
        books = span.part(deadline) if span is not None else None
        voyage = _Voyage(books, ask.tags, is_refresh, deadline)
        start = group.background.spawn if is_refresh and group is not None else self._owner.share
        voyage.flight = Flight(self._terms.target, lambda: self._bring(ask, voyage), start)
        self._voyages[ask.place] = voyage
        return voyage

    async def _wait(self, ask: Ask[R], voyage: _Voyage) -> None:
        """Wait for *voyage* to end, however it does; the last who leaves it early takes it down."""
        flight = voyage.flight
        try:
            await flight.wait()
        finally:
            if not (flight.has_landed or flight.is_awaited or voyage.is_refresh):
                self._discard(ask.place, voyage)
                await flight.end()
            voyage.settle(ask.span)

    async def _bring(self, ask: Ask[R], voyage: _Voyage) -> Parcel:
        try:
            return await self._fetched(ask, voyage)
        except self._terms.errors as error:
            self._keep_error(ask.place, voyage, error)
            raise
        finally:
            self._discard(ask.place, voyage)
            entry = self.shelf.entries.get(ask.place)
            if voyage.is_refresh and entry is not None:  # a new one is fresh, and the old one needs a rest
                entry.refresh_at = self._terms.clock.monotonic() + self._terms.negative

    async def _fetched(self, ask: Ask[R], voyage: _Voyage) -> Parcel:
        """Give what the second level has, or make the call."""
        group = self._terms.group
        seconds = self._terms.ttl * (1 - _JITTER * self._terms.rng())
        if group is None or group.second is None:
            return self._keep(ask.place, voyage, await self._called(ask, voyage), seconds)
        digest = ask.digest()
        found = await group.find(digest)
        if found is not None and found.kept is not None and not voyage.is_refresh:
            value, seconds = found.kept[0], min(seconds, found.seconds)
            return self._keep(ask.place, voyage, cast("R", value), seconds)  # it was kept as a result of this
        value = await self._called(ask, voyage)
        parcel = self._keep(ask.place, voyage, value, seconds)
        if found is not None and not voyage.is_fenced and voyage.evidence() == _NOTHING and is_json(value):
            tags = (self._terms.target, *ask.tags)
            await group.keep(digest, value, seconds=seconds, tags=tags, fence=found.fence)
        return parcel

    async def _called(self, ask: Ask[R], voyage: _Voyage) -> R:
        # The limit of the one who started it is in the books; nobody else's layers bound a shared call.
        with unbounded(), inside(voyage.books) if voyage.books is not None else nullcontext():
            return await ask.call()

    def _keep(self, place: Place, voyage: _Voyage, value: R, seconds: float) -> Parcel:
        parcel = packed(value, self._terms.target, frozen=self._terms.is_frozen)
        if not voyage.is_fenced:
            now = self._terms.clock.monotonic()
            entry = Entry(place, parcel, now + seconds)
            evidence = voyage.evidence()
            entry.evidence = evidence if evidence != _NOTHING else None
            entry.tags = voyage.tags
            self.shelf.put(entry, now)
        return parcel

    def _keep_error(self, place: Place, voyage: _Voyage, error: Exception) -> None:
        """Keep *error* as the answer for a while, unless a stale result is the better one."""
        stands_in = isinstance(error, VanaError) and self._usable(place, error) is not None
        if voyage.is_fenced or stands_in or not self._terms.negative:
            return
        now = self._terms.clock.monotonic()
        failing = Failing(error, now + self._terms.negative)
        entry = Entry(place, Parcel(failing, None, _ERROR_BYTES), -math.inf)
        entry.tags = voyage.tags
        self.shelf.put(entry, now)

    def _discard(self, place: Place, voyage: _Voyage) -> None:
        if self._voyages.get(place) is voyage:
            del self._voyages[place]


def is_json(value: object) -> TypeGuard[JSON]:
    """Tell whether *value* comes back equal and of equal type from JSON text."""
    kind = type(value)
    if kind is float:
        return math.isfinite(cast("float", value))
    if kind is list:
        return all(map(is_json, cast("list[object]", value)))
    if kind is dict:
        items = cast("dict[object, object]", value).items()
        return all(type(key) is str and is_json(item) for key, item in items)
    return value is None or kind in {bool, int, str}


def is_outage(error: BaseException) -> bool:
    """Tell whether *error* says that the other side cannot be reached now, not that it gave a bad answer."""
    if isinstance(error, AllFailed):
        return bool(error.causes) and all(map(is_outage, error.causes))
    return isinstance(error, (CircuitOpen, Transient))
