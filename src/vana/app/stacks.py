"""Which layers stand around which kind of call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from vana.kernel.plain import JSON, plain
from vana.layers.breaker import Breaker
from vana.layers.cache import Cache
from vana.layers.deadline import Timeout
from vana.layers.limit import Limit
from vana.layers.order import Parts, standard
from vana.layers.retry import Retry
from vana.layers.stack import Stack
from vana.layers.trace import Trace

if TYPE_CHECKING:
    from vana.kernel.ports import Events

MODEL_ATTEMPT_S = 60.0
MEMORY_ATTEMPT_S = 5.0
SLOW: Mapping[str, float] = {"model": 30.0, "memory": MEMORY_ATTEMPT_S / 2}
"""Seconds from which a call is slow, by kind. A tool and a program may take as long as they were given."""

LIMITS: Mapping[str, Limit] = {
    "model": Limit(80, 4096, adaptive=True),
    "sandbox": Limit(32, 4096, adaptive=True),
}
"""Calls at once, and those that may wait, for the kinds that work elsewhere: `docs/guides/resilience.md`."""

KEPT_CHARACTERS = 64 << 10
"""Characters of one text that the trace keeps; the answer itself is never cut."""


class ToolContent:
    """Of a tool call the trace keeps arguments and result, texts cut; never the dependencies."""

    __slots__ = ()

    def arguments(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> Mapping[str, object]:
        """Give the arguments a tool was called with: the second, after its context."""
        return {"arguments": _cut(plain(args[-1] if args else kwargs))}

    def outcome(self, outcome: object) -> Mapping[str, object]:
        """Give `result`, or `error`."""
        if isinstance(outcome, BaseException):
            return {"error": _cut(str(outcome)), "value": _cut(plain(getattr(outcome, "value", None)))}
        return {"result": _cut(plain(outcome))}


def stack_for(events: Events, kind: str, *, idempotent: bool, cache: float | None) -> Stack:
    """Give the layers around a call of *kind*: `model`, `tool`, `delegation`, `memory` or `sandbox`.

    A delegation has no breaker: it fails by giving an answer, and its model and tools have their own.
    """
    content = ToolContent() if kind == "tool" else None
    parts = Parts(
        trace=Trace(events, kind, content=content),
        deadline=Timeout(),
        cache=Cache(ttl=cache, key=_arguments) if cache is not None else None,
        retry=Retry() if idempotent or kind == "model" else None,
        breaker=None if kind == "delegation" else Breaker(slow=SLOW.get(kind), events=events),
        limit=LIMITS.get(kind),
        timeout=_attempt(kind),
    )
    return standard(parts)


def _attempt(kind: str) -> Timeout | None:
    seconds = {"model": MODEL_ATTEMPT_S, "memory": MEMORY_ATTEMPT_S}.get(kind)
    return Timeout(seconds) if seconds is not None else None


def _arguments(_context: object, arguments: Mapping[str, object]) -> Mapping[str, object]:
    """Give what a tool's result depends on: its arguments. The tenant is in every key anyway."""
    return arguments


def _cut(value: JSON) -> JSON:
    if isinstance(value, str) and len(value) > KEPT_CHARACTERS:
        return f"{value[:KEPT_CHARACTERS]}… ({len(value):,} characters)"
    if isinstance(value, list):
        return [_cut(item) for item in value]
    if isinstance(value, dict):
        return {key: _cut(item) for key, item in cast("dict[str, JSON]", value).items()}
    return value
