"""Streams that are drained to their end and kept only up to a cap."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

FLOOD = 8
"""A stream with more than this many times its cap is a flood, and its run is ended."""


class Capped(asyncio.Protocol):
    """Keep the first bytes of a stream, count the others, and say once when it is a flood.

    `ended` is done when the stream is: for a pipe, when no process holds its other end any more.
    """

    def __init__(self, keep: int, on_flood: Callable[[], None]) -> None:
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.kept = bytearray()
        self.dropped = 0
        self.is_flood = False
        self._keep, self._on_flood = keep, on_flood

    def data_received(self, data: bytes) -> None:
        """Keep what fits, count what does not."""
        room = max(0, self._keep - len(self.kept))
        self.kept += data[:room]
        self.dropped += max(0, len(data) - room)
        if not self.is_flood and len(self.kept) + self.dropped > FLOOD * self._keep:
            self.is_flood = True
            self._on_flood()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - however it came
        """Note the end."""
        if not self.ended.done():
            self.ended.set_result(None)
