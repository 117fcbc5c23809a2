from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast

import pytest

from vana.kernel.answer import Artifact, Degradation, Source
from vana.kernel.errors import ArgumentsInvalid, ConfigError, UsageError
from vana.kernel.run import Run, Span, inside
from vana.tools.tool import Context, Tool, Traits


@dataclass(frozen=True)
class Deps:
    base: int


class Odd:
    """A type that has no schema."""


async def forecast(ctx: Context[Deps], city: str, days: int = 3) -> list[int]:
    """Daily highs.

    Today first.
    """
    ctx.degrade("precision", "no radar", "whole degrees")
    ctx.cite(Source("web", city))
    ctx.attach(Artifact("map.png", "image/png", 1, "0"))
    return [ctx.deps.base] * days


async def double(x: int) -> int:
    return 2 * x


def made(function: object) -> Tool[..., object]:
    """Declare *function*, which a type checker may not like."""
    return Tool(cast("Callable[..., Awaitable[object]]", function), owner="weather", traits=Traits())


def test_a_tool_reads_its_name_and_description_from_the_function():
    tool = made(forecast)
    assert (tool.name, tool.target, repr(tool)) == ("forecast", "weather.forecast", "Tool(weather.forecast)")
    assert tool.description == "Daily highs.\n\nToday first."
    assert made(double).description == ""


def test_the_context_is_no_parameter():
    assert made(forecast).takes_context
    assert not made(double).takes_context
    assert made(forecast).schema.names == ("city", "days")


def test_a_context_is_known_however_it_is_written():
    import vana.tools.tool as module  # noqa: PLC0415 - the long way to name it is the case

    async def quoted(ctx: "module.Context[Deps]") -> None: ...  # noqa: UP037
    async def bare(ctx: Context) -> None: ...  # pyright: ignore[reportMissingTypeArgument, reportUnknownParameterType] - users write it
    async def other(context: str) -> None: ...

    assert made(quoted).takes_context
    assert made(cast("object", bare)).takes_context
    assert not made(other).takes_context


def test_a_sync_function_is_refused_and_said_how_to_mend():
    def sync(city: str) -> str:
        return city

    with pytest.raises(ConfigError, match="sync of weather is not async") as caught:
        made(sync)
    assert caught.value.hint == "write it as `async def`"


async def test_arguments_by_position_and_by_name_are_the_same():
    tool = made(forecast)
    assert (
        tool.arguments(("Oslo", 2), {})
        == tool.arguments(("Oslo",), {"days": 2})
        == {"city": "Oslo", "days": 2}
    )


@pytest.mark.parametrize(
    ("args", "kwargs", "said"),
    [
        (("Oslo", 2, 3), {}, "argument 3"),
        (("Oslo",), {"city": "Rome"}, r"city \(a second time\)"),
        ((), {}, "city: field required"),
    ],
)
async def test_what_python_would_refuse_is_refused_by_name(
    args: tuple[object, ...], kwargs: dict[str, object], said: str
):
    tool = made(forecast)
    with pytest.raises(ArgumentsInvalid, match=said):
        await tool.invoke(Context(None), tool.arguments(args, kwargs))


async def test_it_is_called_with_checked_arguments_and_without_a_context_it_does_not_take():
    assert await made(double).invoke(Context(None), {"x": "21"}) == 42


async def test_wrong_arguments_never_reach_the_function():
    called: list[int] = []

    async def note(x: int) -> None:
        called.append(x)

    with pytest.raises(ArgumentsInvalid):
        await made(note).invoke(Context(None), {"x": "one"})
    assert called == []


async def test_what_a_tool_says_on_the_side_goes_into_the_books_of_its_call():
    span = Span("s", "weather.forecast", Run("run-1", "ana", "chat"))
    with inside(span):
        context = Context[object](Deps(7))
        assert await made(forecast).invoke(context, {"city": "Oslo", "days": 2}) == [7, 7]
        assert (context.run.tenant, context.run.session) == ("ana", "chat")
    assert span.degraded == [Degradation("precision", "no radar", "whole degrees")]
    assert [source.ref for source in span.sources] == ["Oslo"]
    assert [artifact.name for artifact in span.artifacts] == ["map.png"]


def test_a_context_outside_a_run_says_so():
    with pytest.raises(UsageError, match="outside a run"):
        Context(None).degrade("a", "b", "c")


def test_the_schema_is_built_when_it_is_first_asked_for_and_once():
    async def odd(found: Odd) -> None: ...

    tool = made(odd)
    with pytest.raises(ConfigError, match="no JSON Schema"):
        _ = tool.schema
    good = made(double)
    assert good.schema is good.schema
