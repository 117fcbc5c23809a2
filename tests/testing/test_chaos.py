from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import pytest

from vana.kernel.errors import ConfigError
from vana.testing import ChaosProxy, FakeClock
from vana.testing.chaos import (
    HOST,
    Answer,
    Behaviour,
    BlackHole,
    Connection,
    Drip,
    HalfClose,
    Pass,
    Reset,
    Truncated,
    too_many_requests,
)

EVENTS = b"".join(b"data: %d\n\n" % number for number in range(5))
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n" + EVENTS
HEAD = RESPONSE.index(b"data: 0")


class Server:
    """Answers every request with `RESPONSE`, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(RESPONSE)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client left
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    served = Server()
    listening = await asyncio.start_server(served.serve, HOST, 0)
    served.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield served


@asynccontextmanager
async def asked(port: int) -> AsyncGenerator[asyncio.StreamReader]:
    """Ask, and give the reader of the answer."""
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    await writer.drain()
    try:
        yield reader
    finally:
        writer.close()


async def answer(port: int) -> bytes:
    async with asked(port) as reader:
        return await reader.read()


async def until_reset(reader: asyncio.StreamReader) -> bytes:
    """Give what came before the connection was reset; byte by byte, for a reset overtakes what waits."""
    got = b""
    try:
        while data := await reader.read(1):
            got += data
    except ConnectionResetError:
        return got
    pytest.fail(f"it ended without a reset, after {got!r}")


async def test_it_passes_everything_on(server: Server):
    async with ChaosProxy(server.port) as proxy:
        assert await answer(proxy.port) == RESPONSE
        assert proxy.connections == 1
    assert server.asked == [b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"]


async def test_connections_get_the_script_in_order_and_then_the_rest(server: Server):
    async with ChaosProxy(server.port, Answer(503), Pass(), then=Answer(502)) as proxy:
        heads = [(await answer(proxy.port)).split(b" ")[1] for _ in range(4)]
        assert heads == [b"503", b"200", b"502", b"502"]
        proxy.play(Answer(500))
        assert [(await answer(proxy.port)).split(b" ")[1] for _ in range(2)] == [b"500", b"502"]
        assert proxy.connections == 6
    assert len(server.asked) == 1


async def test_a_late_answer_is_late_and_whole(server: Server):
    clock = FakeClock(0.0)
    async with ChaosProxy(server.port, then=Pass(latency=30.0), clock=clock) as proxy:
        assert await clock.drive(answer(proxy.port)) == RESPONSE
    assert clock.monotonic() == 30.0


@pytest.mark.parametrize("after", [0, 1, HEAD + 3])
async def test_a_reset_comes_after_so_many_bytes(server: Server, after: int):
    async with ChaosProxy(server.port, then=Reset(after)) as proxy, asked(proxy.port) as reader:
        got = await until_reset(reader)
    assert RESPONSE.startswith(got)
    assert len(got) <= after


async def test_a_black_hole_takes_everything_and_says_nothing(server: Server):
    async with ChaosProxy(server.port, then=BlackHole()) as proxy:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await answer(proxy.port)
    assert server.asked == []


async def test_a_slow_drip_is_whole_in_the_end(server: Server):
    clock = FakeClock(0.0)
    async with ChaosProxy(server.port, then=Drip(size=10, pause=2.0), clock=clock) as proxy:
        assert await clock.drive(answer(proxy.port)) == RESPONSE
    assert clock.monotonic() == pytest.approx(2.0 * -(-len(RESPONSE) // 10), abs=2.0)


async def test_after_a_half_close_the_proxy_still_listens(server: Server):
    async with ChaosProxy(server.port, then=HalfClose(after=20)) as proxy, asked(proxy.port) as reader:
        assert await reader.read() == RESPONSE[:20]
        assert proxy.open == 1


@pytest.mark.parametrize("events", [1, 3])
async def test_a_truncated_stream_ends_within_an_event(server: Server, events: int):
    async with ChaosProxy(server.port, then=Truncated(events, extra=4)) as proxy:
        got = await answer(proxy.port)
    assert got == RESPONSE[: HEAD + events * len(b"data: 0\n\n") + 4]


async def test_a_stream_that_ends_before_is_passed_on_whole(server: Server):
    async with ChaosProxy(server.port, then=Truncated(events=9)) as proxy:
        assert await answer(proxy.port) == RESPONSE


async def test_a_storm_of_429_asks_for_patience_and_never_reaches_the_target(server: Server):
    async with ChaosProxy(server.port, then=too_many_requests("7")) as proxy:
        got = [await answer(proxy.port) for _ in range(3)]
    assert all(one.startswith(b"HTTP/1.1 429 ") and b"\r\nRetry-After: 7\r\n" in one for one in got)
    assert server.asked == []


async def test_a_target_that_is_gone_ends_the_connection(server: Server):
    gone = await asyncio.start_server(server.serve, HOST, 0)
    port = gone.sockets[0].getsockname()[1]
    gone.close()
    await gone.wait_closed()
    async with ChaosProxy(port) as proxy:
        assert await answer(proxy.port) == b""


@pytest.mark.parametrize(
    "behaviour", [BlackHole(), Pass(latency=3600.0), Drip(1, 3600.0), HalfClose(), Reset(1 << 30)]
)
async def test_leaving_the_block_closes_every_connection(server: Server, behaviour: Behaviour):
    clock = FakeClock()
    async with ChaosProxy(server.port, then=behaviour, clock=clock) as proxy:
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"GET / HTTP/1.1\r\n")
        while not proxy.open:  # noqa: ASYNC110 - a proxy tells nobody that it was reached
            await asyncio.sleep(0.001)
    assert proxy.open == 0
    with suppress(ConnectionResetError):  # as the system closes what nobody has read
        assert await reader.read() == b""
    writer.close()


async def test_a_behaviour_may_be_anybodys_own(server: Server):
    async def polite(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.say(b"sorry")

    async with ChaosProxy(server.port, then=polite) as proxy:
        assert await answer(proxy.port) == b"sorry"


def test_a_port_that_cannot_be_is_refused():
    with pytest.raises(ConfigError):
        ChaosProxy(0)
