"""State that breakers of one process share: the port, without a file."""

from __future__ import annotations

import asyncio

from vana.kernel.errors import StoreFailed
from vana.kernel.plain import JSON


class InMemory:
    """A shared state whose answers take some turns of the loop, and that can break."""

    def __init__(self) -> None:
        self.kept: dict[str, tuple[JSON, int]] = {}
        self.is_broken = False
        self.reads = 0

    async def read(self, key: str) -> tuple[JSON, int]:
        self.reads += 1
        await asyncio.sleep(0)
        if self.is_broken:
            raise StoreFailed("gone")
        return self.kept.get(key, (None, 0))

    async def swap(self, key: str, value: JSON, *, version: int) -> bool:
        await asyncio.sleep(0)
        if self.kept.get(key, (None, 0))[1] != version:
            return False
        self.kept[key] = (value, version + 1)
        return True
