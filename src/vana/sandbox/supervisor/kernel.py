"""The kernel calls that Python has no name for, and the namespaces that a run is built in."""

# pathlib takes no descriptor and no dir_fd, and these are the kernel's own calls.
# ruff: noqa: PTH123

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Generator
from functools import cache

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 4096, 16384, 1 << 18
CLONE_NEWNS, CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
_PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER = 4, 36

FIRST_UID, UIDS = 0x7000_0000, 1 << 24
"""Where users of runs are drawn from: above those of people, services and containers.

Source: systemd, UIDS-GIDS.md, which calls this range unused.
"""


class CannotIsolate(Exception):
    """A step of building the jail failed, so nothing ran; says which, with the kernel's error."""

    def __init__(self, step: str, number: int, reason: str) -> None:
        super().__init__(f"{step}: {reason}")
        self.step, self.number, self.reason = step, number, reason


@contextlib.contextmanager
def step(name: str) -> Generator[None]:
    """Turn an `OSError` inside into `CannotIsolate`, which names the step."""
    try:
        yield
    except OSError as error:
        raise CannotIsolate(name, error.errno or 0, error.strerror or str(error)) from error


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


def load() -> None:
    """Load the C library now, while its file can be read."""
    _libc()


def unshare(flags: int) -> None:
    """Leave the namespaces that *flags* name for new ones."""
    _check(_libc().unshare(flags), "unshare")


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount, as mount(2)."""
    parts = [os.fsencode(part) for part in (source, target, kind)]
    _check(_libc().mount(*parts, ctypes.c_ulong(flags), os.fsencode(options)), f"mount {target}")


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none is waited for in vain."""
    _check(_libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl")


def drop_to(uid: int) -> None:
    """Become the user and group *uid*, for good."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # the kernel gives /proc/self of a process that changed its user to root; its uid_map must be writable
    _check(_libc().prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl")


def own_user_namespace() -> None:
    """Enter a new user namespace, with every capability inside and none outside, and a private mount tree."""
    uid, gid = os.getuid(), os.getgid()
    unshare(CLONE_NEWUSER | CLONE_NEWNS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        fd = os.open(f"/proc/self/{name}", os.O_WRONLY)
        try:
            os.write(fd, text.encode())
        finally:
            os.close(fd)
    mount("none", "/", "none", MS_REC | MS_PRIVATE)


def fresh_uid() -> int | None:
    """Give a user that nobody is, or `None` where this namespace has but one user."""
    with open("/proc/self/uid_map", encoding="ascii") as file:
        ranges = [(int(first), int(size)) for first, _, size in map(str.split, file)]
    draw = int.from_bytes(os.urandom(4), "little")
    for first, size in ranges:
        if first <= FIRST_UID and first + size >= FIRST_UID + UIDS:
            return FIRST_UID + draw % UIDS
    first, size = max(ranges, key=lambda one: one[1])
    return first + size // 2 + draw % (size - size // 2) if size > 1 else None
