from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.layers.herd import Counting, outcome
from vana.kernel.answer import Degradation
from vana.kernel.clock import Deadline
from vana.kernel.errors import (
    AllFailed,
    AtLimit,
    AttemptTimeout,
    CircuitOpen,
    ConfigError,
    DeadlineExceeded,
    InputError,
    RateLimited,
    ToolFailed,
    Unavailable,
)
from vana.kernel.run import Run, Span, inside
from vana.layers.breaker import Breaker
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.retry import Retry
from vana.layers.stack import stack
from vana.testing import FakeClock, faulty


async def first(x: int) -> str:
    return f"first {x}"


async def second(x: int) -> str:
    return f"second {x}"


async def third(x: int) -> str:
    return f"third {x}"


def span() -> Span:
    return Span("s", "s", Run("r"))


async def test_while_the_first_works_nothing_is_degraded():
    books = span()
    with inside(books):
        assert await Fallback(second).wrap(first, "one")(1) == "first 1"
    assert books.degraded == []


@pytest.mark.parametrize(
    "error",
    [Unavailable("gone"), RateLimited("slow"), AttemptTimeout("late"), CircuitOpen("one"), AtLimit("full")],
)
async def test_when_it_is_out_of_reach_the_next_answers_and_the_books_say_so(error: Exception):
    books = span()
    service = Fallback(second, names=("two",)).wrap(faulty(first, errors=[error]), "one")
    with inside(books):
        assert await service(1) == "second 1"
    assert books.degraded == [Degradation("one", str(error), "two")]


async def test_each_substitution_is_written_down():
    books = span()
    chain = Fallback(faulty(second, errors=[Unavailable("b")]), third, names=("two", "three"))
    with inside(books):
        assert await chain.wrap(faulty(first, errors=[Unavailable("a")]), "one")(1) == "third 1"
    assert books.degraded == [Degradation("one", "a", "two"), Degradation("two", "b", "three")]


@pytest.mark.parametrize(
    "error",
    [
        InputError("wrong"),
        ToolFailed("final"),
        ValueError("bug"),
        DeadlineExceeded("over"),
        asyncio.CancelledError(),
    ],
)
async def test_mistakes_final_failures_and_cancellation_are_never_hidden_by_another(error: BaseException):
    books = span()
    with inside(books):
        assert await outcome(Fallback(second).wrap(faulty(first, errors=[error]), "one")(1)) is error
    assert books.degraded == []


async def test_when_all_are_out_of_reach_every_cause_is_kept():
    causes = [Unavailable("a"), CircuitOpen("two"), AtLimit("c")]
    chain = Fallback(faulty(second, errors=[causes[1]]), faulty(third, errors=[causes[2]]))
    with pytest.raises(AllFailed) as caught:
        await chain.wrap(faulty(first, errors=[causes[0]]), "one")(1)
    assert caught.value.causes == tuple(causes)
    assert caught.value.__cause__ is causes[2]


async def test_without_time_the_next_is_not_tried():
    clock, calls = FakeClock(), list[int]()

    async def late(x: int) -> str:
        clock.advance(5.0)
        raise Unavailable(str(x))

    async def other(x: int) -> str:
        calls.append(x)
        return ""

    books = Span("s", "s", Run("r"), deadline=Deadline.after(5.0, clock))
    with inside(books), pytest.raises(DeadlineExceeded, match="no time left for other"):
        await Fallback(other, names=("other",)).wrap(late, "one")(1)
    assert calls == []
    assert books.degraded == []


@pytest.mark.parametrize("length", [2, 3, 9])
async def test_gd1_a_chain_of_any_length_says_what_stood_in_and_hides_no_mistake(length: int):
    books, calls = span(), list[int]()

    async def gone(x: int) -> str:
        calls.append(x)
        raise Unavailable(f"gone {len(calls)}")

    names = tuple(f"rung {number}" for number in range(length))
    with inside(books):
        chain = Fallback(*[gone] * (length - 1), second, names=names)
        assert await chain.wrap(gone, "first")(1) == "second 1"
    assert len(calls) == length
    assert [fact.instead for fact in books.degraded] == list(names)
    assert all(fact.why.startswith("gone") for fact in books.degraded)
    mistake = Fallback(second).wrap(faulty(first, errors=[TypeError("bug")]), "one")
    assert isinstance(await outcome(mistake(1)), TypeError)


async def test_gd2_time_is_kept_for_those_that_stand_in():
    clock, begun = FakeClock(), dict[str, float]()

    def hanging(name: str) -> Callable[[int], Awaitable[str]]:
        async def hang(x: int) -> str:
            begun[name] = clock.monotonic() - 1000.0
            await clock.sleep(3600.0)
            return str(x)

        return hang

    books = Span("s", "s", Run("r"), deadline=Deadline.after(10.0, clock))
    chain = Fallback(hanging("two"), third, names=("two", "three"), share=0.4).wrap(hanging("one"), "one")
    with inside(books):
        assert await clock.drive(chain(1)) == "third 1"
    assert begun == {"one": 0.0, "two": 6.0}
    assert clock.monotonic() == pytest.approx(1008.4)
    assert [fact.what for fact in books.degraded] == ["one", "two"]


async def test_a_target_whose_breaker_is_open_is_passed_over_without_being_called():
    clock, calls = FakeClock(), list[int]()

    async def dead(x: int) -> str:
        calls.append(x)
        raise Unavailable("dead")

    guarded = stack(Retry(1), Breaker(minimum_calls=2, clock=clock))(dead, "dead")
    chain = Fallback(second).wrap(guarded, "dead")
    assert [await chain(number) for number in range(5)] == [f"second {number}" for number in range(5)]
    assert calls == [0, 1]


async def test_the_last_resort_answers_when_all_are_out_of_reach_or_no_time_is_left():
    clock = FakeClock()

    async def canned(x: int) -> str:
        return f"canned {x}"

    async def late(x: int) -> str:
        clock.advance(9.0)
        raise Unavailable(str(x))

    books = Span("s", "s", Run("r"), deadline=Deadline.after(5.0, clock))
    with inside(books):
        assert await Fallback(second, last=canned, share=0.0).wrap(late, "one")(1) == "canned 1"
    assert len(books.degraded) == 1
    gone = faulty(first, errors=[Unavailable("a")])
    assert await Fallback(last=canned).wrap(gone, "one")(2) == "canned 2"
    assert repr(Fallback(second, last=canned)).startswith("Fallback(second, last=")


async def test_it_works_outside_a_run():
    assert await Fallback(second).wrap(faulty(first, errors=[Unavailable("a")]), "one")(3) == "second 3"


def test_a_fallback_on_nothing_or_with_too_few_names_is_refused_when_made():
    with pytest.raises(ConfigError):
        Fallback()
    with pytest.raises(ConfigError):
        Fallback(second, third, names=("two",))


def test_it_reads_as_the_chain_it_is():
    assert repr(Fallback(second, third, names=("two", "three"))) == "Fallback(two, three)"
    assert repr(Fallback(second)) == "Fallback(second)"


async def test_the_shares_of_calls_under_one_limit_are_kept_by_one_alarm():
    clock, ends = Counting(), list[float]()

    async def hang(x: int) -> str:
        await clock.sleep(3600.0)
        return str(x)

    chain = Timeout(10.0, clock).wrap(Fallback(second, names=("two",), share=0.5).wrap(hang, "one"), "t")

    async def call(number: int) -> None:
        assert await chain(number) == f"second {number}"
        ends.append(clock.monotonic() - 1000.0)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(call(number))
            await clock.elapse(0.125)
        assert clock.alarms == 2, "one for the limits and one for their shares"
        await clock.elapse(10.0)
    assert ends == [5.0 + 0.125 * number for number in range(10)]


async def test_calls_with_less_time_than_those_before_them_are_passed_on_in_time():
    clock, begun = FakeClock(), list[tuple[int, float]]()

    async def hang(x: int) -> str:
        await clock.sleep(3600.0)
        return str(x)

    async def stand_in(x: int) -> str:
        begun.append((x, clock.monotonic() - 1000.0))
        return ""

    chain = Fallback(stand_in, share=0.5).wrap(hang, "one")

    async def call(seconds: int) -> None:
        with inside(Span("s", "s", Run("r"), deadline=Deadline.after(seconds, clock))):
            await chain(seconds)

    async with asyncio.TaskGroup() as group:
        for seconds in (60, 4, 20, 2):
            group.create_task(call(seconds))
        await clock.elapse(60.0)
    assert begun == [(2, 1.0), (4, 2.0), (20, 10.0), (60, 30.0)]
