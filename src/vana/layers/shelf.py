"""Entries of one cache: bounded by number and by bytes, and gone when their time is over."""

from __future__ import annotations

import math
import sys
from collections import OrderedDict, deque
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from vana.kernel.run import Evidence
    from vana.layers.parcel import Parcel

Place: TypeAlias = "bytes | str | int | tuple[str, str | int]"
"""Where an entry stands: the digest of a canonical key, or a plain text or number, with a tenant or alone.

Alone it is the local tenant's, who is the only one of most processes; no two of these are ever equal.
"""

ENTRY_BYTES = 350
"""What an entry takes beside key and value, rounded up; measured with tracemalloc on CPython 3.11."""

_SLACK = 64


@dataclass(frozen=True, slots=True)
class Failing:
    """An error that is the answer until then."""

    error: Exception
    until: float


class Entry:
    """A result and until when it is fresh."""

    __slots__ = ("content", "evidence", "opener", "place", "refresh_at", "size_bytes", "tags", "until")

    def __init__(self, place: Place, parcel: Parcel, until: float) -> None:
        self.place: Place | None = place
        """`None` once it was taken from the shelf."""
        self.content = parcel.content
        self.opener = parcel.opener
        self.until = until
        self.size_bytes = parcel.size_bytes
        self.evidence: Evidence | None = None
        """What belongs to the value wherever it goes; `None` where nothing does."""
        self.tags: tuple[str, ...] = ()
        self.refresh_at = -math.inf
        """Before that it is not called anew behind the stale value: the last refresh failed."""

    @property
    def error(self) -> Failing | None:
        """Give the error it stands for. Such an entry is never fresh, so that a hit need not look for one."""
        return self.content if isinstance(self.content, Failing) else None

    def opened(self) -> object:
        """Give a value of the caller's own."""
        return self.content if self.opener is None else self.opener(self.content)


class Shelf:
    """The entries of one wrapped service; the one unused longest leaves first.

    *entries* is read on every call, so it is open to its cache: who reads an entry moves it to the end.
    """

    __slots__ = (
        "_keep",
        "_most_bytes",
        "_most_entries",
        "_old_errors",
        "_old_values",
        "_tagged",
        "bytes",
        "entries",
    )

    def __init__(self, *, max_entries: int, max_bytes: int, keep: float) -> None:
        self.entries: OrderedDict[Place, Entry] = OrderedDict()
        self.bytes = 0
        self._most_entries = max_entries
        self._most_bytes = max_bytes
        self._keep = keep
        # By age, which is almost the order in which they expire: lifetimes of a kind differ by a tenth.
        self._old_values: deque[Entry] = deque()
        self._old_errors: deque[Entry] = deque()
        self._tagged: dict[str, set[Place]] = {}

    def put(self, entry: Entry, now: float) -> None:
        """Keep *entry*, and let go of what is over and of what there is no room for."""
        self.purge(now)
        place = entry.place
        if place is None:
            return
        self.drop(place)
        entry.size_bytes += ENTRY_BYTES + _size_of_place(place)
        if entry.size_bytes > self._most_bytes:
            return
        self.entries[place] = entry
        self.bytes += entry.size_bytes
        for tag in entry.tags:
            self._tagged.setdefault(tag, set()).add(place)
        ages = self._old_values if entry.error is None else self._old_errors
        ages.append(entry)
        while len(self.entries) > self._most_entries or self.bytes > self._most_bytes:
            self.drop(next(iter(self.entries)))
        self._tidy()

    def purge(self, now: float) -> None:
        """Let go of what is of no more use, read or not: at most a tenth of its time late."""
        for ages in (self._old_values, self._old_errors):
            while ages and self._is_over(ages[0], now):
                entry = ages.popleft()
                if entry.place is not None:
                    self.drop(entry.place)

    def _is_over(self, entry: Entry, now: float) -> bool:
        error = entry.error
        return now >= (entry.until + self._keep if error is None else error.until)

    def drop(self, place: Place) -> None:
        """Let go of the entry at *place*, if there is one."""
        entry = self.entries.pop(place, None)
        if entry is None:
            return
        self.bytes -= entry.size_bytes
        for tag in entry.tags:
            places = self._tagged[tag]
            places.discard(place)
            if not places:
                del self._tagged[tag]
        # It may stand among the ages for a while: what it held goes now.
        entry.place = entry.content = entry.evidence = entry.opener = None
        entry.until, entry.tags = -math.inf, ()

    def drop_tagged(self, tags: Collection[str]) -> None:
        """Let go of all entries that bear one of *tags*."""
        for tag in tags:
            for place in tuple(self._tagged.get(tag, ())):
                self.drop(place)

    def clear(self) -> None:
        """Let go of everything."""
        for place in tuple(self.entries):
            self.drop(place)
        self._tidy()

    def _tidy(self) -> None:
        """Forget the ages of entries that are gone, before they are more than those that are there."""
        if len(self._old_values) + len(self._old_errors) <= 2 * len(self.entries) + _SLACK:
            return
        for ages in (self._old_values, self._old_errors):
            left = [entry for entry in ages if entry.place is not None]
            ages.clear()
            ages.extend(left)


def _size_of_place(place: Place) -> int:
    own = sys.getsizeof(place)
    return own + sys.getsizeof(place[1]) if isinstance(place, tuple) else own
