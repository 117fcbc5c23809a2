from __future__ import annotations

import asyncio
import threading

import pytest

from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.clock import Deadline
from vana.kernel.errors import ConfigError, DeadlineExceeded, Unavailable, UsageError
from vana.kernel.run import Run, Span, current_span, inside
from vana.layers.lazy import Lazy, in_thread
from vana.testing import FakeClock


class Thing:
    """What is opened: it knows its name, and writes into a shared log when it is closed."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.name = name
        self._log = log

    async def aclose(self) -> None:
        self._log.append(f"close {self.name}")


class Shop:
    """Opens things, as slow as its gate is shut, and writes down what happened."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.errors: list[Exception] = []

    async def load(self, name: str) -> Thing:
        self.log.append(f"load {name}")
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        return Thing(name, self.log)


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def close(thing: Thing) -> None:
    await thing.aclose()


async def test_ll1_a_thousand_first_uses_are_one_load_of_one_thing(shop: Shop):
    lazy = Lazy(shop.load, close=close)
    shop.gate.clear()
    async with asyncio.TaskGroup() as group:
        callers = group.create_task(herd(lambda: lazy.get("a"), 1000))
        await turns()
        shop.gate.set()
    assert shop.log == ["load a"]
    assert len(set(map(id, callers.result()))) == 1
    assert await lazy.get("a") is callers.result()[0]


async def test_ll1_a_cancelled_first_caller_fails_nobody_else(shop: Shop):
    lazy = Lazy(shop.load)
    shop.gate.clear()
    first = asyncio.create_task(outcome(lazy.get("a")))
    await turns()
    async with asyncio.TaskGroup() as group:
        others = group.create_task(herd(lambda: lazy.get("a"), 999))
        await turns()
        first.cancel()
        await turns()
        assert isinstance(first.result(), asyncio.CancelledError)
        shop.gate.set()
    assert all(isinstance(thing, Thing) for thing in others.result())
    assert shop.log == ["load a"]


async def test_a_load_goes_on_when_all_who_waited_are_gone(shop: Shop):
    lazy = Lazy(shop.load, close=close)
    shop.gate.clear()
    first = asyncio.create_task(outcome(lazy.get("a")))
    await turns()
    first.cancel()
    await turns()
    shop.gate.set()
    await lazy.get("a")
    assert shop.log == ["load a"]


async def test_ll1_a_failure_is_shared_by_who_waits_and_not_kept(shop: Shop):
    lazy = Lazy(shop.load)
    shop.errors = [Unavailable("down")]
    shop.gate.clear()
    async with asyncio.TaskGroup() as group:
        callers = group.create_task(herd(lambda: lazy.get("a"), 100))
        await turns()
        shop.gate.set()
    assert {str(error) for error in callers.result()} == {"down"}
    assert (await lazy.get("a")).name == "a"
    assert shop.log == ["load a", "load a"]


async def test_a_failure_is_kept_for_as_long_as_was_asked_for(shop: Shop):
    clock = FakeClock()
    lazy = Lazy(shop.load, negative=1.0, clock=clock)
    shop.errors = [Unavailable("down")]
    for _ in range(3):
        assert isinstance(await outcome(lazy.get("a")), Unavailable)
    assert shop.log == ["load a"]
    clock.advance(1.0)
    assert (await lazy.get("a")).name == "a"


async def test_ll1_a_circle_is_found_and_named_with_its_way():
    async def load(name: str) -> str:
        following = {"a": "b", "b": "c", "c": "a"}[name]
        return name + await lazy.get(following)

    lazy = Lazy(load, noun="part")
    with pytest.raises(UsageError, match="part a waits for itself: part a → part b → part c → part a"):
        await lazy.get("a")


async def test_a_circle_closed_by_two_callers_is_found_too():
    both, loading = asyncio.Event(), list[str]()

    async def load(name: str) -> str:
        loading.append(name)
        if len(loading) == 2:
            both.set()
        await both.wait()
        return await lazy.get({"a": "b", "b": "a"}[name])

    lazy = Lazy(load)
    async with asyncio.timeout(5.0), asyncio.TaskGroup() as group:
        results = [group.create_task(outcome(lazy.get(name))) for name in "ab"]
    assert all(isinstance(task.result(), UsageError) for task in results)


async def test_two_that_need_a_third_are_no_circle(shop: Shop):
    async def load(name: str) -> Thing:
        if name != "base":
            async with asyncio.TaskGroup() as group:
                for _ in range(2):
                    group.create_task(lazy.get("base"))
        return await shop.load(name)

    lazy = Lazy(load)
    assert [result.name for result in await herd(lambda: lazy.get("a"), 2) if isinstance(result, Thing)] == [
        "a",
        "a",
    ]
    await lazy.get("b")
    assert shop.log == ["load base", "load a", "load b"]


async def test_ll1_what_was_opened_last_is_closed_first_each_even_if_another_fails(shop: Shop):
    async def load(name: str) -> Thing:
        if name == "top":
            await lazy.get("base")
        return await shop.load(name)

    async def shut(thing: Thing) -> None:
        await thing.aclose()
        if thing.name == "top":
            raise Unavailable("it does not let go")

    lazy = Lazy(load, close=shut)
    await lazy.get("top")
    await lazy.get("last")
    shop.log.clear()
    with pytest.raises(Unavailable, match="let go"):
        await lazy.aclose()
    assert shop.log == ["close last", "close top", "close base"]
    await lazy.aclose()
    with pytest.raises(UsageError, match="closed"):
        await lazy.get("top")


async def test_closing_ends_a_load_under_way(shop: Shop):
    lazy = Lazy(shop.load, close=close)
    shop.gate.clear()
    caller = asyncio.create_task(outcome(lazy.get("a")))
    await turns()
    await lazy.aclose()
    assert isinstance(await caller, Unavailable)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert shop.log == ["load a"]


async def test_ll1_what_is_idle_is_closed_and_opened_anew_when_asked_for(shop: Shop):
    clock = FakeClock()
    lazy = Lazy(shop.load, close=close, idle=10.0, clock=clock)
    await lazy.get("a")
    await lazy.get("b")
    await clock.elapse(9.0)
    await lazy.get("b")
    await clock.elapse(9.0)
    assert shop.log == ["load a", "load b", "close a"]
    await lazy.get("a")
    await clock.elapse(30.0)
    assert shop.log == ["load a", "load b", "close a", "load a", "close b", "close a"]
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nobody watches over nothing"
    await lazy.aclose()


async def test_what_is_held_is_not_idle(shop: Shop):
    clock = FakeClock()
    lazy = Lazy(shop.load, close=close, idle=10.0, clock=clock)
    async with lazy.hold("a"):
        await clock.elapse(100.0)
        assert shop.log == ["load a"]
    await clock.elapse(9.0)
    assert shop.log == ["load a"]
    await clock.elapse(11.0)
    assert shop.log == ["load a", "close a"]
    await lazy.aclose()


async def test_a_thing_is_not_opened_while_the_one_before_it_is_being_closed(shop: Shop):
    clock, ending = FakeClock(), asyncio.Event()

    async def slowly(thing: Thing) -> None:
        await ending.wait()
        await thing.aclose()

    lazy = Lazy(shop.load, close=slowly, idle=10.0, clock=clock)
    await lazy.get("a")
    await clock.elapse(10.0)
    again = asyncio.create_task(awaited(lazy.get("a")))
    await turns()
    assert not again.done()
    ending.set()
    await again
    assert shop.log == ["load a", "close a", "load a"]
    await lazy.aclose()


async def test_a_load_sees_no_run_and_a_wait_ends_at_the_deadline_of_the_one_who_waits(shop: Shop):
    clock, seen = FakeClock(), list[object]()

    async def load(name: str) -> Thing:
        seen.append(current_span())
        return await shop.load(name)

    lazy = Lazy(load)
    shop.gate.clear()
    with inside(Span("s", "s", Run("r"), deadline=Deadline.after(1.0, clock))):
        hasty = asyncio.create_task(outcome(lazy.get("a")))
    await clock.elapse(2.0)
    assert isinstance(await hasty, DeadlineExceeded)
    shop.gate.set()
    assert (await lazy.get("a")).name == "a"
    assert (seen, shop.log) == ([None], ["load a"])


async def test_a_plain_function_is_called_in_a_thread_once(shop: Shop):
    here, threads = threading.get_ident(), list[int]()

    def load(name: str) -> Thing:
        threads.append(threading.get_ident())
        return Thing(name, shop.log)

    lazy = in_thread(load, close=close)
    things = await herd(lambda: lazy.get("a"), 100)
    assert len(set(map(id, things))) == 1
    assert len(threads) == 1
    assert threads != [here]
    await lazy.aclose()
    assert shop.log == ["close a"]


async def test_what_a_thread_opens_while_all_is_being_closed_is_closed_too(shop: Shop):
    begun, go_on, loop = asyncio.Event(), threading.Event(), asyncio.get_running_loop()

    def load(name: str) -> Thing:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait(10.0)
        return Thing(name, shop.log)

    lazy = in_thread(load, close=close)
    caller = asyncio.create_task(outcome(lazy.get("a")))
    await begun.wait()
    closing = asyncio.create_task(lazy.aclose())
    await turns()
    go_on.set()
    await closing
    assert isinstance(await caller, Unavailable)
    assert shop.log == ["close a"]


@pytest.mark.parametrize(("idle", "negative"), [(0.0, 0.0), (-1.0, 0.0), (None, -1.0)])
def test_what_cannot_be_meant_is_refused(shop: Shop, idle: float | None, negative: float):
    with pytest.raises(ConfigError):
        Lazy(shop.load, idle=idle, negative=negative)


async def test_closing_waits_for_what_idleness_is_closing_already(shop: Shop):
    clock, ending = FakeClock(), asyncio.Event()

    async def slowly(thing: Thing) -> None:
        await ending.wait()
        await thing.aclose()

    lazy = Lazy(shop.load, close=slowly, idle=10.0, clock=clock)
    await lazy.get("a")
    await clock.elapse(10.0)
    closing = asyncio.create_task(lazy.aclose())
    await turns()
    assert not closing.done()
    ending.set()
    await closing
    assert shop.log == ["load a", "close a"]
    assert asyncio.all_tasks() == {asyncio.current_task()}
