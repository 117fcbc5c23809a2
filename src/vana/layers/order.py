"""The one order in which layers stand around a call."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from vana.kernel.call import Layer
from vana.kernel.errors import ConfigError
from vana.layers.breaker import Breaker
from vana.layers.bucket import Rate
from vana.layers.cache import Cache
from vana.layers.classify import Classify
from vana.layers.contain import Contain
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.limit import Limit
from vana.layers.retry import Retry
from vana.layers.stack import Stack, stack
from vana.layers.trace import Trace


@dataclass(frozen=True, slots=True)
class Parts:
    """What is to guard a target, in the one order, outermost first. What is `None` is left out.

    1. `trace`: sees every call, those answered from the cache and those refused included.
    2. the boundary, always: what nobody planned for in all that follows ends this call alone, as `Crashed`.
    3. `deadline`: bounds the call with all its attempts and substitutes.
    4. `cache`: a hit costs no attempt, and a shared call is tried, limited and broken once.
    5. `fallback`: goes to the next target only when all attempts at this one failed.
    6. `retry`: the only one; each attempt asks breaker and limit anew.
    7. `breaker`: refuses before the queue of `limit`, and admits behind it, so that no probe holds its
       permit while it waits in a queue.
    8. `rate`, then `limit`: stand inside the breaker, as its `queue`; who waits for its pace takes no place.
    9. `timeout`: bounds one attempt; the wait in the queue is not part of it.
    10. the classifier, always: next to what does the work, so that all of these know its errors.
    """

    trace: Trace | None = None
    deadline: Timeout | None = None
    cache: Cache | None = None
    fallback: Fallback | None = None
    retry: Retry | None = None
    breaker: Breaker | None = None
    rate: Rate | None = None
    limit: Limit | None = None
    timeout: Timeout | None = None


ORDER: tuple[str, ...] = ("trace", "contain", *(part.name for part in fields(Parts)[1:]), "classify")
"""The names of the layers, outermost first."""


def standard(parts: Parts) -> Stack:
    """Give the stack of *parts* in the one order.

    `breaker` with `rate` or `limit` becomes one layer: the breaker with those as its queue.

    Raises:
        ConfigError: the breaker has a queue already, and there is a rate or a limit as well.
    """
    breaker = parts.breaker
    waits: tuple[Layer, ...] = tuple(layer for layer in (parts.rate, parts.limit) if layer is not None)
    if breaker is not None and waits:
        if breaker.queue is not None:
            message = f"two queues for one target: {breaker.queue!r} and {stack(*waits)!r}"
            raise ConfigError(message)
        breaker = replace(breaker, queue=waits[0] if len(waits) == 1 else stack(*waits))
        waits = ()
    layers: tuple[Layer | None, ...] = (
        parts.trace,
        Contain(),
        parts.deadline,
        parts.cache,
        parts.fallback,
        parts.retry,
        breaker,
        *waits,
        parts.timeout,
        Classify(),
    )
    return stack(*(layer for layer in layers if layer is not None))
