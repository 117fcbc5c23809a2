"""What a tree of processes uses, read from /proc: it needs no control group and no privilege."""

# pathlib takes no descriptor and no dir_fd, and these are the kernel's own calls.
# ruff: noqa: PTH208

from __future__ import annotations

import os
from dataclasses import dataclass

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class TreeUse:
    """Memory and CPU of a process with all its descendants, those that have ended included in the CPU."""

    rss_bytes: int
    cpu_s: float
    pids: tuple[int, ...]


def measure(root: int) -> TreeUse:
    """Give what *root* and its descendants use now; one that ends meanwhile counts as nothing."""
    rss = ticks = 0
    alive: list[int] = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        fields = _stat(pid)
        if fields is None:
            continue
        alive.append(pid)
        ticks += sum(map(int, fields[11:15]))  # utime, stime, and both of its children that were waited for
        rss += int(fields[21])
        waiting += children(pid)
    return TreeUse(rss * _PAGE, ticks / _TICKS, tuple(alive))


def _stat(pid: int) -> list[bytes] | None:
    """Give the fields of /proc/PID/stat from the state on, where proc(5) counts from 3."""
    raw = _read(f"/proc/{pid}/stat")
    return raw[raw.rindex(b")") + 2 :].split() if raw else None


def children(pid: int) -> list[int]:
    """Give the children of all threads of *pid*."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    lists = [_read(f"/proc/{pid}/task/{thread}/children") for thread in threads]
    if all(one is None for one in lists):
        return _search(pid)
    return [int(child) for one in lists if one for child in one.split()]


def _search(parent: int) -> list[int]:
    """Give the children of *parent* on a kernel without CONFIG_PROC_CHILDREN: look at everybody's parent."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    stats = ((pid, _stat(pid)) for pid in pids)
    return [pid for pid, fields in stats if fields and int(fields[1]) == parent]


def shared_once(use: TreeUse) -> int:
    """Give the bytes that the tree holds, a page that several processes share counted once.

    Adding up RSS counts a page of 60 forked processes 60 times; this walks page tables, so it is asked only
    when the sum of RSS is over the limit. Where the kernel does not say, the RSS stands.
    """
    total = 0
    for pid in use.pids:
        for line in (_read(f"/proc/{pid}/smaps_rollup") or b"").splitlines():
            if line.startswith(b"Pss:"):
                total += int(line.split()[1]) << 10
    return total or use.rss_bytes


def _read(path: str) -> bytes | None:
    try:
        fd = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    try:
        parts: list[bytes] = []
        while part := os.read(fd, 1 << 16):
            parts.append(part)
        return b"".join(parts)
    except OSError:  # it ended while it was being read
        return None
    finally:
        os.close(fd)
