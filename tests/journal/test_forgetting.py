from __future__ import annotations

import asyncio
import random
import sqlite3
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.journal.events import ROOT, started
from vana.journal.sqlite import open_journal
from vana.kernel.errors import StoreFailed

if TYPE_CHECKING:
    from pathlib import Path

SIZES = (1, 3, 40, 200, 900)
"""How often a mark is repeated: from a part of a page to several pages."""


async def never() -> NoReturn:
    message = "this call has been made before"
    raise AssertionError(message)


def found(folder: Path, marks: set[str]) -> set[str]:
    """Give the marks that stand anywhere in any file of the folder."""
    everything = b"\0".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    return {mark for mark in marks if mark.encode() in everything}


async def test_no_byte_of_forgotten_items_is_left_in_any_file(tmp_path: Path) -> None:
    chance = random.Random(1)  # noqa: S311 - an order to test with, nothing secret
    journal = open_journal(tmp_path)
    marks = [f"mark{number:05d}x" for number in range(600)]
    for number, mark in enumerate(marks):
        text = {"text": mark * chance.choice(SIZES)}
        journal.emit(started(f"s{number}", None, run=f"run-{number // 3}", content=text))
        await asyncio.sleep(0)
    await journal.flush()
    assert found(tmp_path, set(marks)) == set(marks)

    chosen = chance.sample(range(200), 120)
    for run in chosen:
        assert await journal.forget(f"run-{run}") == 3

    gone = {mark for number, mark in enumerate(marks) if number // 3 in chosen}
    assert found(tmp_path, gone) == set()
    assert found(tmp_path, set(marks)) == set(marks) - gone
    await journal.aclose()
    assert found(tmp_path, set(marks)) == set(marks) - gone


async def test_forgotten_step_is_gone_from_the_files_and_not_made_again(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    await journal.record("run-1/1", "a-secret-result")
    await journal.record("run-2/1", "another-result")
    assert found(tmp_path, {"a-secret-result"})

    assert await journal.forget("run-1") == 1

    assert found(tmp_path, {"a-secret-result", "another-result"}) == {"another-result"}
    with pytest.raises(StoreFailed) as caught:
        await journal.recorded("run-1/1", never)
    assert caught.value.code == "forgotten"
    assert await journal.recorded("run-2/1", never) == "another-result"
    await journal.aclose()


async def test_what_is_emitted_before_forget_is_forgotten_with_it(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    journal.emit(started(ROOT, None, content={"text": "still-in-the-queue"}))
    assert await journal.forget("run-1") == 1
    assert found(tmp_path, {"still-in-the-queue"}) == set()
    await journal.aclose()


async def test_forgetting_while_much_is_written_needs_no_second_try(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    for number in range(40):
        run = f"run-{number}"
        for span in range(10):  # so much that the write-ahead file is moved again and again meanwhile
            journal.emit(started(f"s{span}", None, run=run, content={"text": f"mark{number}x" * 10_000}))
        assert await journal.forget(run) == 10
    assert found(tmp_path, {f"mark{number}x" for number in range(40)}) == set()
    await journal.aclose()


@pytest.mark.real  # SQLite waits five real seconds for the reader
async def test_reader_elsewhere_that_keeps_the_old_pages_is_told_and_forgetting_again_ends_it(
    tmp_path: Path,
) -> None:
    journal = open_journal(tmp_path)
    journal.emit(started(ROOT, None, content={"text": "seen-by-a-reader"}))
    await journal.flush()
    with sqlite3.connect(tmp_path / "journal.db", isolation_level=None) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM content").fetchall()
        with pytest.raises(StoreFailed, match="may still hold its text"):
            await journal.forget("run-1")
        reader.execute("COMMIT")
    reader.close()
    assert (await journal.tree("run-1")).root.content[0].forgotten

    assert await journal.forget("run-1") == 0
    assert found(tmp_path, {"seen-by-a-reader"}) == set()
    await journal.aclose()
