"""Real clients on real sockets through the chaos proxy and our layers: each end is a typed error, in time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from importlib import import_module
from typing import Any, TypeAlias

import pytest

from tests.conftest import not_run
from tests.layers.herd import herd
from vana.kernel.errors import (
    AttemptTimeout,
    CircuitOpen,
    RateLimited,
    Transient,
    Unavailable,
    VanaError,
)
from vana.layers.breaker import Breaker
from vana.layers.deadline import Timeout
from vana.layers.fallback import Fallback
from vana.layers.limit import Limit
from vana.layers.order import Parts, standard
from vana.layers.pacing import retry_after
from vana.layers.responses import of_response
from vana.layers.retry import Retry
from vana.testing import ChaosProxy
from vana.testing.chaos import (
    HOST,
    Behaviour,
    BlackHole,
    Drip,
    HalfClose,
    Pass,
    Reset,
    Truncated,
    too_many_requests,
)

pytestmark = pytest.mark.real

EVENTS = [b"data: %d\n\n" % number for number in range(20)]
WHOLE = b"".join(EVENTS)
ATTEMPT_S = 0.3
LONG_S = 30.0
"""What an unguarded call would take at least, by far."""

Get: TypeAlias = Callable[[], Awaitable[bytes]]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer with a chunked stream of events, one chunk each."""
    try:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        for event in EVENTS:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
        writer.write(b"0\r\n\r\n")
        await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass  # the client left
    finally:
        writer.close()


async def streams(port: Callable[[], int], _stack: AsyncExitStack) -> Get:
    """Give a client of the standard library's streams."""

    async def get() -> bytes:
        reader, writer = await asyncio.open_connection(HOST, port())
        try:
            writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            error = of_response(int(head[0].split(" ")[1]), "server", pause=retry_after(headers, 0.0))
            if error is not None:
                raise error
            body = b""
            while size := int(await reader.readuntil(b"\r\n"), 16):
                body += (await reader.readexactly(size + 2))[:-2]
            return body
        finally:
            writer.close()

    return get


def library(name: str) -> Any:  # a module whose types only an installed library brings
    try:
        return import_module(name)
    except ModuleNotFoundError:
        not_run(f"{name} is not installed: it comes with the development group")


async def httpx2(port: Callable[[], int], stack: AsyncExitStack) -> Get:
    """Give a client of httpx2, with no timeout of its own."""
    client = await stack.enter_async_context(library("httpx2").AsyncClient(timeout=None, trust_env=False))

    async def get() -> bytes:
        response = await client.get(f"http://{HOST}:{port()}/")
        response.raise_for_status()
        return response.content

    return get


async def aiohttp(port: Callable[[], int], stack: AsyncExitStack) -> Get:
    """Give a client of aiohttp, with no timeout of its own."""
    module = library("aiohttp")
    session = await stack.enter_async_context(module.ClientSession(timeout=module.ClientTimeout()))

    async def get() -> bytes:
        async with session.get(f"http://{HOST}:{port()}/") as response:
            response.raise_for_status()
            return await response.read()

    return get


@pytest.fixture
async def proxy() -> AsyncGenerator[ChaosProxy]:
    server = await asyncio.start_server(serve, HOST, 0)
    async with server, ChaosProxy(server.sockets[0].getsockname()[1]) as proxy:
        yield proxy


@pytest.fixture(params=[streams, httpx2, aiohttp], ids=lambda client: client.__name__)
async def get(request: pytest.FixtureRequest, proxy: ChaosProxy) -> AsyncGenerator[Get]:
    async with AsyncExitStack() as stack:
        yield await request.param(lambda: proxy.port, stack)


def connections_a_call(get: object) -> int:
    """Give how often a client asks when its connection is reset: aiohttp repeats a GET itself, unasked."""
    return 2 if getattr(get, "__qualname__", "").startswith("aiohttp") else 1


def guarded(get: Get, *, attempts: int = 1, breaker: Breaker | None = None) -> Get:
    """Give *get* as a remote target is guarded."""
    parts = Parts(
        deadline=Timeout(LONG_S),
        retry=Retry(attempts=attempts, base=0.001, cap=0.01),
        breaker=breaker or Breaker(minimum_calls=1000),
        limit=Limit(8, 64),
        timeout=Timeout(ATTEMPT_S),
    )
    return standard(parts)(get, "server")


async def left(proxy: ChaosProxy) -> int:
    """Give how many connections are still open once those that end have had time to."""
    for _ in range(200):
        if not proxy.open:
            break
        await asyncio.sleep(0.01)
    return proxy.open


async def test_what_is_not_mistreated_comes_through(get: Get):
    assert await guarded(get)() == WHOLE


@pytest.mark.parametrize(
    ("behaviour", "ours"),
    [
        (Reset(), Unavailable),
        (Reset(after=150), Unavailable),
        (BlackHole(), AttemptTimeout),
        (Drip(size=1, pause=0.05), AttemptTimeout),
        (Pass(latency=1.0), AttemptTimeout),
        (HalfClose(after=150), Unavailable),
        (Truncated(events=3), Unavailable),
        (too_many_requests("7"), RateLimited),
    ],
    ids=repr,
)
async def test_a_mistreated_call_ends_in_time_as_a_typed_error_and_leaves_nothing_open(
    get: Get, proxy: ChaosProxy, behaviour: Behaviour, ours: type[VanaError]
):
    proxy.play(then=behaviour)
    before = asyncio.all_tasks()
    async with asyncio.timeout(LONG_S / 2):
        with pytest.raises(ours) as caught:
            await guarded(get)()
    assert type(caught.value) is ours
    assert not isinstance(caught.value, RateLimited) or caught.value.retry_after == 7.0
    assert await left(proxy) == 0
    assert {task for task in asyncio.all_tasks() - before if not task.done()} == set()


@pytest.mark.parametrize("behaviour", [Reset(after=150), BlackHole(), Truncated(events=2)], ids=repr)
async def test_the_next_attempt_succeeds_where_only_the_first_was_mistreated(
    get: Get, proxy: ChaosProxy, behaviour: Behaviour
):
    proxy.play(behaviour)
    assert await guarded(get, attempts=2)() == WHOLE
    assert proxy.connections == 2


async def test_what_a_429_asks_for_is_waited_for_and_no_call_is_made_before(get: Get, proxy: ChaosProxy):
    proxy.play(too_many_requests("0.2"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    assert await guarded(get, attempts=2)() == WHOLE
    assert loop.time() - began >= 0.2


async def test_forty_hanging_calls_free_their_places_and_the_forty_first_comes_through(
    get: Get, proxy: ChaosProxy
):
    call = guarded(get)
    proxy.play(then=BlackHole())
    outcomes = await herd(call, 40)
    assert {type(outcome) for outcome in outcomes} == {AttemptTimeout}
    proxy.play(then=Pass())
    assert await call() == WHOLE
    assert await left(proxy) == 0


async def test_a_server_that_resets_is_left_alone_and_another_answers(get: Get, proxy: ChaosProxy):
    async def other() -> bytes:
        return b"other"

    parts = Parts(
        fallback=Fallback(other, names=("other",)),
        breaker=Breaker(minimum_calls=5, open_for=LONG_S, max_open=LONG_S),
        timeout=Timeout(ATTEMPT_S),
    )
    call = standard(parts)(get, "server")
    proxy.play(then=Reset())
    assert [await call() for _ in range(20)] == [b"other"] * 20
    assert proxy.connections == 5 * connections_a_call(get)


async def test_an_open_circuit_makes_no_connection(get: Get, proxy: ChaosProxy):
    call = guarded(get, breaker=Breaker(minimum_calls=3, open_for=LONG_S, max_open=LONG_S))
    proxy.play(then=Reset())
    outcomes = [await herd(call, 1) for _ in range(6)]
    kinds = [type(outcome) for (outcome,) in outcomes]
    assert kinds == [Unavailable] * 3 + [CircuitOpen] * 3
    assert proxy.connections == 3 * connections_a_call(get)


async def test_a_cancelled_call_closes_its_connection(get: Get, proxy: ChaosProxy):
    proxy.play(then=BlackHole())
    task = asyncio.ensure_future(guarded(get)())
    while not proxy.open:  # noqa: ASYNC110 - a proxy tells nobody that it was reached
        await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await left(proxy) == 0


async def test_every_end_says_whom_it_was_about(get: Get, proxy: ChaosProxy):
    for behaviour in (Reset(), BlackHole(), too_many_requests()):
        proxy.play(then=behaviour)
        with pytest.raises(Transient, match="server"):
            await guarded(get)()
