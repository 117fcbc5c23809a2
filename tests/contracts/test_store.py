"""What every memory store promises. An implementation passes by standing in `OPENERS`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from vana.kernel.errors import InputError, UsageError
from vana.memory.facts import read_question, read_statement
from vana.memory.store.sqlite import open_store
from vana.memory.tier import KNOWLEDGE, SESSION, Item, Query

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from vana.memory.store.store import Store

OPENERS: dict[str, Callable[[Path], Store]] = {"sqlite": open_store}


@pytest.fixture(params=sorted(OPENERS))
def opener(request: pytest.FixtureRequest) -> Callable[[Path], Store]:
    return OPENERS[str(request.param)]


@pytest.fixture
async def store(opener: Callable[[Path], Store], tmp_path: Path) -> AsyncGenerator[Store]:
    opened = opener(tmp_path)
    yield opened
    await opened.aclose()


def known(text: str, *, tenant: str = "ana", source: str = "user", at: float | None = None) -> Item:
    return Item(text, tenant, KNOWLEDGE, source=source, at=at, fact=read_statement(text))


def said(text: str, *, session: str = "s1", ref: str | None = None, tenant: str = "ana") -> Item:
    return Item(text, tenant, SESSION, session=session, id=ref, speaker="user", fact=read_statement(text))


def query(text: str, *, tenant: str = "ana", session: str | None = None, limit: int = 10) -> Query:
    return Query(text, tenant, session, limit)


async def keep(store: Store, item: Item) -> str:
    (stored,) = await store.append([item])
    return stored.ref


def files_in(folder: Path) -> list[str]:
    return [str(path.relative_to(folder)) for path in folder.rglob("*")]


async def stated(store: Store, text: str) -> list[str]:
    question = read_question(text)
    assert question is not None
    return [hit.text for hit in await store.stated(query(text), KNOWLEDGE, question)]


async def test_what_was_kept_is_found_with_all_that_is_known_of_it(store: Store):
    ref = await keep(store, known("The staging database is at db7.internal", source="notes.md", at=1700.5))
    (hit,) = await store.find(query("staging"), KNOWLEDGE)
    assert (hit.ref, hit.text, hit.level) == (ref, "The staging database is at db7.internal", KNOWLEDGE)
    assert (hit.source, hit.at, hit.confidence) == ("notes.md", 1700.5, None)
    assert hit.score is not None
    assert hit.score > 0


async def test_what_was_kept_is_there_when_the_store_is_opened_again(
    opener: Callable[[Path], Store], tmp_path: Path
):
    first = opener(tmp_path)
    ref = await keep(first, known("the gate code is 1984"))
    await first.aclose()
    second = opener(tmp_path)
    assert [hit.ref for hit in await second.find(query("gate"), KNOWLEDGE)] == [ref]
    await second.aclose()


async def test_a_tenant_nobody_wrote_to_has_nothing_and_makes_no_file(store: Store, tmp_path: Path):
    assert await store.find(query("anything"), KNOWLEDGE) == ()
    assert files_in(tmp_path) == []


async def test_tenants_never_meet(store: Store):
    await keep(store, known("the gate code is 1984", tenant="ana"))
    await keep(store, known("the gate code is 2001", tenant="bob"))
    assert [hit.text for hit in await store.find(query("gate code"), KNOWLEDGE)] == ["the gate code is 1984"]
    assert await stated(store, "what is the gate code?") == ["the gate code is 1984"]
    assert await store.find(query("gate code", tenant="carol"), KNOWLEDGE) == ()


@pytest.mark.parametrize(
    "tenant", ["../ana", "Ana", "ANA", "a/b", "a%2fb", "con", ".", "ä", "x" * 900, "x" * 901]
)
async def test_tenants_of_unusual_names_never_meet(store: Store, tenant: str, tmp_path: Path):
    await keep(store, known("the gate code is 1984", tenant="ana"))
    await keep(store, known("the gate code is 2001", tenant=tenant))
    found = await store.find(query("gate", tenant=tenant), KNOWLEDGE)
    assert [hit.text for hit in found] == ["the gate code is 2001"]
    assert len(await store.find(query("gate"), KNOWLEDGE)) == 1
    assert {name.split("/")[0] for name in files_in(tmp_path)} == {"memory"}


async def test_conversations_of_one_tenant_are_searched_each_for_itself(store: Store):
    await store.append([said("I like tea", session="s1"), said("I like coffee", session="s2")])
    question = read_question("what do I like?")
    assert question is not None
    for session, text in (("s1", "I like tea"), ("s2", "I like coffee")):
        asked = query("like", session=session)
        assert [hit.text for hit in await store.find(asked, SESSION)] == [text]
        assert [hit.text for hit in await store.stated(asked, SESSION, question)] == [text]
    assert await store.find(query("like"), SESSION) == ()
    assert await store.stated(query("like"), SESSION, question) == ()
    assert await store.find(query("like", session="s1"), KNOWLEDGE) == ()


async def test_the_same_text_is_kept_once_and_keeps_its_ref(store: Store):
    first = await store.append([known("the gate code is 1984")])
    again = await store.append([known("  the gate \n code is 1984 "), known("the gate code is 1984")])
    assert [one.new for one in (*first, *again)] == [True, False, False]
    assert {one.ref for one in again} == {first[0].ref}
    assert len(await store.find(query("gate"), KNOWLEDGE)) == 1


async def test_the_same_text_of_another_level_session_or_source_is_another(store: Store):
    items = [
        known("tea is nice"),
        known("tea is nice", source="notes.md"),
        said("tea is nice", session="s1"),
        said("tea is nice", session="s2"),
    ]
    assert len({stored.ref for stored in await store.append(items)}) == 4


async def test_lasting_knowledge_said_in_two_conversations_is_one(store: Store):
    one, two = (Item("tea is nice", "ana", KNOWLEDGE, session=name) for name in ("s1", "s2"))
    assert await keep(store, one) == await keep(store, two)


async def test_what_is_said_anew_is_the_newest(store: Store):
    for at, text in (
        (1.0, "the office is in Rome"),
        (2.0, "the office is in Oslo"),
        (3.0, "the office is in Rome"),
    ):
        await keep(store, known(text, at=at))
    assert await stated(store, "where is the office?") == ["the office is in Rome", "the office is in Oslo"]


async def test_of_facts_of_the_same_instant_the_one_said_last_is_the_newest(store: Store):
    for text in ("the office is in Rome", "the office is in Oslo", "the office is in Rome"):
        await keep(store, known(text, at=5.0))
    assert await stated(store, "where is the office?") == ["the office is in Rome", "the office is in Oslo"]


async def test_a_fact_is_given_with_the_place_of_its_value(store: Store):
    await keep(store, known("Remember that the office is in Rome!"))
    question = read_question("where is the office?")
    assert question is not None
    (hit,) = await store.stated(query("office"), KNOWLEDGE, question)
    assert hit.span is not None
    assert hit.text[slice(*hit.span)] == "Rome"


async def test_only_the_users_own_word_is_a_stated_fact(store: Store):
    await keep(store, known("the office is in Rome", source="https://web.example"))
    assert await stated(store, "where is the office?") == []
    assert len(await store.find(query("office"), KNOWLEDGE)) == 1


async def test_a_turn_keeps_the_id_it_was_given(store: Store):
    turns = [said("yes", ref="D1:1"), said("yes", ref="D1:2"), said("yes", ref="D1:1", session="s2")]
    assert [one.ref for one in await store.append(turns)] == ["D1:1", "D1:2", "D1:1"]
    assert [one.new for one in await store.append(turns)] == [False, False, False]


async def test_an_id_never_changes_its_text_and_a_refused_append_keeps_nothing(store: Store):
    await store.append([said("tea", ref="1")])
    with pytest.raises(InputError, match="'1' is taken by another text: 'tea'"):
        await store.append([said("milk", ref="2"), said("coffee", ref="1")])
    assert await store.find(query("milk coffee", session="s1"), SESSION) == ()


async def test_a_refused_append_spoils_no_other_that_shares_its_transaction(store: Store):
    await store.append([said("tea", ref="1")])
    tries = [said(f"turn {n}", ref="1" if n == 20 else f"t{n}") for n in range(40)]
    done = [asyncio.ensure_future(store.append([item])) for item in tries]
    await asyncio.wait(done)
    assert [n for n, one in enumerate(done) if one.exception() is not None] == [20]
    assert len(await store.find(query("turn", session="s1", limit=100), SESSION)) == 39


async def test_many_at_once_are_all_kept(store: Store):
    items = [known(f"box {n} holds thing{n}") for n in range(300)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(store.append([item])) for item in items]
    refs = [task.result()[0].ref for task in tasks]
    assert len(set(refs)) == 300
    for n in (0, 137, 299):
        assert [hit.ref for hit in await store.find(query(f"thing{n}"), KNOWLEDGE)] == [refs[n]]


async def test_nothing_to_keep_is_kept(store: Store):
    assert await store.append([]) == ()


async def test_items_of_two_tenants_are_refused_together(store: Store):
    with pytest.raises(UsageError, match="one tenant"):
        await store.append([known("tea"), known("tea", tenant="bob")])
    assert await store.find(query("tea"), KNOWLEDGE) == ()


async def test_no_more_is_given_than_asked_for_and_the_best_comes_first(store: Store):
    await store.append([known(f"tea number {n}") for n in range(30)])
    best = await keep(store, known("green tea from Uji"))
    hits = await store.find(query("tea from Uji", limit=5), KNOWLEDGE)
    assert len(hits) == 5
    assert hits[0].ref == best
    scores = [hit.score or 0.0 for hit in hits]
    assert scores == sorted(scores, reverse=True)


async def test_accents_case_and_endings_do_not_matter_to_a_search(store: Store):
    await keep(store, known("Caf\u00e9 M\u00fcller serves CROISSANTS"))
    for text in ("cafe", "muller", "croissant", "cafe\u0301"):
        assert len(await store.find(query(text), KNOWLEDGE)) == 1, text


async def test_signs_without_letters_are_found_as_they_stand(store: Store):
    await keep(store, known("deploys go out with \U0001f680 only"))
    assert len(await store.find(query("\U0001f680"), KNOWLEDGE)) == 1
    assert await store.find(query("\U0001f6f8"), KNOWLEDGE) == ()


async def test_what_the_session_says_finds_its_speaker(store: Store):
    await store.append(
        [Item("hello there", "ana", SESSION, session="s1", speaker="Caroline", source="session:s1")]
    )
    assert len(await store.find(query("caroline", session="s1"), SESSION)) == 1


async def test_a_closed_store_says_so_and_closes_twice(store: Store):
    await keep(store, known("tea"))
    await store.aclose()
    await store.aclose()
    with pytest.raises(UsageError, match="closed"):
        await store.append([known("tea")])
    with pytest.raises(UsageError, match="closed"):
        await store.find(query("tea"), KNOWLEDGE)


async def test_what_was_taken_before_closing_is_kept(opener: Callable[[Path], Store], tmp_path: Path):
    first = opener(tmp_path)
    writes = [asyncio.ensure_future(first.append([known(f"note {n}")])) for n in range(50)]
    await asyncio.sleep(0)
    await first.aclose()
    refs = {(await write)[0].ref for write in writes}
    second = opener(tmp_path)
    assert {hit.ref for hit in await second.find(query("note", limit=100), KNOWLEDGE)} == refs
    await second.aclose()
