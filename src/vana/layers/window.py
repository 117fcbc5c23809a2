"""What the calls of the last seconds came to."""

from __future__ import annotations

_BUCKETS = 10
_DIGIT = 32
_PAST = (1 << _DIGIT * (_BUCKETS - 1)) - 1


class Window:
    """Calls, failures and slow calls of the last *seconds*, in ten buckets; the oldest leaves as a whole.

    To count is to add to a sum: only when a bucket is over is it looked up what belongs to it.

    The nine buckets before the one of this moment are the digits of one number, the youngest the lowest: of a
    target that is well, failures and slow calls are then nothing but a zero, and take no room.
    """

    __slots__ = ("_calls", "_failures", "_number", "_seconds", "_slow", "calls", "failures", "slow")

    def __init__(self, seconds: float, now: float) -> None:
        self._seconds = seconds
        self.clear(now)

    @property
    def bucket(self) -> int:
        """Give the number of the bucket in which is counted now."""
        return self._number

    @property
    def edge(self) -> float:
        """Give when the bucket is over: call `roll` before counting what came then or later."""
        return (self._number + 1) * (self._seconds / _BUCKETS)

    def roll(self, now: float) -> None:
        """Go on to the bucket of *now*, and forget those that are too old."""
        number = int(now // (self._seconds / _BUCKETS))
        passed = min(number - self._number, _BUCKETS)
        if passed < 1:
            return  # at the very edge the rounding of floats decides
        self._calls, self.calls = _rolled(self._calls, self.calls, passed)
        self._failures, self.failures = _rolled(self._failures, self.failures, passed)
        self._slow, self.slow = _rolled(self._slow, self.slow, passed)
        self._number = number

    def fail(self, bucket: int) -> None:
        """Count a failure of a call that was counted in *bucket* already, unless that has been forgotten."""
        age = self._number - bucket
        if age >= _BUCKETS:
            return
        self.failures += 1
        if age:
            self._failures += 1 << _DIGIT * (age - 1)

    def clear(self, now: float) -> None:
        """Forget everything."""
        self._calls = self._failures = self._slow = 0
        self.calls = self.failures = self.slow = 0
        self._number = int(now // (self._seconds / _BUCKETS))


def _rolled(past: int, total: int, passed: int) -> tuple[int, int]:
    """Give the buckets before this one, and the sum of what is in them, after *passed* more are over."""
    if not total:
        return 0, 0
    now = total - _sum(past)
    past = ((past << _DIGIT) + now) << _DIGIT * (passed - 1) & _PAST
    return past, _sum(past)


def _sum(past: int) -> int:
    """Add up the digits. As casting out nines does: that many calls in one window nobody makes."""
    return past % ((1 << _DIGIT) - 1)
