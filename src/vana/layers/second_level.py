"""The contract of a second level: results that several processes share, and that outlive them."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError
from vana.kernel.plain import JSON

MAX_BYTES = 64 << 20
MOST_FENCES = 10_000
"""Invalidations remembered one by one. What was begun before those that are not is never kept."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a second level has to say about a key."""

    fence: int
    """Which invalidations had happened. Hand it back with what you compute: a later one makes that void."""
    kept: tuple[JSON] | None = None
    """The value, or `None` where none is kept."""
    seconds: float = 0.0
    """How long it may still be given out."""


class SecondLevel(Protocol):
    """Values as JSON, for a time, under a key that means the same in every process.

    A level that cannot be reached raises, and the cache that asked does without it; it does not wait long.
    """

    async def find(self, key: bytes) -> Found:
        """Give what is kept under *key* and not over.

        Raises:
            StoreFailed: it cannot be read.
        """
        ...

    async def keep(
        self, key: bytes, value: JSON, *, seconds: float, tags: Collection[str], fence: int
    ) -> bool:
        """Keep *value* for *seconds*, and say whether it is.

        It is not when one of *tags* was invalidated after *fence*, or when it is too large.

        Raises:
            StoreFailed: it cannot be written.
        """
        ...

    async def invalidate(self, tags: Collection[str]) -> None:
        """Let go of all that bears one of *tags*, and of what is being computed with one.

        Raises:
            StoreFailed: it cannot be written, and what was kept is still there.
        """
        ...

    async def aclose(self) -> None:
        """Let go of it."""
        ...


def as_text(value: JSON) -> str:
    """Give *value* as JSON text of plain ASCII, which every database takes, lone surrogates included."""
    return json.dumps(value, separators=(",", ":"))


class InProcess:
    """A second level for the caches of one process: several installations in it share what they know.

    Full, it lets go of what would be over first.
    """

    def __init__(self, *, max_bytes: int = MAX_BYTES, clock: Clock = SYSTEM_CLOCK) -> None:
        if max_bytes < 1:
            message = f"a second level keeps at least 1 byte, not {max_bytes}"
            raise ConfigError(message)
        self._max_bytes = max_bytes
        self._clock = clock
        self._kept: dict[bytes, tuple[str, float, frozenset[str]]] = {}
        self._bytes = 0
        self._fence = 0
        self._fences: dict[str, int] = {}
        self._floor = 0  # what began before it is void whatever its tags: so that `_fences` need not grow

    async def find(self, key: bytes) -> Found:
        """Give what is kept under *key* and not over."""
        text, until, _ = self._kept.get(key, (None, 0.0, None))
        left = until - self._clock.now()
        if text is None or left <= 0:
            return Found(self._fence)
        return Found(self._fence, (json.loads(text),), left)

    async def keep(
        self, key: bytes, value: JSON, *, seconds: float, tags: Collection[str], fence: int
    ) -> bool:
        """Keep *value* for *seconds*, and say whether it is."""
        text = as_text(value)
        fenced = fence < self._floor or any(self._fences.get(tag, 0) > fence for tag in tags)
        if fenced or _size(key, text) > self._max_bytes:
            return False
        self._drop(key)
        self._kept[key] = (text, self._clock.now() + seconds, frozenset(tags))
        self._bytes += _size(key, text)
        self._make_room()
        return key in self._kept

    async def invalidate(self, tags: Collection[str]) -> None:
        """Let go of all that bears one of *tags*."""
        self._fence += 1
        self._fences.update(dict.fromkeys(tags, self._fence))
        if len(self._fences) > MOST_FENCES:
            self._floor = self._fence
            self._fences.clear()
        for key, (_, _, borne) in tuple(self._kept.items()):
            if not borne.isdisjoint(tags):
                self._drop(key)

    async def aclose(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._bytes = 0

    def _make_room(self) -> None:
        if self._bytes <= self._max_bytes:
            return
        for key in sorted(self._kept, key=lambda key: self._kept[key][1]):
            self._drop(key)
            if self._bytes <= self._max_bytes * 9 // 10:  # so that not every one that comes sorts them all
                return

    def _drop(self, key: bytes) -> None:
        gone = self._kept.pop(key, None)
        if gone is not None:
            self._bytes -= _size(key, gone[0])


def _size(key: bytes, text: str) -> int:
    return len(key) + len(text)
