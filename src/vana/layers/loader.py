"""Things made when they are first asked for, each once, however many threads ask: imports and the like."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from vana.kernel.errors import Unavailable
from vana.layers.work import Work, doing, waiting_for

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

PATIENCE_S = 60.0
"""How long a thread waits for another's load: locks that are not ours may stand in a circle with it."""


class _Loading:
    """A load under way in one thread."""

    __slots__ = ("ended", "work")

    def __init__(self, name: str) -> None:
        self.work = Work(name)
        self.ended = threading.Event()


class Loader(Generic[K, T]):
    """Make things with *load*, once for each key, and keep them; what fails is tried again by the next.

    `vana.layers.lazy.Lazy` is the one for things that are opened and closed.
    """

    __slots__ = ("_kept", "_load", "_loading", "_lock", "_noun")

    def __init__(self, load: Callable[[K], T], *, noun: str = "") -> None:
        self._load = load
        self._noun = noun
        self._kept: dict[K, T] = {}
        self._loading: dict[K, _Loading] = {}
        self._lock = threading.Lock()

    def get(self, key: K) -> T:
        """Give the thing of that key, made now if it was not.

        Who waits for another thread's load that fails tries it himself.

        Raises:
            UsageError: the load waits for itself, maybe through others; the message shows the way round.
            Unavailable: another thread has been at it for a minute.
        """
        while key not in self._kept:
            with self._lock:
                loading = self._loading.get(key)
                is_mine = loading is None and key not in self._kept
                if is_mine:
                    loading = self._loading[key] = _Loading(f"{self._noun} {key}".strip())
            if loading is None:
                continue
            if is_mine:
                self._make(key, loading)
            else:
                _join(loading)
        return self._kept[key]

    def _make(self, key: K, loading: _Loading) -> None:
        try:
            with waiting_for(loading.work), doing(loading.work):
                self._kept[key] = self._load(key)
        finally:
            del self._loading[key]
            loading.ended.set()


def _join(loading: _Loading) -> None:
    with waiting_for(loading.work):
        if not loading.ended.wait(PATIENCE_S):
            message = f"{loading.work.name} is still being loaded after {PATIENCE_S:.0f} s"
            raise Unavailable(message)
