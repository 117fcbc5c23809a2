"""How requests fare while a provider is ill, guarded by our layers as `standard` builds them.

    python -m benchmarks.faults --seed N [--fault NAME] [--no-fallback] --json

The provider and its faults are those of `benchmarks._provider`, in virtual time: a run depends on its seed
alone. Each seed has its own arrivals, service times, jitter and interleaving of tasks.

Keys: `provider`, its constants; `layers`, the stacks in force; `faults`, by name:
`goodput`: of the requests that came during the fault, the share answered within their 20 s.
`wasted_per_request`: calls, of either provider, that answered nobody, per request of the whole run.
`primary_calls_share`: calls that reached the primary during the fault, per request that came in it.
`fallback_share`: calls that reached the fallback, per request that came during the fault.
`recovery_s`: from the fault's end until at least 95 % of the requests of every 2 s are answered again.
`p99_s`: the 99th percentile of the time to a good answer, of requests that came during the fault.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from benchmarks._provider import (
    END_S,
    FALLBACK,
    FAULT_FROM_S,
    FAULT_TO_S,
    FAULTS,
    PATIENCE_S,
    PRIMARY,
    RATE_PER_S,
    Provider,
    constants,
)
from vana.kernel.errors import VanaError
from vana.layers.breaker import Breaker
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.limit import Limit
from vana.layers.order import Parts, standard
from vana.layers.retry import Retry
from vana.layers.retry_budget import RetryBudget
from vana.testing import VirtualLoop

if TYPE_CHECKING:
    from vana.testing import VirtualClock

# Settings for 40 requests a second by people who wait at most 20 s. What is not named is left at its default;
# docs/guides/resilience.md says why each is as it is.
ATTEMPT_S = 10.0
WINDOW_S, MINIMUM_CALLS, LONGEST_OPEN_S, PROBES = 5.0, 20, 5.0, 2
CONCURRENT, PATIENCE_AT_FACE_S = 80, 2.0
WAIT_INSTEAD_OF_FALLBACK_S = 1.5
RETRIES_SHARE = 0.3
WELL_AGAIN, BIN_S = 0.95, 2.0

Guarded: TypeAlias = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Request:
    """What became of one request."""

    came: float
    took: float
    answered: bool

    @property
    def is_good(self) -> bool:
        """Tell whether it was answered in time."""
        return self.answered and self.took <= PATIENCE_S

    @property
    def in_fault(self) -> bool:
        """Tell whether it came while the provider was ill."""
        return FAULT_FROM_S <= self.came < FAULT_TO_S


def around_target(clock: VirtualClock, chance: random.Random, limit: Limit) -> Parts:
    """Give what guards one provider."""
    breaker = Breaker(
        minimum_calls=MINIMUM_CALLS,
        window=WINDOW_S,
        max_open=LONGEST_OPEN_S,
        probes=PROBES,
        clock=clock,
        rng=chance.random,
    )
    return Parts(breaker=breaker, limit=limit, timeout=Timeout(ATTEMPT_S, clock))


def guarded(
    primary: Provider, fallback: Provider, chance: random.Random, *, has_fallback: bool
) -> tuple[Guarded, list[str]]:
    """Give the call that users make, and how its layers read."""
    clock = primary.clock
    longest = WAIT_INSTEAD_OF_FALLBACK_S if has_fallback else PATIENCE_S
    # Requests enter at the primary, and are refused when they have waited; at the fallback they are inside.
    enter = Limit(CONCURRENT, CONCURRENT, patience=PATIENCE_AT_FACE_S, adaptive=True, clock=clock)
    inside = Limit(CONCURRENT, int(RATE_PER_S * ATTEMPT_S), adaptive=True, clock=clock)
    parts = replace(
        around_target(clock, chance, enter),
        deadline=Timeout(PATIENCE_S, clock),
        retry=Retry(
            max_retry_after=longest, budget=RetryBudget(share=RETRIES_SHARE), clock=clock, rng=chance.random
        ),
    )
    read: list[str] = []
    if has_fallback:
        behind = standard(around_target(clock, chance, inside))
        other = behind(fallback.call, "fallback")
        parts, read = replace(parts, fallback=Fallback(other, names=("fallback",))), [f"fallback: {behind!r}"]
    front = standard(parts)
    return front(primary.call, "primary"), [f"primary: {front!r}", *read]


def drawn(seed: str) -> random.Random:
    """Give a source of chance of its own."""
    return random.Random(seed)  # noqa: S311 - chance, not secrecy


async def played(name: str, clock: VirtualClock, seed: int, *, has_fallback: bool) -> dict[str, object]:
    """Give the figures of one fault."""
    chance = {part: drawn(f"{seed}:{part}") for part in ("arrivals", "primary", "fallback", "layers")}
    ill, also_ill = FAULTS[name]()
    primary = Provider(PRIMARY, ill, clock, chance["primary"])
    fallback = Provider(FALLBACK, also_ill, clock, chance["fallback"])
    call, _ = guarded(primary, fallback, chance["layers"], has_fallback=has_fallback)
    requests: list[Request] = []

    async def user() -> None:
        came, answered = clock.monotonic(), False
        try:
            await call()
            answered = True
        except VanaError:
            pass
        finally:
            requests.append(Request(came, clock.monotonic() - came, answered))

    async with asyncio.TaskGroup() as group:
        while clock.monotonic() < END_S:
            await clock.sleep(chance["arrivals"].expovariate(RATE_PER_S))
            group.create_task(user())
    return figures(requests, primary, fallback)


def figures(requests: list[Request], primary: Provider, fallback: Provider) -> dict[str, object]:
    """Give the figures of what happened."""
    ill = [request for request in requests if request.in_fault]
    good = sum(request.is_good for request in requests)
    reached = sum(FAULT_FROM_S <= at < FAULT_TO_S for at in primary.calls)
    times = sorted(request.took for request in ill if request.is_good)
    return {
        "goodput": round(sum(request.is_good for request in ill) / len(ill), 4),
        "wasted_per_request": round((len(primary.calls) + len(fallback.calls) - good) / len(requests), 4),
        "primary_calls_share": round(reached / len(ill), 4),
        "fallback_share": round(len(fallback.calls) / len(ill), 4),
        "recovery_s": recovery(requests),
        "p99_s": round(times[int(0.99 * len(times))], 3) if times else None,
        "requests": len(requests),
    }


def recovery(requests: list[Request]) -> float:
    """Give the seconds from the fault's end until no 2 s of requests are answered less than 95 %."""
    bins: defaultdict[int, list[bool]] = defaultdict(list)
    for request in requests:
        if request.came >= FAULT_TO_S:
            bins[int((request.came - FAULT_TO_S) // BIN_S)].append(request.is_good)
    ill = [number for number, good in bins.items() if sum(good) < WELL_AGAIN * len(good)]
    return BIN_S * (max(ill) + 1) if ill else 0.0


def measured(seed: int, names: list[str], *, has_fallback: bool) -> dict[str, dict[str, object]]:
    """Give the figures of the faults *names*, each in a loop of its own."""

    def play(name: str) -> dict[str, object]:
        return VirtualLoop(seed=seed).play(lambda clock: played(name, clock, seed, has_fallback=has_fallback))

    return {name: play(name) for name in names}


def stacks(*, has_fallback: bool) -> list[str]:
    """Give how the layers read."""
    loop, chance = VirtualLoop(), drawn("")
    one, other = (Provider(size, None, loop.clock, chance) for size in (PRIMARY, FALLBACK))
    loop.close()
    return guarded(one, other, chance, has_fallback=has_fallback)[1]


def main() -> None:
    """Play and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seed", type=int, default=1, help="seed of everything that is drawn (default 1)")
    parser.add_argument("--fault", choices=sorted(FAULTS), help="this fault alone (default all)")
    parser.add_argument("--no-fallback", action="store_true", help="leave the second provider away")
    parser.add_argument("--json", action="store_true", help="print one JSON object as the last line")
    given = parser.parse_args()
    names = [given.fault] if given.fault else list(FAULTS)
    has_fallback = not given.no_fallback
    layers, rows = stacks(has_fallback=has_fallback), measured(given.seed, names, has_fallback=has_fallback)
    if given.json:
        head = {"seed": given.seed, "fallback": has_fallback, "provider": constants(), "layers": layers}
        print(json.dumps({**head, "faults": rows}))
        return
    print(*layers, sep="\n")
    for name, row in rows.items():
        print(f"{name:18}", "  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
