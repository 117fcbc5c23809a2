"""Standard input read inside the event loop, so that Ctrl-C and a deadline end the wait for it."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from vana.entry.cli.given import CONTEXT_BYTES, STDIN, TEXT_BYTES, checked, decoded, too_large

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vana.entry.cli.face import Face

SILENCE_S = 1.0
"""After how many seconds of waiting for standard input a person is told of it."""

PATIENCE_S = 10.0
"""After how many seconds of silence a request that is complete goes on without standard input."""

_CHUNK_BYTES = 64 << 10


async def request(words: Sequence[str], face: Face) -> str:
    """Give the text of a request: the *words*, or standard input where they are `-`.

    Raises:
        InputError: it is empty, longer than 1 MiB, or no text.
        DeadlineExceeded: standard input did not end within `--timeout`.
    """
    if list(words) != [STDIN]:
        return checked(" ".join(words))
    content = await read_all(TEXT_BYTES, "the request", face)
    return checked(decoded(content, "the request on standard input"))


async def context(words: Sequence[str], face: Face) -> str | None:
    """Give what was piped in beside a request; empty when nothing was, or when it is the request itself.

    `None` when standard input is open and stays silent: many a program hands its own down to us and never
    writes to it, and a request that is complete does not wait for that for ever.

    Raises:
        InputError: it is longer than 16 MiB, or no text.
        DeadlineExceeded: it did not end within `--timeout`.
    """
    if list(words) == [STDIN] or not is_piped():
        return ""
    async with face.in_time("reading standard input"):
        if not await speaks(0, PATIENCE_S):
            return None
    return decoded(await read_all(CONTEXT_BYTES, "the context", face), "standard input")


async def speaks(descriptor: int, seconds: float) -> bool:
    """Say whether *descriptor* has something to read, or has ended, within *seconds*."""
    if not _can_wait(descriptor):
        return True
    try:
        async with asyncio.timeout(seconds):
            await _wait(descriptor, SILENCE_S)
    except TimeoutError:
        return False
    return True


async def read_all(limit: int, what: str, face: Face) -> bytes:
    """Give all of standard input, waiting for its end.

    Raises:
        InputError: it is longer than *limit* bytes; little more than that is ever held.
        DeadlineExceeded: it did not end within `--timeout`.
    """
    parts: list[bytes] = []
    size = 0
    async with face.in_time("reading standard input"):
        async for part in chunks(0):
            size += len(part)
            if size > limit:
                source = f"{what} on standard input"
                raise too_large(source, None, limit, "save it and name the file")
            parts.append(part)
    return b"".join(parts)


def is_piped(descriptor: int = 0) -> bool:
    """Say whether *descriptor* is open and something other than a person at a terminal."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False  # it was closed before we started
    return not os.isatty(descriptor)


async def chunks(descriptor: int) -> AsyncIterator[bytes]:
    """Give what comes in on *descriptor* until it ends. After a second of silence people are told."""
    waits = _can_wait(descriptor)
    silence: float | None = SILENCE_S
    while True:
        if waits:
            silence = await _wait(descriptor, silence)
        part = os.read(descriptor, _CHUNK_BYTES)
        if not part:
            return
        yield part


async def lines(descriptor: int) -> AsyncIterator[bytes]:
    """Give what comes in on *descriptor* line by line, without the ends of the lines."""
    rest = b""
    async for part in chunks(descriptor):
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield line
    if rest:
        yield rest


def _can_wait(descriptor: int) -> bool:
    """Say whether the loop can wait for *descriptor*; a file and /dev/null are always ready."""
    mode = os.fstat(descriptor).st_mode
    return os.name != "nt" and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or os.isatty(descriptor))


async def _wait(descriptor: int, silence: float | None) -> float | None:
    """Return when *descriptor* has something to say; gives the silence that is still worth telling of."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(descriptor, ready.set)
    try:
        async with asyncio.timeout(silence):
            await ready.wait()
    except TimeoutError:
        sys.stderr.write("vana: waiting for standard input; < /dev/null gives it none\n")
        sys.stderr.flush()
        await ready.wait()
        return None
    else:
        return silence
    finally:
        loop.remove_reader(descriptor)
