"""Layers alone: guard any async function, without agents, memory or a data folder.

python examples/guard.py
"""

from __future__ import annotations

import asyncio

from vana import Breaker, Limit, Retry, Timeout, stack
from vana.kernel.errors import CircuitOpen, Unavailable

ANSWERS = {"a": "the page a"}


class Site:
    """A site that is down for its first *failures* requests."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.requests = 0

    async def fetch(self, path: str) -> str:
        """Give a page.

        Raises:
            Unavailable: the site is down.
        """
        self.requests += 1
        if self.requests <= self.failures:
            message = "the site is down"
            raise Unavailable(message)
        return ANSWERS[path]


async def main() -> None:
    """Reach a site that recovers, and leave one alone that does not."""
    layers = stack(
        Retry(attempts=3, base=0.01, cap=0.02),
        Breaker(minimum_calls=3, open_for=30.0),
        Limit(concurrent=4, waiting=16),
        Timeout(2.0),
    )
    print(layers)

    flaky = Site(failures=2)
    fetch = layers(flaky.fetch, "flaky")  # keeps the signature of the function it guards
    print(await fetch("a"), "- after", flaky.requests, "requests")

    dead = Site(failures=1_000_000)
    fetch = layers(dead.fetch, "dead")  # state of its own: what happened to "flaky" plays no part
    try:
        await fetch("a")
    except Unavailable as error:
        print("failed:", error.message, "- after", dead.requests, "requests")
    try:
        await fetch("a")
    except CircuitOpen as error:
        print("refused:", error.target, "is left alone - still", dead.requests, "requests")


if __name__ == "__main__":
    asyncio.run(main())
