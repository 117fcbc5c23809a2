"""The level `knowledge`: what is remembered for good, in every conversation of its tenant."""

from __future__ import annotations

from vana.memory.facts import read_statement
from vana.memory.level import StoredLevel
from vana.memory.store.store import Store
from vana.memory.tier import KNOWLEDGE, Item, Tier

FLOOR = 0.7


def open_tier(store: Store, floor: float = FLOOR) -> Tier:
    """Give the level of lasting knowledge in *store*; a hit answers when its confidence exceeds *floor*.

    Raises:
        ConfigError: *floor* is not in [0, 1].
    """
    return StoredLevel(KNOWLEDGE, floor, store)


def item_of(text: str, *, tenant: str, session: str | None, source: str, now: float) -> Item:
    """Give *text* as an item to remember, read for a fact; a question has none.

    Raises:
        InputError: the text is empty, binary or too long.
        UsageError: a name is none.
    """
    fact = read_statement(text)
    return Item(text, tenant, KNOWLEDGE, source=source, session=session, at=now, fact=fact)
