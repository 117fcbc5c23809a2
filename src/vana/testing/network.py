"""A machine without a network, for a block of code."""

from __future__ import annotations

import errno
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from ipaddress import ip_address
from typing import cast

_ATTEMPTS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})


class _Guard:
    """Hears what the interpreter is about to do; an audit hook can be added, and never taken away."""

    def __init__(self) -> None:
        self.blocks = 0
        self.is_added = False

    def add(self) -> None:
        """Begin to listen, once in the life of a process."""
        if not self.is_added:
            self.is_added = True
            sys.addaudithook(self.hear)

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Refuse what would leave this machine, with the errors of one that has no network."""
        if not self.blocks:
            return
        if event in _ATTEMPTS:
            place, address = args[:2]
            family = place.family if isinstance(place, socket.socket) else None
            if family in {socket.AF_INET, socket.AF_INET6} and not _is_near(
                cast("tuple[object, ...]", address)[0]  # of these families an address is a tuple
            ):
                raise OSError(errno.ENETUNREACH, f"no network in this block: {address}")
        elif event in _LOOKUPS and not _is_near(args[0]):
            raise socket.gaierror(socket.EAI_AGAIN, f"no network in this block: {args[0]!r}")


_guard = _Guard()


@contextmanager
def no_network() -> Generator[None]:
    """Give a block in which this process reaches loopback alone, as on a machine without a network.

    A connection elsewhere is `OSError` with `ENETUNREACH`, a name that would have to be looked up
    `socket.gaierror` with `EAI_AGAIN`. It holds for all threads; programs that are
    started keep their network.
    """
    _guard.add()
    _guard.blocks += 1
    try:
        yield
    finally:
        _guard.blocks -= 1


def _is_near(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name == "localhost":
        return True
    try:
        return ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False
