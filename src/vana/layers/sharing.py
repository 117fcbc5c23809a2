"""Breakers of many processes that learn from each other, without any call waiting for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from vana.kernel.background import Background
from vana.kernel.errors import ConfigError
from vana.kernel.ports import SharedState

if TYPE_CHECKING:
    from vana.kernel.clock import Clock
    from vana.kernel.plain import JSON

P = ParamSpec("P")
R = TypeVar("R")

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Sharing:
    """Share what breakers found out through *state*, in tasks of *owner*, read at most every *every* seconds.

    Each process decides for itself and at once; what it decided is then told to the others, who follow at
    their next call but one. A process that finds the target well while another has just found it ill does not
    take that back. Where *state* fails, *owner* is told and the breaker goes on alone.

    Raises:
        ConfigError: *every* is not positive.
    """

    state: SharedState
    owner: Background
    every: float = 1.0

    def __post_init__(self) -> None:
        """Refuse to read without end."""
        if not self.every > 0:
            message = f"a shared state is read every so many seconds, not {self.every!r}"
            raise ConfigError(message)


@dataclass(frozen=True, slots=True)
class Finding:
    """What a process found out about a target: it is to be left alone until a wall time, or it is well."""

    until: float | None
    openings: int

    @classmethod
    def read(cls, value: JSON) -> Finding | None:
        """Give what *value* says; `None` where nothing is kept, or something that no breaker has written."""
        if not isinstance(value, Mapping):
            return None
        until, openings = value.get("until"), value.get("openings")
        if not isinstance(openings, int) or not (until is None or isinstance(until, (int, float))):
            return None
        return cls(until, openings)

    def as_json(self) -> JSON:
        """Give it as JSON data."""
        return {"until": self.until, "openings": self.openings}


class Follower(Protocol):
    """A circuit that can be told what others found out."""

    def follow(self, found: Finding) -> None:
        """Take over *found*, where it is news."""
        ...


class Link:
    """The connection of one circuit with the circuits of other processes for the same target."""

    __slots__ = ("_busy", "_circuit", "_clock", "_key", "_next", "_ours", "_sharing", "_version")

    def __init__(self, sharing: Sharing, circuit: Follower, *, target: str, clock: Clock) -> None:
        self._sharing = sharing
        self._circuit = circuit
        self._key = f"breaker:{target}"
        self._clock = clock
        self._next = clock.monotonic()
        self._busy = False
        self._ours: Finding | None = None  # found out here, and not told yet
        self._version = 0

    def tell(self, found: Finding) -> None:
        """Tell the others *found* with the next `poll`, instead of what they were to be told before."""
        self._ours = found

    def poll(self) -> None:
        """Exchange news with the others in the background, if there are any or it is time to ask."""
        if self._busy or (self._ours is None and self._clock.monotonic() < self._next):
            return
        self._busy = True
        self._next = self._clock.monotonic() + self._sharing.every
        self._sharing.owner.spawn(self._exchange(), name=self._key)

    async def _exchange(self) -> None:
        try:
            for _ in range(_TRIES):
                value, version = await self._sharing.state.read(self._key)
                ours, self._ours = self._ours, None
                if ours is None or not self._is_news(ours, Finding.read(value), version):
                    self._hear(Finding.read(value), version)
                    return
                if await self._sharing.state.swap(self._key, ours.as_json(), version=version):
                    self._version = version + 1
                    return
                self._ours = self._ours or ours  # somebody was quicker: look what they say
        finally:
            self._busy = False

    def _is_news(self, ours: Finding, theirs: Finding | None, version: int) -> bool:
        """Tell whether *ours* is to take the place of *theirs*."""
        if ours.until is None:
            return version == self._version  # nobody has found out anything since we last looked
        return theirs is None or theirs.until is None or theirs.until < ours.until

    def _hear(self, theirs: Finding | None, version: int) -> None:
        if version == self._version:
            return
        self._version = version
        if theirs is not None:
            self._circuit.follow(theirs)


def exchanging(service: Callable[P, Awaitable[R]], link: Link) -> Callable[P, Awaitable[R]]:
    """Give *service* with news exchanged around each call."""

    @wraps(service)
    async def shared(*args: P.args, **kwargs: P.kwargs) -> R:
        link.poll()
        try:
            return await service(*args, **kwargs)
        finally:
            link.poll()

    return shared
