"""A chain of services that can stand in for each other. Whoever stood in is in the books."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from vana.kernel.errors import AllFailed, AtLimit, CircuitOpen, ConfigError, Transient
from vana.kernel.run import current_span, degrade
from vana.layers.recipe import name_of

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, init=False, repr=False)
class Fallback:
    """Try *others* in order when the wrapped service is out of reach.

    Out of reach are `Transient` (its `AttemptTimeout` included), `CircuitOpen` and `AtLimit`. Any other
    error is final or a mistake, which another service would only hide: it is raised as it is. Each
    substitution is written down as degraded before it is tried. The *others* have the signature of the
    wrapped service, and layers of their own; *names* are what they are called in the books, by default
    the functions' own names.

    Raises:
        ConfigError: there are no others, or not as many names as others.
    """

    others: tuple[Callable[..., Awaitable[object]], ...]
    names: tuple[str, ...]

    def __init__(self, *others: Callable[..., Awaitable[object]], names: tuple[str, ...] = ()) -> None:
        """Take the services in the order in which they are tried."""
        if not others or (names and len(names) != len(others)):
            message = f"a fallback needs other services and a name for each or none, not {len(others)} others"
            raise ConfigError(message)
        object.__setattr__(self, "others", others)
        object.__setattr__(self, "names", names or tuple(map(name_of, others)))

    def __repr__(self) -> str:
        """Read as the chain it is."""
        return f"Fallback({', '.join(self.names)})"

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with the others behind it.

        It raises `AllFailed`, with each cause, when every one is out of reach, and `DeadlineExceeded` when
        no time is left to try the next.
        """
        # A layer wraps services of any signature, so a recipe cannot name the one of its others: the cast
        # states what the docstring asks for.
        others = cast("tuple[Callable[P, Awaitable[R]], ...]", self.others)
        chain = ((target, service), *zip(self.names, others, strict=True))

        @wraps(service)
        async def chained(*args: P.args, **kwargs: P.kwargs) -> R:
            causes: list[Exception] = []
            for place, (name, rung) in enumerate(chain):
                if causes:
                    _substitute(chain[place - 1][0], causes[-1], name)
                try:
                    return await rung(*args, **kwargs)
                except (Transient, CircuitOpen, AtLimit) as error:
                    causes.append(error)
            raise AllFailed(target, causes) from causes[-1]

        return chained


def _substitute(lost: str, cause: Exception, instead: str) -> None:
    """Write down that *instead* is tried for *lost*, if there is time to try it."""
    span = current_span()
    if span is not None and span.deadline is not None:
        span.deadline.check(instead)
    degrade(lost, str(cause), instead)
