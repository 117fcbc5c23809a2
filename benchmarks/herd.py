"""Send herds against a breaker, a cache and a lazy thing, and count how many get through.

    python -m benchmarks.herd [--callers N] [--misses N] --json

In virtual time, so that the counts do not depend on the machine. `callers` ask a half-open breaker at once,
whose service is dead, then one whose service is healthy: how many passed. `misses` ask a cache for one key at
once: how often the service was called, also when it fails and when the first caller is cancelled, and how
many of the others were served. `first_uses` ask for a lazy thing at once: how often it was loaded. At the end
`leaked_tasks` are left.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vana.kernel.errors import CircuitOpen, Unavailable, VanaError
from vana.layers.breaker import Breaker
from vana.layers.cache import Cache
from vana.layers.lazy import Lazy
from vana.testing import FakeClock

R = TypeVar("R")

TURNS = 10


class Service:
    """A service that counts its calls, waits while its gate is shut, and fails while it is dead."""

    def __init__(self, *, is_dead: bool) -> None:
        self.is_dead = is_dead
        self.calls = 0
        self.gate = asyncio.Event()

    async def __call__(self, key: str = "key") -> str:
        """Give the key back."""
        self.calls += 1
        await self.gate.wait()
        if self.is_dead:
            message = "the service is dead"
            raise Unavailable(message)
        return key


async def outcome(call: Awaitable[R]) -> R | VanaError:
    """Give what *call* gave or refused."""
    try:
        return await call
    except VanaError as error:
        return error


async def turns() -> None:
    """Let all others get to where they wait."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


async def at_once(call: Callable[[], Awaitable[R]], size: int, gate: asyncio.Event) -> list[R | VanaError]:
    """Make *size* calls, open the gate when all wait, and give what became of each."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(outcome(call())) for _ in range(size)]
        await turns()
        gate.set()
    return [task.result() for task in tasks]


async def half_open(callers: int, *, is_dead: bool) -> tuple[Breaker, int]:
    """Break a service, let the breaker become half open, send the herd, and give how many passed."""
    clock, service = FakeClock(), Service(is_dead=True)
    service.gate.set()
    recipe = Breaker(clock=clock)
    guarded = recipe.wrap(service, "service")
    while not isinstance(await outcome(guarded()), CircuitOpen):
        pass
    clock.advance(recipe.max_open * 2)
    service.calls, service.is_dead = 0, is_dead
    service.gate.clear()
    await at_once(guarded, callers, service.gate)
    return recipe, service.calls


async def missed(misses: int, *, is_dead: bool) -> int:
    """Give how many calls that many misses of one key at once make."""
    service = Service(is_dead=is_dead)
    cached = Cache(clock=FakeClock()).wrap(service, "service")
    await at_once(cached, misses, service.gate)
    return service.calls


async def leader_cancelled(misses: int) -> tuple[int, int]:
    """Cancel the first of that many; give the calls made, and how many of the others were served."""
    service = Service(is_dead=False)
    cached = Cache(clock=FakeClock()).wrap(service, "service")
    leader = asyncio.ensure_future(cached())
    await turns()
    async with asyncio.TaskGroup() as group:
        others = group.create_task(at_once(cached, misses - 1, asyncio.Event()))
        await turns()
        leader.cancel()
        await asyncio.wait({leader})
        service.gate.set()
    return service.calls, sum(result == "key" for result in others.result())


async def first_used(uses: int) -> int:
    """Give how many loads that many first uses of one thing make."""
    service = Service(is_dead=False)
    lazy: Lazy[str, str] = Lazy(service)
    await at_once(lambda: lazy.get("thing"), uses, service.gate)
    await lazy.aclose()
    return service.calls


async def measured(callers: int, misses: int) -> dict[str, object]:
    """Send all herds."""
    recipe, dead = await half_open(callers, is_dead=True)
    _, healthy = await half_open(callers, is_dead=False)
    calls, served = await leader_cancelled(misses)
    figures: dict[str, object] = {
        "callers": callers,
        "half_open_dead_passed": dead,
        "half_open_healthy_passed": healthy,
        "misses": misses,
        "miss_calls": await missed(misses, is_dead=False),
        "failing_miss_calls": await missed(misses, is_dead=True),
        "cancelled_leader_calls": calls,
        "cancelled_leader_served": served,
        "first_uses": misses,
        "loads": await first_used(misses),
        "breaker": repr(recipe),
        "cache": repr(Cache()),
    }
    await turns()
    figures["leaked_tasks"] = len(asyncio.all_tasks()) - 1
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--callers", type=int, default=10_000, help="of the breaker (default 10000)")
    parser.add_argument("--misses", type=int, default=1000, help="of one key, and first uses (default 1000)")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    given = parser.parse_args()
    began = time.process_time()
    figures = asyncio.run(measured(given.callers, given.misses))
    figures["cpu_s"] = round(time.process_time() - began, 3)
    if given.json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:26} {value}" for name, value in figures.items()))


if __name__ == "__main__":
    main()
