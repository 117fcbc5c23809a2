from __future__ import annotations

import asyncio

import pytest

from tests.layers.herd import outcome
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
from vana.layers.fallback import Fallback
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
