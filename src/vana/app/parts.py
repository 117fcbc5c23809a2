"""The parts of an installation, each opened when it is first needed and closed in the end."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from vana.agents.guards import Guards
from vana.agents.workbench import Workbench
from vana.app.sandboxes import Sandboxes
from vana.app.stacks import stack_for
from vana.config import Settings
from vana.journal.blobs import FolderBlobs
from vana.journal.fanout import Fanout
from vana.journal.journal import Journal
from vana.kernel.errors import ConfigError, VanaError
from vana.kernel.ports import Events
from vana.kernel.run import degrade, new_id
from vana.layers.stack import Stack
from vana.memory.recall import Memory, Search
from vana.memory.session import Turn
from vana.memory.store.store import Store
from vana.memory.tier import Tier
from vana.plugins import Group
from vana.sandbox.interpreter import LANGUAGES
from vana.sandbox.sandbox import KIB, MIB, Limits

OpenTier: TypeAlias = Callable[..., Tier]
"""Opens a level of memory on a store, with a floor or with its own."""

JOURNALS: Group[Callable[[Path], Journal]] = Group("vana.journals", "journal")
STORES: Group[Callable[[Path], Store]] = Group("vana.stores", "store")
TIERS: Group[OpenTier] = Group("vana.tiers", "level of memory")
JOURNAL = "sqlite"
STORE = "sqlite"


class Parts:
    """What one `Vana` is made of. Opening a part that is broken says so where it is used, not before."""

    def __init__(self, home: Path, settings: Settings, listen: Events | None) -> None:
        self.home = home
        self.settings = settings
        self._listen = listen
        self._journal: Journal | None = None
        self._opening = asyncio.Lock()
        self.guards = Guards(self.stack)
        self.sandboxes = Sandboxes(settings.sandbox.level, lambda: self.guards)

    async def open(self) -> None:
        """Open the journal, off the loop; further calls do nothing."""
        async with self._opening:
            if self._journal is None and self.settings.journal.enabled:
                self._journal = await asyncio.to_thread(JOURNALS.load(JOURNAL), self.home)

    async def aclose(self) -> None:
        """Close what was opened, the journal last, so that every end is written down."""
        await self.sandboxes.aclose()
        if "store" in self.__dict__:
            await self.store.aclose()
        if self._journal is not None:
            await self._journal.aclose()

    @property
    def journal(self) -> Journal:
        """Give the journal.

        Raises:
            ConfigError: the settings leave it out.
        """
        if self._journal is None:
            if not self.settings.journal.enabled:
                message = "the settings keep no journal"
                raise ConfigError(message, hint="journal.enabled = true in vana.toml keeps one")
            self._journal = JOURNALS.load(JOURNAL)(self.home)
        return self._journal

    def journal_trouble(self) -> str | None:
        """Give why runs are not being written down, or `None`."""
        return self._journal.trouble() if self._journal is not None else None

    @cached_property
    def events(self) -> Events:
        """Give where facts are sent: the journal, and whoever listens."""
        sinks = [self.journal] if self.settings.journal.enabled else []
        return Fanout(*sinks, *([self._listen] if self._listen else []))

    def stack(self, kind: str, idempotent: bool, cache: float | None) -> Stack:  # noqa: FBT001 - `Guards.stacks`
        """Give the layers around a call of *kind*."""
        return stack_for(self.events, kind, idempotent=idempotent, cache=cache)

    @cached_property
    def limits(self) -> Limits:
        """Give the limits of one program, as the settings have them."""
        asked = self.settings.sandbox
        return Limits(
            wall_s=asked.wall,
            cpu_s=asked.cpu,
            memory_bytes=asked.memory_mb * MIB,
            processes=asked.processes,
            disk_bytes=asked.disk_mb * MIB,
            output_bytes=asked.output_kb * KIB,
        )

    @cached_property
    def blobs(self) -> FolderBlobs:
        """Give the folder that keeps content by its hash."""
        return FolderBlobs(self.home / "blobs")

    @cached_property
    def store(self) -> Store:
        """Give where memories are kept."""
        return STORES.load(STORE)(self.home)

    @cached_property
    def memory(self) -> Memory:
        """Give the ladder over every installed level, each search behind its own layers."""
        floors = {
            "session": self.settings.memory.session_floor,
            "knowledge": self.settings.memory.knowledge_floor,
        }
        tiers = [
            TIERS.load(name)(self.store, floors[name]) if name in floors else TIERS.load(name)(self.store)
            for name in TIERS.names()
        ]
        return Memory(tiers, store=self.store, guard=self._guard_search)

    async def keep_turns(self, tenant: str, session: str, turns: Sequence[tuple[str, str]]) -> None:
        """Keep what each speaker said in *session*; when that fails the answer stands, and says so."""
        spoken = [Turn(new_id("turn"), speaker, text, time.time()) for speaker, text in turns if text.strip()]
        try:
            await self.memory.append(tenant, session, spoken)
        except VanaError as error:
            degrade("session", error.message, "the answer stands, and the conversation does not remember it")

    def _guard_search(self, search: Search, target: str) -> Search:
        return self.guards.around(search, target, kind="memory")

    @cached_property
    def workbench(self) -> Workbench:
        """Give what installed specialists work with."""
        return Workbench(
            run_program=self.sandboxes.run,
            limits=self.limits,
            languages=LANGUAGES.names,
            memory=self.memory,
            blobs=self.blobs,
            blob_path=self.blobs.path_of,
        )
