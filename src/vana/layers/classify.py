"""From errors of others to ours: the innermost layer, next to whatever does the work."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import AttemptTimeout, ConfigError, StoreFailed, Unavailable, VanaError
from vana.layers.foreign import of_library, told
from vana.layers.recipe import written

P = ParamSpec("P")
R = TypeVar("R")

_UNREACHABLE = frozenset({errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EHOSTUNREACH})
_SCARCE: dict[int, str] = {
    errno.EAGAIN: "this user may start no more processes or threads now",
    errno.ENOMEM: "the machine's memory is used up",
    errno.EMFILE: "too many files are open: raise the limit with `ulimit -n`",
    errno.ENFILE: "too many files are open on this machine",
}
_STORE: dict[int, str] = {
    errno.ENOSPC: "free some space on that disk",
    errno.EDQUOT: "free some space: the quota is used up",
    errno.EIO: "the disk could not be read or written: look at the system's log",
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
    11: "the database is damaged: put back a copy of it",
    13: "free some space on that disk",
    14: "the database could not be opened: is its folder there, and may this user write into it?",
    26: "that file is no database, or a damaged one: put back a copy of it",
}


@dataclass(frozen=True, slots=True)
class Classify:
    """Raise our error where one of the standard library or of a known library says the same.

    Any other passes as it is.
    """

    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* with its errors classified; each is raised from the one that came."""
        clock = self.clock

        @wraps(service)
        async def classified(*args: P.args, **kwargs: P.kwargs) -> R:
            try:
                return await service(*args, **kwargs)
            except BaseException as error:
                known = classify(error, target, clock=clock)
                if known is not None:
                    raise known from error
                raise

        return classified


def classify(error: BaseException, target: str = "it", *, clock: Clock = SYSTEM_CLOCK) -> VanaError | None:
    """Give our error for one of another's; `None` where there is none, or it is ours already.

    Known are the standard library's errors of time, connections, names, certificates, files and scarce
    resources, SQLite's, and those of the libraries in `vana.layers.foreign`: by name, so that none of them
    need be installed. The message names *target*; docs/guides/resilience.md has the whole table.
    """
    if isinstance(error, VanaError):
        return None
    known = of_library(error, target, clock)
    if known is not None:
        return known
    reason = getattr(error, "reason", None)  # of urllib's URLError, which says nothing itself
    if isinstance(error, OSError) and isinstance(reason, OSError):
        return classify(reason, target, clock=clock)
    if isinstance(error, OSError):
        return _of_system(error, told(error, target))
    if isinstance(error, asyncio.IncompleteReadError):
        return Unavailable(told(error, target))
    code = getattr(error, "sqlite_errorcode", None)
    return _of_sqlite(code & _SQLITE_PRIMARY, told(error, target)) if isinstance(code, int) else None


def _of_system(error: OSError, message: str) -> VanaError | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        hint = "the other side's certificate is not trusted here: mend it, or name the authority to trust"
        return ConfigError(message, hint=hint, code="certificate")
    if isinstance(error, TimeoutError):
        return AttemptTimeout(message)
    # An SSLError and a gaierror bear numbers of their own, not those of the system.
    if isinstance(error, socket.gaierror):
        return Unavailable(message, hint="is the host's name right, and is there a network?")
    if isinstance(error, (ConnectionError, ssl.SSLError)) or error.errno in _UNREACHABLE:
        return Unavailable(message)
    number = error.errno or 0
    if number in _SCARCE:
        return Unavailable(message, hint=_SCARCE[number])
    return StoreFailed(message, hint=_STORE[number]) if number in _STORE else None


def _of_sqlite(code: int, message: str) -> VanaError | None:
    if code in {_SQLITE_BUSY, _SQLITE_LOCKED}:
        return Unavailable(message)
    hint = _SQLITE_STORE.get(code)
    return StoreFailed(message, hint=hint) if hint is not None else None
