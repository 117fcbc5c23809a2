from __future__ import annotations

import asyncio
import copy
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.layers.herd import awaited, herd, outcome, turns
from vana.kernel.answer import Degradation, Source
from vana.kernel.clock import Deadline
from vana.kernel.errors import (
    CircuitOpen,
    ConfigError,
    DeadlineExceeded,
    ToolFailed,
    Unavailable,
    UsageError,
)
from vana.kernel.run import Run, Span, current_span, degrade, inside
from vana.layers.cache import Cache
from vana.layers.cache_group import CacheGroup, Held
from vana.testing import FakeClock, faulty


class Slow:
    """A read that takes as long as its gate is shut, and counts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.gate = asyncio.Event()
        self.calls = 0
        self.cancelled = 0
        self.error = error

    async def __call__(self, key: str = "k") -> list[str]:
        self.calls += 1
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        if self.error is not None:
            raise self.error
        return [key]


def itself(x: object) -> object:
    return x


def by_key(key: str) -> list[str]:
    return [f"key:{key}"]


def span(tenant: str = "local", deadline: Deadline | None = None) -> Span:
    return Span("s", "s", Run("r", tenant), deadline=deadline)


async def test_a_result_is_used_again_until_its_time_is_over():
    clock, calls = FakeClock(), list[int]()

    async def read(x: int) -> int:
        calls.append(x)
        return len(calls)

    cached = Cache(10.0, clock=clock, rng=lambda: 0.0).wrap(read, "t")
    assert [await cached(1), await cached(1), await cached(2)] == [1, 1, 2]
    clock.advance(9.9)
    assert await cached(1) == 1
    clock.advance(0.1)
    assert await cached(1) == 3


async def test_every_spelling_of_a_call_is_one_call():
    calls = list[int]()

    async def read(a: int, b: int = 2, *, c: int = 3) -> int:
        calls.append(a)
        return a + b + c

    cached = Cache().wrap(read, "t")
    assert {await cached(1), await cached(a=1), await cached(1, 2, c=3), await cached(c=3, b=2, a=1)} == {6}
    assert len(calls) == 1


PLAIN: st.SearchStrategy[object] = st.sampled_from([None, 1, 1.0, True, "1", 2, 3, "", (1,), (True,)])


@given(values=st.tuples(PLAIN, PLAIN, PLAIN, PLAIN), data=st.data())
def test_however_a_call_is_spelled_it_is_one_entry(values: tuple[object, ...], data: st.DataObject):
    calls = list[object]()

    async def read(a: object, b: object = 2, *, c: object = 3, d: object = None) -> int:
        calls.append((a, b, c, d))
        return len(calls)

    cached = cast("Callable[..., Awaitable[int]]", Cache().wrap(read, "t"))  # called in every way
    named = dict(zip("abcd", values, strict=True))
    defaults = {"b": 2, "c": 3, "d": None}

    async def play() -> None:
        whole = await cached(**named)
        given = data.draw(st.integers(0, 2), "given by position")
        left = data.draw(st.permutations(list(named.items())[given:]), "named, in this order")
        may_go = {key for key, value in left if key in defaults and repr(value) == repr(defaults[key])}
        gone = data.draw(
            st.sets(st.sampled_from(sorted(may_go))) if may_go else st.just(set[str]()), "left out"
        )
        assert await cached(*values[:given], **{key: item for key, item in left if key not in gone}) == whole
        assert len(calls) == 1
        other = data.draw(PLAIN, "another")
        assert (await cached(**{**named, "c": other}) == whole) == (repr(other) == repr(named["c"]))

    asyncio.run(play())


async def test_arguments_without_a_place_of_their_own_are_part_of_the_key_too():
    async def read(a: int, /, *more: int, **named: int) -> list[object]:
        return [a, *more, sorted(named.items())]

    cached = Cache().wrap(read, "t")
    assert await cached(1, 2, x=3, y=4) == await cached(1, 2, y=4, x=3) == [1, 2, [("x", 3), ("y", 4)]]
    assert await cached(1, x=3) == [1, [("x", 3)]]
    assert await cached(1, 2, 3, a=1) == [1, 2, 3, [("a", 1)]]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [((), {}), ((1, 2, 3), {}), ((1,), {"a": 1}), ((1,), {"x": 1}), ((), {"b": 1}), ((1, 2), {"b": 2})],
    ids=str,
)
async def test_a_call_that_does_not_fit_is_refused_as_without_a_cache_and_reaches_no_layer_below(
    arguments: tuple[int, ...], named: dict[str, int]
):
    async def read(a: int, b: int = 2) -> int:
        return a + b

    calls = list[object]()

    @wraps(read)
    async def layer(*arguments: int, **named: int) -> int:
        calls.append(arguments)
        return await read(*arguments, **named)

    for call in (read, Cache().wrap(layer, "t")):
        with pytest.raises(TypeError):
            await cast("Callable[..., Awaitable[int]]", call)(*arguments, **named)  # wrongly, on purpose
    assert calls == []


class Incomparable:
    def __eq__(self, other: object) -> bool:
        message = "asked whether it is equal"
        raise AssertionError(message)

    __hash__ = None  # pyright: ignore[reportAssignmentType] - as for arrays, which compare part by part


async def test_arguments_are_not_compared_before_they_are_refused():
    async def read(x: object, y: object = None) -> None:
        pass

    with pytest.raises(UsageError, match="Incomparable"):
        await Cache().wrap(read, "t")(Incomparable(), y=Incomparable())


@pytest.mark.parametrize("ending", ["works", "fails"])
async def test_of_a_thousand_concurrent_misses_one_calls(ending: str):
    error = ToolFailed("down") if ending == "fails" else None
    slow = Slow(error)
    cached = Cache().wrap(slow, "t")
    async with asyncio.TaskGroup() as group:
        callers = group.create_task(herd(cached, 1000))
        await turns()
        slow.gate.set()
    assert slow.calls == 1
    assert all(result is error if error else result == ["k"] for result in callers.result())


async def test_a_cancelled_leader_fails_nobody_else():
    slow = Slow()
    cached = Cache().wrap(slow, "t")
    async with asyncio.TaskGroup() as group:
        leader = group.create_task(outcome(cached()))
        await turns()
        callers = group.create_task(herd(cached, 999))
        await turns()
        leader.cancel()
        await turns()
        assert isinstance(leader.result(), asyncio.CancelledError)
        slow.gate.set()
    assert callers.result() == [["k"]] * 999
    assert (slow.calls, slow.cancelled) == (1, 0)


async def test_when_the_last_who_waits_is_cancelled_the_call_ends_and_leaves_no_task():
    slow = Slow()
    cached = Cache().wrap(slow, "t")
    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(outcome(cached())) for _ in range(3)]
    await turns()
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    assert (slow.calls, slow.cancelled) == (1, 1)
    assert asyncio.all_tasks() == before
    slow.gate.set()
    assert await cached() == ["k"], "the next one calls anew"


async def test_who_comes_while_an_unwanted_call_ends_starts_a_new_one():
    calls, ending = list[int](), asyncio.Event()

    async def read() -> int:
        calls.append(1)
        if len(calls) > 1:
            return len(calls)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await ending.wait()
        return 0

    cached = Cache().wrap(read, "t")
    first = asyncio.create_task(outcome(cached()))
    await turns()
    first.cancel()
    await turns()
    assert not first.done(), "it waits until its call has cleaned up"
    second = asyncio.create_task(awaited(cached()))
    await turns()
    assert second.done()
    assert second.result() == 2
    ending.set()
    assert isinstance(await first, asyncio.CancelledError)
    assert await cached() == 2


async def test_errors_are_not_kept():
    async def read() -> str:
        return "well"

    cached = Cache().wrap(faulty(read, errors=[Unavailable("a"), ValueError("b")]), "t")
    assert isinstance(await outcome(cached()), Unavailable)
    assert isinstance(await outcome(cached()), ValueError)
    assert await cached() == "well"


async def test_tenants_never_meet():
    async def mine() -> str:
        current = current_span()
        return current.run.tenant if current else "nobody"

    cached = Cache(key=lambda: "the same for all").wrap(mine, "t")
    for tenant in ("ana", "bo", "ana"):
        with inside(span(tenant)):
            assert await cached() == tenant


@pytest.mark.parametrize("key", ["k", 1, ("k", 1)], ids=repr)
async def test_with_a_given_key_nobody_meets_the_local_tenant_who_is_one_in_a_run_and_outside(key: object):
    calls = list[str]()

    async def mine(key: object) -> str:
        current = current_span()
        calls.append(current.run.tenant if current else "outside")
        return calls[-1]

    cached = Cache(key=itself).wrap(mine, "t")
    assert await cached(key) == "outside"
    for tenant, expected in (("local", "outside"), ("ana", "ana"), ("", ""), ("ana", "ana")):
        with inside(span(tenant)):
            assert await cached(key) == expected
    assert await cached(key) == "outside"
    assert calls == ["outside", "ana", ""]
    assert await cached(("ana", key)) == "outside", "a key that looks like a tenant's is the local one's"
    assert len(calls) == 4


DATA: st.SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def spoil(value: object) -> None:
    """Change all of *value* that can be changed."""
    if isinstance(value, list):
        parts = cast("list[object]", value)
        for part in parts:
            spoil(part)
        parts.append("spoilt")
    elif isinstance(value, dict):
        items = cast("dict[str, object]", value)
        for part in items.values():
            spoil(part)
        items["spoilt"] = 1


@given(DATA)
def test_whatever_is_changed_in_a_value_given_out_never_shows(value: object):
    whole = copy.deepcopy(value)

    async def read() -> object:
        return value

    async def play() -> None:
        cached = Cache().wrap(read, "t")
        for _ in range(3):
            got = await cached()
            assert got == whole
            spoil(got)
            spoil(value)

    asyncio.run(play())


async def test_what_a_caller_changes_nobody_else_sees():
    slow = Slow()
    cached = Cache().wrap(slow, "t")
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(awaited(cached())) for _ in range(2)]
        await turns()
        slow.gate.set()
    for task in both:
        task.result().append("changed")
    hit = await cached()
    hit.append("changed")
    assert await cached() == ["k"]


async def test_the_entry_unused_longest_leaves_first():
    calls = list[int]()

    async def read(x: int) -> int:
        calls.append(x)
        return x

    cached = Cache(max_entries=2).wrap(read, "t")
    for x in (1, 2, 1, 3, 1, 2):
        await cached(x)
    assert calls == [1, 2, 3, 2]


async def test_an_argument_that_is_no_data_is_refused_and_not_called_with():
    calls = list[object]()

    async def read(lock: object) -> None:
        calls.append(lock)

    with pytest.raises(UsageError, match="lock"):
        await Cache().wrap(read, "t")(threading.Lock())
    assert calls == []


def name_alone(connection: object, name: str) -> object:
    return name


async def test_a_key_names_what_the_result_depends_on_instead_of_the_arguments():
    calls = list[str]()

    async def read(connection: object, name: str) -> str:
        calls.append(name)
        return name

    cached = Cache(key=name_alone).wrap(read, "t")
    assert [await cached(object(), "a"), await cached(object(), "a"), await cached(object(), "b")] == [
        "a",
        "a",
        "b",
    ]
    assert calls == ["a", "b"]


async def test_a_result_that_cannot_be_copied_is_refused():
    async def read() -> object:
        return threading.Lock()

    with pytest.raises(UsageError, match="cannot be cached"):
        await Cache().wrap(read, "t")()


async def test_what_was_degraded_and_cited_for_the_first_belongs_to_every_copy_but_the_cost_only_once():
    fact, source = Degradation("net", "down", "old copy"), Source("web", "x")

    async def read() -> str:
        current = current_span()
        assert current is not None
        current.input_tokens += 5
        current.sources.append(source)
        degrade("net", "down", "old copy")
        await asyncio.sleep(0)
        return "value"

    cached = Cache().wrap(read, "t")
    books = [span() for _ in range(4)]

    async def ask(mine: Span) -> str:
        with inside(mine):
            return await cached()

    async with asyncio.TaskGroup() as group:
        for mine in books[:3]:
            group.create_task(ask(mine))
    await ask(books[3])
    assert [mine.degraded for mine in books] == [[fact]] * 4
    assert [mine.sources for mine in books] == [[source]] * 4
    assert [mine.input_tokens for mine in books] == [5, 0, 0, 0]


async def test_the_cost_of_a_failed_call_is_counted():
    error = ToolFailed("x")

    async def read() -> None:
        current = current_span()
        assert current is not None
        current.cost_usd += 0.25
        raise error

    mine = span()
    with inside(mine):
        await outcome(Cache().wrap(read, "t")())
    assert mine.cost_usd == 0.25


async def test_a_wait_ends_at_the_deadline_of_the_one_who_waits():
    clock, slow = FakeClock(), Slow()
    cached = Cache(clock=clock).wrap(slow, "t")

    async def ask(seconds: float) -> list[str]:
        with inside(span(deadline=Deadline.after(seconds, clock))):
            return await cached()

    async with asyncio.TaskGroup() as group:
        patient = group.create_task(ask(10.0))
        await turns()
        hasty = group.create_task(outcome(ask(2.0)))
        await clock.elapse(3.0)
        assert isinstance(hasty.result(), DeadlineExceeded)
        slow.gate.set()
    assert patient.result() == ["k"]
    assert slow.calls == 1


async def test_who_has_more_time_than_the_leader_asks_again_when_the_leaders_is_up():
    clock, calls = FakeClock(), list[int]()

    async def read() -> int:
        calls.append(1)
        current = current_span()
        assert current is not None
        assert current.deadline is not None
        await clock.sleep(3.0)
        current.deadline.check("the rest")
        return len(calls)

    cached = Cache(clock=clock).wrap(read, "t")

    async def ask(seconds: float) -> int:
        with inside(span(deadline=Deadline.after(seconds, clock))):
            return await cached()

    async with asyncio.TaskGroup() as group:
        hasty = group.create_task(outcome(ask(2.0)))
        await turns()
        patient = [group.create_task(ask(20.0)) for _ in range(50)]
        await clock.elapse(10.0)
    assert isinstance(hasty.result(), DeadlineExceeded)
    assert {task.result() for task in patient} == {2}
    assert len(calls) == 2


async def test_a_service_that_cancels_itself_is_out_of_reach_and_cancels_nobody():
    async def read() -> None:
        raise asyncio.CancelledError

    assert isinstance(await outcome(Cache().wrap(read, "t")()), Unavailable)


@dataclass(frozen=True)
class Point:
    x: float


async def test_the_same_recipe_keeps_targets_apart():
    recipe = Cache()

    async def one(at: Point) -> str:
        return f"one {at.x}"

    async def two(at: Point) -> str:
        return f"two {at.x}"

    first, second = recipe.wrap(one, "one"), recipe.wrap(two, "two")
    assert [await first(Point(1.5)), await second(Point(1.5)), await first(Point(1.5))] == [
        "one 1.5",
        "two 1.5",
        "one 1.5",
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Cache(ttl=0.0),
        lambda: Cache(ttl=float("nan")),
        lambda: Cache(max_entries=0),
        lambda: Cache(max_bytes=0),
        lambda: Cache(stale=-1.0),
        lambda: Cache(stale_if_error=-1.0),
        lambda: Cache(negative=-1.0),
    ],
)
def test_a_cache_that_can_keep_nothing_is_refused_when_made(make: Callable[[], Cache]):
    with pytest.raises(ConfigError):
        make()


def test_it_reads_as_written():
    assert repr(Cache()) == "Cache()"
    assert repr(Cache(ttl=5.0, key=repr)) == "Cache(ttl=5.0, key=repr)"


# The acceptance rows of the cache, each by its number.


async def test_ca1_a_thousand_concurrent_misses_are_one_call():
    slow = Slow()
    cached = Cache().wrap(slow, "t")
    async with asyncio.TaskGroup() as group:
        callers = group.create_task(herd(cached, 1000))
        await turns()
        slow.gate.set()
    assert (slow.calls, callers.result()) == (1, [["k"]] * 1000)


async def test_ca2_fifty_thousand_short_lived_keys_stay_within_both_bounds_and_go_without_being_read():
    clock, group = FakeClock(), CacheGroup()

    async def read(number: int) -> str:
        return "v" * (number % 3000 // 10)

    recipe = Cache(0.001, 300, 170_000, stale=0.0, stale_if_error=0.0, group=group, clock=clock)
    cached = recipe.wrap(read, "t")
    held: list[Held] = []
    for number in range(50_000):
        await cached(number)
        held.append(group.held())
        clock.advance(0.000_001)
    assert max(size.entries for size in held) == 300
    assert 165_000 < max(size.bytes for size in held) <= 170_000
    clock.advance(0.002)
    await cached(-1)
    assert group.held().entries == 1, "the next that is kept takes all that is over along"


async def test_ca3_every_spelling_is_one_call_and_another_tenant_object_or_type_is_another():
    class Account:
        def __init__(self, name: str) -> None:
            self.name = name

        def __repr__(self) -> str:
            return "Account()"

        async def who(self) -> str:
            return self.name

    ana, bob = Account("ana"), Account("bob")
    cached = Cache().wrap(Account.who, "t")
    for account in (ana, bob):
        with pytest.raises(UsageError, match="Account"):
            await cached(account)
    calls = list[object]()

    async def read(x: object, y: int = 2) -> object:
        calls.append(x)
        return x

    spelled = Cache().wrap(read, "t")
    assert {await spelled(1), await spelled(1, 2), await spelled(x=1), await spelled(y=2, x=1)} == {1}
    assert calls == [1]
    for other in (1.0, True, "1"):
        assert await spelled(other) == other
    for tenant in ("ana", "bob"):
        with inside(span(tenant)):
            await spelled(1)
    assert calls == [1, 1.0, True, "1", 1, 1]


@pytest.mark.parametrize("x", [1, 1.0, True, "1"], ids=repr)
async def test_ca3_a_given_key_keeps_types_apart_too(x: object):
    async def read(x: object) -> object:
        return x

    cached = Cache(key=itself).wrap(read, "t")
    for other in (1, 1.0, True, "1", x):
        assert type(await cached(other)) is type(other)


async def test_ca4_what_a_caller_changes_in_a_value_nobody_else_sees():
    async def read() -> dict[str, list[int]]:
        return original

    original = {"deep": [1]}
    cached = Cache().wrap(read, "t")
    first = await cached()
    first["deep"].append(2)
    original["deep"].append(3)
    second = await cached()
    second["deep"].append(4)
    assert await cached() == {"deep": [1]}


async def test_ca5_a_thousand_callers_of_a_failing_back_end_share_one_error():
    slow = Slow(Unavailable("down"))
    cached = Cache().wrap(slow, "t")
    async with asyncio.TaskGroup() as group:
        callers = group.create_task(herd(cached, 1000))
        await turns()
        slow.gate.set()
    assert slow.calls == 1
    assert {id(error) for error in callers.result()} == {id(slow.error)}


async def test_ca5_a_stale_result_is_served_as_long_as_allowed_when_the_breaker_is_open_and_says_so():
    clock = FakeClock()

    async def read() -> str:
        return "old"

    failing = faulty(read, errors=[])
    errors = list[Exception]()

    async def broken() -> str:
        if errors:
            raise errors[0]
        return await failing()

    cached = Cache(10.0, stale_if_error=100.0, clock=clock, rng=lambda: 0.0).wrap(broken, "t")
    await cached()
    errors.append(CircuitOpen("t"))
    clock.advance(109.0)
    mine = span()
    with inside(mine):
        assert await cached() == "old"
    assert [fact.what for fact in mine.degraded] == ["stale"]
    errors[0] = ToolFailed("no such city")
    assert isinstance(await outcome(cached()), ToolFailed), "an answer of the service is no outage"
    errors[0] = CircuitOpen("t")
    clock.advance(1.0)
    assert isinstance(await outcome(cached()), CircuitOpen)


async def test_ca6_a_result_computed_before_an_invalidation_is_not_kept_after_it():
    slow = Slow()
    async with CacheGroup() as group:
        cached = Cache(tags=by_key, group=group).wrap(slow, "t")
        async with asyncio.TaskGroup() as tasks:
            early = tasks.create_task(awaited(cached("k")))
            await turns()
            await group.invalidate("key:k")
            late = tasks.create_task(awaited(cached("k")))
            await turns()
            assert slow.calls == 2, "who asks after the invalidation does not join the call from before"
            slow.gate.set()
        assert [early.result(), late.result()] == [["k"], ["k"]]
        await cached("k")
        assert slow.calls == 2


async def test_ca6_not_even_where_nobody_asked_again_before_it_came():
    slow = Slow()
    async with CacheGroup() as group:
        cached = Cache(tags=by_key, group=group).wrap(slow, "t")
        early = asyncio.create_task(awaited(cached("k")))
        await turns()
        await group.invalidate("key:k")
        slow.gate.set()
        assert await early == ["k"]
        assert group.held().entries == 0
        await cached("k")
        assert slow.calls == 2
