"""Many calls at once, and what became of each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from vana.kernel.event import Event
from vana.testing import FakeClock
from vana.testing.clock import FakeAlarm

R = TypeVar("R")


async def outcome(call: Awaitable[R]) -> R | BaseException:
    """Give what *call* gave or raised."""
    try:
        return await call
    except BaseException as error:  # noqa: BLE001 - what came out is what the test looks at
        return error


async def awaited(call: Awaitable[R]) -> R:
    """Give *call* as what a task can be made of."""
    return await call


async def herd(call: Callable[[], Awaitable[R]], size: int) -> list[R | BaseException]:
    """Make *size* calls at once and give what became of each."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(outcome(call())) for _ in range(size)]
    return [task.result() for task in tasks]


async def turns(number: int = 5) -> None:
    """Let all others run for some turns of the event loop."""
    for _ in range(number):
        await asyncio.sleep(0)


class Heard:
    """Events in a list, instead of a journal."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def ended(self) -> list[Event]:
        return [event for event in self.events if event.kind == "ended"]


class Counting(FakeClock):
    """A clock that counts the alarms set on it."""

    alarms = 0

    def alarm(self, seconds: float, ring: Callable[[], object]) -> FakeAlarm:
        self.alarms += 1
        return super().alarm(seconds, ring)
