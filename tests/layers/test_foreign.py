"""With the libraries themselves: a class that is renamed there turns a test red here."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import pytest

from tests.conftest import not_run
from vana.kernel.errors import (
    AtLimit,
    AttemptTimeout,
    ConfigError,
    InputError,
    RateLimited,
    StoreFailed,
    Unavailable,
    VanaError,
)
from vana.layers.classify import Classify, classify
from vana.layers.foreign import LIBRARIES, SQLSTATES
from vana.testing import FakeClock, faulty

TESTED = {"httpx2": "httpx2", "aiohttp": "aiohttp", "openai": "openai", "psycopg_pool": "psycopg_pool"}


def library(name: str) -> Any:  # a module whose types only an installed library brings
    try:
        return import_module(name)
    except ModuleNotFoundError:
        not_run(f"{name} is not installed: it comes with the development group")


@pytest.mark.parametrize("name", TESTED)
def test_every_class_that_is_listed_exists(name: str):
    module = library(name)
    assert [listed for listed in LIBRARIES[name] if not hasattr(module, listed)] == []


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("ConnectError", Unavailable),
        ("ReadError", Unavailable),
        ("WriteError", Unavailable),
        ("CloseError", Unavailable),
        ("ConnectTimeout", Unavailable),
        ("RemoteProtocolError", Unavailable),
        ("ProxyError", Unavailable),
        ("DecodingError", Unavailable),
        ("ReadTimeout", AttemptTimeout),
        ("WriteTimeout", AttemptTimeout),
        ("PoolTimeout", AtLimit),
        ("UnsupportedProtocol", ConfigError),
        ("TooManyRedirects", ConfigError),
        ("InvalidURL", ConfigError),
        ("LocalProtocolError", None),
        ("CookieConflict", None),
    ],
)
def test_errors_of_httpx2(name: str, ours: type[VanaError] | None):
    known = classify(getattr(library("httpx2"), name)("they said so"), "host")
    assert type(known) is (ours or type(None))
    assert known is None or known.message == "host: they said so"


def test_an_answer_that_httpx2_raises_is_known_by_status_code_and_pause():
    httpx2 = library("httpx2")
    request = httpx2.Request("POST", "http://127.0.0.1/")

    def raised(status: int, **given: object) -> VanaError | None:
        response = httpx2.Response(status, request=request, **given)
        with pytest.raises(httpx2.HTTPStatusError) as caught:
            response.raise_for_status()
        return classify(caught.value, "host")

    limited = raised(429, headers={"Retry-After-Ms": "700"}, json={"error": {"code": "rate_limit_exceeded"}})
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 0.7
    filtered = raised(400, json={"error": {"code": "content_filter", "message": "no"}})
    assert isinstance(filtered, InputError)
    assert (filtered.code, filtered.message) == ("content_filter", "host answered 400: no")
    assert isinstance(raised(503, text="<html>busy</html>"), Unavailable)
    unread = raised(502, stream=httpx2.ByteStream(b"never read"))
    assert isinstance(unread, Unavailable)


def test_a_date_is_read_by_the_clock_that_was_given():
    httpx2 = library("httpx2")
    clock = FakeClock(wall=0.0)
    response = httpx2.Response(
        503,
        headers={"Retry-After": "Thu, 01 Jan 1970 00:00:12 GMT"},
        request=httpx2.Request("GET", "http://a/"),
    )
    error = httpx2.HTTPStatusError("busy", request=response.request, response=response)
    known = classify(error, "host", clock=clock)
    assert isinstance(known, Unavailable)
    assert known.retry_after == 12.0


@pytest.mark.parametrize(
    ("name", "ours"),
    [
        ("ServerDisconnectedError", Unavailable),
        ("ClientPayloadError", Unavailable),
        ("ClientConnectionResetError", Unavailable),
        ("ConnectionTimeoutError", Unavailable),
        ("SocketTimeoutError", AttemptTimeout),
        ("ServerTimeoutError", AttemptTimeout),
        ("InvalidURL", ConfigError),
        ("NonHttpUrlClientError", ConfigError),
        ("ClientError", None),
    ],
)
def test_errors_of_aiohttp(name: str, ours: type[VanaError] | None):
    known = classify(getattr(library("aiohttp"), name)("they said so"), "host")
    assert type(known) is (ours or type(None))


def test_connections_that_aiohttp_could_not_make():
    aiohttp = library("aiohttp")
    key = import_module("aiohttp.client_reqrep").ConnectionKey("h", 1, *[None] * 5)
    refused = aiohttp.ClientConnectorError(key, ConnectionRefusedError(111, "no"))
    assert isinstance(classify(refused), Unavailable)
    untrusted = aiohttp.ClientConnectorCertificateError(key, ValueError("self-signed"))
    known = classify(untrusted)
    assert isinstance(known, ConfigError)
    assert known.code == "certificate"


@pytest.mark.parametrize(
    ("status", "ours"),
    [(429, RateLimited), (503, Unavailable), (401, ConfigError), (413, InputError), (200, None)],
)
def test_an_answer_that_aiohttp_raises_is_known_by_its_status(status: int, ours: type[VanaError] | None):
    aiohttp = library("aiohttp")
    url = import_module("yarl").URL("http://127.0.0.1/")
    asked = aiohttp.RequestInfo(url, "GET", {}, url)
    error = aiohttp.ClientResponseError(asked, (), status=status, message="m", headers={"Retry-After": "3"})
    known = classify(error, "host")
    assert type(known) is (ours or type(None))
    assert not isinstance(known, (RateLimited, Unavailable)) or known.retry_after == 3.0


def test_errors_of_the_openai_client():
    openai, httpx2 = library("openai"), library("httpx2")
    request = httpx2.Request("POST", "http://127.0.0.1/")
    assert isinstance(classify(openai.APITimeoutError(request)), AttemptTimeout)
    assert isinstance(classify(openai.APIConnectionError(request=request)), Unavailable)
    body = {"error": {"code": "context_length_exceeded", "message": "too long"}}
    response = httpx2.Response(400, json=body, request=request)
    known = classify(openai.BadRequestError("too long", response=response, body=body))
    assert isinstance(known, InputError)
    assert known.code == "context_length_exceeded"


@pytest.mark.parametrize(
    ("state", "ours"),
    [
        ("40001", Unavailable),
        ("40P01", Unavailable),
        ("53300", Unavailable),
        ("53100", StoreFailed),
        ("55P03", Unavailable),
        ("57014", AttemptTimeout),
        ("57P01", Unavailable),
        ("57P03", Unavailable),
        ("25006", StoreFailed),
        ("28P01", ConfigError),
        ("3D000", ConfigError),
        ("08006", Unavailable),
        ("58030", StoreFailed),
        ("XX001", StoreFailed),
        ("23505", None),
        ("42601", None),
    ],
)
def test_errors_of_psycopg_are_known_by_their_state(state: str, ours: type[VanaError] | None):
    error = library("psycopg.errors").lookup(state)("they said so")
    assert error.sqlstate == state
    known = classify(error, "store")
    assert type(known) is (ours or type(None))


def test_a_connection_that_psycopg_lost_has_no_state_and_is_known_all_the_same():
    psycopg = library("psycopg")
    assert isinstance(classify(psycopg.OperationalError("the connection is lost")), Unavailable)
    assert classify(psycopg.ProgrammingError("a bug")) is None


def test_every_state_is_one_of_postgresql_or_begins_one():
    errors = library("psycopg.errors")
    states = [str(getattr(getattr(errors, name), "sqlstate", "")) for name in dir(errors)]
    assert [listed for listed in SQLSTATES if not any(state.startswith(listed) for state in states)] == []


async def test_the_layer_raises_ours_from_theirs():
    came = library("httpx2").ReadTimeout("slow")

    async def nothing() -> None:
        pass

    with pytest.raises(AttemptTimeout) as caught:
        await Classify().wrap(faulty(nothing, errors=[came]), "host")()
    assert caught.value.__cause__ is came


def test_a_class_of_the_same_name_elsewhere_is_not_known():
    class ReadTimeout(Exception):
        pass

    assert classify(ReadTimeout()) is None
