from __future__ import annotations

import asyncio
import os
from collections.abc import Generator
from pathlib import Path

import pytest

from vana.entry.cli.stdin import chunks, is_piped, lines, speaks


@pytest.fixture
def pipe() -> Generator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue  # the test closed it


async def whole(descriptor: int) -> bytes:
    return b"".join([part async for part in chunks(descriptor)])


async def test_a_pipe_is_read_to_its_end(pipe: tuple[int, int]):
    reading, writing = pipe
    os.write(writing, b"one ")
    os.write(writing, b"two")
    os.close(writing)
    assert await whole(reading) == b"one two"


async def test_a_file_and_the_null_device_are_read_to_their_end(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"x" * 200_000)
    for name, size in ((tmp_path / "file", 200_000), (Path(os.devnull), 0)):
        descriptor = os.open(name, os.O_RDONLY)
        try:
            assert len(await whole(descriptor)) == size
        finally:
            os.close(descriptor)


async def test_waiting_for_a_silent_pipe_can_be_cancelled(pipe: tuple[int, int]):
    task = asyncio.ensure_future(whole(pipe[0]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_pipe_that_stays_silent_is_told_from_one_that_speaks_or_ends(pipe: tuple[int, int]):
    reading, writing = pipe
    assert not await speaks(reading, 0.01)
    os.write(writing, b"x")
    assert await speaks(reading, 0.01)
    os.read(reading, 1)
    os.close(writing)
    assert await speaks(reading, 0.01)


async def test_lines_come_one_by_one_and_the_last_needs_no_end(pipe: tuple[int, int]):
    reading, writing = pipe
    got = lines(reading)
    os.write(writing, b"first\nsec")
    assert await anext(got) == b"first"
    os.write(writing, b"ond\n\nlast")
    os.close(writing)
    assert [line async for line in got] == [b"second", b"", b"last"]


def test_a_pipe_is_piped_and_a_closed_descriptor_is_not(pipe: tuple[int, int]):
    assert is_piped(pipe[0])
    os.close(pipe[1])
    assert not is_piped(pipe[1])


def test_a_terminal_is_not_piped():
    here, there = os.openpty()
    try:
        assert not is_piped(there)
    finally:
        os.close(here)
        os.close(there)
