"""A limit that finds its own size: less when the other side says so, more while it does not."""

from __future__ import annotations

_WINDOW_S = 1.0
_RESULTS = 10
_TOO_MANY = 0.1
_SHRINK = 0.7
_GROW = 1.1
_FLOOR = 0.1


class Aimd:
    """How many calls may run at once, learned from explicit signals alone.

    Latency is no signal: answers of a language model differ in length by orders of magnitude, and limiters
    that went by it starved a healthy target in our simulations. Each time at least a second and ten results
    have passed, the limit shrinks to 0.7 of itself if more than a tenth of them were signals, and otherwise
    doubles up to half of *most*, then grows by a tenth. It stays between a tenth of *most* and *most*.

    Additive increase and multiplicative decrease: Chiu and Jain, 1989; the figures are those of Netflix's
    `concurrency-limits`, made quicker to come back.
    """

    __slots__ = ("_floor", "_most", "_results", "_signals", "_since", "_size", "limit")

    def __init__(self, most: int, now: float) -> None:
        self._most = most
        self._floor = max(1.0, _FLOOR * most)
        self._size = float(most)
        self._since = now
        self._results = 0
        self._signals = 0
        self.limit = most
        """So many calls may run at once now."""

    def count(self, now: float, *, signal: bool) -> None:
        """Learn from one result that came *now*: whether it was a *signal* to slow down."""
        self._results += 1
        self._signals += signal
        if self._results >= _RESULTS and now - self._since >= _WINDOW_S:
            self._judge()
            self._since, self._results, self._signals = now, 0, 0

    def _judge(self) -> None:
        half = self._most / 2
        if self._signals > _TOO_MANY * self._results:
            self._size = max(self._floor, self._size * _SHRINK)
        elif self._size < half:
            self._size = min(half, self._size * 2)
        else:
            self._size = min(float(self._most), self._size * _GROW)
        self.limit = max(1, int(self._size))
