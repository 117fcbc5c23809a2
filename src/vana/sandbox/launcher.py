"""VANA's side of the supervisor: starts it, hands it runs, brings back what they left."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from vana.kernel.errors import SandboxUnavailable
from vana.sandbox.supervisor.wire import Report, Request, split
from vana.sandbox.watch import Capped

_START = "import sys; sys.path.append(sys.argv[1]); from supervisor.serve import main; main(int(sys.argv[2]))"
_START_S = 20.0
_SPARE_S = 10.0
"""How much longer than the run itself its answer may take, before it is taken for lost."""
_DYING_S = 5.0
_OVERHEAD = 1 << 20  # headers and the report, above the bytes of the files


class Hello(TypedDict):
    """What a supervisor says of itself when it starts."""

    root: bool
    groups: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came back from a run."""

    report: Report
    archive: bytes
    stdout: bytes
    stderr: bytes
    dropped: int
    is_flood: bool


class Launcher:
    """Own one supervisor process, started on first use and again should it die."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._hello = Hello(root=False, groups="")

    async def start(self) -> Hello:
        """Have a supervisor running, and give what it says of itself.

        Raises:
            SandboxUnavailable: it does not start.
        """
        if self._is_alive():
            return self._hello
        return await asyncio.to_thread(self._start)

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _start(self) -> Hello:
        with self._lock:
            if self._is_alive():
                return self._hello
            self._stop()
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = _spawn(theirs.fileno())
            ours.settimeout(_START_S)
            self._line = ours
            try:
                answer = ours.recv(1 << 12)
                self._hello = cast("Hello", json.loads(answer))  # written by `supervisor.serve`
            except (OSError, ValueError) as error:
                self._stop()
                message = f"the supervisor of the sandbox does not start: {error}"
                hint = f"run {sys.executable} -I -S -c 'import ctypes, json, resource' and mend what it says"
                raise SandboxUnavailable(message, hint=hint) from error
            return self._hello

    async def run(self, request: Request, *, keep: int, files_bytes: int) -> Result:
        """Run *request* and give what came back, up to *keep* bytes of each stream.

        Cancelling ends every process of the run and waits until they have ended.

        Raises:
            SandboxUnavailable: the supervisor is gone, or did not answer in time.
        """
        await self.start()
        run = _Exchange(keep, files_bytes)
        try:
            await run.begin(self._hand_over, request.encode())
            return await run.result(request.bounds["wall_s"] + _SPARE_S)
        finally:
            await run.close()

    def _hand_over(self, descriptors: list[int]) -> None:
        try:
            if self._line is None:
                raise BrokenPipeError
            socket.send_fds(self._line, [b"run"], descriptors)
        except OSError as error:
            message = f"the supervisor of the sandbox is gone: {error.strerror}"
            raise SandboxUnavailable(message, hint="try again: a new one is started") from error

    async def aclose(self) -> None:
        """End the supervisor, and with it every run."""
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        line, process, self._line, self._process = self._line, self._process, None, None
        if line is not None:
            line.close()
        if process is not None:
            try:
                process.wait(_DYING_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _spawn(line: int) -> subprocess.Popen[bytes]:
    """Start the supervisor, without our environment and its keys, in a session that Ctrl-C does not reach."""
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(  # noqa: S603 - our own interpreter and our own program
        [sys.executable, "-I", "-S", "-c", _START, str(Path(__file__).parent), str(line)],
        stdin=nowhere,
        stdout=nowhere,
        stderr=nowhere,
        env={},
        cwd="/",
        pass_fds=(line,),
        start_new_session=True,
    )


class _Exchange:
    """One run: its connection to the supervisor, and its two streams."""

    def __init__(self, keep: int, files_bytes: int) -> None:
        self._answer = Capped(files_bytes + _OVERHEAD, self._end)
        self._streams = (Capped(keep, self._end), Capped(keep, self._end))
        self._connection: asyncio.Transport | None = None
        self._pipes: list[asyncio.ReadTransport] = []
        self._ends: list[asyncio.Future[None]] = []

    async def begin(self, hand_over: Callable[[list[int]], None], request: bytes) -> None:
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        given = [theirs.detach()]
        try:
            self._connection, _ = await loop.create_connection(lambda: self._answer, sock=ours)
            for stream in self._streams:
                readable, writable = os.pipe()
                given.append(writable)
                pipe, _ = await loop.connect_read_pipe(_giving(stream), os.fdopen(readable, "rb", 0))
                self._pipes.append(pipe)
                self._ends.append(stream.ended)
            hand_over(given)
        finally:
            for descriptor in given:
                os.close(descriptor)
        self._connection.write(request)

    def _end(self) -> None:
        """Have the supervisor end the run: our half of the connection closes."""
        if self._connection is not None and not self._connection.is_closing():
            self._connection.write_eof()

    async def result(self, within: float) -> Result:
        _, late = await asyncio.wait([self._answer.ended, *self._ends], timeout=within)
        told = None if late else split(bytes(self._answer.kept))
        if told is None or self._answer.dropped:
            message = "the supervisor of the sandbox ended or did not answer"
            raise SandboxUnavailable(
                message, hint="run it again; `vana doctor` tests the sandbox by using it"
            )
        report, archive = told
        out, err = self._streams
        return Result(
            report,
            archive,
            bytes(out.kept),
            bytes(err.kept),
            out.dropped + err.dropped,
            is_flood=out.is_flood or err.is_flood,
        )

    async def close(self) -> None:
        """See that nothing of the run lives and all is closed; it takes `_DYING_S` seconds at most."""
        if self._connection is not None:
            if not self._answer.ended.done():
                self._end()
                await _undisturbed([self._answer.ended, *self._ends])
            self._connection.abort()
        for pipe in self._pipes:
            pipe.close()


def _giving(stream: Capped) -> Callable[[], Capped]:
    return lambda: stream


async def _undisturbed(ends: list[asyncio.Future[None]]) -> None:
    """Wait for *ends*, `_DYING_S` seconds at most, also when cancelled; that travels on then."""
    cancelled = False
    loop = asyncio.get_running_loop()
    until = loop.time() + _DYING_S
    while (left := until - loop.time()) > 0 and not all(one.done() for one in ends):
        try:
            await asyncio.wait(ends, timeout=left)
        except asyncio.CancelledError:
            cancelled = True
    if cancelled:
        raise asyncio.CancelledError
