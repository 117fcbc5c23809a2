"""The layers around each kind of call, in the one order, with one set of state per target."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ParamSpec, TypeVar, cast

if TYPE_CHECKING:
    from vana.layers.stack import Stack

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(slots=True)
class Guards:
    """Stacks by kind of target, and the services already wrapped in them.

    A service is wrapped once per target name, so that its breaker and its cache live as long as the team.
    """

    stacks: Callable[[str, bool, float | None], Stack]
    """From kind, idempotent and seconds of caching to a stack."""
    _wrapped: dict[tuple[str, str], object] = field(default_factory=dict[tuple[str, str], object])

    def around(
        self,
        service: Callable[P, Awaitable[R]],
        target: str,
        *,
        kind: str,
        idempotent: bool = False,
        cache: float | None = None,
    ) -> Callable[P, Awaitable[R]]:
        """Give *service* inside the layers of its *kind*.

        Kinds: `model`, `tool`, `delegation`, `memory`, `sandbox`.
        """
        key = (kind, target)
        if key not in self._wrapped:
            self._wrapped[key] = self.stacks(kind, idempotent, cache)(service, target)
        return cast(
            "Callable[P, Awaitable[R]]", self._wrapped[key]
        )  # stored under the target it was made for
