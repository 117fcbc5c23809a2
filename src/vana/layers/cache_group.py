"""What several caches share: their invalidation, the owner of their refreshes, their second level."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple, Protocol, Self
from weakref import WeakSet

from vana.kernel.background import Background
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import Failed, Transient
from vana.kernel.plain import JSON
from vana.kernel.run import degrade
from vana.layers.second_level import Found, SecondLevel

PAUSE_S = 5.0
"""How long a second level that failed is left alone."""


class Held(NamedTuple):
    """How much caches hold: entries, and bytes by the estimate of `vana.layers.parcel.size_of`."""

    entries: int
    bytes: int


class Member(Protocol):
    """A cache, as its group knows it."""

    def held(self) -> Held:
        """Give how much it holds."""
        ...

    def forget(self, tags: frozenset[str]) -> None:
        """Let go of all that bears one of *tags*, and do not keep what is being computed with one."""
        ...


class CacheGroup:
    """Caches that are invalidated together, refreshed in the background, and closed in the end.

    Hand it to the recipes: `Cache(group=group)`. It belongs to one event loop. *second* is asked on a miss
    before the call is made; who opened it closes it. When it fails, it is left alone for 5 s, and every call
    that does without it says so. An error of a refresh is handed to *on_error* with the task's name; without
    one it goes to the event loop's exception handler.
    """

    def __init__(
        self,
        second: SecondLevel | None = None,
        *,
        clock: Clock = SYSTEM_CLOCK,
        on_error: Callable[[str, BaseException], None] | None = None,
    ) -> None:
        self.background = Background(on_error)
        self.is_open = True
        self.second = second
        self._clock = clock
        self._members: WeakSet[Member] = WeakSet()
        self._paused_until = 0.0
        self._trouble = ""
        self._owed: set[str] = set()

    async def __aenter__(self) -> Self:
        """Give itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close."""
        await self.aclose()

    def join(self, member: Member) -> None:
        """Let *member* hear of invalidations as long as it lives."""
        self._members.add(member)

    def held(self) -> Held:
        """Give how much all caches of this group hold."""
        each = [member.held() for member in tuple(self._members)]
        return Held(sum(one.entries for one in each), sum(one.bytes for one in each))

    async def invalidate(self, *tags: str) -> None:
        """Let go of every result that bears one of *tags*; the name of a target is a tag of all its results.

        Once it returns no caller in this process gets one, and none that was being computed will be kept.
        Other processes lose what is in the second level, and their own copies when those are over. Where the
        second level cannot be told now, this process reads nothing from it until it has been.
        """
        wanted = frozenset(tags)
        self._forget(wanted)
        if self.second is None:
            return
        # Until it is told, `find` tells it before it reads: nothing from before gets in meanwhile.
        self._owed |= wanted
        await self._settle(self.second)

    async def find(self, key: bytes) -> Found | None:
        """Ask the second level; `None` where there is none, or it cannot say."""
        second = self.second
        if second is None or not await self._settle(second):
            return None
        try:
            return await second.find(key)
        except (Failed, Transient) as error:
            self._pause(error)
            return None

    async def keep(
        self, key: bytes, value: JSON, *, seconds: float, tags: Collection[str], fence: int
    ) -> None:
        """Keep *value* in the second level, where there is one that can."""
        if self.second is None or self._is_paused():
            return
        try:
            await self.second.keep(key, value, seconds=seconds, tags=tags, fence=fence)
        except (Failed, Transient) as error:
            self._pause(error)

    async def aclose(self) -> None:
        """End the refreshes under way. The caches go on, without refreshes behind a stale value."""
        self.is_open = False
        await self.background.aclose()

    def _forget(self, tags: frozenset[str]) -> None:
        for member in tuple(self._members):
            member.forget(tags)

    async def _settle(self, second: SecondLevel) -> bool:
        """Tell the second level what it was not told yet, and say whether it may be read."""
        if self._is_paused():
            return False
        owed = frozenset(self._owed)
        if not owed:
            return True
        try:
            await second.invalidate(owed)
        except (Failed, Transient) as error:
            self._owed |= owed  # another who told the same at the same time may have crossed it off
            self._pause(error)
            return False
        self._owed -= owed
        return True

    def _is_paused(self) -> bool:
        if self._clock.monotonic() >= self._paused_until:
            return False
        degrade("cache", self._trouble, "done without the second level")
        return True

    def _pause(self, error: Failed | Transient) -> None:
        self._paused_until = self._clock.monotonic() + PAUSE_S
        self._trouble = error.message
        degrade("cache", self._trouble, "done without the second level")
