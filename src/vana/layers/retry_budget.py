"""How much trying again a target is worth: a share of what is asked of it, and no storm when it is down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vana.kernel.errors import ConfigError
from vana.layers.recipe import written

_BUCKETS = 10


@dataclass(frozen=True, slots=True)
class RetryBudget:
    """Allow retries up to *share* of the first attempts and *per_second*, both of the last *window* seconds.

    A retry costs 1; after a timeout it costs *timeout_cost*, for that attempt has cost the most already.
    What is not used within the window is lost, so that a long calm does not pay for a storm.

    The figures are those of Finagle's `RetryBudget`; that a timeout costs more is the AWS SDKs'.

    Raises:
        ConfigError: a figure is negative, or the window is not positive.
    """

    share: float = 0.2
    per_second: float = 1.0
    window: float = 10.0
    timeout_cost: int = 2

    def __post_init__(self) -> None:
        """Refuse what cannot be counted."""
        if not (self.window > 0 and min(self.share, self.per_second, self.timeout_cost) >= 0):
            message = f"no retries can be counted by {self!r}"
            raise ConfigError(message, hint="share, per_second and timeout_cost >= 0, window > 0")

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)


class Ledger:
    """First attempts and retries of one target in the last seconds, in ten buckets; without a budget any.

    Of the retries one bucket more is remembered than of the first attempts, so that what the buckets blur
    is never to the retries' favour: at every retry, all those of the last *window* seconds are paid for by
    first attempts of these seconds.
    """

    __slots__ = ("_budget", "_firsts", "_now", "_number", "_spent", "_width", "edge", "firsts")

    def __init__(self, budget: RetryBudget | None, now: Callable[[], float]) -> None:
        self._budget = budget
        self._now = now
        self._width = (budget or RetryBudget()).window / _BUCKETS
        self._number = int(now() // self._width)
        self.edge = (self._number + 1) * self._width
        """When the bucket is over: `roll` before counting what comes then or later."""
        self._firsts = [0] * _BUCKETS
        self._spent = [0] * (_BUCKETS + 1)
        self.firsts = 0
        """First attempts in the bucket of this moment."""

    def begin(self) -> None:
        """Count a first attempt."""
        if self._now() >= self.edge:
            self.roll()
        self.firsts += 1

    def spend(self, *, timed_out: bool) -> bool:
        """Pay for a retry, after a timeout or not, and say whether the budget allows it."""
        if self._now() >= self.edge:
            self.roll()
        budget = self._budget
        if budget is None:
            return True
        cost = budget.timeout_cost if timed_out else 1
        earned = budget.share * (sum(self._firsts) + self.firsts) + budget.per_second * budget.window
        if sum(self._spent) + cost > earned:
            return False
        self._spent[self._number % (_BUCKETS + 1)] += cost
        return True

    def roll(self) -> None:
        """Go on to the bucket of this moment, and forget those that are too old."""
        self._firsts[self._number % _BUCKETS] = self.firsts
        self.firsts = 0
        number = int(self._now() // self._width)
        for passed in range(self._number + 1, min(number, self._number + _BUCKETS + 1) + 1):
            self._firsts[passed % _BUCKETS] = 0
            self._spent[passed % (_BUCKETS + 1)] = 0
        self._number = number
        self.edge = (number + 1) * self._width
