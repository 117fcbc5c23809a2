"""The contract of every place where code may run: a program goes in, an outcome comes out.

A sandbox proves by running a canary that it isolates, before it runs anything else. One that cannot
refuses; it never falls to something weaker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from vana.kernel.errors import UsageError

if TYPE_CHECKING:
    from vana.kernel.clock import Deadline

KIB, MIB = 1 << 10, 1 << 20

OutcomeStatus: TypeAlias = Literal["ok", "error", "timeout", "memory", "output_limit", "killed"]
"""`error`: the program ended with another exit code than 0. `killed`: a signal it did not expect ended it."""

TIERS: tuple[str, ...] = ("unsafe_local", "high", "max")
"""Tiers from the weakest to the strongest. A stronger one may serve a weaker request and says so."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one run may use at most. The kernel or the supervisor enforces each; none is advice.

    Defaults: `docs/reference/limits.md`.

    Raises:
        UsageError: a limit is not positive.
    """

    wall_s: float = 10.0
    cpu_s: float = 20.0
    memory_bytes: int = 512 * MIB
    """Of all processes of the run together."""
    processes: int = 64
    open_files: int = 256
    file_bytes: int = 64 * MIB
    disk_bytes: int = 128 * MIB
    inodes: int = 8192
    output_bytes: int = 1 * MIB
    """Kept of stdout and of stderr each; at eight times as much the run is ended."""
    artifacts: int = 32
    artifact_bytes: int = 8 * MIB
    artifacts_bytes: int = 32 * MIB

    def __post_init__(self) -> None:
        """Refuse limits that limit nothing or forbid everything."""
        for name in self.__slots__:
            if getattr(self, name) <= 0:
                message = f"the limit {name} must be positive, not {getattr(self, name)!r}"
                raise UsageError(message)


@dataclass(frozen=True, slots=True)
class Program:
    """Code to run, with the files it finds in its working folder."""

    code: str
    language: str = "python"
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Relative path → content."""
    arguments: tuple[str, ...] = ()
    stdin: bytes = b""


@dataclass(frozen=True, slots=True)
class ProducedFile:
    """A regular file that the program left in its working folder, new or changed."""

    name: str
    """Relative path, `/` between its parts."""
    content: bytes
    mime: str
    sha256: str


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What a run used: seconds and bytes, measured by the supervisor."""

    wall_s: float = 0.0
    cpu_s: float = 0.0
    peak_rss_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Isolation:
    """Which tier ran a program and what it enforced, as its canary showed."""

    tier: str
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a program. The exit code comes from the supervisor, never from what was printed."""

    status: OutcomeStatus
    exit_code: int | None
    """`None` when the run was ended from outside; 128 + N when signal N ended the program."""
    stdout: str
    stderr: str
    sandbox: Isolation
    truncated_bytes: int = 0
    files: tuple[ProducedFile, ...] = ()
    warnings: tuple[str, ...] = ()
    """What was left out of `files`, and why."""
    usage: ResourceUse = field(default_factory=ResourceUse)


class Sandbox(Protocol):
    """One tier. `run` may be called many times at once; whoever opens it closes it."""

    @property
    def tier(self) -> str:
        """Give the tier's name, one of `TIERS`."""
        ...

    async def prove(self) -> Isolation:
        """Run the canary, once, and give what it showed.

        Raises:
            SandboxUnavailable: it cannot isolate here; the hint holds the one command that mends it.
        """
        ...

    async def run(self, program: Program, limits: Limits, *, deadline: Deadline | None = None) -> Outcome:
        """Run *program*, after the canary passed, and give what became of it.

        A program that fails, hangs or floods is an outcome. Cancelling kills every process of the run.

        Raises:
            SandboxUnavailable: it cannot isolate here; nothing ran.
            UnknownName: no such language is installed.
            UsageError: a file name leaves the working folder, or the inputs exceed the limits.
        """
        ...

    async def aclose(self) -> None:
        """End every run and free what is held."""
        ...


@dataclass(frozen=True, slots=True)
class Language:
    """A language programs may be written in. Adding one is one file and one entry point."""

    name: str
    aliases: tuple[str, ...]
    file_name: str
    """What the code is called inside the sandbox; its suffix marks files of the language."""
    interpreters: tuple[str, ...]
    """Programs that can run it, the first that exists is used: names to look up, or absolute paths."""
    flags: tuple[str, ...] = ()
    """Given to the interpreter before the file."""
    probe: str = ""
    """A program that prints `vana-ok` when the language works."""
    needs: tuple[str, ...] = ()
    """What an interpreter outside `/usr` needs to read: patterns, relative to the folder above its `bin`."""
    hides: tuple[str, ...] = ()
    """What of `needs` a program must not see, in the same form: packages that somebody installed there."""
    install: Mapping[str, str] = field(default_factory=dict[str, str])
    """Package manager → the package that brings an interpreter."""
