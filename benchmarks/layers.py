"""What each layer costs a call that succeeds, beside libraries that do the same, in one run.

    python -m benchmarks.layers [--batches N] --json

CPU time of this thread, in microseconds a call: the 10th percentile of many batches, taken in turn, with the
garbage collector off and after a warm-up. Every figure is of the whole call, the bare await inside it
included: subtract `await_us` to have what the layer adds.

Keys: `await_us`, `breaker_us`, `retry_us`, `deadline_us`; `cache_hit_us` (key given, value immutable),
`cache_hit_canonical_us` (three arguments, a tenant, a JSON value of which every caller gets a copy);
`stack_us`: `standard` with deadline, fallback, retry, breaker, limit and timeout; `stack_traced_us`: the same
inside a run, with a trace; `deadline_overrun_ms`: how late the last of 10,000 concurrent calls ended that
hang, the median of three herds; `breaker_bytes`, after 100 calls, and `cached_key_bytes`, without the value;
`peers`, those installed; `not_run`, those that are not; `layers`, the stacks in force.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import sys
import time
import tracemalloc
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any, TypeAlias

from vana.kernel.clock import Deadline
from vana.kernel.errors import AttemptTimeout
from vana.kernel.run import Run, Span, inside
from vana.layers.breaker import Breaker
from vana.layers.cache import Cache
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.limit import Limit
from vana.layers.order import Parts, standard
from vana.layers.retry import Retry
from vana.layers.trace import Trace

if TYPE_CHECKING:
    from vana.kernel.call import Layer
    from vana.kernel.event import Event

Call: TypeAlias = Callable[[], Awaitable[object]]

CALLS_A_BATCH, TENTH = 1500, 10
CONCURRENT, OVERRUN_S, HERDS = 10_000, 1.0, 3
BREAKERS, KEYS = 2000, 10_000
JSON_VALUE = {"city": "Oslo", "highs": [24.0, 22.5, 19.0], "ok": True}


class Nobody:
    """Takes events, and keeps none."""

    def emit(self, event: Event) -> None:
        """Forget *event*."""


async def service() -> int:
    """Give a number."""
    return 1


async def keyed(key: str) -> str:
    """Give *key*."""
    return key


async def reading(city: str, days: int, options: dict[str, object]) -> dict[str, object]:
    """Give data that callers may change."""
    assert city, (days, options)  # noqa: S101 - they only have to be taken
    return dict(JSON_VALUE)


def ours() -> dict[str, tuple[Layer, Call]]:
    """Give each layer and the guarded call, by the name of its figure."""
    recipes: dict[str, Layer] = {"breaker_us": Breaker(), "retry_us": Retry(), "deadline_us": Timeout(30.0)}
    calls: dict[str, tuple[Layer, Call]] = {
        name: (layer, layer.wrap(service, "target")) for name, layer in recipes.items()
    }
    given, canonical = Cache(key=str), Cache()
    hit, read = given.wrap(keyed, "target"), canonical.wrap(reading, "target")
    options: dict[str, object] = {"units": "celsius", "hours": [6, 12, 18]}
    calls["cache_hit_us"] = (given, partial(hit, "a"))
    calls["cache_hit_canonical_us"] = (canonical, partial(read, "Oslo", 3, options))
    return calls


def whole() -> Parts:
    """Give every layer that can stand around a call that is no cached read."""
    return Parts(
        deadline=Timeout(60.0),
        fallback=Fallback(service, names=("other",)),
        retry=Retry(),
        breaker=Breaker(),
        limit=Limit(80, 80, adaptive=True),
        timeout=Timeout(10.0),
    )


def peers(stack: AsyncExitStack) -> tuple[dict[str, Call], list[str]]:
    """Give the calls guarded by other libraries, and the names of those that are not installed.

    *stack* closes what they open.
    """
    found: dict[str, Call] = {}
    absent: list[str] = []
    for name, make in PEERS.items():
        try:
            found[name] = make(stack)
        except ModuleNotFoundError:
            absent.append(name)
    return found, absent


def _module(name: str) -> Any:  # whatever is installed
    return importlib.import_module(name)


def _stamina(_stack: AsyncExitStack) -> Call:
    return _module("stamina").retry(on=ConnectionError)(service)


def _purgatory(_stack: AsyncExitStack) -> Call:
    return _module("purgatory").AsyncCircuitBreakerFactory()("target")(service)


def _interlock(_stack: AsyncExitStack) -> Call:
    breaker = _module("interlock").CircuitBreaker(name="target")

    async def call() -> object:
        async with breaker:
            return await service()

    return call


def _async_lru(_stack: AsyncExitStack) -> Call:
    hit = _module("async_lru").alru_cache(ttl=300)(keyed)
    return partial(hit, "a")


def _cashews(stack: AsyncExitStack) -> Call:
    cache = _module("cashews").Cache()
    cache.setup("mem://")
    stack.push_async_callback(cache.close)
    hit = cache(ttl=300)(keyed)
    return partial(hit, "a")


PEERS: dict[str, Callable[[AsyncExitStack], Call]] = {
    "stamina retry": _stamina,
    "purgatory breaker": _purgatory,
    "interlock-cb breaker": _interlock,
    "async-lru hit": _async_lru,
    "cashews hit": _cashews,
}


async def batch(call: Call) -> float:
    """Give the CPU microseconds of one call in a batch."""
    began = time.thread_time_ns()
    for _ in range(CALLS_A_BATCH):
        await call()
    return (time.thread_time_ns() - began) / CALLS_A_BATCH / 1000


async def timed(calls: dict[str, Call], batches: int) -> dict[str, float]:
    """Give the 10th percentile of *batches* batches of each call, the calls taken in turn."""
    for call in calls.values():
        await batch(call)
    seen: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for _ in range(batches):
            for name, call in calls.items():
                seen[name].append(await batch(call))
    finally:
        gc.enable()
    return {name: round(sorted(times)[len(times) // TENTH], 3) for name, times in seen.items()}


async def in_run(call: Call, batches: int, name: str) -> dict[str, float]:
    """Give the time of *call* inside a run with a deadline."""
    deadline = Deadline.after(3600.0)
    span = Span("span", "root", Run("run", deadline=deadline), deadline=deadline)
    with inside(span):
        return await timed({name: call}, batches)


async def overrun() -> float:
    """Give the milliseconds by which the last of many hanging calls ended after its deadline."""

    async def hang() -> None:
        await asyncio.get_running_loop().create_future()

    guarded, late = Timeout(OVERRUN_S).wrap(hang, "target"), list[float]()

    async def one() -> None:
        began = time.monotonic()
        try:
            await guarded()
        except AttemptTimeout:
            late.append(time.monotonic() - began - OVERRUN_S)

    async with asyncio.TaskGroup() as group:
        for _ in range(CONCURRENT):
            group.create_task(one())
    assert len(late) == CONCURRENT  # noqa: S101 - otherwise there is nothing to measure
    return round(max(late) * 1000, 2)


async def breaker_bytes() -> int:
    """Give what one guarded target keeps, after 100 calls."""
    recipe = Breaker()
    await _called(recipe.wrap(service, "target"))
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    kept = [recipe.wrap(service, "target") for _ in range(BREAKERS)]
    for guarded in kept:
        await _called(guarded)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return round(used / len(kept))


async def _called(guarded: Call) -> None:
    for _ in range(100):
        await guarded()


async def cached_key_bytes() -> int:
    """Give what the cache keeps for one key beside key and value, which are one text here."""
    hit = Cache(key=str, max_entries=2 * KEYS).wrap(keyed, "target")
    await hit("first")
    names = [f"key {number:08}" for number in range(KEYS)]
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for name in names:
        await hit(name)
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return round(used / KEYS)


async def measured(batches: int) -> dict[str, object]:
    """Give every figure."""
    async with AsyncExitStack() as stack:
        return await _measured(batches, *peers(stack))


async def _measured(batches: int, others: dict[str, Call], absent: list[str]) -> dict[str, object]:
    guarded = ours()
    plain = standard(whole())
    traced = standard(replace(whole(), trace=Trace(Nobody())))
    calls = {name: call for name, (_, call) in guarded.items()}
    every: dict[str, Call] = {"await_us": service, **calls, "stack_us": plain(service), **others}
    times = await timed(every, batches)
    times |= await in_run(traced(service), batches, "stack_traced_us")
    return {
        **{name: took for name, took in times.items() if name not in others},
        "deadline_overrun_ms": median([await overrun() for _ in range(HERDS)]),
        "breaker_bytes": await breaker_bytes(),
        "cached_key_bytes": await cached_key_bytes(),
        "peers": {name: times[name] for name in others},
        "not_run": absent,
        "layers": [*(repr(layer) for layer, _ in guarded.values()), repr(plain), repr(traced)],
        "python": sys.version.split()[0],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batches", type=int, default=41, help="batches of each call (default 41)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    given = parser.parse_args()
    figures = asyncio.run(measured(given.batches))
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:24} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
