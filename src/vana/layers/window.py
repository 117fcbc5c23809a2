"""What the calls of the last seconds came to."""

from __future__ import annotations

from array import array

_BUCKETS = 10
_KINDS = 3  # calls, failures, slow ones


class Window:
    """Calls, failures and slow calls of the last *seconds*, in ten buckets; the oldest leaves as a whole.

    To count is to add to a sum: only when a bucket is over is it looked up what belongs to it.
    """

    __slots__ = ("_number", "_past", "_width", "calls", "edge", "failures", "slow")

    def __init__(self, seconds: float, now: float) -> None:
        self._width = seconds / _BUCKETS
        self._past = array("I", bytes(4 * _KINDS * _BUCKETS))
        self.calls = 0
        self.failures = 0
        self.slow = 0
        self._number = int(now // self._width)
        self.edge = (self._number + 1) * self._width
        """When the bucket is over: call `roll` before counting what came then or later."""

    @property
    def bucket(self) -> int:
        """Give the number of the bucket in which is counted now."""
        return self._number

    def roll(self, now: float) -> None:
        """Go on to the bucket of *now*, and forget those that are too old."""
        self._put_away()
        number = int(now // self._width)
        for passed in range(self._number + 1, min(number, self._number + _BUCKETS) + 1):
            self._forget(passed)
        self._number = number
        self.edge = (number + 1) * self._width

    def fail(self, bucket: int) -> None:
        """Count a failure of a call that was counted in *bucket* already, unless that has been forgotten."""
        if bucket <= self._number - _BUCKETS:
            return
        self.failures += 1
        if bucket != self._number:
            self._past[bucket % _BUCKETS * _KINDS + 1] += 1

    def clear(self, now: float) -> None:
        """Forget everything."""
        self._past = array("I", bytes(4 * _KINDS * _BUCKETS))
        self.calls = self.failures = self.slow = 0
        self._number = int(now // self._width)
        self.edge = (self._number + 1) * self._width

    def _put_away(self) -> None:
        """Keep what belongs to the bucket that is over: the sums without all that was put away before."""
        past, place = self._past, self._number % _BUCKETS * _KINDS
        past[place] = past[place + 1] = past[place + 2] = 0
        past[place] = self.calls - sum(past[0::_KINDS])
        past[place + 1] = self.failures - sum(past[1::_KINDS])
        past[place + 2] = self.slow - sum(past[2::_KINDS])

    def _forget(self, number: int) -> None:
        past, place = self._past, number % _BUCKETS * _KINDS
        self.calls -= past[place]
        self.failures -= past[place + 1]
        self.slow -= past[place + 2]
        past[place] = past[place + 1] = past[place + 2] = 0
