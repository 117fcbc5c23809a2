"""One thread that writes for everyone: what is waiting when it comes round shares one transaction."""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from vana.kernel.clock import Clock
from vana.kernel.errors import InputError, StoreFailed, VanaError
from vana.memory.store.file import File, explain, open_to_write, path_of
from vana.memory.store.rows import keep
from vana.memory.store.store import Stored
from vana.memory.tier import Item

MOST_JOBS = 1000
"""So many waiting jobs share a transaction at most, so that nobody waits for an endless one."""

MOST_FILES = 32
"""So many tenants' files stay open; the one unused for longest is closed first."""


@dataclass(frozen=True, slots=True)
class _Job:
    items: Sequence[Item]
    done: Future[tuple[Stored, ...]] = field(default_factory=Future[tuple[Stored, ...]])


class Writer:
    """Take items from any thread, and answer each once its transaction is committed."""

    def __init__(self, folder: Path, clock: Clock, *, busy_s: float) -> None:
        self._folder = folder
        self._clock = clock
        self._busy_s = busy_s
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._files: OrderedDict[str, File] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def submit(self, items: Sequence[Item]) -> Future[tuple[Stored, ...]]:
        """Take *items*, at least one and all of one tenant, and give the future of what becomes of them."""
        job = _Job(items)
        self._jobs.put(job)
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                # A daemon: an open store keeps no process from ending, and what is not committed was never
                # acknowledged.
                self._thread = threading.Thread(target=self._work, name="vana-memory-writer", daemon=True)
                self._thread.start()
        return job.done

    def close(self) -> None:
        """Write what was taken, then close the files. Blocks."""
        self._jobs.put(None)
        if self._thread is not None:
            self._thread.join()
        while self._files:
            self._files.popitem()[1].close()

    def _work(self) -> None:
        is_open = True
        while is_open:
            waiting, is_open = self._take()
            by_tenant: dict[str, list[_Job]] = {}
            for job in waiting:
                by_tenant.setdefault(job.items[0].tenant, []).append(job)
            for tenant, jobs in by_tenant.items():
                self._write(tenant, jobs)

    def _take(self) -> tuple[list[_Job], bool]:
        """Wait for a job, and give it with all that wait behind it; and whether more may come."""
        taken: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            if job.done.set_running_or_notify_cancel():
                taken.append(job)
            if len(taken) == MOST_JOBS:
                return taken, True
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return taken, True
        return taken, False

    def _write(self, tenant: str, jobs: Sequence[_Job]) -> None:
        path = path_of(self._folder, tenant)
        try:
            outcomes = self._commit(self._opened(tenant, path).connection, jobs)
        except (sqlite3.Error, OSError) as error:
            self._drop(tenant)  # after an error of the disk only a fresh look at the file can be trusted
            _fail(jobs, [explain(error, path) for _ in jobs])
        except StoreFailed as error:
            _fail(jobs, [StoreFailed(error.message, hint=error.hint) for _ in jobs])
        else:
            for job, outcome in zip(jobs, outcomes, strict=True):
                _answer(job, outcome)
        finally:
            # A mistake of ours ends this thread loudly; those who wait for it must not wait for ever.
            _fail(jobs, [StoreFailed(f"the memory at {path} was not written") for _ in jobs])

    def _commit(
        self, connection: sqlite3.Connection, jobs: Sequence[_Job]
    ) -> list[tuple[Stored, ...] | InputError]:
        """Write all *jobs* in one transaction; one that is refused leaves no trace and spoils no other."""
        connection.execute("BEGIN IMMEDIATE")
        try:
            outcomes = [self._keep(connection, job.items) for job in jobs]
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return outcomes

    def _keep(self, connection: sqlite3.Connection, items: Sequence[Item]) -> tuple[Stored, ...] | InputError:
        connection.execute("SAVEPOINT job")
        try:
            return tuple(keep(connection, item, self._clock.now()) for item in items)
        except InputError as error:
            connection.execute("ROLLBACK TO job")
            return error
        finally:
            if connection.in_transaction:  # an error of the disk may have ended the transaction
                connection.execute("RELEASE job")

    def _opened(self, tenant: str, path: Path) -> File:
        file = self._files.get(tenant)
        if file is not None and not file.is_current():
            self._drop(tenant)
            file = None
        if file is None:
            file = self._files[tenant] = open_to_write(path, busy_s=self._busy_s)
            if len(self._files) > MOST_FILES:
                self._files.popitem(last=False)[1].close()
        self._files.move_to_end(tenant)
        return file

    def _drop(self, tenant: str) -> None:
        file = self._files.pop(tenant, None)
        if file is not None:
            file.close()


def _answer(job: _Job, outcome: tuple[Stored, ...] | InputError) -> None:
    if isinstance(outcome, InputError):
        job.done.set_exception(outcome)
    else:
        job.done.set_result(outcome)


def _fail(jobs: Sequence[_Job], errors: Sequence[VanaError]) -> None:
    """Give each job that has no answer an error of its own: one shared would gather all their tracebacks."""
    for job, error in zip(jobs, errors, strict=True):
        if not job.done.done():
            job.done.set_exception(error)
