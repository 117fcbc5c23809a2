"""The specialist of the documentation, for the tests of the app."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from vana import Context, Specialist, ToolFailed


@dataclass
class Station:
    """Counts how often it was asked."""

    base: float = 20.0
    asked: list[str] = field(default_factory=list[str])
    waiting: asyncio.Event = field(default_factory=asyncio.Event)

    async def highs(self, city: str, days: int) -> list[float]:
        """Give the same for every day."""
        self.asked.append(city)
        return [self.base + len(city)] * days


@dataclass
class Deps:
    """What the tools get."""

    station: Station


def weather() -> Specialist[Deps]:
    """Give a fresh specialist: tools are declared on an object, and tests share none."""
    specialist = Specialist[Deps](
        "weather", does="forecasts for a city", examples=["will it rain in Oslo tomorrow?"]
    )

    @specialist.tool(idempotent=True, cache=300)
    async def forecast(ctx: Context[Deps], city: str, days: int = 3) -> list[float]:
        """Daily highs in degrees Celsius, today first."""
        return await ctx.deps.station.highs(city, days)

    @specialist.tool
    async def storm(_ctx: Context[Deps], city: str) -> str:
        """Fail as a tool may."""
        message = f"no radar over {city}"
        raise ToolFailed(message)

    @specialist.tool
    async def broken(_ctx: Context[Deps]) -> float:
        """Fail as no tool should."""
        return 1 / 0

    @specialist.tool
    async def slow(ctx: Context[Deps]) -> None:
        """Never end by itself."""
        ctx.deps.station.waiting.set()
        await asyncio.Event().wait()

    assert [forecast, storm, broken, slow]
    return specialist
