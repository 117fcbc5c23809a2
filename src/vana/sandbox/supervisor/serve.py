"""The supervisor's loop: one message with three descriptors starts one run; the end of the line ends it."""

from __future__ import annotations

import json
import os
import select
import socket
from typing import NoReturn

from . import groups, kernel
from .run import perform

_DESCRIPTORS = 3
_MESSAGE = 16


def main(number: int) -> None:
    """Serve on the descriptor *number*, a SOCK_SEQPACKET socket, until the other side closes it.

    Each message carries a connection for the request and the report, and where stdout and stderr go.
    """
    line = socket.socket(fileno=number)
    version, controllers = groups.find()
    kernel.load()
    line.send(json.dumps({"root": os.geteuid() == 0, "groups": version}).encode())
    poll = select.poll()
    poll.register(line, select.POLLIN)
    runs: dict[int, int] = {}
    serving = True
    while serving or runs:
        for ready, _ in poll.poll():
            if ready in runs:
                poll.unregister(ready)
                _end(ready, runs.pop(ready), controllers)
            elif serving:
                pid = _begin(line, controllers)
                if pid is None:
                    poll.unregister(line)
                    serving = False
                else:
                    ended = os.pidfd_open(pid)
                    runs[ended] = pid
                    poll.register(ended, select.POLLIN)


def _begin(line: socket.socket, controllers: tuple[groups.Controller, ...]) -> int | None:
    """Take the next message and fork a process for it; give its id, `None` at the end of the line."""
    message, fds, _, _ = socket.recv_fds(line, _MESSAGE, _DESCRIPTORS)
    if not message:
        return None
    for fd in fds:
        os.set_inheritable(fd, False)  # noqa: FBT003 - its only form; they come inheritable, and the jail must not hold the line to VANA
    pid = os.fork()
    if pid == 0:
        _serve_one(line, fds, controllers)
    for fd in fds:
        os.close(fd)
    return pid


def _serve_one(line: socket.socket, fds: list[int], controllers: tuple[groups.Controller, ...]) -> NoReturn:
    """Perform one run and exit; an error here ends the connection without a report, which says enough."""
    try:
        line.close()
        perform(socket.socket(fileno=fds[0]), (fds[1], fds[2]), controllers)
    finally:
        os._exit(0)


def _end(descriptor: int, pid: int, controllers: tuple[groups.Controller, ...]) -> None:
    os.close(descriptor)
    os.waitpid(pid, 0)
    groups.remove(controllers, pid)
