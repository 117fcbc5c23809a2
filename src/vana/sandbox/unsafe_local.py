"""The tier `unsafe_local`: a plain process of the user's own, which can do whatever the user can.

It isolates nothing, and its name says so. It is opened only when somebody asks for it by that name.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from vana.kernel.clock import Deadline
from vana.sandbox import artifacts, inputs
from vana.sandbox.interpreter import find_interpreter, find_language
from vana.sandbox.sandbox import (
    Isolation,
    Language,
    Limits,
    Outcome,
    OutcomeStatus,
    ProducedFile,
    Program,
    ResourceUse,
)
from vana.sandbox.watch import Capped

TIER = "unsafe_local"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR")
"""Of the environment: enough to find programs, and no key."""
_DRAIN_S = 1.0
_SIGNALS = (128, 192)
_WARNINGS = 32


def open_sandbox(languages: Callable[[str], Language] = find_language) -> UnsafeLocal:
    """Give the sandbox that is none. Whoever opens it closes it."""
    return UnsafeLocal(languages)


class UnsafeLocal:
    """Run programs as plain processes in a folder of their own; wall time and what comes back are limited."""

    tier = TIER

    def __init__(self, languages: Callable[[str], Language]) -> None:
        self._languages = languages
        self._slots = asyncio.Semaphore(2 * (os.cpu_count() or 1))

    async def prove(self) -> Isolation:
        """Say what it is: no feature."""
        return Isolation(TIER)

    async def run(self, program: Program, limits: Limits, *, deadline: Deadline | None = None) -> Outcome:
        """Run *program* with no isolation at all.

        Wall time, output, descriptors, file size and CPU seconds of a process are limited; processes,
        memory of the run and disk are not. Processes that leave the program's process group outlive it.

        Raises:
            SandboxUnavailable: no interpreter for the language is installed.
            UnknownName: no such language is installed.
            InputError: a file name leaves the working folder, or the inputs exceed the limits.
            DeadlineExceeded: the deadline has passed.
        """
        language = self._languages(program.language)
        given = inputs.check(program, language, limits)
        interpreter = await asyncio.to_thread(find_interpreter, language)
        async with self._slots:
            wall_s = limits.wall_s
            if deadline is not None:
                deadline.check("the program")
                wall_s = min(wall_s, deadline.remaining())
            with tempfile.TemporaryDirectory(prefix="vana-unsafe-", ignore_cleanup_errors=True) as folder:
                work = Path(folder)
                await asyncio.to_thread(_write, work, given)
                command = (
                    interpreter.path,
                    *language.flags,
                    str(work / language.file_name),
                    *given.arguments,
                )
                run = _Run(limits)
                await run.start(command, work, given.stdin)
                await run.finish(wall_s)
                files, warnings = await asyncio.to_thread(_collect, work, dict(given.files), limits)
        return run.outcome(files, warnings, f"{language.name}:{interpreter.path}")

    async def aclose(self) -> None:
        """Do nothing: every run ends with its call."""


class _Run:
    """One process with its two streams."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._streams = (Capped(limits.output_bytes, self._kill), Capped(limits.output_bytes, self._kill))
        self._process: asyncio.subprocess.Process | None = None
        self._pipes: list[asyncio.ReadTransport] = []
        self._began = self._ended = 0.0
        self._is_late = False

    async def start(self, command: tuple[str, ...], work: Path, stdin: bytes) -> None:
        loop = asyncio.get_running_loop()
        given: list[int] = []
        try:
            for stream in self._streams:
                readable, writable = os.pipe()
                given.append(writable)
                pipe, _ = await loop.connect_read_pipe(_giving(stream), os.fdopen(readable, "rb", 0))
                self._pipes.append(pipe)
            given.append(_stdin(work, stdin))
            self._began = loop.time()
            environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=given[2],
                stdout=given[0],
                stderr=given[1],
                cwd=work,
                env=environment,
                start_new_session=True,
            )
            _limit(self._process.pid, self._limits)
        finally:
            for descriptor in given:
                os.close(descriptor)

    async def finish(self, wall_s: float) -> None:
        """Wait for the end of the program, then end what it left in its process group."""
        if self._process is None:
            return
        try:
            async with asyncio.timeout(wall_s):
                await self._process.wait()
        except TimeoutError:
            self._is_late = True
        finally:
            self._kill()
            self._ended = asyncio.get_running_loop().time()
            await asyncio.shield(self._process.wait())
        # what is still in the pipes is ours; a process that left the group may hold them open for ever
        await asyncio.wait([stream.ended for stream in self._streams], timeout=_DRAIN_S)
        for pipe in self._pipes:
            pipe.close()

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def outcome(
        self, files: tuple[ProducedFile, ...], warnings: tuple[str, ...], interpreter: str
    ) -> Outcome:
        """Give what became of the program."""
        out, err = self._streams
        code = self._process.returncode if self._process is not None else None
        status = self._status(code)
        return Outcome(
            status=status,
            exit_code=None
            if code is None or status in ("timeout", "output_limit")
            else code
            if code >= 0
            else 128 - code,
            stdout=out.kept.decode("utf-8", "replace"),
            stderr=err.kept.decode("utf-8", "replace"),
            sandbox=Isolation(TIER, (interpreter,)),
            truncated_bytes=out.dropped + err.dropped,
            files=files,
            warnings=warnings,
            usage=ResourceUse(wall_s=self._ended - self._began),
        )

    def _status(self, code: int | None) -> OutcomeStatus:
        if any(stream.is_flood for stream in self._streams):
            return "output_limit"
        if self._is_late:
            return "timeout"
        if code == 0:
            return "ok"
        return "killed" if code is None or code < 0 or _SIGNALS[0] < code <= _SIGNALS[1] else "error"


def _giving(stream: Capped) -> Callable[[], Capped]:
    return lambda: stream


def _limit(pid: int, limits: Limits) -> None:
    cpu = max(1, round(limits.cpu_s + 0.5))
    kernel = (
        (resource.RLIMIT_NOFILE, limits.open_files),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_DATA, limits.memory_bytes),
        (resource.RLIMIT_CPU, cpu),
        (resource.RLIMIT_CORE, 0),
    )
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        for what, value in kernel:
            most = resource.prlimit(pid, what)[1]
            least = value if most == resource.RLIM_INFINITY else min(value, most)
            resource.prlimit(pid, what, (least, least))


def _stdin(work: Path, content: bytes) -> int:
    if not content:
        return os.open(os.devnull, os.O_RDONLY)
    path = work / ".stdin"
    path.write_bytes(content)
    descriptor = os.open(path, os.O_RDONLY)
    path.unlink()
    return descriptor


def _write(work: Path, given: inputs.Inputs) -> None:
    for name, content in given.files:
        path = work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _collect(
    work: Path, given: Mapping[str, bytes], limits: Limits
) -> tuple[tuple[ProducedFile, ...], tuple[str, ...]]:
    """Give the regular files that are new or changed; links are not followed."""
    found: list[ProducedFile] = []
    warnings: list[str] = []
    total = 0
    for folder, _, names in os.walk(work):
        for path in sorted(Path(folder) / name for name in names):
            name, content = path.relative_to(work).as_posix(), _content(path, limits)
            if content is None or not artifacts.is_inside(name):
                warnings.append(
                    f"{name!r} was left out: no regular file of at most {limits.artifact_bytes} bytes"
                )
            elif given.get(name) == content:
                continue
            elif len(found) >= limits.artifacts or total + len(content) > limits.artifacts_bytes:
                warnings.append(f"{name!r} was left out: there are more files than the limits allow")
            else:
                found.append(artifacts.produced(name, content))
                total += len(content)
    return tuple(found), tuple(warnings[:_WARNINGS])


def _content(path: Path, limits: Limits) -> bytes | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        about = os.fstat(descriptor)
        if not stat.S_ISREG(about.st_mode) or about.st_size > limits.artifact_bytes:
            return None
        return file.read(limits.artifact_bytes)
