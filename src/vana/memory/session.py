"""The level `session`: the turns of one conversation, searched within it."""

from __future__ import annotations

from dataclasses import dataclass

from vana.memory.facts import read_statement
from vana.memory.level import StoredLevel
from vana.memory.store.store import Store
from vana.memory.tier import SESSION, USER, Item, Tier

FLOOR = 0.8


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said in a conversation."""

    id: str | None
    """Names the turn within its conversation, once and for ever; `None` has one made."""
    speaker: str
    """`user`, `assistant`, or a name."""
    text: str
    at: float | None = None
    """When, in seconds since 1970, UTC; by default now."""


def open_tier(store: Store, floor: float = FLOOR) -> Tier:
    """Give the level of conversations in *store*; a hit answers when its confidence exceeds *floor*.

    Raises:
        ConfigError: *floor* is not in [0, 1].
    """
    return StoredLevel(SESSION, floor, store)


def item_of(turn: Turn, *, tenant: str, session: str, now: float) -> Item:
    """Give *turn* as an item of a conversation. Only what the user said is read for a fact.

    Raises:
        InputError: its text is empty, binary or too long.
        UsageError: a name is none.
    """
    is_user = turn.speaker == USER
    return Item(
        turn.text,
        tenant,
        SESSION,
        source=USER if is_user else f"session:{session}",
        session=session,
        speaker=turn.speaker,
        id=turn.id,
        at=now if turn.at is None else turn.at,
        fact=read_statement(turn.text) if is_user else None,
    )
