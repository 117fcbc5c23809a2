"""What specialists that come as plug-ins work with: the parts of this installation."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from vana.kernel.clock import Deadline
    from vana.kernel.ports import Blobs
    from vana.memory.recall import Memory
    from vana.sandbox.sandbox import Limits, Outcome, Program

RunProgram: TypeAlias = "Callable[[Program, Limits, str, Deadline | None], Awaitable[Outcome]]"
"""Runs a program within limits, in a sandbox at least as strong as the level named, until a deadline."""


class Folders:
    """What the working folder of a session holds between two programs.

    The *most* sessions used last are kept; the others start with an empty folder again.
    """

    __slots__ = ("_held", "_most")

    def __init__(self, most: int = 16) -> None:
        self._held: OrderedDict[tuple[str, str], Mapping[str, bytes]] = OrderedDict()
        self._most = most

    def read(self, tenant: str, session: str) -> Mapping[str, bytes]:
        """Give the files by relative path."""
        return self._held.get((tenant, session), {})

    def keep(self, tenant: str, session: str, files: Mapping[str, bytes]) -> None:
        """Hold *files* for the next program of the session."""
        self._held[tenant, session] = files
        self._held.move_to_end((tenant, session))
        if len(self._held) > self._most:
            self._held.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Workbench:
    """The parts a built-in specialist may use. `vana.app` alone makes one."""

    run_program: RunProgram
    limits: Limits
    """Those of the settings; a call may ask for less or more."""
    languages: Callable[[], tuple[str, ...]]
    memory: Memory
    blobs: Blobs
    blob_path: Callable[[str], Path]
    """Where on this machine the content of a hash lies."""
    folders: Folders = field(default_factory=Folders)
