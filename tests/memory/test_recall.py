from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vana.kernel.answer import Degradation
from vana.kernel.confidence import Confidence
from vana.kernel.errors import AllFailed, InputError, StoreFailed, Unavailable, VanaError
from vana.layers.stack import stack
from vana.memory import knowledge, session
from vana.memory.recall import Guard, Memory, Recall
from vana.memory.session import Turn
from vana.memory.store.sqlite import SqliteStore
from vana.memory.tier import Hit, Item, Query, Tier
from vana.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
    from pathlib import Path
    from typing import ParamSpec, TypeVar

    from vana.memory.store.store import Store

    P = ParamSpec("P")
    R = TypeVar("R")


@dataclass
class Outside:
    """A level from outside: it says what it was told to say."""

    name: str = "vector"
    floor: float = 0.6
    says: tuple[Hit, ...] = ()
    error: VanaError | None = None
    asked: list[Query] = field(default_factory=list[Query])

    async def search(self, query: Query) -> Sequence[Hit]:
        self.asked.append(query)
        if self.error is not None:
            raise self.error
        return self.says

    async def store(self, item: Item) -> str:
        return item.id or item.text


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with SqliteStore(tmp_path) as opened:
        yield opened


@pytest.fixture
def memory(store: Store, clock: FakeClock) -> Memory:
    return with_tiers(store, clock)


def with_tiers(store: Store, clock: FakeClock, *more: Tier, guard: Guard | None = None) -> Memory:
    tiers = [session.open_tier(store), knowledge.open_tier(store), *more]
    return Memory(tiers, store=store, guard=guard, clock=clock)


async def remember(memory: Memory, clock: FakeClock, *texts: str, source: str = "user") -> list[str]:
    refs: list[str] = []
    for text in texts:
        clock.advance(1.0)
        refs.append((await memory.remember(text, tenant="ana", session=None, source=source)).ref)
    return refs


async def recall(memory: Memory, text: str, *, of: str | None = "s1", k: int = 10) -> Recall:
    return await memory.recall(text, tenant="ana", session=of, k=k)


def texts(found: Recall) -> list[str]:
    return [hit.text for hit in found.hits]


async def test_remembered_text_says_what_was_understood(memory: Memory):
    first = await memory.remember("Remember that Ana's birthday is 3 May", tenant="ana", session="s1")
    again = await memory.remember("Remember that Ana's birthday is 3 May", tenant="ana", session="s2")
    assert first.fact is not None
    assert (first.fact.subject, first.fact.attribute, first.fact.value) == ("ana", "birthday", "3 May")
    assert (first.level, first.new) == ("knowledge", True)
    assert (again.ref, again.new) == (first.ref, False)


async def test_question_is_kept_as_text_and_never_as_a_fact(memory: Memory):
    kept = await memory.remember("Is the office in Rome?", tenant="ana", session=None)
    assert kept.fact is None
    found = await recall(memory, "where is the office?")
    assert texts(found) == ["Is the office in Rome?"]
    assert found.exact is None


async def test_users_own_fact_is_exact_and_no_confidence_is_claimed(memory: Memory, clock: FakeClock):
    (ref,) = await remember(memory, clock, "the office is in Rome")
    await remember(memory, clock, "the office has a nice view", "an office chair is 200 euros")
    found = await recall(memory, "Where is the office?")
    assert found.exact is not None
    assert (found.exact.ref, found.exact.span) == (ref, (17, 21))
    assert found.hits[0].ref == ref
    assert (found.confidence, found.answers) == (None, False)
    assert [hit.confidence for hit in found.hits] == [None] * len(found.hits)


async def test_newest_of_several_values_is_exact_and_the_others_stay_with_their_dates(
    memory: Memory, clock: FakeClock
):
    values = [f"the office is in {city}" for city in ("Rome", "Oslo", "Bergen")]
    await remember(memory, clock, *values, "offices are overrated")
    found = await recall(memory, "where is the office?")
    assert found.exact is not None
    assert found.exact.text == values[2]
    assert texts(found)[:3] == values[::-1]
    dates = [hit.at for hit in found.hits[:3]]
    assert dates == sorted(dates, key=lambda at: -(at or 0.0))
    assert len(set(dates)) == 3


async def test_a_value_said_anew_is_the_newest_again(memory: Memory, clock: FakeClock):
    await remember(memory, clock, "the office is in Rome", "the office is in Oslo", "the office is in Rome")
    found = await recall(memory, "where is the office?")
    assert found.exact is not None
    assert found.exact.text == "the office is in Rome"


async def test_newest_fact_is_exact_whichever_level_it_is_on(memory: Memory, clock: FakeClock):
    await remember(memory, clock, "the office is in Rome")
    clock.advance(10.0)
    await memory.append("ana", "s1", [Turn("1", "user", "the office is now in Oslo")])
    found = await recall(memory, "where is the office?")
    assert found.exact is not None
    assert (found.exact.level, found.exact.ref) == ("session", "1")
    other = await recall(memory, "where is the office?", of="s2")
    assert other.exact is not None
    assert other.exact.text == "the office is in Rome"


async def test_what_others_said_is_never_exact(memory: Memory, clock: FakeClock):
    await remember(memory, clock, "the office is in Rome", source="https://web.example")
    await memory.append("ana", "s1", [Turn("1", "assistant", "the office is in Oslo")])
    found = await recall(memory, "where is the office?")
    assert sorted(hit.source for hit in found.hits) == ["https://web.example", "session:s1"]
    assert found.exact is None


@pytest.mark.parametrize("denial", ["the office is no longer in Rome", "the office will be in Oslo"])
async def test_newer_denial_leaves_nothing_exact(memory: Memory, clock: FakeClock, denial: str):
    await remember(memory, clock, "the office is in Rome", denial)
    found = await recall(memory, "where is the office?")
    assert found.exact is None
    assert set(texts(found)) == {"the office is in Rome", denial}


async def test_fact_newer_than_the_denial_is_exact(memory: Memory, clock: FakeClock):
    await remember(memory, clock, "the office is no longer in Rome", "the office is in Oslo")
    found = await recall(memory, "where is the office?")
    assert found.exact is not None
    assert found.exact.text == "the office is in Oslo"


@pytest.mark.parametrize(
    "question",
    ["where is the old office?", "where is the office now?", "is the office in Rome?", "the office"],
)
async def test_other_questions_find_candidates_only(memory: Memory, clock: FakeClock, question: str):
    await remember(memory, clock, "the office is in Rome")
    found = await recall(memory, question)
    assert texts(found) == ["the office is in Rome"]
    assert found.exact is None


async def test_turns_are_found_in_their_conversation_only(memory: Memory):
    refs = await memory.append(
        "ana",
        "s1",
        [Turn("D1:1", "Caroline", "I adopted a puppy", 5.0), Turn(None, "Mel", "Congratulations!")],
    )
    assert refs[0] == "D1:1"
    (hit,) = (await recall(memory, "puppy")).hits
    assert (hit.ref, hit.level, hit.source, hit.at) == ("D1:1", "session", "session:s1", 5.0)
    assert (await recall(memory, "puppy", of="s2")).hits == ()
    assert (await recall(memory, "puppy", of=None)).hits == ()


async def test_one_bad_turn_keeps_all_out(memory: Memory):
    with pytest.raises(InputError, match="empty"):
        await memory.append("ana", "s1", [Turn("1", "user", "puppy"), Turn("2", "user", " ")])
    assert (await recall(memory, "puppy")).hits == ()


async def test_calibrated_hit_above_its_floor_answers_with_the_union(store: Store, clock: FakeClock):
    sure = Hit("v1", "the office is in Oslo", "vector", Confidence(0.61), 0.9, "notes.md")
    memory = with_tiers(store, clock, Outside(says=(sure,)))
    await remember(memory, clock, "our office plants need water")
    found = await recall(memory, "where is the office?")
    assert (found.answers, found.confidence) == (True, 0.61)
    assert {hit.level for hit in found.hits} == {"knowledge", "vector"}


@pytest.mark.parametrize(
    ("floor", "confidence", "answers"),
    [(0.6, 0.6, False), (0.6, 0.59, False), (0.6, 0.6001, True), (1.0, 1.0, False)],
)
async def test_only_what_exceeds_the_floor_answers(
    store: Store, clock: FakeClock, floor: float, confidence: float, *, answers: bool
):
    hit = Hit("v1", "Oslo", "vector", Confidence(confidence))
    found = await recall(with_tiers(store, clock, Outside(floor=floor, says=(hit,))), "where?")
    assert (found.answers, found.confidence) == (answers, confidence)


async def test_each_level_is_judged_by_its_own_floor(store: Store, clock: FakeClock):
    strict = Outside("strict", 0.9, (Hit("a", "Rome", "strict", Confidence(0.8)),))
    mild = Outside("mild", 0.5, (Hit("b", "Oslo", "mild", Confidence(0.6)),))
    found = await recall(with_tiers(store, clock, strict, mild), "where is the office?")
    assert (found.answers, found.confidence) == (True, 0.6)


async def test_score_alone_never_answers(store: Store, clock: FakeClock):
    loud = Hit("v1", "Oslo", "vector", None, 0.99)
    found = await recall(with_tiers(store, clock, Outside(floor=0.0, says=(loud,))), "where is the office?")
    assert (found.answers, found.confidence, found.exact) == (False, None, None)


async def test_hit_of_two_levels_is_given_once_as_its_best(store: Store, clock: FakeClock):
    low, high = Hit("x", "tea", "a", None, 0.1), Hit("x", "tea", "b", None, 0.9)
    other, unscored = Hit("y", "milk", "a", None, 0.5), Hit("z", "salt", "b")
    tiers = (Outside("a", says=(low, other)), Outside("b", says=(unscored, high)))
    found = await recall(with_tiers(store, clock, *tiers), "what to drink?")
    assert found.hits == (high, other, unscored)


async def test_no_more_hits_than_asked_for_and_the_exact_one_is_among_them(memory: Memory, clock: FakeClock):
    await remember(memory, clock, "the office is in Rome", *(f"office office office {n}" for n in range(9)))
    found = await recall(memory, "where is the office?", k=2)
    assert len(found.hits) == 2
    assert found.exact is not None
    assert found.exact in found.hits


async def test_failing_level_is_named_and_the_others_answer(store: Store, clock: FakeClock):
    broken = Outside(error=StoreFailed("the index is gone"))
    memory = with_tiers(store, clock, broken)
    await remember(memory, clock, "the office is in Rome")
    found = await recall(memory, "where is the office?")
    assert found.degraded == (
        Degradation("memory.vector", "the index is gone", "the other levels were searched"),
    )
    assert found.exact is not None


async def test_error_that_is_not_ours_is_not_hidden(store: Store, clock: FakeClock):
    class Mistaken(Outside):
        async def search(self, query: Query) -> Sequence[Hit]:
            raise ZeroDivisionError

    with pytest.raises(ExceptionGroup) as caught:
        await recall(with_tiers(store, clock, Mistaken()), "where is the office?")
    assert caught.group_contains(ZeroDivisionError)


async def test_when_no_level_can_be_searched_recall_fails_by_name(store: Store):
    gone, busy = (
        Outside("a", error=StoreFailed("a is gone", hint="put it back")),
        Outside("b", error=Unavailable("b is busy")),
    )
    with pytest.raises(StoreFailed, match="a is gone") as caught:
        await recall(Memory([gone], store=store), "tea")
    assert caught.value.hint == "put it back"
    with pytest.raises(AllFailed, match=r"a is gone.*b is busy"):
        await recall(Memory([gone, busy], store=store), "tea")


async def test_all_levels_are_searched_at_the_same_time(store: Store, clock: FakeClock):
    meeting = asyncio.Barrier(2)

    class Meeting(Outside):
        async def search(self, query: Query) -> Sequence[Hit]:
            await meeting.wait()
            return ()

    async with asyncio.timeout(5):
        await recall(with_tiers(store, clock, Meeting("a"), Meeting("b")), "tea")


async def test_each_level_has_its_guard_made_once(store: Store, clock: FakeClock):
    made: list[str] = []
    calls: Counter[str] = Counter()

    @dataclass(frozen=True)
    class Counting:
        def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
            made.append(target)

            async def counted(*args: P.args, **kwargs: P.kwargs) -> R:
                calls[target] += 1
                return await service(*args, **kwargs)

            return counted

    memory = with_tiers(store, clock, guard=stack(Counting()))
    for _ in range(3):
        await recall(memory, "tea")
    assert made == ["memory.session", "memory.knowledge"]
    assert calls == {"memory.session": 3, "memory.knowledge": 3}


async def test_level_is_asked_with_all_that_is_known_of_the_query(store: Store, clock: FakeClock):
    outside = Outside()
    await recall(with_tiers(store, clock, outside), "tea", k=7)
    assert outside.asked == [Query("tea", "ana", "s1", 7)]


async def test_bad_text_is_refused_before_any_level_is_asked(store: Store, clock: FakeClock):
    outside = Outside()
    memory = with_tiers(store, clock, outside)
    for text in ("", "a\0b", "x" * 10_000_000):
        with pytest.raises(InputError):
            await recall(memory, text)
        with pytest.raises(InputError):
            await memory.remember(text, tenant="ana", session=None)
    assert outside.asked == []


async def test_recall_has_the_json_form_of_its_schema(memory: Memory, clock: FakeClock):
    (ref,) = await remember(memory, clock, "the office is in Rome")
    found = await recall(memory, "where is the office?")
    form = found.as_json()
    assert list(form) == ["schema", "confidence", "hits", "degraded"]
    assert (form["schema"], form["confidence"], form["degraded"]) == ("vana.recall/1", None, [])
    (hit,) = found.hits
    assert form["hits"] == [hit.as_json()]
    assert hit.as_json()["ref"] == ref


WORD = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=12)
TEXT = st.lists(WORD, min_size=1, max_size=12).map(" ".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(TEXT, min_size=1, max_size=8, unique=True), data=st.data())
async def test_any_text_is_recalled_by_its_own_rarest_word(
    tmp_path_factory: pytest.TempPathFactory, written: list[str], data: st.DataObject
):
    async with SqliteStore(tmp_path_factory.mktemp("home")) as store:
        memory = Memory([knowledge.open_tier(store)], store=store)
        refs = [(await memory.remember(text, tenant="ana", session=None)).ref for text in written]
        number = data.draw(st.integers(0, len(written) - 1))
        counts = Counter(word for text in written for word in set(text.split()))
        rarest = min(written[number].split(), key=lambda word: counts[word])
        found = await memory.recall(rarest, tenant="ana", session=None, k=len(written))
        assert refs[number] in [hit.ref for hit in found.hits]
