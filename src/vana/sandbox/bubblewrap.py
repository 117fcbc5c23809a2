"""The tier `high`: a jail of kernel namespaces built by bubblewrap, with a filter on system calls.

    VANA ── supervisor ── bwrap ── first process ── the program
            (fresh user, own mount tree, watchdog)  (all of it inside the jail)

Neither needs root, a daemon or an image. Where root runs VANA, each run gets a user of its own and control
groups. Namespaces share the host's kernel: for hostile strangers' code a stronger tier is the right one.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

from vana.kernel.clock import Deadline
from vana.kernel.errors import DeadlineExceeded, InputError, SandboxUnavailable, UsageError
from vana.sandbox import artifacts, canary, inputs, remedy, seccomp
from vana.sandbox.interpreter import Interpreter, find_interpreter, find_language
from vana.sandbox.launcher import Hello, Launcher, Result
from vana.sandbox.profile import WORK, Jail, Mount
from vana.sandbox.sandbox import Isolation, Language, Limits, Outcome, OutcomeStatus, Program, ResourceUse
from vana.sandbox.supervisor.wire import Bounds, Request

TIER = "high"
_SIGNAL, _SIGNALS = 128, 64
_ENDED: dict[str, OutcomeStatus] = {"wall": "timeout", "cpu": "timeout", "memory": "memory"}


@dataclass(frozen=True, slots=True)
class Setup:
    """What of the machine a sandbox uses; the defaults are what a person would want."""

    bwrap: str = "bwrap"
    """A name to look up on the path, or a path."""
    filters: Path = seccomp.FOLDER
    mounts: tuple[Mount, ...] = ()
    """What programs may read besides /usr and their interpreter."""
    environment: Mapping[str, str] | None = None
    languages: Callable[[str], Language] = find_language


def open_sandbox(setup: Setup | None = None) -> Bubblewrap:
    """Give a sandbox of the tier `high`; it starts nothing before its first use. Who opens it closes it."""
    return Bubblewrap(setup or Setup())


class Bubblewrap:
    """Run programs in jails of their own, at most two a core at once; the others wait."""

    tier = TIER

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._launcher = Launcher()
        self._proving = asyncio.Lock()
        self._slots = asyncio.Semaphore(2 * (os.cpu_count() or 1))
        self._isolation: Isolation | None = None
        self._jail: Jail | None = None
        self._filter = b""
        self._interpreters: dict[str, Interpreter] = {}
        self._closed = False

    async def prove(self) -> Isolation:
        """Run the canary, once, and give what it showed.

        Raises:
            SandboxUnavailable: it cannot isolate here; the hint holds the one command that mends it.
            UsageError: the sandbox is closed.
        """
        if self._closed:
            message = f"the sandbox {TIER!r} is closed"
            raise UsageError(message)
        if self._isolation is None:
            async with self._proving:
                if self._isolation is None:
                    self._isolation = await self._examined()
        return self._isolation

    async def _examined(self) -> Isolation:
        bwrap, version, self._filter = await asyncio.to_thread(_parts, self._setup)
        hello = await self._launcher.start()
        self._jail = Jail(bwrap, version, hello["root"], self._setup.mounts, self._setup.environment)
        isolation = Isolation(TIER, _features(version, hello))
        await canary.examine(TIER, lambda program, limits: self._execute(program, limits, isolation))
        return isolation

    async def run(self, program: Program, limits: Limits, *, deadline: Deadline | None = None) -> Outcome:
        """Run *program*, after the canary passed, and give what became of it.

        Raises:
            SandboxUnavailable: it cannot isolate here, or has no interpreter for the language; nothing ran.
            UnknownName: no such language is installed.
            InputError: a file name leaves the working folder, or the inputs exceed the limits.
            DeadlineExceeded: the deadline passed before the program could start.
        """
        isolation = await self.prove()
        wait = deadline.remaining() if deadline else None
        try:
            async with asyncio.timeout(wait):
                await self._slots.acquire()
        except TimeoutError as error:
            message = "no time left to run the program: the sandbox was busy until the deadline"
            raise DeadlineExceeded(
                message, hint="give the run more time with --timeout or timeout="
            ) from error
        try:
            if deadline is not None:
                deadline.check("the program")
            return await self._execute(program, limits, isolation, deadline)
        finally:
            self._slots.release()

    async def _execute(
        self, program: Program, limits: Limits, isolation: Isolation, deadline: Deadline | None = None
    ) -> Outcome:
        language = self._setup.languages(program.language)
        interpreter = await self._interpreter(language)
        given = inputs.check(program, language, limits)
        request = self._request(language, interpreter, given, _bounds(limits, deadline))
        result = await self._launcher.run(
            request, keep=limits.output_bytes, files_bytes=limits.artifacts_bytes
        )
        if result.report.failed is not None:
            raise _refusal(result)
        used = Isolation(isolation.tier, (*isolation.features, f"{language.name}:{interpreter.path}"))
        return _outcome(result, limits, used)

    async def _interpreter(self, language: Language) -> Interpreter:
        if language.name not in self._interpreters:
            self._interpreters[language.name] = await asyncio.to_thread(find_interpreter, language)
        return self._interpreters[language.name]

    def _request(
        self, language: Language, interpreter: Interpreter, given: inputs.Inputs, bounds: Bounds
    ) -> Request:
        if self._jail is None:
            message = "a program can run only after the canary"
            raise UsageError(message)
        line = (interpreter.path, *language.flags, f"{WORK}/{language.file_name}", *given.arguments)
        return Request(
            command=self._jail.command(interpreter, line),
            bounds=bounds,
            staged=self._jail.staged(interpreter) if self._jail.is_root else (),
            seccomp=self._filter,
            stdin=given.stdin,
            files=given.files,
        )

    async def aclose(self) -> None:
        """End every run and free what is held."""
        self._closed, self._isolation = True, None
        await self._launcher.aclose()


def _parts(setup: Setup) -> tuple[str, tuple[int, ...], bytes]:
    """Give bwrap, its version and the filter, or say which is missing."""
    if sys.platform != "linux":
        message = f"the sandbox {TIER!r} needs Linux; this is {sys.platform}"
        raise SandboxUnavailable(message, hint="run VANA on Linux, in a virtual machine if need be")
    bwrap = shutil.which(setup.bwrap)
    if bwrap is None:
        message = f"bubblewrap is not installed: {setup.bwrap!r} is not on the path"
        raise SandboxUnavailable(message, hint=remedy.install_bubblewrap())
    asked = [bwrap, "--version"]
    said = subprocess.run(asked, capture_output=True, check=False, timeout=10).stdout  # noqa: S603 - no shell
    found = re.search(rb"bubblewrap (\d+)\.(\d+)(?:\.(\d+))?", said)
    if found is None:
        message = f"{bwrap} does not say which bubblewrap it is"
        raise SandboxUnavailable(message, hint=remedy.install_bubblewrap())
    return bwrap, tuple(int(part or 0) for part in found.groups()), seccomp.load(setup.filters)


def _features(version: tuple[int, ...], hello: Hello) -> tuple[str, ...]:
    always = ("seccomp", "no-network", "limits", "quota", "memory-watchdog")
    groups = (f"cgroup-{hello['groups']}",) if hello["groups"] else ()
    users = ("user-per-run",) if hello["root"] else ()
    return ("bubblewrap-" + ".".join(map(str, version)), *always, *groups, *users)


def _bounds(limits: Limits, deadline: Deadline | None) -> Bounds:
    bounds = cast(
        "Bounds", asdict(limits)
    )  # the same names; `output_bytes` is kept here and does no harm there
    if deadline is not None:
        bounds["wall_s"] = min(limits.wall_s, deadline.remaining())
    return bounds


def _refusal(result: Result) -> SandboxUnavailable | InputError:
    """Give the error for a run that failed before its program began, with what mends it."""
    step, number, reason = result.report.failed or ("", 0, "")
    said = result.stderr.decode("utf-8", "replace").strip()
    told = f"{reason} ({said[:300]})" if said else reason
    message = f"the sandbox {TIER!r} cannot isolate here, so nothing was run: {step}: {told}"
    if step == "files":
        return InputError(f"the files of the program cannot be written: {reason} (errno {number})")
    if "seccomp" in said.lower() or "PR_SET_SECCOMP" in said:
        return SandboxUnavailable(message, hint="use a kernel with CONFIG_SECCOMP_FILTER")
    if step == "control groups":
        return SandboxUnavailable(
            message, hint="let this user make control groups, or run VANA as an ordinary user"
        )
    return SandboxUnavailable(message, hint=remedy.allow_user_namespaces())


def _outcome(result: Result, limits: Limits, isolation: Isolation) -> Outcome:
    report = result.report
    files, warnings = artifacts.read(result.archive, limits)
    status = _status(result)
    is_whole = status in ("ok", "error", "killed")
    return Outcome(
        status=status,
        exit_code=report.exit_code if is_whole else None,
        stdout=result.stdout.decode("utf-8", "replace"),
        stderr=result.stderr.decode("utf-8", "replace"),
        sandbox=isolation,
        truncated_bytes=result.dropped,
        files=files,
        warnings=(*report.warnings, *warnings),
        usage=ResourceUse(report.wall_s, report.cpu_s, report.peak_rss_bytes),
    )


def _status(result: Result) -> OutcomeStatus:
    """Give what became of the program; a status above 128 reads as a signal, as in any shell."""
    if result.is_flood:
        return "output_limit"
    if result.report.ended_by:
        return _ENDED.get(result.report.ended_by, "killed")
    code = result.report.exit_code
    if code == 0:
        return "ok"
    return "killed" if _SIGNAL < code <= _SIGNAL + _SIGNALS else "error"
