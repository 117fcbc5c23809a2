"""From errors of libraries to ours, known by the names of their classes: none of them is imported here.

A library may be absent, or another than the one we were tested with; a name that is not listed is simply
not known, and its error passes as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, TypeAlias, cast

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import (
    AtLimit,
    AttemptTimeout,
    ConfigError,
    StoreFailed,
    Unavailable,
    VanaError,
)
from vana.layers.pacing import retry_after
from vana.layers.responses import error_in, of_response

Maker: TypeAlias = Callable[[BaseException, str], VanaError | None]
"""From an error and the message for it to ours."""

_CERTIFICATE = "the other side's certificate is not trusted here: mend it, or name the authority to trust"


class _Response(Protocol):
    """The HTTP answer that an error of httpx, httpx2, openai, anthropic or requests carries."""

    status_code: int
    headers: Mapping[str, str]

    def json(self) -> object: ...


def _unavailable(_error: BaseException, told: str) -> VanaError:
    return Unavailable(told)


def _late(_error: BaseException, told: str) -> VanaError:
    return AttemptTimeout(told)


def _full(_error: BaseException, told: str) -> VanaError:
    return AtLimit(
        told, hint="all connections of our own pool are in use: try again later, or make it larger"
    )


def _address(_error: BaseException, told: str) -> VanaError:
    return ConfigError(told, hint="is the address right?")


def _untrusted(_error: BaseException, told: str) -> VanaError:
    return ConfigError(told, hint=_CERTIFICATE, code="certificate")


def _ours(_error: BaseException, _told: str) -> None:
    """Pass: the call was made wrongly, which is a bug on our side and nothing else."""


_LIBRARIES: Mapping[str, Mapping[str, Maker]] = {
    "httpx2": {
        "ConnectTimeout": _unavailable,
        "PoolTimeout": _full,
        "TimeoutException": _late,
        "LocalProtocolError": _ours,
        "UnsupportedProtocol": _address,
        "TransportError": _unavailable,
        "DecodingError": _unavailable,
        "TooManyRedirects": _address,
        "InvalidURL": _address,
    },
    "aiohttp": {
        "ClientConnectorCertificateError": _untrusted,
        "ServerFingerprintMismatch": _untrusted,
        "ConnectionTimeoutError": _unavailable,
        "ServerTimeoutError": _late,
        "ClientConnectionError": _unavailable,
        "ClientPayloadError": _unavailable,
        "TooManyRedirects": _address,
        "InvalidURL": _address,
        "NonHttpUrlClientError": _address,
    },
    "openai": {
        "APITimeoutError": _late,
        "APIConnectionError": _unavailable,
    },
    "psycopg_pool": {
        "PoolTimeout": _full,
        "TooManyRequests": _full,
    },
}

LIBRARIES: Mapping[str, Mapping[str, Maker]] = {
    **_LIBRARIES,
    "httpx": _LIBRARIES["httpx2"],
    "anthropic": _LIBRARIES["openai"],
}
"""By library and class; an error is known by its own class, or else by the nearest it is derived from."""

SQLSTATES: Mapping[str, Maker] = {
    "08": _unavailable,
    "25006": lambda _, told: StoreFailed(
        told, hint="that database takes reads only: name the one that writes"
    ),
    "28": lambda _, told: ConfigError(told, hint="are the database's user and password right?"),
    "3D000": lambda _, told: ConfigError(told, hint="is the database's name right?"),
    "40001": _unavailable,
    "40P01": _unavailable,
    "53100": lambda _, told: StoreFailed(told, hint="free some space on the database's disk"),
    "53": _unavailable,
    "55P03": _unavailable,
    "57014": _late,
    "57P": _unavailable,
    "58": lambda _, told: StoreFailed(told, hint="the database could not use its disk: look at its log"),
    "XX": lambda _, told: StoreFailed(told, hint="the database is damaged: look at its log"),
}
"""By SQLSTATE or the beginning of it, PostgreSQL 17, appendix A; the longest that fits decides."""


def of_library(error: BaseException, target: str, clock: Clock = SYSTEM_CLOCK) -> VanaError | None:
    """Give our error for one of a library's; `None` where it is not known.

    *clock* tells how far away a date in a `Retry-After` header is.
    """
    response = getattr(error, "response", None)
    if isinstance(getattr(response, "status_code", None), int):
        return _of_answer(
            cast("_Response", response), target, clock.now()
        )  # all that have the one have the rest
    for kind in type(error).__mro__:
        library = kind.__module__.partition(".")[0]
        make = LIBRARIES.get(library, {}).get(kind.__name__)
        if make is not None:
            return make(error, told(error, target))
        if (library, kind.__name__) in {("aiohttp", "ClientResponseError"), ("urllib", "HTTPError")}:
            return _of_status(error, target, clock.now())
        if (library, kind.__name__) == ("psycopg", "Error"):
            return _of_psycopg(error, told(error, target))
    return None


def told(error: BaseException, target: str) -> str:
    """Give what *error* says about *target*, or at least what it is."""
    return f"{target}: {str(error) or type(error).__name__}"


def _of_answer(response: _Response, target: str, now: float) -> VanaError | None:
    pause = retry_after(response.headers, now)
    try:
        code, message = error_in(response.json())
    except (RuntimeError, ValueError):  # a body that was not read, or is no JSON
        code = message = ""
    return of_response(response.status_code, target, code=code, message=message, pause=pause)


def _of_status(error: BaseException, target: str, now: float) -> VanaError | None:
    """Give our error for an answer of which status and headers were kept, and not the body."""
    status = getattr(error, "status", 0)
    headers = cast("Mapping[str, str]", getattr(error, "headers", None) or {})  # both libraries': a mapping
    pause = retry_after(headers, now)
    return of_response(int(status), target, message=str(getattr(error, "message", "")), pause=pause)


def _of_psycopg(error: BaseException, told: str) -> VanaError | None:
    """Give our error by the SQLSTATE; a connection that was lost, or never made, has none."""
    state = getattr(error, "sqlstate", None)
    if isinstance(state, str):
        known = [begin for begin in SQLSTATES if state.startswith(begin)]
        return SQLSTATES[max(known, key=len)](error, told) if known else None
    names = {kind.__name__ for kind in type(error).__mro__}
    return Unavailable(told) if "OperationalError" in names else None
