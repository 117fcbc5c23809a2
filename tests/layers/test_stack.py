from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from tests.layers.herd import Heard
from vana.kernel.call import Layer
from vana.layers.breaker import Breaker
from vana.layers.cache import Cache
from vana.layers.classify import Classify
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.limit import Limit
from vana.layers.retry import Retry
from vana.layers.stack import stack
from vana.layers.trace import Trace

P = ParamSpec("P")
R = TypeVar("R")


async def fetch(city: str, *, days: int = 3) -> list[str]:
    """Fetch it."""
    return [city] * days


async def elsewhere(city: str, *, days: int = 3) -> list[str]:
    return [city] * days


ALL: tuple[Layer, ...] = (
    Trace(Heard()),
    Timeout(5.0),
    Cache(),
    Fallback(elsewhere),
    Retry(),
    Breaker(),
    Limit(1, 1),
    Classify(),
)


@dataclass(frozen=True)
class Mark:
    """A layer that writes down when it is passed."""

    name: str
    passed: list[str]

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        async def marked(*args: P.args, **kwargs: P.kwargs) -> R:
            self.passed.append(f"{self.name}:{target}")
            return await service(*args, **kwargs)

        return marked


async def test_the_first_layer_is_outermost_and_each_is_told_the_target():
    passed: list[str] = []
    await stack(Mark("a", passed), Mark("b", passed))(fetch, "t")("Oslo")
    await stack(Mark("c", passed))(fetch)("Oslo")
    assert passed == ["a:t", "b:t", "c:fetch"]


async def test_a_stack_of_all_layers_answers_as_the_function_does():
    guarded = stack(*ALL)(fetch)
    assert await guarded("Oslo", days=2) == ["Oslo", "Oslo"]


def test_every_layer_keeps_name_docstring_and_signature():
    for layer in ALL:
        guarded = layer.wrap(fetch, "t")
        assert inspect.signature(guarded) == inspect.signature(fetch), layer
        assert (guarded.__name__, guarded.__doc__) == ("fetch", "Fetch it."), layer
        assert inspect.iscoroutinefunction(guarded), layer


def test_recipes_are_values():
    assert Retry(attempts=2) == Retry(attempts=2)
    assert len({Breaker(), Breaker(), Breaker(probes=2)}) == 2


def test_it_reads_as_the_list_it_is():
    assert (
        repr(stack(Retry(attempts=5), Breaker(), Limit(8, 16)))
        == "stack(Retry(attempts=5), Breaker(), Limit(8, 16))"
    )
