"""An event loop whose time is virtual: it jumps to the next timer whenever nothing is ready to run."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeAlias, TypeVar, TypeVarTuple, Unpack, cast

from vana.kernel.errors import Failed

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from vana.kernel.plain import JSON

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_Step: TypeAlias = "tuple[asyncio.Handle, Callable[..., object]]"
"""What is run, and the callback it was made of: a handle does not show it."""

_FEW = 64  # cancelled timers that are not worth a clearing


class Deadlock(Failed):
    """Nothing is ready and no timer is set: what still waits, waits for ever; `waiting` says where."""

    default_code = "deadlock"

    def __init__(self, waiting: tuple[str, ...]) -> None:
        self.waiting = waiting
        told = "; ".join(waiting) or "nobody"
        super().__init__(f"nothing is ready and no timer is set; waiting for ever: {told}")


class VirtualClock:
    """The clock of one `VirtualLoop`, for whatever takes a `vana.kernel.clock.Clock`."""

    __slots__ = ("_loop", "_wall")

    def __init__(self, loop: VirtualLoop, wall: float) -> None:
        self._loop = loop
        self._wall = wall

    def monotonic(self) -> float:
        """Give the loop's time: seconds from its making."""
        return self._loop.time()

    def now(self) -> float:
        """Give the wall time in seconds since 1970, UTC; it moves along."""
        return self._wall + self._loop.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the loop; only for a turn of it when *seconds* is not positive."""
        woken: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(max(0.0, seconds), _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """Bound a block with `asyncio.timeout`, which asks the running loop for the time."""
        return asyncio.timeout(seconds)

    def alarm(self, seconds: float, ring: Callable[[], object]) -> asyncio.TimerHandle:
        """Call *ring* from the loop after *seconds*."""
        return self._loop.call_later(seconds, ring)


class VirtualLoop(asyncio.BaseEventLoop):
    """Run tasks on virtual time: an hour of waiting passes at once, and the same seed gives the same trace.

    `asyncio.sleep`, `asyncio.timeout` and `clock` go by it; `time.monotonic` does not. With a *seed* the
    tasks that are ready at the same time run in an order drawn from it; another seed gives another
    interleaving of those that asyncio allows. Without one they run first come, first served, as usual.
    Callbacks that are not steps of tasks keep their order, as asyncio promises.

    Nothing here reaches outside: a socket, a pipe or a process is `NotImplementedError`, and what is given
    to a thread (`asyncio.to_thread`) runs in this one, for threads have no seed. With *record* each
    step is kept in `trace`: the moment, and the name of the task or callback.

    Raises:
        Deadlock: nothing is ready, no timer is set, and the loop is to go on.
    """

    def __init__(
        self, *, seed: int | None = None, record: bool = False, wall: float = 1_750_000_000.0
    ) -> None:
        super().__init__()
        self._chance = random.Random(seed) if seed is not None else None  # noqa: S311 - chance, not secrecy
        self._record = record
        self._now = 0.0
        self._numbers = itertools.count(1)
        self._soon: list[_Step] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, _Step]] = []  # a heap; numbers settle ties
        self._cancelled_timers = 0
        self._is_stopping = False
        self._tasks = 0
        self.clock = VirtualClock(self, wall)
        """Shows the time of this loop."""
        self.trace: list[tuple[float, str]] = []
        """Steps in the order they ran, when they are recorded."""

    def play(self, scenario: Callable[[VirtualClock], Coroutine[JSON, None, T]]) -> T:
        """Run *scenario*, called with the clock, to its end, close the loop, and give the result.

        Tasks that it leaves behind are cancelled, and so are those that wait in a deadlock.
        """
        with asyncio.Runner(loop_factory=lambda: self) as runner:
            try:
                return runner.run(scenario(self.clock))
            except Deadlock:
                self._cancel(asyncio.all_tasks(self))
                raise

    def _cancel(self, waiting: set[asyncio.Task[object]]) -> None:
        for task in waiting:
            task.cancel()
        self.run_until_complete(asyncio.wait(waiting))

    def time(self) -> float:
        """Give the virtual seconds since the loop was made."""
        return self._now

    def run_forever(self) -> None:
        """Run until stopped."""
        try:
            super().run_forever()
        finally:
            self._is_stopping = False

    def stop(self) -> None:
        """Stop after the callbacks that are ready now."""
        self._is_stopping = True
        super().stop()

    def create_task(  # what else may be given grows with Python
        self,
        coro: Generator[JSON, None, T] | Coroutine[JSON, None, T],
        *,
        name: object = None,
        **given: Context | None,
    ) -> asyncio.Task[T]:
        """Start *coro*, under a name that counts the tasks of this loop, not those of the process."""
        self._tasks += 1
        return super().create_task(coro, name=name or f"task-{self._tasks}", **given)

    def call_soon(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call *callback* in the next turn."""
        self._refuse_if_closed()
        handle = asyncio.Handle(callback, args, self, context)
        self._soon.append((handle, callback))
        return handle

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.Handle:
        """Call *callback* in the next turn: a signal handler asks so, for there are no other threads."""
        return self.call_soon(callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call *callback* at the virtual moment *when*."""
        self._refuse_if_closed()
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer, (timer, callback)))
        return timer

    def run_in_executor(
        self,
        executor: Executor | None,  # noqa: ARG002 - there are no threads here
        func: Callable[[Unpack[Ts]], T],
        *args: *Ts,
    ) -> asyncio.Future[T]:
        """Call *func* in this thread, in the next turn, and give a future for it."""
        return self.create_task(_called(func, *args))

    def close(self) -> None:
        """Drop what was to be called, and close."""
        super().close()
        self._soon.clear()
        self._timers.clear()

    def _refuse_if_closed(self) -> None:
        if self.is_closed():
            message = "the loop is closed"
            raise RuntimeError(message)

    def _run_once(self) -> None:
        """Run one turn: what `BaseEventLoop.run_forever` repeats, and each loop has to bring."""
        if not self._soon and not self._is_stopping:
            self._jump()
        while self._timers and self._timers[0][0] <= self._now:
            *_, timer, step = heapq.heappop(self._timers)
            self._cancelled_timers -= timer.cancelled()
            self._soon.append(step)
        turn, self._soon = self._soon, []
        for handle, callback in turn if self._chance is None else _mixed(turn, self._chance):
            if not handle.cancelled():
                if self._record:
                    self.trace.append((self._now, _name(callback)))
                handle._run()  # noqa: SLF001 - a loop runs its handles

    def _jump(self) -> None:
        """Move on to the next timer that is still wanted."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
            self._cancelled_timers -= 1
        if not self._timers:
            raise Deadlock(tuple(sorted(map(_where, asyncio.all_tasks(self)))))
        self._now = max(self._now, self._timers[0][0])

    def _timer_handle_cancelled(self, _handle: asyncio.TimerHandle) -> None:
        """Clear cancelled timers away once they are more than half; every timer that is cancelled tells."""
        self._cancelled_timers += 1
        if self._cancelled_timers > max(_FEW, len(self._timers) // 2):
            self._timers = [timer for timer in self._timers if not timer[2].cancelled()]
            heapq.heapify(self._timers)
            self._cancelled_timers = 0


async def _called(func: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
    return func(*args)


def _mixed(turn: list[_Step], chance: random.Random) -> list[_Step]:
    """Give *turn* with the steps of tasks exchanged among their places; all else keeps its own."""
    places = [place for place, (_, callback) in enumerate(turn) if _owner(callback) is not None]
    mixed = list(turn)
    for place, taken in zip(places, chance.sample(places, len(places)), strict=True):
        mixed[place] = turn[taken]
    return mixed


def _owner(callback: Callable[..., object]) -> asyncio.Task[object] | None:
    owner = getattr(callback, "__self__", None)
    return cast("asyncio.Task[object]", owner) if isinstance(owner, asyncio.Task) else None


def _name(callback: Callable[..., object]) -> str:
    owner = _owner(callback)
    return (
        owner.get_name()
        if owner is not None
        else getattr(callback, "__qualname__", type(callback).__qualname__)
    )


def _where(task: asyncio.Task[object]) -> str:
    """Give the task's name and the innermost line at which it waits."""
    waits: object = task.get_coro()
    line = "before its first step"
    while waits is not None:
        frame = getattr(waits, "cr_frame", None) or getattr(waits, "ag_frame", None)
        if isinstance(frame, FrameType):
            line = f"{frame.f_code.co_qualname} ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})"
        waits = getattr(waits, "cr_await", None) or getattr(waits, "ag_await", None)
    return f"{task.get_name()} at {line}"


def _wake(woken: asyncio.Future[None]) -> None:
    if not woken.done():
        woken.set_result(None)
