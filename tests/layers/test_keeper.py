"""What a cache does without a fresh result: serve the stale one, remember an error, ask the second level."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Collection
from typing import cast

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conftest import count
from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.clock import Deadline
from vana.kernel.errors import (
    AllFailed,
    AttemptTimeout,
    CircuitOpen,
    StoreFailed,
    ToolFailed,
    Unavailable,
    UsageError,
    VanaError,
)
from vana.kernel.plain import JSON
from vana.kernel.run import Run, Span, current_span, degrade, inside
from vana.layers.cache import Cache
from vana.layers.cache_group import CacheGroup
from vana.layers.keeper import is_json, is_outage
from vana.layers.second_level import Found, InProcess
from vana.testing import FakeClock


class Source:
    """A read that gives its next number, or fails while it is told to; it waits while its gate is shut."""

    def __init__(self) -> None:
        self.calls = 0
        self.error: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.tenants: list[str] = []

    async def __call__(self, key: str = "k") -> int:
        self.calls += 1
        mine = self.calls
        current = current_span()
        self.tenants.append(current.run.tenant if current is not None else "nobody")
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        return mine


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def group(clock: FakeClock) -> AsyncGenerator[CacheGroup]:
    async with CacheGroup(clock=clock) as opened:
        yield opened


def by_key(key: str) -> list[str]:
    return [key]


def span(tenant: str = "local", deadline: Deadline | None = None) -> Span:
    return Span("s", "s", Run("r", tenant), deadline=deadline)


def recipe(clock: FakeClock, group: CacheGroup | None = None, **more: object) -> Cache:
    return Cache(10.0, group=group, clock=clock, rng=lambda: 0.0, **more)  # pyright: ignore[reportArgumentType] - settings of a test


async def test_lifetimes_differ_by_up_to_a_tenth(clock: FakeClock):
    chance = iter([0.0, 0.999, 0.0])
    cached = Cache(10.0, clock=clock, rng=lambda: next(chance)).wrap(Source(), "t")
    assert [await cached("a"), await cached("b")] == [1, 2]
    clock.advance(9.01)
    assert [await cached("a"), await cached("b")] == [1, 3]


async def test_a_stale_result_is_served_at_once_while_one_call_refreshes_it(
    clock: FakeClock, group: CacheGroup
):
    source = Source()
    cached = recipe(clock, group).wrap(source, "t")
    await cached()
    clock.advance(15.0)
    source.gate.clear()
    mine = span()
    with inside(mine):
        assert await herd(cached, 100) == [1] * 100
    assert mine.degraded == []
    await turns()
    assert (source.calls, len(group.background)) == (2, 1)
    source.gate.set()
    await turns()
    assert await cached() == 2
    assert len(group.background) == 0


async def test_a_refresh_goes_on_when_its_caller_is_gone_with_his_tenant_but_not_his_deadline(
    clock: FakeClock, group: CacheGroup
):
    source = Source()
    cached = recipe(clock, group).wrap(source, "t")
    with inside(span("ana")):
        await cached()
    clock.advance(15.0)
    with inside(span("ana", Deadline.after(1.0, clock))):
        assert await cached() == 1
    clock.advance(5.0)
    await turns()
    with inside(span("ana")):
        assert await cached() == 2
    assert source.tenants == ["ana", "ana"]


async def test_without_a_group_or_after_the_stale_time_callers_wait_for_the_new_result(
    clock: FakeClock, group: CacheGroup
):
    for owner, wait in ((None, 10.0), (group, 70.0)):
        cached = recipe(clock, owner).wrap(Source(), "t")
        await cached()
        clock.advance(wait)
        assert await cached() == 2


@pytest.mark.parametrize("had_begun", [True, False])
async def test_a_closed_group_refreshes_nothing_and_the_cache_goes_on(
    clock: FakeClock, group: CacheGroup, *, had_begun: bool
):
    source = Source()
    cached = recipe(clock, group).wrap(source, "t")
    await cached()
    clock.advance(15.0)
    source.gate.clear()
    assert await cached() == 1
    await turns(5 if had_begun else 0)
    await group.aclose()
    assert asyncio.all_tasks() == {asyncio.current_task()}
    source.gate.set()
    assert await cached() == (3 if had_begun else 2)


async def test_a_refresh_that_fails_is_reported_and_not_repeated_by_every_caller(clock: FakeClock):
    told: list[str] = []
    async with CacheGroup(clock=clock, on_error=lambda name, error: told.append(f"{name}: {error}")) as group:
        source = Source()
        cached = recipe(clock, group).wrap(source, "t")
        await cached()
        source.error = Unavailable("down")
        clock.advance(11.0)
        for _ in range(5):
            assert await cached() == 1
            await turns()
        assert (source.calls, told) == (2, ["t: down"])
        clock.advance(2.0)
        assert await cached() == 1
        await turns()
        assert source.calls == 3


OUTAGES: list[VanaError] = [
    CircuitOpen("t"),
    Unavailable("x"),
    AttemptTimeout("x"),
    AllFailed("t", [CircuitOpen("a"), Unavailable("b")]),
]
ANSWERS: list[VanaError] = [
    ToolFailed("x"),
    UsageError("x"),
    AllFailed("t", [CircuitOpen("a"), ToolFailed("b")]),
    AllFailed("t", []),
]


def test_an_outage_is_told_from_a_bad_answer():
    assert list(map(is_outage, OUTAGES)) == [True] * len(OUTAGES)
    assert list(map(is_outage, ANSWERS)) == [False] * len(ANSWERS)
    assert not is_outage(ValueError())


async def test_an_outage_without_anything_stale_is_an_error(clock: FakeClock):
    source = Source()
    source.error = CircuitOpen("t")
    assert isinstance(await outcome(recipe(clock).wrap(source, "t")()), CircuitOpen)


async def test_a_declared_error_is_the_answer_for_a_while(clock: FakeClock):
    source = Source()
    source.error = ToolFailed("no such city")
    cached = recipe(clock, errors=(ToolFailed,)).wrap(source, "t")
    assert [await outcome(cached()) for _ in range(3)] == [source.error] * 3
    assert source.calls == 1
    clock.advance(2.0)
    source.error = None
    assert await cached() == 2


async def test_the_traceback_of_a_kept_error_does_not_grow(clock: FakeClock):
    source = Source()
    source.error = error = ToolFailed("x")
    cached = recipe(clock, errors=(ToolFailed,)).wrap(source, "t")
    depths = list[int]()
    for _ in range(5):
        await outcome(cached())
        trace, depth = error.__traceback__, 0
        while trace is not None:
            trace, depth = trace.tb_next, depth + 1
        depths.append(depth)
    assert len(set(depths[1:])) == 1


async def test_a_declared_outage_does_not_take_the_place_of_a_stale_result(clock: FakeClock):
    source = Source()
    cached = recipe(clock, errors=(Unavailable,)).wrap(source, "t")
    await cached()
    source.error = Unavailable("x")
    clock.advance(20.0)
    assert [await cached(), await cached()] == [1, 1]


async def test_the_name_of_a_target_is_a_tag_of_all_its_results(clock: FakeClock, group: CacheGroup):
    first, other = (recipe(clock, group).wrap(Source(), name) for name in ("first", "other"))
    for x in ("a", "b"):
        await first(x)
        await other(x)
    await group.invalidate("first")
    assert [await first("a"), await first("b"), await other("a"), await other("b")] == [3, 4, 1, 2]


async def test_a_group_does_not_keep_caches_alive_and_knows_how_much_they_hold(
    clock: FakeClock, group: CacheGroup
):
    cached = recipe(clock, group).wrap(Source(), "t")
    await cached()
    assert group.held().entries == 1
    assert group.held().bytes > 300
    del cached
    import gc  # noqa: PLC0415 - a closure and its keeper refer to each other

    gc.collect()
    assert group.held() == (0, 0)


async def test_an_error_is_invalidated_like_a_result(clock: FakeClock, group: CacheGroup):
    source = Source()
    source.error = ToolFailed("x")
    cached = recipe(clock, group, errors=(ToolFailed,), tags=by_key).wrap(source, "t")
    await outcome(cached("k"))
    await group.invalidate("k")
    await outcome(cached("k"))
    assert source.calls == 2


async def test_a_call_that_waits_for_itself_is_told_so(clock: FakeClock):
    async def fall(number: int) -> int:
        return await cached((number + 1) % 3)

    cached = recipe(clock).wrap(fall, "fall")
    with pytest.raises(UsageError, match="fall → fall → fall → fall"):
        await cached(0)


# The second level.


async def test_what_another_cache_computed_is_found_in_the_second_level(clock: FakeClock):
    level = InProcess(clock=clock)
    sources = [Source(), Source()]
    for source in sources:
        async with CacheGroup(level, clock=clock) as group:
            cached = recipe(clock, group).wrap(source, "t")
            with inside(span("ana")):
                assert [await cached("a"), await cached("a")] == [1, 1]
    assert [source.calls for source in sources] == [1, 0]


@pytest.mark.parametrize("changed", ["tenant", "target", "version", "key"])
async def test_what_differs_in_anything_is_not_found_in_the_second_level(clock: FakeClock, changed: str):
    level = InProcess(clock=clock)
    for other in (False, True):
        async with CacheGroup(level, clock=clock) as group:
            new = changed if other else ""
            cached = recipe(clock, group, version="2" if new == "version" else "1").wrap(
                source := Source(), "u" if new == "target" else "t"
            )
            with inside(span("bo" if new == "tenant" else "ana")):
                await cached("b" if new == "key" else "a")
            assert source.calls == 1


async def test_what_the_second_level_gives_is_over_when_it_is_over_there(clock: FakeClock):
    level = InProcess(clock=clock)
    async with CacheGroup(level, clock=clock) as one, CacheGroup(level, clock=clock) as two:
        first, second = (recipe(clock, group, stale=0.0).wrap(Source(), "t") for group in (one, two))
        await first()
        clock.advance(9.0)
        assert await second() == 1
        clock.advance(1.0)
        assert await second() == 1, "a call of its own, its first"


async def test_an_invalidation_reaches_the_second_level_and_fences_it(clock: FakeClock):
    level = InProcess(clock=clock)
    async with CacheGroup(level, clock=clock) as one, CacheGroup(level, clock=clock) as two:
        source, other = Source(), Source()
        first = recipe(clock, one, tags=by_key).wrap(source, "t")
        second = recipe(clock, two, tags=by_key).wrap(other, "t")
        source.gate.clear()
        early = asyncio.create_task(awaited(first("k")))
        await turns()
        await two.invalidate("k")  # the other process's, so that nothing fences the first in its own
        source.gate.set()
        assert await early == 1
        assert await second("k") == 1
        assert other.calls == 1, "the value from before the invalidation did not get into the second level"


class Broken:
    """A second level that fails while it is told to."""

    def __init__(self, clock: FakeClock) -> None:
        self.inside = InProcess(clock=clock)
        self.is_down = False
        self.asked = 0

    def check(self) -> None:
        self.asked += 1
        if self.is_down:
            raise StoreFailed("cache.db: it is damaged")

    async def find(self, key: bytes) -> Found:
        self.check()
        return await self.inside.find(key)

    async def keep(self, key: bytes, value: JSON, *, seconds: float, tags: object, fence: int) -> bool:
        self.check()
        return await self.inside.keep(key, value, seconds=seconds, tags=cast("list[str]", tags), fence=fence)

    async def invalidate(self, tags: object) -> None:
        self.check()
        await self.inside.invalidate(cast("list[str]", tags))

    async def aclose(self) -> None:
        await self.inside.aclose()


async def test_a_second_level_that_fails_is_left_alone_for_a_while_and_every_miss_says_so(clock: FakeClock):
    level = Broken(clock)
    level.is_down = True
    async with CacheGroup(level, clock=clock) as group:
        cached = recipe(clock, group).wrap(Source(), "t")
        for key in "abc":
            mine = span()
            with inside(mine):
                await cached(key)
            assert [fact.what for fact in mine.degraded] == ["cache"]
        assert level.asked == 1
        hit = span()
        with inside(hit):
            await cached("c")
        assert hit.degraded == [], "it is not a fault of the value"
        clock.advance(5.0)
        level.is_down = False
        mine = span()
        with inside(mine):
            await cached("d")
        assert mine.degraded == []


async def test_an_invalidation_that_did_not_reach_the_second_level_keeps_it_from_being_read(clock: FakeClock):
    level = Broken(clock)
    async with CacheGroup(level, clock=clock) as group:
        source = Source()
        cached = recipe(clock, group, tags=by_key).wrap(source, "t")
        await cached("k")
        level.is_down = True
        await group.invalidate("k")
        assert await cached("k") == 2
        clock.advance(5.0)
        level.is_down = False
        await group.invalidate("other")
        async with CacheGroup(level, clock=clock) as fresh:
            assert await recipe(clock, fresh).wrap(source, "t")("k") == 3, "what was owed was told first"


class Slow(InProcess):
    """A second level that takes its time over an invalidation."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(clock=clock)
        self.gate = asyncio.Event()

    async def invalidate(self, tags: Collection[str]) -> None:
        await self.gate.wait()
        await super().invalidate(tags)


async def test_nothing_comes_from_the_second_level_while_it_is_being_told(clock: FakeClock):
    level, source = Slow(clock), Source()
    async with CacheGroup(level, clock=clock) as group:
        cached = recipe(clock, group, tags=by_key).wrap(source, "t")
        await cached("k")
        telling = asyncio.create_task(group.invalidate("k"))
        await turns()
        asking = asyncio.create_task(awaited(cached("k")))
        await turns()
        assert not asking.done()
        level.gate.set()
        await telling
        assert await asking == 2
        assert await cached("k") == 2


async def test_what_carries_evidence_or_is_no_json_stays_in_the_process(clock: FakeClock):
    level = InProcess(clock=clock)

    async def degraded() -> int:
        degrade("net", "down", "guessed")
        return 1

    async def pair() -> tuple[int, int]:
        return (1, 2)

    async with CacheGroup(level, clock=clock) as group:
        with inside(span()):
            await recipe(clock, group).wrap(degraded, "degraded")()
            await recipe(clock, group).wrap(pair, "pair")()
    calls = list[str]()

    async def again() -> str:
        calls.append("x")
        return "again"

    async with CacheGroup(level, clock=clock) as group:
        for name in ("degraded", "pair"):
            assert await recipe(clock, group).wrap(again, name)() == "again"
    assert calls == ["x", "x"]


def test_only_what_comes_back_the_same_is_json():
    kept: list[object] = [None, True, 1, 1.5, "x", [1, [2]], {"a": {"b": None}}]
    lost: list[object] = [(1,), {1: 2}, float("nan"), float("inf"), [object()], {"a": b""}, {1}]
    assert list(map(is_json, kept)) == [True] * len(kept)
    assert list(map(is_json, lost)) == [False] * len(lost)


# The whole, against a dictionary with times.

TTL, STALE, SIE, NEGATIVE = 8.0, 4.0, 16.0, 2.0
KEYS: tuple[str, ...] = ("a", "b", "c")


class Machine(RuleBasedStateMachine):
    """Calls that start, end, fail, are cancelled and invalidated in any order, in virtual time."""

    @initialize()
    def begin(self) -> None:
        self.runner = asyncio.Runner()
        self.clock = FakeClock()
        self.group = CacheGroup(clock=self.clock, on_error=lambda name, error: None)
        self.flying: dict[str, list[asyncio.Future[int]]] = {key: [] for key in KEYS}
        self.number = 0
        self.born: dict[int, tuple[str, int]] = {}
        self.version = dict.fromkeys(KEYS, 0)
        self.given: list[tuple[asyncio.Task[object], str, int, float]] = []
        self.made: dict[int, float] = {}
        self.cached = Cache(
            TTL, 2, stale=STALE, stale_if_error=SIE, negative=NEGATIVE, errors=(ToolFailed,),
            tags=by_key, group=self.group, clock=self.clock, rng=lambda: 0.0,
        ).wrap(self.read, "t")  # fmt: skip

    async def read(self, key: str) -> int:
        self.number += 1
        mine = self.number
        self.born[mine] = (key, self.version[key])
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.flying[key].append(end)
        try:
            await end
        finally:
            with contextlib.suppress(ValueError):
                self.flying[key].remove(end)
        self.made[mine] = self.clock.monotonic()
        return mine

    def run(self, turns_of_loop: int = 12) -> None:
        self.runner.run(turns(turns_of_loop))

    @rule(key=st.sampled_from(KEYS), many=st.integers(1, 3))
    def ask(self, key: str, many: int) -> None:
        async def start() -> None:
            for _ in range(many):
                task = asyncio.get_running_loop().create_task(awaited(outcome(self.cached(key))))
                self.given.append((task, key, self.version[key], self.clock.monotonic()))
            await turns(12)

        self.runner.run(start())

    @rule(key=st.sampled_from(KEYS), how=st.sampled_from(["value", "outage", "declared", "bug"]))
    def land(self, key: str, how: str) -> None:
        for end in self.flying[key][:1]:
            if how == "value":
                end.set_result(1)
            else:
                errors = {"outage": Unavailable("x"), "declared": ToolFailed("x"), "bug": ValueError("x")}
                end.set_exception(errors[how])
            self.run()

    @precondition(lambda self: any(not task.done() for task, *_ in self.given))
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        waiting = [task for task, *_ in self.given if not task.done()]
        data.draw(st.sampled_from(waiting)).cancel()
        self.run()

    @rule(key=st.sampled_from(KEYS))
    def invalidate(self, key: str) -> None:
        self.version[key] += 1
        self.runner.run(self.group.invalidate(key))

    @rule(seconds=st.sampled_from([1.0, 3.0, 9.0, 30.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.run()

    @invariant()
    def nobody_gets_what_is_too_old_or_was_invalidated_before_he_asked(self) -> None:
        left: list[tuple[asyncio.Task[object], str, int, float]] = []
        for task, key, version, asked in getattr(self, "given", []):
            if not task.done():
                left.append((task, key, version, asked))
                continue
            value = None if task.cancelled() else task.result()
            if isinstance(value, int):
                born_key, born_version = self.born[value]
                assert born_key == key
                assert born_version >= version
                assert self.made[value] + TTL + SIE > asked
            else:
                assert value is None or isinstance(
                    value, (Unavailable, ToolFailed, ValueError, asyncio.CancelledError)
                )
        self.given = left

    @invariant()
    def of_one_key_and_version_one_call_is_under_way(self) -> None:
        for key, ends in getattr(self, "flying", {}).items():
            assert len(ends) <= self.version[key] + 1
            current = [n for n, born in self.born.items() if born == (key, self.version[key])]
            under_way = [n for n in current if n not in self.made]
            assert len(ends) <= len(under_way) + self.version[key]

    @invariant()
    def it_stays_within_its_bounds(self) -> None:
        if hasattr(self, "group"):
            assert self.group.held().entries <= 2

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        for ends in self.flying.values():
            for end in tuple(ends):
                end.set_result(1)
        self.run(30)
        assert all(task.done() for task, *_ in self.given), "somebody waits for ever"
        self.runner.run(self.group.aclose())
        assert not asyncio.all_tasks(self.runner.get_loop())
        self.runner.close()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=count(daily=200, proof=2000), stateful_step_count=40, deadline=None
)
