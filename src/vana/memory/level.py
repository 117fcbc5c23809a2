"""A level of memory that is kept in a store: what `session` and `knowledge` have in common."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from vana.kernel.errors import UsageError
from vana.memory.facts import read_question
from vana.memory.store.store import Store
from vana.memory.tier import Hit, Item, Query, check_floor

STATED = 1000.0
"""A fact that the user stated, of the very subject and attribute asked for, ranks above every match of words:
BM25 sums of a question stay far below."""

_PER_SECOND = 1e-10
"""Among such facts the newest ranks first: its time is the score's fraction."""


@dataclass(frozen=True, slots=True)
class StoredLevel:
    """One level of a store, as a tier.

    Raises:
        ConfigError: the floor is not in [0, 1].
    """

    name: str
    floor: float
    kept: Store

    def __post_init__(self) -> None:
        check_floor(self.floor, self.name)

    async def search(self, query: Query) -> Sequence[Hit]:
        """Give at most `query.limit` hits: stated facts first, then by words; see the contract of `Tier`."""
        hits = await self.kept.find(query, self.name)
        question = read_question(query.text)
        if question is None:
            return hits
        stated = [_ranked(hit) for hit in await self.kept.stated(query, self.name, question)]
        refs = {hit.ref for hit in stated}
        return (*stated, *(hit for hit in hits if hit.ref not in refs))[: query.limit]

    async def store(self, item: Item) -> str:
        """Keep *item* and give its ref; see the contract of `Tier`.

        Raises:
            UsageError: the item is of another level.
        """
        if item.level != self.name:
            message = f"an item of the level {item.level} cannot be kept on the level {self.name}"
            raise UsageError(message)
        (stored,) = await self.kept.append([item])
        return stored.ref


def _ranked(hit: Hit) -> Hit:
    return replace(hit, score=STATED + (hit.at or 0.0) * _PER_SECOND)
