"""The sandboxes of an installation: opened by name, chosen by level, guarded like any other target."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vana.kernel.errors import SandboxUnavailable
from vana.kernel.run import degrade
from vana.sandbox.registry import SANDBOXES
from vana.sandbox.tiers import select

if TYPE_CHECKING:
    from vana.agents.guards import Guards
    from vana.kernel.clock import Deadline
    from vana.sandbox.sandbox import Limits, Outcome, Program, Sandbox

UNSAFE = "unsafe_local"


class Sandboxes:
    """Every installed tier but `unsafe_local`, which is there only when the settings name it."""

    def __init__(self, accepted: str, guards: Callable[[], Guards]) -> None:
        self._accepted = accepted
        self._guards = guards
        self._open: dict[str, Sandbox] = {}

    async def select(self, level: str) -> Sandbox:
        """Give a proven sandbox at least as strong as *level*.

        Only where the settings accept `unsafe_local`, and nothing here isolates, does that serve a stronger
        request, and the answer says so.

        Raises:
            UnknownName: there is no such level.
            SandboxUnavailable: nothing here isolates that strongly; nothing ran.
        """
        if level == UNSAFE and self._accepted != UNSAFE:
            message = "running code without isolation is not allowed by the settings"
            raise SandboxUnavailable(message, hint='sandbox.level = "unsafe_local" in vana.toml allows it')
        try:
            return await select(level, [self._opened(name) for name in self._names()])
        except SandboxUnavailable as error:
            if self._accepted != UNSAFE:
                raise
            degrade("sandbox", error.message, "the program ran with no isolation, as the settings accept")
            return self._opened(UNSAFE)

    async def run(self, program: Program, limits: Limits, level: str, deadline: Deadline | None) -> Outcome:
        """Run *program* in a sandbox at least as strong as *level*.

        Raises:
            SandboxUnavailable: nothing here isolates that strongly; nothing ran.
        """
        sandbox = await self.select(level)
        service = self._guards().around(sandbox.run, f"sandbox.{sandbox.tier}", kind="sandbox")
        return await service(program, limits, deadline=deadline)

    async def aclose(self) -> None:
        """Close what was opened."""
        for sandbox in self._open.values():
            await sandbox.aclose()
        self._open.clear()

    def _names(self) -> list[str]:
        return [name for name in SANDBOXES.names() if name != UNSAFE or self._accepted == UNSAFE]

    def _opened(self, name: str) -> Sandbox:
        if name not in self._open:
            self._open[name] = SANDBOXES.load(name)()
        return self._open[name]
