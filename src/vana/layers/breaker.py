"""A circuit breaker: a target that fails is left alone, and then asked by one call, not by all of them."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import TYPE_CHECKING, Literal, ParamSpec, TypeAlias, TypeVar

from vana.kernel.call import Layer
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import (
    CircuitOpen,
    ConfigError,
    ModelRetry,
    ProgramFailed,
    RateLimited,
    Refused,
    ToolFailed,
    UsageError,
)
from vana.layers.recipe import written

if TYPE_CHECKING:
    from types import TracebackType

P = ParamSpec("P")
R = TypeVar("R")

State: TypeAlias = Literal["closed", "open", "half_open"]
Verdict: TypeAlias = Literal["healthy", "failing"]

_BUCKETS = 10
_JITTER = 0.2
_DOUBLINGS = 16


@dataclass(frozen=True, slots=True)
class Breaker:
    """Refuse calls while too many of the last ones failed, then let *probes* of them find out.

    It opens when at least *minimum_calls* ended within *window* seconds and the share that failed is
    *failure_rate* or more. It stays open for *open_for* seconds, doubled with every failed probe up to
    *max_open*, each time 20 % more or less, so that many processes do not probe in step. Then at most
    *probes* calls at once go through: one that succeeds closes it, one that fails opens it again. A probe
    that has not ended after *lease* seconds counts no more and frees its place; make that longer than an
    attempt may take.

    A layer that makes calls wait, such as a `Limit`, belongs into *queue*: the breaker refuses before the
    queue and admits after it, so that no probe waits in a queue while it holds the only permit.

    The state belongs to one event loop. The defaults follow resilience4j (half of the calls) and Polly 8
    (of the last 30 s, one probe at a time).

    Raises:
        ConfigError: a setting is out of its range.
    """

    failure_rate: float = 0.5
    minimum_calls: int = 10
    window: float = 30.0
    open_for: float = 2.0
    max_open: float = 30.0
    probes: int = 1
    lease: float = 60.0
    queue: Layer | None = None
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    rng: Callable[[], float] = field(default=random.random, repr=False)
    """Gives a number in [0, 1)."""

    def __post_init__(self) -> None:
        """Refuse a breaker that could never open or never close."""
        sound = (
            0 < self.failure_rate <= 1
            and min(self.minimum_calls, self.probes) >= 1
            and min(self.window, self.lease) > 0
            and 0 < self.open_for <= self.max_open
        )
        if not sound:
            message = f"no breaker can work as {self!r}"
            hint = "0 < failure_rate <= 1, minimum_calls and probes >= 1, the rest > 0, open_for <= max_open"
            raise ConfigError(message, hint=hint)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* behind a breaker of its own; it raises `CircuitOpen` instead of calling."""
        circuit = Circuit(self, target)

        @wraps(service)
        async def admitted(*args: P.args, **kwargs: P.kwargs) -> R:
            with circuit.admit():
                return await service(*args, **kwargs)

        if self.queue is None:
            return admitted
        queued = self.queue.wrap(admitted, target)

        @wraps(service)
        async def peeked(*args: P.args, **kwargs: P.kwargs) -> R:
            circuit.peek()
            return await queued(*args, **kwargs)

        return peeked


def verdict(error: BaseException | None) -> Verdict | None:
    """Say what the end of a call tells about the target's health; `None` when it tells nothing.

    A cancelled call, a mistake of the caller and a refusal of our own tell nothing; nor does a target that
    asks for a slower pace: that is for the limit. A tool that answers "I cannot" is well. `Transient` and
    whatever else nobody expected is a failure.
    """
    if error is None or isinstance(error, (ToolFailed, ProgramFailed, ModelRetry)):
        return "healthy"
    if not isinstance(error, Exception) or isinstance(error, (UsageError, Refused, RateLimited)):
        return None
    return "failing"


class Permit:
    """Leave to make one call, as a block: how the block ends is the verdict."""

    __slots__ = ("_circuit", "generation")

    def __init__(self, circuit: Circuit, generation: int) -> None:
        self._circuit = circuit
        self.generation = generation

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._circuit.settle(self, verdict(error))


class Circuit:
    """The state of one breaker: no waiting, no tasks, and no time but its recipe's clock.

    Every change of state begins a new generation, and a permit of an older one changes nothing any more.
    """

    __slots__ = ("_generation", "_openings", "_probes", "_recipe", "_state", "_target", "_until", "_window")

    def __init__(self, recipe: Breaker, target: str) -> None:
        self._recipe = recipe
        self._target = target
        self._state: State = "closed"
        self._generation = 0
        self._openings = 0
        self._until = 0.0
        self._probes: dict[Permit, float] = {}
        self._window = _Window(recipe.window)

    @property
    def state(self) -> State:
        """Give the state; `open` lasts until a call asks after its time."""
        return self._state

    def peek(self) -> None:
        """Look whether a call would be admitted now, without taking a permit.

        Raises:
            CircuitOpen: it would not.
        """
        if self._state == "closed":
            return
        now = self._recipe.clock.monotonic()
        if self._state == "open":
            if now < self._until:
                raise CircuitOpen(self._target, retry_after=self._until - now)
            return
        self._expire(now)
        if len(self._probes) >= self._recipe.probes:
            raise CircuitOpen(self._target, retry_after=self._recipe.open_for)

    def admit(self) -> Permit:
        """Give leave for one call.

        Raises:
            CircuitOpen: the target is left alone now, or as many probes as may are under way.
        """
        if self._state == "closed":
            return Permit(self, self._generation)
        self.peek()
        if self._state == "open":
            self._enter("half_open")
        permit = Permit(self, self._generation)
        self._probes[permit] = self._recipe.clock.monotonic() + self._recipe.lease
        return permit

    def settle(self, permit: Permit, outcome: Verdict | None) -> None:
        """Take back *permit* and learn from *outcome*, unless it comes too late to tell anything."""
        if permit.generation != self._generation:
            return
        if self._state == "closed":
            self._count(outcome)
        elif self._probes.pop(permit, None) is not None and outcome is not None:
            if outcome == "healthy":
                self._openings = 0
                self._enter("closed")
            else:
                self._open()

    def _count(self, outcome: Verdict | None) -> None:
        if outcome is None:
            return
        window, recipe = self._window, self._recipe
        failing = outcome == "failing"
        window.count(recipe.clock.monotonic(), failing=failing)
        enough = window.calls >= recipe.minimum_calls
        if failing and enough and window.failures >= recipe.failure_rate * window.calls:
            self._open()

    def _open(self) -> None:
        recipe = self._recipe
        seconds = min(recipe.max_open, recipe.open_for * 2.0 ** min(self._openings, _DOUBLINGS))
        self._openings += 1
        self._until = recipe.clock.monotonic() + seconds * (1 - _JITTER + 2 * _JITTER * recipe.rng())
        self._enter("open")

    def _enter(self, state: State) -> None:
        self._state = state
        self._generation += 1
        self._probes.clear()
        self._window = _Window(self._recipe.window)

    def _expire(self, now: float) -> None:
        for permit in [permit for permit, until in self._probes.items() if now >= until]:
            del self._probes[permit]


class _Window:
    """Calls and failures of the last seconds, in ten buckets; the oldest bucket leaves as a whole."""

    __slots__ = ("_buckets", "_width", "calls", "failures")

    def __init__(self, seconds: float) -> None:
        self._width = seconds / _BUCKETS
        self._buckets: deque[list[int]] = deque()  # each: its number, calls, failures
        self.calls = 0
        self.failures = 0

    def count(self, now: float, *, failing: bool) -> None:
        """Add one call that ended *now*."""
        number = int(now // self._width)
        buckets = self._buckets
        if not buckets or buckets[-1][0] != number:
            while buckets and buckets[0][0] <= number - _BUCKETS:
                _, calls, failures = buckets.popleft()
                self.calls -= calls
                self.failures -= failures
            buckets.append([number, 0, 0])
        buckets[-1][1] += 1
        self.calls += 1
        if failing:
            buckets[-1][2] += 1
            self.failures += 1
