"""Work that outlives its caller, with an owner that ends it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from vana.kernel.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from vana.kernel.plain import JSON

T = TypeVar("T")


class Background:
    """Own tasks that outlive their caller: a shared flight, a refresh behind a stale value, extraction.

    An error nobody awaits is handed to *on_error* with the task's name; without one it goes to the event
    loop's exception handler, so it is never lost in silence.
    """

    def __init__(self, on_error: Callable[[str, BaseException], None] | None = None) -> None:
        self._tasks: set[asyncio.Task[object]] = set()
        self._on_error = on_error
        self._closed = False

    def __len__(self) -> int:
        """Give how many tasks are running."""
        return len(self._tasks)

    def spawn(self, work: Coroutine[JSON, None, T], *, name: str) -> asyncio.Task[T]:
        """Start *work* and give its task; it ends with this owner at the latest.

        Raises:
            UsageError: the owner is closed; *work* is closed unrun.
        """
        task = self.share(work, name=name)
        task.add_done_callback(self._report)
        return task

    def share(self, work: Coroutine[JSON, None, T], *, name: str) -> asyncio.Task[T]:
        """Start *work* for others to await, whose error is theirs to hear; else as `spawn`.

        Raises:
            UsageError: the owner is closed; *work* is closed unrun.
        """
        if self._closed:
            work.close()
            message = f"cannot start {name}: its owner is closed"
            raise UsageError(message)
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _report(self, task: asyncio.Task[T]) -> None:
        if task.cancelled():
            return
        error = task.exception()
        if error is None:
            return
        if self._on_error is not None:
            self._on_error(task.get_name(), error)
        else:
            message = f"background task {task.get_name()} failed"
            task.get_loop().call_exception_handler({"message": message, "exception": error, "task": task})

    async def aclose(self) -> None:
        """Cancel what still runs and wait until it has ended."""
        self._closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
