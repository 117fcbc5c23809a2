"""What every level of memory promises. An implementation passes by standing in `OPENERS`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vana.kernel.errors import ConfigError, InputError, UsageError
from vana.memory import knowledge, session
from vana.memory.store.sqlite import SqliteStore
from vana.memory.tier import KNOWLEDGE, SESSION, Item, Query, Tier

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from pathlib import Path

    from vana.memory.store.store import Store

OPENERS: dict[str, Callable[[Store, float], Tier]] = {
    SESSION: session.open_tier,
    KNOWLEDGE: knowledge.open_tier,
}


@pytest.fixture(params=sorted(OPENERS))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncGenerator[Store]:
    async with SqliteStore(tmp_path) as opened:
        yield opened


@pytest.fixture
def tier(name: str, store: Store) -> Tier:
    return OPENERS[name](store, 0.5)


def item(text: str, level: str, *, tenant: str = "ana", at: float | None = None) -> Item:
    return Item(text, tenant, level, session="s1", at=at)


def query(text: str, *, tenant: str = "ana", limit: int = 10) -> Query:
    return Query(text, tenant, "s1", limit)


async def test_it_has_the_name_and_floor_it_was_opened_with(tier: Tier, name: str):
    assert (tier.name, tier.floor) == (name, 0.5)


@pytest.mark.parametrize("floor", [-0.1, 1.1, float("nan")])
async def test_a_floor_that_is_no_probability_is_refused(name: str, store: Store, floor: float):
    with pytest.raises(ConfigError, match=f"floor of the level {name}"):
        OPENERS[name](store, floor)


async def test_what_is_stored_is_found_under_its_ref_and_level(tier: Tier, name: str):
    ref = await tier.store(item("the parser lives in kernel/parse", name))
    (hit,) = await tier.search(query("parser"))
    assert (hit.ref, hit.level, hit.text) == (ref, name, "the parser lives in kernel/parse")


async def test_nothing_is_calibrated(tier: Tier, name: str):
    await tier.store(item("tea", name))
    assert [hit.confidence for hit in await tier.search(query("tea"))] == [None]


async def test_storing_the_same_twice_gives_the_same_ref(tier: Tier, name: str):
    assert await tier.store(item("tea", name)) == await tier.store(item("tea", name))


async def test_no_more_hits_than_asked_for(tier: Tier, name: str):
    for n in range(8):
        await tier.store(item(f"tea {n}", name))
    assert len(await tier.search(query("tea", limit=3))) == 3


async def test_another_tenant_finds_nothing(tier: Tier, name: str):
    await tier.store(item("tea", name))
    assert list(await tier.search(query("tea", tenant="bob"))) == []


async def test_an_item_of_another_level_is_refused(tier: Tier, name: str):
    other = KNOWLEDGE if name == SESSION else SESSION
    with pytest.raises(UsageError, match=f"of the level {other} cannot be kept on the level {name}"):
        await tier.store(item("tea", other))


async def test_another_text_under_the_same_id_is_refused(tier: Tier, name: str):
    await tier.store(Item("tea", "ana", name, session="s1", id="1"))
    with pytest.raises(InputError, match="taken by another text"):
        await tier.store(Item("milk", "ana", name, session="s1", id="1"))
