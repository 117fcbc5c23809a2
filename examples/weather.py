"""A specialist of your own: one typed tool, called in both forms, with no key and no model.

python examples/weather.py
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from vana import Context, Specialist, Vana


class WeatherStation:
    """A stand-in for a real service: the weather here is the length of a city's name."""

    async def highs(self, city: str, days: int) -> list[float]:
        """Give the highest temperature of each day."""
        return [15.0 + len(city) + day for day in range(days)]


@dataclass
class Deps:
    """What the tools of the specialist need."""

    station: WeatherStation


weather = Specialist[Deps](
    "weather",
    does="forecasts for a city",
    instructions="Answer in degrees Celsius.",
    examples=["will it rain in Oslo tomorrow?"],
)


@weather.tool(idempotent=True, cache=300)
async def forecast(ctx: Context[Deps], city: str, days: int = 3) -> list[float]:
    """Daily highs in degrees Celsius, today first."""
    return await ctx.deps.station.highs(city, days)


async def main() -> None:
    """Call the tool by its function, by its name, and in words that state its arguments."""
    async with Vana(specialists=[weather], deps=Deps(WeatherStation())) as vana:
        highs = await vana.call(forecast, city="Oslo")  # Answer[list[float]]: typed by the tool's signature
        print("typed:   ", highs.unwrap())

        same = await vana.call("weather", "forecast", {"city": "Oslo"})
        print("by name: ", same.unwrap())

        wrong = await vana.call("weather", "forecast", {"town": "Oslo"})
        print("wrong:   ", wrong.status, "-", wrong.error.message if wrong.error else "")

        asked = await vana.ask("forecast city=Oslo days=2")
        print("in words:", asked.text, "-", asked.route.reason if asked.route else "")


if __name__ == "__main__":
    asyncio.run(main())
