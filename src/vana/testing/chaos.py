"""A proxy on loopback that mistreats connections: between a real client and a real server, as networks do."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from vana.kernel.background import Background
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError

if TYPE_CHECKING:
    from types import TracebackType

HOST = "127.0.0.1"
_CHUNK = 64 << 10
_HEAD_END = b"\r\n\r\n"
_EVENT_END = re.compile(rb"\n\n|\r\n\r\n")
_NO_LINGER = struct.pack("ii", 1, 0)


class Behaviour(Protocol):
    """What becomes of one connection: it is closed when this ends."""

    async def __call__(self, connection: Connection) -> None:
        """Treat *connection*."""
        ...


class Connection:
    """One connection of a client to the proxy, for a behaviour to treat."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target_port: int, clock: Clock
    ) -> None:
        self.reader = reader
        """What the client says."""
        self.writer = writer
        """Towards the client."""
        self.clock = clock
        self._target_port = target_port

    async def pass_on(self, answer: Callable[[asyncio.StreamReader], Awaitable[None]] | None = None) -> None:
        """Connect to the target, pass on what the client says, and its answer by *answer*.

        Ends when *answer* does: by default when the target has said all. What the client says is passed on
        until then. A target that cannot be reached is a connection that ends without a word.
        """
        async with self._target() as (reader, writer), asyncio.TaskGroup() as group:
            speaking = group.create_task(self._speak(writer))
            await (answer or self.say_all)(reader)
            speaking.cancel()

    async def say(self, data: bytes) -> None:
        """Send *data* to the client."""
        self.writer.write(data)
        await self.writer.drain()

    async def say_all(self, source: asyncio.StreamReader) -> None:
        """Send the client all that *source* gives."""
        while data := await source.read(_CHUNK):
            await self.say(data)

    async def listen(self) -> None:
        """Hear the client out, until it closes."""
        while await self.reader.read(_CHUNK):
            pass

    def reset(self) -> None:
        """Break the connection off with a reset: what was sent and not yet read may be lost."""
        place = self.writer.get_extra_info("socket")
        place.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self.writer.transport.abort()

    @asynccontextmanager
    async def _target(self) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection(HOST, self._target_port)
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _speak(self, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):  # then the answer ends as well
            while data := await self.reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()
            writer.write_eof()


@dataclass(frozen=True, slots=True)
class Pass:
    """Pass everything on; the answer comes *latency* seconds late."""

    latency: float = 0.0

    async def __call__(self, connection: Connection) -> None:
        """Pass on, late."""

        async def late(source: asyncio.StreamReader) -> None:
            data = await source.read(_CHUNK)
            if self.latency > 0:
                await connection.clock.sleep(self.latency)
            await connection.say(data)
            await connection.say_all(source)

        await connection.pass_on(late)


@dataclass(frozen=True, slots=True)
class Reset:
    """Reset the connection when *after* bytes of the answer were passed on; 0: once the client has spoken."""

    after: int = 0

    async def __call__(self, connection: Connection) -> None:
        """Pass on so much, and reset."""

        async def cut(source: asyncio.StreamReader) -> None:
            await _say_bytes(connection, source, self.after)

        if self.after > 0:
            await connection.pass_on(cut)
        else:
            await connection.reader.read(_CHUNK)
        connection.reset()


@dataclass(frozen=True, slots=True)
class BlackHole:
    """Take everything, and never say a word; the connection stays open until the client leaves."""

    async def __call__(self, connection: Connection) -> None:
        """Listen only."""
        await connection.listen()


@dataclass(frozen=True, slots=True)
class Drip:
    """Pass the answer on in pieces of *size* bytes, *pause* seconds apart."""

    size: int = 1
    pause: float = 0.05

    async def __call__(self, connection: Connection) -> None:
        """Pass on, drop by drop."""

        async def drip(source: asyncio.StreamReader) -> None:
            while data := await source.read(self.size):
                await connection.say(data)
                await connection.clock.sleep(self.pause)

        await connection.pass_on(drip)


@dataclass(frozen=True, slots=True)
class HalfClose:
    """Say nothing more after *after* bytes of the answer, and go on listening until the client leaves."""

    after: int = 0

    async def __call__(self, connection: Connection) -> None:
        """Pass on so much, and close the one direction."""

        async def half(source: asyncio.StreamReader) -> None:
            await _say_bytes(connection, source, self.after)

        await connection.pass_on(half)
        connection.writer.write_eof()
        await connection.listen()


@dataclass(frozen=True, slots=True)
class Truncated:
    """Pass on *events* server-sent events and some bytes of the next, and close as if all were said."""

    events: int = 1
    extra: int = 8

    async def __call__(self, connection: Connection) -> None:
        """Pass on so many events, and close."""

        async def cut(source: asyncio.StreamReader) -> None:
            said, sent = b"", 0
            while data := await source.read(_CHUNK):
                said += data
                end = self._end(said)
                await connection.say(said[sent : end if end is not None else len(said)])
                sent = len(said)
                if end is not None:
                    return

        await connection.pass_on(cut)

    def _end(self, said: bytes) -> int | None:
        """Give where to cut, or `None` as long as that was not said."""
        head = said.find(_HEAD_END)
        ends = (
            [found.end() for found in _EVENT_END.finditer(said, head + len(_HEAD_END))] if head >= 0 else []
        )
        end = ends[self.events - 1] + self.extra if len(ends) >= self.events else len(said) + 1
        return end if end <= len(said) else None


@dataclass(frozen=True, slots=True)
class Answer:
    """Answer each HTTP request itself, without asking the target: `Answer(503)`."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b'{"error": {"message": "chaos"}}'

    async def __call__(self, connection: Connection) -> None:
        """Answer the request, and close."""
        with suppress(asyncio.IncompleteReadError):
            head = await connection.reader.readuntil(_HEAD_END)
            length = re.search(rb"content-length:\s*(\d+)", head, re.IGNORECASE)
            await connection.reader.readexactly(int(length[1]) if length else 0)
            await connection.say(self._response())

    def _response(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} Chaos",
            "Content-Type: application/json",
            f"Content-Length: {len(self.body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join(lines).encode() + _HEAD_END + self.body


def too_many_requests(retry_after: str = "1") -> Answer:
    """Give the answer 429 that asks for *retry_after*: seconds, or an HTTP date."""
    body = b'{"error": {"message": "too many requests", "code": "rate_limit_exceeded"}}'
    return Answer(429, (("Retry-After", retry_after),), body)


class ChaosProxy:
    """Stand on loopback in front of *target_port*, and treat connections by a script.

    The first connections get the behaviours of *script*, one each and in order; all further ones get *then*.
    An async context manager: `port` is where clients connect inside the block, and at its end every
    connection is closed. It runs in the loop of the block, without a thread.

        async with ChaosProxy(server_port, Reset(after=100), too_many_requests()) as proxy:
            await client.get(f"http://127.0.0.1:{proxy.port}/")

    Raises:
        ConfigError: *target_port* is not one of 1 to 65,535.
    """

    def __init__(
        self, target_port: int, *script: Behaviour, then: Behaviour | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        if not 0 < target_port < 1 << 16:
            message = f"there is no port {target_port}"
            raise ConfigError(message)
        self._target_port = target_port
        self._script = deque(script)
        self._then: Behaviour = then or Pass()
        self._clock = clock
        self._running = Background()
        self._server: asyncio.Server | None = None
        self.port = 0
        """Where it listens; 0 outside the block."""
        self.connections = 0
        """How many came so far."""

    @property
    def open(self) -> int:
        """Give how many connections are open now."""
        return len(self._running)

    def play(self, *script: Behaviour, then: Behaviour | None = None) -> None:
        """Give the next connections another script; those that are open go on as they began."""
        self._script = deque(script)
        self._then = then or self._then

    async def __aenter__(self) -> Self:
        """Listen."""
        self._running = Background()
        self._server = await asyncio.start_server(self._meet, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection, and listen no more."""
        self.port = 0
        if self._server is not None:
            self._server.close()
        await self._running.aclose()

    def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.port:  # it came while we were closing
            writer.close()
            return
        self.connections += 1
        behaviour = self._script.popleft() if self._script else self._then
        connection = Connection(reader, writer, self._target_port, self._clock)
        # Not the server's own task: Python 3.11 reports one that is cancelled as an error.
        self._running.spawn(_treat(connection, behaviour), name=f"chaos {self.connections}")


async def _treat(connection: Connection, behaviour: Behaviour) -> None:
    try:
        await behaviour(connection)
    except* ConnectionError:
        pass  # one side left: that is the end of it
    finally:
        connection.writer.close()


async def _say_bytes(connection: Connection, source: asyncio.StreamReader, number: int) -> None:
    """Send the client the first *number* bytes of *source*."""
    while number > 0 and (data := await source.read(min(number, _CHUNK))):
        await connection.say(data)
        number -= len(data)
