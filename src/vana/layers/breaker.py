"""A circuit breaker: a target that fails is left alone, and then asked by one call, not by all of them."""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import ParamSpec, TypeVar

from vana.kernel.call import Layer
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import CircuitOpen, ConfigError
from vana.kernel.ports import Events
from vana.layers.health import CircuitState, State, Verdict, verdict
from vana.layers.note import note
from vana.layers.permit import Permit
from vana.layers.recipe import written
from vana.layers.sharing import Finding, Link, Sharing, exchanging
from vana.layers.window import Window

P = ParamSpec("P")
R = TypeVar("R")

_JITTER = 0.2
_DOUBLINGS = 16
_CIRCUIT = "vana_circuit"
_NEVER = math.inf
_NOBODY: dict[Permit, None] = {}  # of all targets at rest, and never written to


@dataclass(frozen=True, slots=True)
class Breaker:
    """Refuse calls while too many of the last ones failed or were slow, then let probes find out.

    It opens when at least *minimum_calls* ended within *window* seconds and the share that failed is
    *failure_rate* or more, or the share that took longer than *slow* seconds is *slow_rate* or more. A call
    is slow from the moment it has run so long: a target that hangs is noticed then and not when the calls
    time out. `slow=None` is for targets that may take their time.

    It stays open for *open_for* seconds, doubled with every failed probe up to *max_open*, each time 20 %
    more or less, so that many processes do not probe in step. Then at most *probes* calls at once go
    through: *good_probes* that succeed close it, one that fails or is slow opens it again. A probe that has
    not ended after *lease* seconds counts no more and frees its place; make that longer than an attempt may
    take.

    A layer that makes calls wait, such as a `Limit`, belongs into *queue*: the breaker refuses before the
    queue and admits after it, so that no probe waits in a queue while it holds the only permit, and no call
    is slow for having waited.

    Each change of state is told *events* as a note in the current span. With *sharing* breakers of other
    processes learn it too. The state belongs to one event loop.

    The defaults follow resilience4j (half of the calls) and Polly 8 (of the last 30 s, one probe at a time).

    Raises:
        ConfigError: a setting is out of its range.
    """

    failure_rate: float = 0.5
    minimum_calls: int = 10
    window: float = 30.0
    slow: float | None = 5.0
    slow_rate: float = 0.6
    open_for: float = 2.0
    max_open: float = 30.0
    probes: int = 1
    good_probes: int = 3
    lease: float = 60.0
    queue: Layer | None = None
    sharing: Sharing | None = field(default=None, repr=False)
    events: Events | None = field(default=None, repr=False)
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    rng: Callable[[], float] = field(default=random.random, repr=False)
    """Gives a number in [0, 1)."""

    def __post_init__(self) -> None:
        """Refuse a breaker that could never open or never close."""
        sound = (
            0 < self.failure_rate <= 1
            and 0 < self.slow_rate <= 1
            and min(self.minimum_calls, self.probes, self.good_probes) >= 1
            and min(self.window, self.lease) > 0
            and (self.slow is None or self.slow > 0)
            and 0 < self.open_for <= self.max_open
        )
        if not sound:
            message = f"no breaker can work as {self!r}"
            hint = (
                "0 < rates <= 1; minimum_calls, probes, good_probes >= 1; the rest > 0, open_for <= max_open"
            )
            raise ConfigError(message, hint=hint)

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* behind a breaker of its own; it raises `CircuitOpen` instead of calling."""
        circuit = Circuit(self, target)
        guarded = _admitting(service, circuit)
        if self.queue is not None:
            guarded = _peeking(self.queue.wrap(guarded, target), circuit)
        if circuit.link is not None:
            guarded = exchanging(guarded, circuit.link)
        return guarded


def _admitting(service: Callable[P, Awaitable[R]], circuit: Circuit) -> Callable[P, Awaitable[R]]:
    """Give *service* admitted by *circuit*, which learns from each call."""

    @wraps(service)
    async def admitted(*args: P.args, **kwargs: P.kwargs) -> R:
        permit = circuit.admit()
        try:
            result = await service(*args, **kwargs)
        except BaseException as error:
            circuit.settle(permit, verdict(error))
            raise
        circuit.settle(permit, "healthy")
        return result

    vars(admitted)[_CIRCUIT] = circuit  # `wraps` hands it on to every layer outside
    return admitted


def _peeking(queued: Callable[P, Awaitable[R]], circuit: Circuit) -> Callable[P, Awaitable[R]]:
    """Give *queued* refused before the queue."""

    @wraps(queued)
    async def peeked(*args: P.args, **kwargs: P.kwargs) -> R:
        circuit.peek()
        return await queued(*args, **kwargs)

    return peeked


def circuit_of(service: Callable[..., object]) -> Circuit | None:
    """Give the circuit of the breaker around *service*, through whatever layers stand outside it."""
    found = getattr(service, _CIRCUIT, None)
    return found if isinstance(found, Circuit) else None


class Circuit:
    """The state of one breaker: no waiting, no tasks, and no time but its recipe's clock.

    Every change of state begins a new generation, and a permit of an older one changes nothing any more.

    Calls that become slow need no timer: nobody can tell whether the verdict fell at its moment or when
    somebody next asks, as long as every question looks first what fell due before it (`_catch_up`).
    """

    __slots__ = (
        "_due",
        "_generation",
        "_good",
        "_now",
        "_openings",
        "_recipe",
        "_running",
        "_since",
        "_state",
        "_target",
        "_until",
        "_window",
        "link",
    )

    def __init__(self, recipe: Breaker, target: str) -> None:
        self._recipe = recipe
        self._target = target
        self._now = recipe.clock.monotonic
        self._state: State = "closed"
        self._since = recipe.clock.now()
        self._generation = 0
        self._openings = 0
        self._good = 0
        self._until = 0.0
        self._running = _NOBODY  # of this generation, in the order in which they began
        now = self._now()
        self._window = Window(recipe.window, now)
        self._due = now  # nothing can fall due earlier
        self.link = recipe.sharing and Link(recipe.sharing, self, target=target, clock=recipe.clock)

    @property
    def state(self) -> State:
        """Give the state; `open` lasts until a call asks after its time."""
        self._catch_up(self._now())
        return self._state

    def snapshot(self) -> CircuitState:
        """Give the state and what led to it."""
        now = self._now()
        self._catch_up(now)
        return self._seen(now)

    def peek(self) -> None:
        """Look whether a call would be admitted now, without taking a permit.

        Raises:
            CircuitOpen: it would not.
        """
        now = self._now()
        if now >= self._due:
            self._catch_up(now)
        if self._state != "closed" and (self._state == "forced_open" or self._retry_after(now)):
            raise CircuitOpen(self._target, retry_after=self._retry_after(now))

    def admit(self) -> Permit:
        """Give leave for one call.

        Raises:
            CircuitOpen: the target is left alone now, or as many probes as may are under way.
        """
        now = self._now()
        if now >= self._due:
            self._catch_up(now)
        if self._state != "closed":
            self.peek()
            if self._state == "open":
                self._enter("half_open", now)
        permit = Permit(self, self._generation, now)
        if self._running:
            self._running[permit] = None
        else:
            self._running = {permit: None}
        return permit

    def settle(self, permit: Permit, outcome: Verdict | None) -> None:
        """Take back *permit* and learn from *outcome*, unless it comes too late to tell anything."""
        now = self._now()
        if now >= self._due:
            self._catch_up(now)
        if permit.generation != self._generation:
            return
        running = self._running
        if permit not in running:
            self._amend(permit, outcome, now)
            return
        if len(running) == 1:
            self._running = _NOBODY  # the room for others as well: a target at rest takes none
        else:
            del running[permit]
        if outcome is None:
            return
        if self._state == "closed":
            window = self._window
            window.calls += 1
            if outcome == "failing":
                window.failures += 1
            if window.failures or window.slow:
                self._judge(now)
        elif self._state == "half_open":
            self._learn(outcome, now)

    def force_open(self) -> None:
        """Refuse every call, until `release`."""
        self._enter("forced_open", self._now())

    def force_closed(self) -> None:
        """Admit every call and count none, until `release`."""
        self._enter("forced_closed", self._now())

    def release(self) -> None:
        """End what was forced: closed, with nothing counted. Without effect where nothing was forced."""
        if self._state in {"forced_open", "forced_closed"}:
            self._recover(self._now())

    def follow(self, found: Finding) -> None:
        """Take over what another process found out; never what a person or our own calls decided."""
        now, wall = self._now(), self._recipe.clock.now()
        self._catch_up(now)
        if found.until is None and self._state in {"open", "half_open"}:
            self._openings = 0
            self._enter("closed", now)
        elif found.until is not None and found.until > wall and self._state == "closed":
            # A wall clock that was set meanwhile must not keep it open for ever.
            self._until = now + min(found.until - wall, (1 + _JITTER) * self._recipe.max_open)
            self._openings = found.openings
            self._enter("open", now)

    def _learn(self, outcome: Verdict, now: float) -> None:
        """Learn from a probe that ended in time."""
        self._good += outcome == "healthy"
        if outcome == "failing":
            self._open(now)
        elif self._good >= self._recipe.good_probes:
            self._recover(now)

    def _amend(self, permit: Permit, outcome: Verdict | None, now: float) -> None:
        """Learn of the failure of a call that was counted when it became slow: it is the same call, once."""
        if outcome == "failing" and permit.bucket is not None:
            self._window.fail(permit.bucket)
            permit.bucket = None
            self._judge(now)

    def _judge(self, now: float) -> None:
        """Open if too many failed or were slow."""
        window, recipe = self._window, self._recipe
        calls = window.calls
        if calls >= recipe.minimum_calls and (
            window.failures >= recipe.failure_rate * calls or window.slow >= recipe.slow_rate * calls
        ):
            self._open(now)

    def _open(self, now: float) -> None:
        recipe = self._recipe
        seconds = min(recipe.max_open, recipe.open_for * 2.0 ** min(self._openings, _DOUBLINGS))
        self._openings += 1
        self._until = now + seconds * (1 - _JITTER + 2 * _JITTER * recipe.rng())
        self._enter("open", now)
        if self.link is not None:
            self.link.tell(
                Finding(recipe.clock.now() + self._until - recipe.clock.monotonic(), self._openings)
            )

    def _recover(self, now: float) -> None:
        self._openings = 0
        self._enter("closed", now)
        if self.link is not None:
            self.link.tell(Finding(None, 0))

    def _enter(self, state: State, now: float) -> None:
        before, self._state = self._state, state
        if self._recipe.events is not None:
            note(self._recipe.events, self._target, self._recipe.clock.now(), self._seen(now).told(before))
        self._since = self._recipe.clock.now()
        self._generation += 1
        self._good = 0
        self._running = _NOBODY
        self._window.clear(now)
        self._due = now

    def _catch_up(self, now: float) -> None:
        """Let happen, in order and each at its moment, what fell due until *now*."""
        self._due = _NEVER
        patience = self._patience()
        while self._running:
            permit = next(iter(self._running))
            at = permit.began + patience
            if at > now:
                self._due = at
                break
            del self._running[permit]
            self._overdue(permit, at)
            patience = self._patience()
        else:
            self._due = now + patience
        if self._state == "closed":
            if now >= self._window.edge:
                self._window.roll(now)
            self._due = min(self._due, self._window.edge)

    def _patience(self) -> float:
        """Give how long a call may run before that tells something."""
        slow = self._recipe.slow if self._recipe.slow is not None else _NEVER
        if self._state == "half_open":
            return min(slow, self._recipe.lease)
        return slow if self._state == "closed" else _NEVER

    def _overdue(self, permit: Permit, at: float) -> None:
        """Judge a call that is still running *at* the moment when that tells something."""
        slow = self._recipe.slow
        if self._state == "half_open":
            if slow is not None and slow <= self._recipe.lease:
                self._open(at)
            return  # otherwise its lease is over, and its place free
        window = self._window
        if at >= window.edge:
            window.roll(at)
        permit.bucket = window.bucket
        window.calls += 1
        window.slow += 1
        self._judge(at)

    def _seen(self, now: float) -> CircuitState:
        """Give what can be seen from outside, without looking what fell due meanwhile."""
        window = self._window
        calls = max(1, window.calls)
        failing, slow = window.failures / calls, window.slow / calls
        retry_after = self._retry_after(now)
        return CircuitState(self._target, self._state, self._since, retry_after, failing, slow, window.calls)

    def _retry_after(self, now: float) -> float | None:
        """Give the seconds until a call may be admitted; `None` when it may be now, or nobody knows when."""
        if self._state == "open":
            return max(0.0, self._until - now)
        if self._state == "half_open" and len(self._running) >= self._recipe.probes:
            return self._recipe.open_for
        return None
