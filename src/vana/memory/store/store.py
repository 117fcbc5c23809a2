"""The contract of every memory store: items in, hits out, one tenant never in sight of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vana.memory.facts import Question
from vana.memory.tier import Hit, Item, Query


@dataclass(frozen=True, slots=True)
class Stored:
    """An item that is safe: its ref, and whether it was new."""

    ref: str
    new: bool


class Store(Protocol):
    """Memories of many tenants. Whoever opens it closes it; each call may be made many times at once.

    A read of a tenant nobody has written to finds nothing, and makes nothing.
    """

    async def append(self, items: Sequence[Item]) -> tuple[Stored, ...]:
        """Keep *items* of one tenant, all or none, and give what became of each, in order.

        It comes back once they are safe: they survive `kill -9` and, as far as the disk keeps its word, the
        loss of power. The same text of the same level, session and source is kept once, counts as said anew,
        and has the ref it had; of a level that belongs to no conversation, the session does not matter. An
        item with an id is the same as the one kept under that id. Cancelling does not undo.

        Raises:
            UsageError: the items are of several tenants.
            InputError: another text is kept under an item's id.
            Unavailable: another process kept the store locked; nothing was written.
            StoreFailed: it cannot be written; nothing was half written.
        """
        ...

    async def find(self, query: Query, level: str) -> tuple[Hit, ...]:
        """Give the hits of *level* whose words match best, at most `query.limit`, the best first.

        On the level `session`, only what belongs to `query.session`.

        Raises:
            Unavailable: another process kept the store locked.
            StoreFailed: it cannot be read.
        """
        ...

    async def stated(self, query: Query, level: str, question: Question) -> tuple[Hit, ...]:
        """Give the memories of *level* in which the user states what *question* asks for, newest first.

        Each has the span of the stated value, and no score. At most `query.limit`; on the level `session`,
        only what belongs to `query.session`.

        Raises:
            Unavailable: another process kept the store locked.
            StoreFailed: it cannot be read.
        """
        ...

    async def aclose(self) -> None:
        """Finish what was taken on, and free what is held."""
        ...
