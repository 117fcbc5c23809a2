"""Ctrl-C and SIGTERM as cancellation: what runs is cancelled, and cleans up behind itself."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Turn the first Ctrl-C or SIGTERM into the cancellation of the task that is aimed at.

    A second one, while that task cleans up, ends the process in Python's own way. Open it inside the event
    loop. Where the loop takes no signal handlers (Windows), Python's own handling stays.
    """

    def __init__(self) -> None:
        self._targets: list[asyncio.Task[object]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self.happened = False
        """Whether the outermost task was cancelled."""

    def __enter__(self) -> Self:
        """Aim at the current task."""
        task = asyncio.current_task()
        if task is not None:
            self._targets.append(task)
        loop = asyncio.get_running_loop()
        try:
            loop.add_signal_handler(signal.SIGINT, self._interrupt)
            loop.add_signal_handler(signal.SIGTERM, self._end)
            self._loop = loop
        except (NotImplementedError, RuntimeError, ValueError):  # Windows, or a loop outside the main thread
            self._loop = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        self._release()
        self._targets.clear()

    @contextmanager
    def aim(self, task: asyncio.Task[object]) -> Generator[None]:
        """Let Ctrl-C cancel *task* alone for the block: one turn of a conversation, not the conversation."""
        self._targets.append(task)
        try:
            yield
        finally:
            self._targets.remove(task)

    def _interrupt(self) -> None:
        if len(self._targets) > 1:
            self._targets[-1].cancel()
        else:
            self._end()

    def _end(self) -> None:
        self.happened = True
        self._release()
        for target in self._targets[:1]:
            target.cancel()

    def _release(self) -> None:
        if self._loop is not None:
            for number in _SIGNALS:
                self._loop.remove_signal_handler(number)
            self._loop = None
