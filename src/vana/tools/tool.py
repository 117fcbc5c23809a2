"""A tool: a typed async function with a name, a schema from its signature, and what it says of itself."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, ParamSpec, TypeVar

from vana.kernel.errors import ConfigError, UsageError
from vana.kernel.run import current_span
from vana.layers.deadline import current_deadline
from vana.tools.schema import ArgumentSchema, schema_of

if TYPE_CHECKING:
    from vana.kernel.answer import Artifact, Source
    from vana.kernel.clock import Deadline
    from vana.kernel.plain import JSON
    from vana.kernel.reading import Reader
    from vana.kernel.run import Run, Span

P = ParamSpec("P")
R = TypeVar("R")
D = TypeVar("D")


@dataclass(frozen=True)  # no slots: on 3.11 they break `Context[X](…)`
class Context(Generic[D]):
    """What a tool is given beside its arguments: its dependencies, and the run it works in."""

    deps: D

    @property
    def span(self) -> Span:
        """Give the books of the call that is running: the tool's own, inside its layers.

        Raises:
            UsageError: no run is under way.
        """
        span = current_span()
        if span is None:
            message = "a tool's context was used outside a run"
            raise UsageError(message, hint="call the tool through Vana.call")
        return span

    @property
    def run(self) -> Run:
        """Give the run: its id, tenant, session and deadline."""
        return self.span.run

    @property
    def deadline(self) -> Deadline | None:
        """Give when the tool's work is no longer wanted, the earliest limit around it; `None` without one."""
        return current_deadline()

    def degrade(self, what: str, why: str, instead: str) -> None:
        """Put into the answer that something was less than asked for."""
        self.span.degrade(what, why, instead)

    def cite(self, source: Source) -> None:
        """Put into the answer where its value came from."""
        self.span.sources.append(source)

    def attach(self, artifact: Artifact) -> None:
        """Put a produced file into the answer."""
        self.span.artifacts.append(artifact)


@dataclass(frozen=True, slots=True)
class Traits:
    """What a tool says of itself, so that others know how to treat it."""

    idempotent: bool = False
    """Calling it twice with the same arguments does no more than once: it may be tried again."""
    cache: float | None = None
    """Seconds for which a result may be used again; `None` never."""
    reader: Reader | None = None
    """Reads a request in words into arguments, where no model does."""


class Tool(Generic[P, R]):
    """A typed async function that agents can call.

    Its schema is built on first use, so that declaring a tool costs next to nothing.
    """

    __slots__ = ("_schema", "description", "function", "name", "owner", "takes_context", "traits")

    def __init__(self, function: Callable[..., Awaitable[R]], *, owner: str, traits: Traits) -> None:
        if not inspect.iscoroutinefunction(function):
            message = f"the tool {function.__name__} of {owner} is not async"
            raise ConfigError(message, hint="write it as `async def`")
        self.function = function
        self.owner = owner
        self.name: str = function.__name__
        self.traits = traits
        self.description = inspect.getdoc(function) or ""
        self.takes_context = _takes_context(function)
        self._schema: ArgumentSchema | None = None

    def __repr__(self) -> str:
        """Read as the place where the tool is found."""
        return f"Tool({self.target})"

    @property
    def target(self) -> str:
        """Give `specialist.tool`."""
        return f"{self.owner}.{self.name}"

    @property
    def schema(self) -> ArgumentSchema:
        """Give the schema of the arguments.

        Raises:
            ConfigError: the signature has no schema.
        """
        if self._schema is None:
            self._schema = schema_of(self.function, target=self.target, skip=int(self.takes_context))
        return self._schema

    @property
    def parameters(self) -> Mapping[str, JSON]:
        """Give the JSON Schema of the arguments."""
        return self.schema.json_schema

    def arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> dict[str, object]:
        """Give by name what was passed by position and by name, not yet validated.

        What Python would not take is given under a name that validation refuses.
        """
        names = self.schema.names
        placed = dict(zip(names, args, strict=False))
        beyond = {f"argument {index + 1}": args[index] for index in range(len(names), len(args))}
        named = {f"{name} (a second time)" if name in placed else name: kwargs[name] for name in kwargs}
        return {**placed, **beyond, **named}

    async def invoke(self, context: Context[object], arguments: Mapping[str, object]) -> R:
        """Validate *arguments*, call the function, and give its result.

        Raises:
            ArgumentsInvalid: they do not fit the schema; the function was not called.
        """
        checked = self.schema.validate(arguments)
        if self.takes_context:
            return await self.function(context, **checked)
        return await self.function(**checked)


def _takes_context(function: Callable[..., object]) -> bool:
    """Say whether the first parameter is a `Context`, without resolving the other annotations."""
    first = next(iter(inspect.signature(function).parameters.values()), None)
    if first is None:
        return False
    annotation = first.annotation
    if isinstance(annotation, str):
        return annotation.split("[")[0].rsplit(".", 1)[-1] == Context.__name__
    return (typing.get_origin(annotation) or annotation) is Context
