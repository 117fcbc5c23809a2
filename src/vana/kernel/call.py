"""What goes down: one frozen request, and the one shape of everything that can be called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeAlias, TypeVar

from vana.kernel.run import LOCAL_TENANT

if TYPE_CHECKING:
    from vana.kernel.clock import Deadline

P = ParamSpec("P")
Q = TypeVar("Q")
A = TypeVar("A")
R = TypeVar("R")

Service: TypeAlias = Callable[[Q], Awaitable[A]]
"""Anything awaitable from request to answer: a tool, a specialist, a tier's search, a model, a sandbox."""


class Layer(Protocol):
    """A frozen recipe that wraps an async function into one of the same signature.

    Its state is born in `wrap`, so it is per target by construction.
    """

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* guarded; *target* names it in errors, events and states."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a named target. It only goes down; a layer that changes it makes a new one."""

    target: str
    """`specialist` or `specialist.tool`."""
    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    deadline: Deadline | None = None
    parent_span: str | None = None
    attempt: int = 1
    tenant: str = LOCAL_TENANT
    session: str | None = None
