"""A specialist: a named agent, its tools, and one sentence of what it does."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from vana.kernel.errors import ConfigError, UnknownName
from vana.plugins import Group
from vana.tools.tool import Context, Tool, Traits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vana.agents.workbench import Workbench
    from vana.kernel.plain import JSON
    from vana.kernel.reading import Reader

D = TypeVar("D")
P = ParamSpec("P")
R = TypeVar("R")

_NAME = re.compile(r"[a-z][a-z0-9_]*")


class ToolDecorator(Protocol[D]):
    """What `specialist.tool(...)` gives: it turns an async function into a tool."""

    def __call__(self, function: Callable[Concatenate[Context[D], P], Awaitable[R]], /) -> Tool[P, R]:
        """Declare *function* as a tool."""
        ...


class Specialist(Generic[D]):
    """A named agent: tools that need `D`, and one sentence of what it does.

    Args:
        name: lower case, digits and underscores; unique among the specialists of one `Vana`.
        does: one sentence, for models and people.
        instructions: what a model is told about how to work.
        examples: requests it is for; the router learns from them.

    Raises:
        ConfigError: the name cannot be one, or two tools have the same.
    """

    __slots__ = ("_tools", "does", "examples", "instructions", "name")

    def __init__(self, name: str, *, does: str, instructions: str = "", examples: Iterable[str] = ()) -> None:
        if not _NAME.fullmatch(name):
            message = f"{name!r} cannot name a specialist"
            raise ConfigError(message, hint="use lower-case letters, digits and underscores: weather_report")
        self.name = name
        self.does = does
        self.instructions = instructions
        self.examples = tuple(examples)
        self._tools: dict[str, Tool[..., object]] = {}

    def __repr__(self) -> str:
        """Read as its name and the number of its tools."""
        return f"Specialist({self.name!r}, {len(self._tools)} tools)"

    @property
    def tools(self) -> Mapping[str, Tool[..., object]]:
        """Give its tools by name, in the order they were declared."""
        return self._tools

    def find(self, name: str) -> Tool[..., object]:
        """Give the tool called *name*.

        Raises:
            UnknownName: it has none; the error lists those it has.
        """
        tool = self._tools.get(name)
        if tool is None:
            raise UnknownName(kind=f"tool of {self.name}", name=name, known=self._tools)
        return tool

    @overload
    def tool(self, function: Callable[Concatenate[Context[D], P], Awaitable[R]], /) -> Tool[P, R]: ...
    @overload
    def tool(
        self, *, idempotent: bool = ..., cache: float | None = ..., reader: Reader | None = ...
    ) -> ToolDecorator[D]: ...
    def tool(
        self,
        function: Callable[..., Awaitable[object]] | None = None,
        *,
        idempotent: bool = False,
        cache: float | None = None,
        reader: Reader | None = None,
    ) -> Any:
        """Declare an async function that takes a `Context` first as a tool: `@weather.tool`.

        With options it reads `@weather.tool(idempotent=True, cache=300)`; `vana.tools.tool.Traits` says what
        they mean. Its name is the function's, its description the docstring, its parameters the rest of the
        signature. A function that needs no context is declared with `plain_tool`.

        Raises:
            ConfigError: the function is not async or takes no context, or a tool of that name exists.
        """
        traits = Traits(idempotent, cache, reader)
        if function is not None:
            return self._add(function, traits, takes_context=True)
        return partial(self._add, traits=traits, takes_context=True)

    def plain_tool(self, function: Callable[P, Awaitable[R]], /) -> Tool[P, R]:
        """Declare an async function that needs no context as a tool, with no options.

        Raises:
            ConfigError: the function is not async or takes a context, or a tool of that name exists.
        """
        return self._add(function, Traits(), takes_context=False)

    def _add(
        self, function: Callable[..., Awaitable[R]], traits: Traits, *, takes_context: bool
    ) -> Tool[..., R]:
        tool: Tool[..., R] = Tool(function, owner=self.name, traits=traits)
        if tool.takes_context != takes_context:
            fault = "takes no" if takes_context else "takes a"
            message = f"the tool {tool.name} of {self.name} {fault} Context first"
            raise ConfigError(message, hint="tool: (ctx: Context[Deps], …); plain_tool: no context")
        if tool.name in self._tools:
            message = f"{self.name} already has a tool named {tool.name!r}"
            raise ConfigError(message)
        self._tools[tool.name] = cast("Tool[..., object]", tool)  # what it gives plays no part in finding it
        return tool


@dataclass(frozen=True, slots=True)
class Member:
    """A specialist with the dependencies its tools get: one member of a team."""

    specialist: Specialist[object]
    deps: object
    origin: str
    """`built in`, `yours`, or the distribution it came with."""


@dataclass(frozen=True, slots=True)
class ToolCard:
    """A tool as a person sees it."""

    name: str
    description: str
    parameters: Mapping[str, JSON]


@dataclass(frozen=True, slots=True)
class Card:
    """A specialist as a person sees it."""

    name: str
    does: str
    tools: tuple[ToolCard, ...]
    origin: str


SPECIALISTS: Group[Specialist[Workbench]] = Group("vana.specialists", "specialist")
