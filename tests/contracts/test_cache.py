"""What every second level of the caches promises. An implementation passes by standing in `OPENERS`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.journal.cache import SqliteCache
from vana.kernel.errors import ConfigError
from vana.kernel.plain import JSON
from vana.layers.second_level import InProcess, SecondLevel
from vana.testing import FakeClock

Opener = Callable[[Path, int, FakeClock], SecondLevel]


def in_process(folder: Path, most: int, clock: FakeClock) -> SecondLevel:
    return InProcess(max_bytes=most, clock=clock)


def sqlite(folder: Path, most: int, clock: FakeClock) -> SecondLevel:
    return SqliteCache(folder / "cache.db", max_bytes=most, clock=clock)


OPENERS: dict[str, Opener] = {"in_process": in_process, "sqlite": sqlite}
MOST = 2000


@pytest.fixture(params=sorted(OPENERS))
def opener(request: pytest.FixtureRequest) -> Opener:
    return OPENERS[str(request.param)]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def level(opener: Opener, tmp_path: Path, clock: FakeClock) -> AsyncGenerator[SecondLevel]:
    opened = opener(tmp_path, MOST, clock)
    yield opened
    await opened.aclose()


async def put(level: SecondLevel, key: bytes, value: JSON, *tags: str, seconds: float = 10.0) -> bool:
    fence = (await level.find(key)).fence
    return await level.keep(key, value, seconds=seconds, tags=tags, fence=fence)


async def got(level: SecondLevel, key: bytes) -> JSON:
    found = await level.find(key)
    return found.kept[0] if found.kept is not None else "nothing"


VALUES: list[JSON] = [None, True, 1, 1.5, "é\ud800\x00", [1, [2.0, "x"]], {"a": {"b": [None]}}, "", 10**30]


@pytest.mark.parametrize("value", VALUES, ids=repr)
async def test_a_value_comes_back_equal_and_of_its_type(level: SecondLevel, value: JSON):
    assert await put(level, b"k", value)
    again = await got(level, b"k")
    assert again == value
    assert type(again) is type(value)


async def test_what_was_not_kept_is_not_found(level: SecondLevel):
    assert (await level.find(b"k")).kept is None


async def test_a_value_is_there_until_its_time_is_over(level: SecondLevel, clock: FakeClock):
    await put(level, b"k", 1, seconds=10.0)
    clock.advance(9.0)
    assert (await level.find(b"k")).seconds == pytest.approx(1.0)
    clock.advance(1.0)
    assert await got(level, b"k") == "nothing"


async def test_the_newest_value_of_a_key_counts(level: SecondLevel):
    await put(level, b"k", 1)
    await put(level, b"k", 2)
    assert await got(level, b"k") == 2


async def test_what_bears_an_invalidated_tag_is_gone_and_the_rest_stays(level: SecondLevel):
    await put(level, b"a", 1, "x", "y")
    await put(level, b"b", 2, "y")
    await put(level, b"c", 3)
    await level.invalidate(["x"])
    assert [await got(level, key) for key in (b"a", b"b", b"c")] == ["nothing", 2, 3]


async def test_what_was_begun_before_an_invalidation_is_not_kept_after_it(level: SecondLevel):
    fence = (await level.find(b"k")).fence
    await level.invalidate(["x"])
    assert not await level.keep(b"k", "old", seconds=10.0, tags=["x"], fence=fence)
    assert await got(level, b"k") == "nothing"
    assert await level.keep(b"k", "other", seconds=10.0, tags=["y"], fence=fence)
    assert await put(level, b"k", "new", "x")


async def test_the_fence_holds_however_many_other_tags_were_invalidated_since(level: SecondLevel):
    fence = (await level.find(b"k")).fence
    await level.invalidate(["x"])
    await level.invalidate([f"t{number}" for number in range(20_000)])
    await level.invalidate(["y"])
    assert not await level.keep(b"k", "old", seconds=10.0, tags=["x"], fence=fence)
    assert await put(level, b"k", "new", "x")


async def test_it_never_holds_more_bytes_than_it_may_and_drops_what_is_over_first(level: SecondLevel):
    for number in range(100):
        assert await put(level, b"%02d" % number, "v" * 100, seconds=10.0 + number)
    kept = [number for number in range(100) if await got(level, b"%02d" % number) != "nothing"]
    assert 10 <= len(kept) <= MOST // 104
    assert kept == list(range(100 - len(kept), 100))


async def test_a_value_larger_than_all_the_room_is_not_kept_and_costs_nothing_else(level: SecondLevel):
    await put(level, b"a", 1)
    assert not await put(level, b"b", "v" * MOST)
    assert [await got(level, b"a"), await got(level, b"b")] == [1, "nothing"]


async def test_many_may_ask_at_once(level: SecondLevel):
    async with asyncio.TaskGroup() as group:
        for number in range(50):
            group.create_task(put(level, b"%d" % (number % 5), number, f"t{number % 3}"))
            group.create_task(level.invalidate([f"t{number % 3}"]))
    await level.invalidate(["t0", "t1", "t2"])
    assert [await got(level, b"%d" % number) for number in range(5)] == ["nothing"] * 5


async def test_closing_it_again_does_nothing(level: SecondLevel):
    await level.aclose()
    await level.aclose()


def test_one_without_room_is_refused(opener: Opener, tmp_path: Path):
    with pytest.raises(ConfigError):
        opener(tmp_path, 0, FakeClock())


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.sampled_from([b"a", b"b"]), st.sampled_from(["", "x", "y"])),
        st.tuples(st.just("invalidate"), st.just(b""), st.sampled_from(["x", "y"])),
        st.tuples(st.just("wait"), st.just(b""), st.just("")),
        st.tuples(st.just("begin"), st.just(b""), st.just("")),
    ),
    max_size=20,
)


@pytest.mark.parametrize("name", sorted(OPENERS))
@given(steps=STEPS)
def test_it_does_what_a_dictionary_with_times_would_do(name: str, steps: list[tuple[str, bytes, str]]):
    async def play(folder: Path) -> None:
        clock = FakeClock()
        level = OPENERS[name](folder, 1 << 20, clock)
        model: dict[bytes, tuple[int, float, str]] = {}
        newest: dict[str, int] = {}
        fence = begun = 0
        try:
            fence = (await level.find(b"")).fence
            for number, (step, key, tag) in enumerate(steps):
                if step == "keep":
                    tags = [tag] if tag else []
                    kept = await level.keep(key, number, seconds=3.0, tags=tags, fence=fence)
                    assert kept == (newest.get(tag, -1) < begun)
                    if kept:
                        model[key] = (number, clock.now() + 3.0, tag)
                elif step == "invalidate":
                    await level.invalidate([tag])
                    newest[tag] = number + 1
                    model = {key: row for key, row in model.items() if row[2] != tag}
                elif step == "wait":
                    clock.advance(1.0)
                else:
                    fence, begun = (await level.find(b"")).fence, number + 1
                for each in (b"a", b"b"):
                    row = model.get(each)
                    expected = row[0] if row is not None and clock.now() < row[1] else "nothing"
                    assert await got(level, each) == expected
        finally:
            await level.aclose()

    with TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder)))
