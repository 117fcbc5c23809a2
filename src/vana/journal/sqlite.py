"""The journal in one SQLite file of the data folder, for any number of processes of one machine."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar
from weakref import WeakValueDictionary

from vana.journal import forgetting, reading, steps
from vana.journal.fault import damaged, store_failed
from vana.journal.journal import Journal, RunSummary, RunTree
from vana.journal.schema import open_for_reading, open_for_writing
from vana.journal.writer import Writer
from vana.kernel.errors import StoreFailed
from vana.kernel.event import Event
from vana.kernel.plain import JSON
from vana.kernel.run import degrade

T = TypeVar("T")

FILE_NAME = "journal.db"


def open_journal(home: Path) -> Journal:
    """Give the journal in the data folder *home*, which is made where it is missing.

    Touches the disk, so call it from a thread where a loop runs. Where the file cannot be opened or written,
    the journal given is in trouble from the start: it loses what is emitted, and reads what can be read.

    Raises:
        ConfigError: a newer VANA wrote the file.
    """
    path = home / FILE_NAME
    try:
        return SqliteJournal(path, Writer(path, open_for_writing(path), None))
    except (OSError, sqlite3.Error) as error:
        return SqliteJournal(path, Writer(path, None, store_failed(path, error)))


class SqliteJournal:
    """The contract is `vana.journal.journal.Journal`.

    One thread writes, facts in groups every 20 ms, so that a kill costs at most the last 50 ms of them;
    another waits for the disk, for what is acknowledged only when it is there. Every read opens the file anew
    and sees one moment of it, whoever else writes.
    """

    def __init__(self, path: Path, writer: Writer) -> None:
        self._path = path
        self._writer = writer
        self._making: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def emit(self, event: Event) -> None:
        """Take *event*: later changes of its values do not reach the journal."""
        self._writer.emit(event)

    def trouble(self) -> str | None:
        """Give why facts are being lost, with the place and what to do; `None` while none is."""
        return self._writer.trouble()

    async def flush(self) -> None:
        """Wait until all that was emitted before is written, or is counted as lost."""
        try:
            await self._written(lambda _: None)
        except StoreFailed:
            return  # it is counted, and `trouble` tells

    async def runs(self, limit: int = 20) -> Sequence[RunSummary]:
        """Give at most *limit* runs, the newest first."""
        await self.flush()
        return await self._read(partial(reading.summaries, limit=limit))

    async def tree(self, run_id: str) -> RunTree:
        """Give the run called *run_id*, or with `"last"` the newest one."""
        await self.flush()
        return await self._read(partial(reading.run_tree, run_id=run_id))

    async def forget(self, target: str) -> int:
        """Destroy a content item, or all content and results of a run; give how many items."""
        return await self._written(partial(forgetting.forget, target=target, path=self._path))

    async def record(self, key: str, value: JSON) -> JSON:
        """Keep *value* under *key*, on the disk, and give what is kept there: the first one."""
        return await self._written(partial(steps.keep, key=key, value=value), durably=True)

    async def recorded(self, key: str, call: Callable[[], Awaitable[JSON]]) -> JSON:
        """Give the result kept under *key*, or make the call and keep its result first."""
        lock = self._making.setdefault(key, asyncio.Lock())
        async with lock:
            found = await self._found(key)
            if found is not None:
                return found[0]
            result = await call()
            try:
                return await self.record(key, result)
            except StoreFailed as error:
                _not_kept(error)
                return result

    async def aclose(self) -> None:
        """Write what is left and let go of the file."""
        await asyncio.to_thread(self._writer.close)

    async def _found(self, key: str) -> tuple[JSON] | None:
        try:
            return await self._read(partial(steps.find, key=key))
        except StoreFailed as error:
            if error.code == steps.FORGOTTEN:
                raise
            _not_kept(error)
            return None

    async def _read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.to_thread(self._read_now, query)

    def _read_now(self, query: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with open_for_reading(self._path) as connection:
                return query(connection)
        except sqlite3.Error as error:
            raise store_failed(self._path, error) from error
        except ValueError as error:
            raise damaged(self._path, f"{error}") from error

    async def _written(self, errand: Callable[[sqlite3.Connection], T], *, durably: bool = False) -> T:
        """Run *errand* on the writer's thread. Who is cancelled no longer waits; the errand goes on."""
        return await asyncio.shield(asyncio.wrap_future(self._writer.submit(errand, durably=durably)))


def _not_kept(error: StoreFailed) -> None:
    degrade("journal", f"{error.message}", "the step ran, and a run that resumes would make it again")
