"""The API as its users write it, read by pyright strict and mypy strict. Nothing here is run.

Each line that must be an error carries an ignore comment that both checkers read, and both report one that
ignores nothing: so a wrong use that becomes allowed breaks the build like a right one that becomes an error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_type

from vana import Answer, Breaker, Budget, Context, Retry, Source, Specialist, Tool, Vana, stack
from vana.testing import ScriptedModel


class WeatherStation:
    """A dependency of one's own."""

    async def highs(self, city: str, days: int) -> list[float]:
        """Give daily highs."""
        return [20.0 + len(city)] * days


@dataclass
class Deps:
    """What the tools of a specialist get."""

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
    assert_type(ctx.deps, Deps)
    return await ctx.deps.station.highs(city, days)


@weather.plain_tool
async def units() -> str:
    """The unit of all temperatures."""
    return "°C"


@weather.tool  # type: ignore[arg-type]
def not_async(city: str) -> str:
    """A tool must be async."""
    return city


@weather.tool()  # type: ignore[arg-type]
async def other_deps(ctx: Context[int]) -> int:
    """A tool must take the dependencies of its specialist."""
    return ctx.deps


async def right() -> None:
    """Use the API as it is meant."""
    assert_type(units, Tool[[], str])
    async with Vana(
        specialists=[weather], deps=Deps(WeatherStation()), model=ScriptedModel(["Warm."])
    ) as vana:
        answer = await vana.ask("How warm will Oslo be?", timeout=30.0, budget=Budget(model_calls=8))
        assert_type(answer, Answer[object])
        assert_type(answer.sources, tuple[Source, ...])
        highs = await vana.call(forecast, city="Oslo")
        assert_type(highs, Answer[list[float]])
        assert_type(highs.unwrap(), list[float])
        assert_type(await vana.call(forecast, "Oslo", days=2), Answer[list[float]])
        assert_type(await vana.call("weather", "forecast", {"city": "Oslo"}), Answer[Any])
        assert_type(await vana.call(units), Answer[str])
        with vana.override(model=ScriptedModel([]), deps=Deps(WeatherStation())):
            await vana.memory.remember("Oslo is in Norway")
        for hit in (await vana.memory.recall("Oslo", k=3)).hits:
            assert_type(hit.text, str)


async def fetch(url: str, *, tries: int = 1) -> bytes:
    """Give something from somewhere."""
    return url.encode() * tries


async def guarded() -> None:
    """Guard any async function, without agents: it keeps its signature."""
    safe = stack(Retry(), Breaker())(fetch)
    assert_type(await safe("a", tries=2), bytes)
    await safe(1)  # type: ignore[arg-type]


async def wrong(vana: Vana[Deps]) -> None:
    """Use it as it is not meant."""
    await vana.call(forecast)  # type: ignore[call-overload]
    await vana.call(forecast, town="Oslo")  # type: ignore[call-overload]
    await vana.call(forecast, city=3)  # type: ignore[call-overload]
    await vana.ask(3)  # type: ignore[arg-type]
    vana.override(deps="none")  # type: ignore[arg-type]
    Vana(specialists=[weather], deps=3)  # type: ignore[misc]
    Vana(specialists=[weather])  # type: ignore[list-item]
