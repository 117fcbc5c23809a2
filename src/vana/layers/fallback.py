"""A chain of services that can stand in for each other. Whoever stood in is in the books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from vana.kernel.errors import (
    AllFailed,
    AtLimit,
    CircuitOpen,
    ConfigError,
    DeadlineExceeded,
    ModelFailed,
    StoreFailed,
    Transient,
)
from vana.kernel.run import degrade
from vana.layers.breaker import Circuit, circuit_of
from vana.layers.deadline import current_deadline, in_time
from vana.layers.recipe import name_of

P = ParamSpec("P")
R = TypeVar("R")

_OUT_OF_REACH = (Transient, CircuitOpen, AtLimit, ModelFailed, StoreFailed)


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Fallback:
    """Try *others* in order when the wrapped service is out of reach.

    Out of reach are `Transient` (its `AttemptTimeout` included), `CircuitOpen`, `AtLimit`, `ModelFailed` and
    `StoreFailed`. Any other error is final or a mistake, which another service would only hide: it is raised
    as it is. One whose breaker is open is passed over without being called. Each substitution is written
    down as degraded before it is tried.

    Under a deadline *share* of the time left is kept for those that come next: a service is given the rest,
    and when that is used up the next one has its turn. The *last* resort is asked when all were out of reach
    or no time is left; it is to answer at once, from what is at hand, and has no share.

    The *others* and the *last* resort have the signature of the wrapped service, and layers of their own;
    *names* are what the *others* are called in the books, by default the functions' own names.

    Raises:
        ConfigError: there is nothing to fall back on, not as many names as others, or *share* is not
            between 0 and 1.
    """

    others: tuple[Callable[..., Awaitable[object]], ...]
    names: tuple[str, ...]
    last: Callable[..., Awaitable[object]] | None
    share: float

    def __init__(
        self,
        *others: Callable[..., Awaitable[object]],
        names: tuple[str, ...] = (),
        last: Callable[..., Awaitable[object]] | None = None,
        share: float = 0.3,
    ) -> None:
        """Take the services in the order in which they are tried."""
        if not (others or last) or (names and len(names) != len(others)) or not 0 <= share < 1:
            message = f"a fallback needs other services and a name for each or none, not {len(others)} others"
            raise ConfigError(message, hint="and 0 <= share < 1")
        object.__setattr__(self, "others", others)
        object.__setattr__(self, "names", names or tuple(map(name_of, others)))
        object.__setattr__(self, "last", last)
        object.__setattr__(self, "share", share)

    def __repr__(self) -> str:
        """Read as the chain it is."""
        last = (f"last={name_of(self.last)}",) if self.last is not None else ()
        return f"Fallback({', '.join((*self.names, *last))})"

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with the others behind it.

        It raises `AllFailed`, with each cause, when every one is out of reach, and `DeadlineExceeded` when
        no time is left to try the next, unless there is a last resort.
        """
        # A layer wraps services of any signature, so a recipe cannot name the one of its others: the cast
        # states what the docstring asks for.
        others = cast("tuple[Callable[P, Awaitable[R]], ...]", self.others)
        last = cast("Callable[P, Awaitable[R]] | None", self.last)
        rungs = self._rungs(((target, service), *zip(self.names, others, strict=True)))

        @wraps(service)
        async def chained(*args: P.args, **kwargs: P.kwargs) -> R:
            causes: list[Exception] = []
            lost = target
            for name, rung, circuit in rungs:
                try:
                    before, lost = lost, name
                    if causes:
                        _substitute(before, causes[-1], name)
                    if circuit is not None:
                        circuit.peek()  # one whose breaker is open is passed over
                    return await rung(*args, **kwargs)
                except _OUT_OF_REACH as error:
                    causes.append(error)
                except DeadlineExceeded as error:
                    if last is None:
                        raise
                    causes.append(error)
                    break
            if last is None:
                raise AllFailed(target, causes) from causes[-1]
            degrade(lost, str(causes[-1]), name_of(last))
            return await last(*args, **kwargs)

        return chained

    def _rungs(
        self, chain: tuple[tuple[str, Callable[P, Awaitable[R]]], ...]
    ) -> list[tuple[str, Callable[P, Awaitable[R]], Circuit | None]]:
        """Give of each service its name, itself within its share of the time left, and its breaker's circuit.

        The last one has all the time that is left.
        """
        end = len(chain) - 1
        return [
            (name, in_time(rung, name, share=1 - self.share if place < end else 1.0), circuit_of(rung))
            for place, (name, rung) in enumerate(chain)
        ]


def _substitute(lost: str, cause: Exception, instead: str) -> None:
    """Write down that *instead* is tried for *lost*, if there is time to try it."""
    deadline = current_deadline()
    if deadline is not None:
        deadline.check(instead)
    degrade(lost, str(cause), instead)
