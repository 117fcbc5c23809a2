from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.journal.processes import begin
from vana.journal.cache import SqliteCache, open_cache
from vana.kernel.errors import StoreFailed
from vana.kernel.run import Run, Span, inside
from vana.layers.cache import Cache
from vana.layers.cache_group import CacheGroup
from vana.testing import FakeClock


async def test_nothing_is_touched_before_it_is_asked_and_then_only_its_owner_may_read(tmp_path: Path):
    level = open_cache(tmp_path / "home")
    assert not (tmp_path / "home").exists()
    await level.find(b"k")
    await level.aclose()
    assert stat.S_IMODE((tmp_path / "home" / "cache.db").stat().st_mode) == 0o600


async def test_what_was_kept_is_there_when_it_is_opened_again(tmp_path: Path):
    for expected in (None, (1,)):
        level = open_cache(tmp_path)
        found = await level.find(b"k")
        assert found.kept == expected
        await level.keep(b"k", 1, seconds=60.0, tags=[], fence=found.fence)
        await level.aclose()


@pytest.mark.real
async def test_two_processes_share_it_and_one_fences_the_other(tmp_path: Path):
    level = open_cache(tmp_path)
    fence = (await level.find(b"old")).fence
    with begin("shares.py", str(tmp_path)) as other:
        said, _ = await asyncio.to_thread(other.communicate, "", 60)
    assert json.loads(said) == {"kept": True}
    assert (await level.find(b"k")).kept == (["from", "another"],)
    assert not await level.keep(b"old", 1, seconds=60.0, tags=["x"], fence=fence)
    await level.aclose()


@pytest.mark.real
async def test_many_processes_may_make_the_file_at_once(tmp_path: Path):
    others = [begin("shares.py", str(tmp_path)) for _ in range(4)]
    for other in others:
        said, _ = await asyncio.to_thread(other.communicate, "", 60)
        assert "kept" in said
        assert other.returncode == 0


BROKEN: dict[str, str] = {"damaged": "damaged", "of another": "another version", "locked": "another process"}


def break_it(how: str, path: Path) -> sqlite3.Connection | None:
    if how == "damaged":
        path.write_bytes(b"this is no database at all, and long enough to be read as one" * 100)
        return None
    connection = sqlite3.connect(path, isolation_level=None)
    if how == "of another":
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
        return None
    connection.execute("BEGIN EXCLUSIVE")
    return connection


def remove(path: Path) -> None:
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()


@pytest.mark.real  # a locked file is waited for, 0.25 s each time
@pytest.mark.parametrize("how", BROKEN)
async def test_a_file_that_cannot_be_used_is_a_miss_and_a_degradation_and_is_taken_up_when_mended(
    tmp_path: Path, how: str
):
    path = tmp_path / "cache.db"
    held = break_it(how, path)
    level, clock, calls = SqliteCache(path), FakeClock(), list[int]()
    with pytest.raises(StoreFailed, match=BROKEN[how]):
        await level.find(b"k")

    async def read(x: int) -> int:
        calls.append(x)
        return x

    async with CacheGroup(level, clock=clock) as group:
        cached = Cache(group=group, clock=clock).wrap(read, "t")
        told: list[list[str]] = []
        for x in (1, 1, 2):
            span = Span("s", "s", Run("r"))
            with inside(span):
                assert await cached(x) == x
            told.append([fact.why for fact in span.degraded])
        assert BROKEN[how] in told[0][0]
        assert told[1] == [], "a hit needs no second level"
        assert BROKEN[how] in told[2][0]
        if held is not None:
            held.close()
        remove(path)
        clock.advance(6.0)
        span = Span("s", "s", Run("r"))
        with inside(span):
            await cached(3)
        assert span.degraded == []
    assert calls == [1, 2, 3]
    async with CacheGroup(level) as group:
        assert await Cache(group=group).wrap(read, "t")(3) == 3
    assert calls == [1, 2, 3], "it came out of the second level"
    await level.aclose()


@pytest.mark.real
def test_the_file_stays_about_as_large_as_it_may_hold(tmp_path: Path):
    async def fill() -> None:
        level = SqliteCache(tmp_path / "cache.db", max_bytes=200_000)
        for number in range(1000):
            await level.keep(b"%d" % number, "v" * 2000, seconds=60.0, tags=["t"], fence=0)
        await level.aclose()

    asyncio.run(fill())
    assert (tmp_path / "cache.db").stat().st_size < 600_000
