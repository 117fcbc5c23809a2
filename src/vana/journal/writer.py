"""The one thread of a process that writes the journal: facts in groups, errands between them."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from vana.journal.disk import checkpoint, is_long, sync
from vana.journal.facts import characters, settled
from vana.journal.fault import primary_code, store_failed
from vana.journal.group import Fact, Group, leave
from vana.journal.process import claim
from vana.kernel.errors import StoreFailed, VanaError
from vana.kernel.event import Event

T = TypeVar("T")

GROUP_S = 0.02
"""How long facts wait for company. With the commit itself it stays below the 50 ms that a kill may cost."""

QUEUE_EVENTS = 1 << 16
QUEUE_CHARACTERS = 1 << 26
"""What waits at most: so many events, with so much text in their content."""

_GROUP_EVENTS = 1 << 12


@dataclass(frozen=True, slots=True)
class _Errand:
    """What is to be done on the connection; `None` tells it that there will be none."""

    run: Callable[[sqlite3.Connection | None], None]


class Writer:
    """Own the connection that writes. Where there is none, for the reason *failure*, count what is lost."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection | None, failure: StoreFailed | None
    ) -> None:
        self._path = path
        self._failure = failure
        self._mark = claim()
        self._queue: deque[Fact | _Errand] = deque()
        self._characters_in = self._characters_out = 0
        self._open_runs: dict[str, None] = {}
        self._lost, self._last_loss = 0, ""
        self._lock = threading.Lock()  # guards `_closed` and `_lost`
        self._closed = connection is None
        self._signalled = False
        self._wake, self._urgent = threading.Event(), threading.Event()
        # Waiting for a disk can take long, so another thread does it: facts are written meanwhile.
        self._disk = ThreadPoolExecutor(1, "vana-journal-disk")
        self._checkpoint: Future[None] | None = None
        self._thread: threading.Thread | None = None
        if connection is not None:
            self._thread = threading.Thread(
                target=self._run, args=[connection], name="vana-journal", daemon=True
            )
            self._thread.start()

    def emit(self, event: Event) -> None:
        """Queue *event*; where it cannot be queued, count it as lost."""
        if self._closed:
            self._lose(1, "the journal is closed")
            return
        waiting_characters = self._characters_in - self._characters_out
        if len(self._queue) >= QUEUE_EVENTS or waiting_characters > QUEUE_CHARACTERS:
            self._lose(1, "facts came faster than they could be written")
            return
        data, content = settled(event.data), settled(event.content)
        if content is not None:
            self._characters_in += characters(content)
        self._queue.append((event, data, content))
        if not self._signalled:
            self._signalled = True
            self._wake.set()

    def submit(self, errand: Callable[[sqlite3.Connection], T], *, durably: bool = False) -> Future[T]:
        """Run *errand* on the writing connection, after all that was emitted before is committed.

        The future cannot be cancelled. It holds what the errand gives, *durably* only when the disk has what
        was committed; or its VanaError, or StoreFailed where the file cannot be written.
        """
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        with self._lock:
            if not self._closed:
                self._queue.append(
                    _Errand(lambda connection: self._perform(errand, connection, future, durably=durably))
                )
                self._urgent.set()
                self._wake.set()
                return future
        future.set_exception(self._refusal())
        return future

    def trouble(self) -> str | None:
        """Give why facts are lost, where, and what to do; `None` while none is."""
        told = f"; {self._lost} events were lost" if self._lost else ""
        if self._failure is not None:
            return f"{self._failure.message}; {self._failure.hint}{told}"
        return f"{self._path}: {self._last_loss}{told}" if self._lost else None

    def close(self) -> None:
        """Write what is queued, end, and block until that is done; a second time does nothing."""
        with self._lock:
            self._closed = True
        self._urgent.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, connection: sqlite3.Connection) -> None:
        try:
            while self._queue or not self._closed:
                self._wake.wait()
                self._wake.clear()
                self._urgent.wait(GROUP_S)
                self._urgent.clear()
                self._signalled = False  # whoever emits from here on wakes this thread again
                self._write_all(connection)
            leave(connection, tuple(self._open_runs), self._mark)
        except sqlite3.Error as error:
            self._failure = store_failed(self._path, error)
        finally:
            self._end()
            self._disk.shutdown()
            connection.close()

    def _write_all(self, connection: sqlite3.Connection) -> None:
        while self._queue:
            first = self._queue[0]
            if isinstance(first, _Errand):
                self._queue.popleft()
                first.run(connection)
            else:
                self._write(connection, self._next_facts())

    def _next_facts(self) -> list[Fact]:
        """Take the facts that stand before the next errand, up to a group of them."""
        facts: list[Fact] = []
        while self._queue and len(facts) < _GROUP_EVENTS:
            item = self._queue[0]
            if isinstance(item, _Errand):
                break
            facts.append(item)
            self._queue.popleft()
        return facts

    def _write(self, connection: sqlite3.Connection, facts: list[Fact]) -> None:
        """Commit *facts*. While the journal is open, another process that writes is waited for."""
        group = Group(facts)
        self._characters_out += group.characters
        while True:
            try:
                group.write(connection, self._mark)
            except sqlite3.Error as error:
                if primary_code(error) == sqlite3.SQLITE_BUSY and not self._closed:
                    continue
                self._lose(len(facts), "they could not be written")
                raise
            break
        self._follow(facts)
        if is_long(self._path) and (self._checkpoint is None or self._checkpoint.done()):
            self._checkpoint = self._disk.submit(checkpoint, self._path)

    def _follow(self, facts: list[Fact]) -> None:
        """Keep in mind which runs are open, so that closing can say that nobody writes them any more."""
        for event, _, _ in facts:
            if event.parent_id is None and event.kind == "started":
                self._open_runs[event.run_id] = None
            elif event.parent_id is None and event.kind == "ended":
                self._open_runs.pop(event.run_id, None)

    def _perform(
        self,
        errand: Callable[[sqlite3.Connection], T],
        connection: sqlite3.Connection | None,
        future: Future[T],
        *,
        durably: bool,
    ) -> None:
        if connection is None:
            future.set_exception(self._refusal())
            return
        try:
            result = errand(connection)
        except sqlite3.Error as error:
            future.set_exception(store_failed(self._path, error))
        except VanaError as error:
            future.set_exception(error)
        except BaseException:  # a bug: it ends this thread, and nobody may wait for it
            future.set_exception(self._refusal())
            raise
        else:
            if durably:
                self._disk.submit(self._settle, future, result)
            else:
                future.set_result(result)

    def _settle(self, future: Future[T], result: T) -> None:
        """Give *result* once all that is committed is on the disk."""
        try:
            sync(self._path)
        except OSError as error:
            future.set_exception(store_failed(self._path, error))
        else:
            future.set_result(result)

    def _refusal(self) -> StoreFailed:
        failure = self._failure
        if failure is None:
            return StoreFailed(f"{self._path}: the journal is closed", hint="open it again")
        return StoreFailed(failure.message, hint=failure.hint)

    def _lose(self, count: int, why: str) -> None:
        with self._lock:
            self._lost += count
            self._last_loss = why

    def _end(self) -> None:
        """Take nothing more, and settle what is still queued."""
        with self._lock:
            if not self._closed and self._failure is None:
                message = f"{self._path}: the journal's writer ended by a bug of its own"
                self._failure = StoreFailed(message, hint="report it with what standard error shows")
            self._closed = True
        while self._queue:
            item = self._queue.popleft()
            if isinstance(item, _Errand):
                item.run(None)
            else:
                self._lose(1, "they could not be written")
