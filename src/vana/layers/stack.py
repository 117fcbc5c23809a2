"""Layers folded over one async function, outermost first. The stack reads as the list it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from vana.kernel.call import Layer

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Stack:
    """A list of recipes that can be put around any async function, any number of times."""

    layers: tuple[Layer, ...]

    def __call__(
        self, service: Callable[P, Awaitable[R]], target: str | None = None
    ) -> Callable[P, Awaitable[R]]:
        """Give *service* inside fresh layers; *target* is its name, by default the function's own."""
        name = target or getattr(service, "__qualname__", type(service).__qualname__)
        for layer in reversed(self.layers):
            service = layer.wrap(service, name)
        return service

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* inside fresh layers, so that a stack can be a layer of another one."""
        return self(service, target)

    def __repr__(self) -> str:
        """Read as the list it is."""
        return "stack(" + ", ".join(map(repr, self.layers)) + ")"


def stack(*layers: Layer) -> Stack:
    """Give a stack of *layers*, outermost first: `guarded = stack(Retry(), Breaker())(fetch)`."""
    return Stack(layers)
