"""From errors of the standard library to ours: the innermost layer, next to whatever does the work."""

from __future__ import annotations

import errno
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from vana.kernel.errors import AttemptTimeout, StoreFailed, Unavailable, VanaError

if TYPE_CHECKING:
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

_UNREACHABLE = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH})
_STORE: dict[int, str] = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "free some space: the quota is used up",
    errno.EROFS: "that file system is read-only: choose another folder with VANA_HOME",
    errno.EACCES: "this user may not: mend the permissions, or choose another folder with VANA_HOME",
    errno.EPERM: "this user may not: mend the permissions, or choose another folder with VANA_HOME",
}

# Primary result codes, https://sqlite.org/rescode.html: by number, so that nobody need import sqlite3.
_SQLITE_PRIMARY = 0xFF
_SQLITE_BUSY, _SQLITE_LOCKED = 5, 6
_SQLITE_STORE: dict[int, str] = {
    8: "the database is read-only: mend the permissions, or choose another folder with VANA_HOME",
    10: "the disk could not be read or written: look at the system's log",
    13: "free some space on that disk",
    14: "the database could not be opened: is its folder there, and may this user write into it?",
}


@dataclass(frozen=True, slots=True)
class Classify:
    """Raise our error where the standard library's says the same; any other passes as it is."""

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with its errors classified; each is raised from the one that came."""
        door = _Door(target)

        @wraps(service)
        async def classified(*args: P.args, **kwargs: P.kwargs) -> R:
            with door:
                return await service(*args, **kwargs)

        return classified


class _Door:
    """A block that errors leave classified: no `except` is broad enough to be looked through by name."""

    __slots__ = ("_target",)

    def __init__(self, target: str) -> None:
        self._target = target

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        known = classify(error, self._target)
        if known is not None:
            raise known from error


def classify(error: BaseException, target: str = "it") -> VanaError | None:
    """Give our error for one of the standard library; `None` where there is none, or it is ours already.

    `TimeoutError` is `AttemptTimeout`; a connection that failed, a host out of reach, a name that cannot be
    resolved now and a locked SQLite database are `Unavailable`; a disk that is full or may not be written,
    SQLite's included, is `StoreFailed`. The message names *target*.
    """
    if isinstance(error, OSError):
        return _of_system(error, target)
    code = getattr(error, "sqlite_errorcode", None)
    return _of_sqlite(error, code & _SQLITE_PRIMARY, target) if isinstance(code, int) else None


def _of_system(error: OSError, target: str) -> VanaError | None:
    told = f"{target}: {error or type(error).__name__}"
    if isinstance(error, TimeoutError):
        return AttemptTimeout(told)
    if isinstance(error, ConnectionError) or error.errno in _UNREACHABLE:
        return Unavailable(told)
    if isinstance(error, socket.gaierror):
        return Unavailable(told) if error.errno == socket.EAI_AGAIN else None
    hint = _STORE.get(error.errno or 0)
    return StoreFailed(told, hint=hint) if hint is not None else None


def _of_sqlite(error: BaseException, code: int, target: str) -> VanaError | None:
    told = f"{target}: {error}"
    if code in {_SQLITE_BUSY, _SQLITE_LOCKED}:
        return Unavailable(told)
    hint = _SQLITE_STORE.get(code)
    return StoreFailed(told, hint=hint) if hint is not None else None
