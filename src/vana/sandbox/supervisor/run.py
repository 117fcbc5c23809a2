"""One run, from the request to the report, in a process of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import resource
import select
import signal
import socket
import time
from dataclasses import dataclass
from typing import NoReturn

from . import collect, groups, place, watchdog, wire
from .kernel import CannotIsolate, adopt_orphans, drop_to, fresh_uid, own_user_namespace, step

POLL_S = 0.1
"""How often the watchdog looks."""
FILTER_FD, STARTED_FD = 3, 4
_FREE_FD = 10  # our own descriptors lie above those that the jail is given
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class _Jail:
    """A jail that has been started."""

    pid: int
    started: int
    """A pipe: one byte when the program was about to start; nothing when bwrap failed before."""
    began: float
    counters: list[int]


def perform(
    connection: socket.socket, outputs: tuple[int, int], controllers: tuple[groups.Controller, ...]
) -> None:
    """Read one request from *connection*, run it with *outputs* as stdout and stderr, and answer.

    The other side ends the run by closing its half of *connection*, or by dying.
    """
    request = wire.receive(connection)
    if request is None:
        return
    try:
        jail = _start(request, outputs, controllers)
        report = _watch(jail, request.bounds, connection)
    except CannotIsolate as problem:
        connection.sendall(wire.Report(failed=(problem.step, problem.number, problem.reason)).encode())
        return
    _answer(connection, request, report)


def _start(
    request: wire.Request, outputs: tuple[int, int], controllers: tuple[groups.Controller, ...]
) -> _Jail:
    counters: list[int] = []
    is_root = os.geteuid() == 0
    if is_root:
        with step("control groups"):
            counters = groups.enter(controllers, request.bounds)
        place.stage(request.staged)
        uid = fresh_uid()
        if uid is not None:
            with step("a user of its own"):
                drop_to(uid)
    with step("user namespaces"):
        own_user_namespace()
    place.lay(request.bounds, request.files, grounded=is_root)
    with step("bwrap"):
        adopt_orphans()
        stdin, seccomp = place.open_stdin(request.stdin), _in_memory(request.seccomp)
        readable, writable = os.pipe()
        given = [_above(fd) for fd in (stdin, *outputs, seccomp, writable)]
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            _become(request, given)
        for fd in (stdin, *outputs, seccomp, writable, *given):
            os.close(fd)
    return _Jail(pid, readable, began, counters)


def _in_memory(content: bytes) -> int:
    fd = os.memfd_create("filter")
    os.write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def _above(fd: int) -> int:
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _FREE_FD)


def _become(request: wire.Request, given: list[int]) -> NoReturn:
    """Turn this process into bwrap, with the limits that all under it inherit; does not return."""
    try:
        for number, fd in enumerate(given):
            os.dup2(fd, number)
        _limit(request.bounds)
        os.execve(request.command[0], request.command, {"PATH": "/usr/bin:/bin"})  # noqa: S606 - no shell
    finally:
        os._exit(127)


def _limit(bounds: wire.Bounds) -> None:
    """Set the limits of the kernel, soft and hard: no process under them can raise its own.

    Memory is a sixteenth below the limit of the whole run, so that one process alone meets an error it can
    handle before the watchdog ends it. RLIMIT_NPROC counts the outer user namespace, hence the run alone.
    """
    cpu = max(1, round(bounds["cpu_s"] + 0.5))
    data = bounds["memory_bytes"] // 16 * 15
    limits = (
        (resource.RLIMIT_DATA, data, data),
        (resource.RLIMIT_NPROC, *(bounds["processes"] + groups.SPARE_PROCESSES,) * 2),
        (resource.RLIMIT_NOFILE, *(bounds["open_files"],) * 2),
        (resource.RLIMIT_FSIZE, *(bounds["file_bytes"],) * 2),
        (resource.RLIMIT_CPU, cpu, cpu + 1),
        (resource.RLIMIT_STACK, 8 * _MIB, 64 * _MIB),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_MEMLOCK, 1 << 16, 1 << 16),
        (resource.RLIMIT_MSGQUEUE, 0, 0),
        (resource.RLIMIT_SIGPENDING, 128, 128),
    )
    for what, soft, hard in limits:
        most = resource.getrlimit(what)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)  # noqa: PLW2901 - the machine's own limit is lower
        resource.setrlimit(what, (soft, hard))


def _watch(jail: _Jail, bounds: wire.Bounds, connection: socket.socket) -> wire.Report:
    """Wait until the jail ends or must be ended; give the report when nothing of it lives any more."""
    poll, ended = select.poll(), os.pidfd_open(jail.pid)
    poll.register(ended, select.POLLIN)
    poll.register(connection, select.POLLIN)
    reason, peak = "", 0
    while not reason:
        left = jail.began + bounds["wall_s"] - time.monotonic()
        ready = [fd for fd, _ in poll.poll(max(0.0, min(POLL_S, left)) * 1000)]
        if ended in ready:
            break
        if ready:
            reason = "caller"
        elif left <= 0:
            reason = "wall"
        else:
            use = watchdog.measure(jail.pid)
            peak = max(peak, use.rss_bytes)
            reason = _excess(use, bounds)
    code, cpu_s, largest = _bury(jail.pid, kill=bool(reason))
    wall_s = time.monotonic() - jail.began
    if not reason and not os.read(jail.started, 1):
        what, reason = "bwrap", "it ended before the program began"
        raise CannotIsolate(what, 0, reason)
    if groups.starved(jail.counters):
        reason = "memory"
    return wire.Report(None, reason, code, wall_s, cpu_s, max(peak, largest))


def _excess(use: watchdog.TreeUse, bounds: wire.Bounds) -> str:
    if use.cpu_s > bounds["cpu_s"]:
        return "cpu"
    if use.rss_bytes > bounds["memory_bytes"] and watchdog.shared_once(use) > bounds["memory_bytes"]:
        return "memory"
    return ""


def _bury(pid: int, *, kill: bool) -> tuple[int, float, int]:
    """Wait for all processes of the jail, killed first if *kill*; give exit code, CPU seconds, peak RSS.

    With bwrap gone the first process of the jail becomes ours, as `adopt_orphans` has it; when that is killed
    the kernel kills all others of its namespace before it lets us see its end.
    """
    if kill:
        os.kill(pid, signal.SIGKILL)
    _, status, use = os.wait4(pid, 0)
    cpu_s, largest = use.ru_utime + use.ru_stime, use.ru_maxrss
    for child in watchdog.children(os.getpid()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    while True:
        try:
            _, _, use = os.wait4(-1, 0)
        except ChildProcessError:
            break
        cpu_s, largest = cpu_s + use.ru_utime + use.ru_stime, max(largest, use.ru_maxrss)
    code = os.waitstatus_to_exitcode(status)
    return (code if code >= 0 else 128 - code), cpu_s, largest << 10


def _answer(connection: socket.socket, request: wire.Request, report: wire.Report) -> None:
    """Send the report, and after it the files that the run left."""
    collect.enter(place.WORK)
    collector = collect.Collector(request.bounds, dict(request.files))
    pieces = list(collector.archive())
    told = wire.Report(
        ended_by=report.ended_by,
        exit_code=report.exit_code,
        wall_s=report.wall_s,
        cpu_s=report.cpu_s,
        peak_rss_bytes=report.peak_rss_bytes,
        warnings=collector.warnings,
    )
    connection.sendall(told.encode())
    for piece in pieces:
        connection.sendall(piece)
