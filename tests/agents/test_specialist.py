from __future__ import annotations

import pytest

from vana.agents.specialist import SPECIALISTS, Specialist
from vana.kernel.errors import ConfigError, UnknownName
from vana.tools.tool import Context


def made(name: str = "weather") -> Specialist[None]:
    return Specialist(name, does="forecasts for a city")


@pytest.mark.parametrize("name", ["weather", "weather_2", "w", "a1_b2"])
def test_a_name_is_lower_case_letters_digits_and_underscores(name: str):
    assert made(name).name == name


@pytest.mark.parametrize(
    "name", ["", "Weather", "2weather", "_weather", "wea ther", "wea-ther", "a.b", "wétter", "a\n"]
)
def test_any_other_name_is_refused_and_shown(name: str):
    with pytest.raises(ConfigError) as caught:
        made(name)
    assert repr(name) in caught.value.message
    assert caught.value.hint is not None


def test_tools_are_declared_bare_or_with_what_they_say_of_themselves():
    weather = made()

    @weather.tool
    async def forecast(ctx: Context[None], city: str) -> str:
        return city

    @weather.tool(idempotent=True, cache=300)
    async def warnings(ctx: Context[None]) -> str:
        return "none"

    @weather.plain_tool
    async def units() -> str:
        return "C"

    assert list(weather.tools) == ["forecast", "warnings", "units"]
    assert (warnings.traits.idempotent, warnings.traits.cache) == (True, 300)
    assert (forecast.traits.idempotent, forecast.traits.cache) == (False, None)
    assert weather.find("units") is not None
    assert units.takes_context is False
    assert repr(weather) == "Specialist('weather', 3 tools)"


def test_two_tools_of_one_name_are_refused():
    weather = made()

    async def forecast() -> None: ...

    weather.plain_tool(forecast)
    with pytest.raises(ConfigError, match="weather already has a tool named 'forecast'"):
        weather.plain_tool(forecast)


def test_an_unknown_tool_is_refused_with_those_there_are():
    weather = made()

    @weather.plain_tool
    async def forecast() -> None: ...

    with pytest.raises(UnknownName) as caught:
        weather.find("forcast")
    assert caught.value.message == "no tool of weather named 'forcast'; installed: forecast"
    assert forecast.name == "forecast"


def test_a_function_is_declared_as_what_it_is():
    weather = made()

    async def with_context(ctx: Context[None]) -> None: ...
    async def without() -> None: ...

    with pytest.raises(ConfigError, match="takes a Context first"):
        weather.plain_tool(with_context)
    with pytest.raises(ConfigError, match="takes no Context first"):
        weather.tool(without)  # pyright: ignore[reportArgumentType] - it is the case


def test_tools_of_one_specialist_are_not_those_of_another():
    first, second = made("first"), made("second")

    @first.plain_tool
    async def ping() -> None: ...

    assert list(second.tools) == []
    assert ping.owner == "first"


def test_the_built_in_specialists_come_through_the_common_door():
    assert {"code_execution", "memory"} <= set(SPECIALISTS.names())
    for name in SPECIALISTS.names():
        specialist = SPECIALISTS.load(name)
        assert (specialist.name, SPECIALISTS.origin(name)) == (name, "built in")
        assert specialist.does
        assert all(tool.description and tool.parameters for tool in specialist.tools.values())
