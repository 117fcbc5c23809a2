"""The ladder: every level is searched at once, each is judged by its own floor, and the union comes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from vana.kernel.answer import Degradation
from vana.kernel.call import Service
from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.confidence import Confidence
from vana.kernel.errors import AllFailed, VanaError
from vana.kernel.plain import JSON, plain
from vana.memory import knowledge
from vana.memory.facts import Fact, Question, casts_doubt, read_question, read_statement
from vana.memory.session import Turn, item_of
from vana.memory.store.store import Store
from vana.memory.tier import USER, Hit, Query, Tier

RECALL_SCHEMA = "vana.recall/1"

Search: TypeAlias = Service[Query, Sequence[Hit]]
Guard: TypeAlias = Callable[[Search, str], Search]
"""Puts layers around the search of one level; the text names it: `memory.session`."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What memory has to say. Hits are candidates, unless `answers` or `exact` says more."""

    confidence: Confidence | None
    """The highest of those that pass their level's floor; if none does, the highest; `None` uncalibrated."""
    hits: tuple[Hit, ...]
    """By score, the highest first; those without one last."""
    degraded: tuple[Degradation, ...] = ()
    """The levels that could not be searched."""
    exact: Hit | None = None
    """The newest of the user's own statements with exactly the subject and attribute asked for; its `span` is
    the value. `None` also when something newer puts it in doubt."""
    answers: bool = False
    """Whether the confidence of a hit exceeds the floor of its level."""

    def as_text(self) -> str:
        """Give the hits, one a line; or that there are none."""
        return "\n".join(hit.text for hit in self.hits) or "Nothing is remembered about that."

    def as_json(self) -> dict[str, JSON]:
        """Give the stable JSON form, schema `vana.recall/1`."""
        return {
            "schema": RECALL_SCHEMA,
            "confidence": plain(self.confidence),
            "hits": plain(self.hits),
            "degraded": plain(self.degraded),
        }


@dataclass(frozen=True, slots=True)
class Remembered:
    """A text that is safe: its ref, the fact read from it, its level, and whether it was new."""

    ref: str
    fact: Fact | None
    level: str
    new: bool


@dataclass(frozen=True, slots=True)
class _Rung:
    tier: Tier
    search: Search


@dataclass(frozen=True, slots=True)
class _Found:
    """What one level gave: hits, or the error that kept it from giving any."""

    tier: Tier
    hits: tuple[Hit, ...] = ()
    error: VanaError | None = None


class Memory:
    """Remember into *store* and recall through *tiers*. Whoever opened the store closes it.

    Each tier's search goes through *guard*, made once, so that the state of its layers is the tier's own.
    """

    def __init__(
        self, tiers: Iterable[Tier], *, store: Store, guard: Guard | None = None, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._store = store
        self._clock = clock
        wrap = guard or _unguarded
        self._rungs = tuple(_Rung(tier, wrap(tier.search, f"memory.{tier.name}")) for tier in tiers)

    async def remember(
        self, text: str, *, tenant: str, session: str | None, source: str = USER
    ) -> Remembered:
        """Keep *text* for good, read for a fact. It comes back once it is safe; cancelling does not undo.

        Raises:
            InputError: the text is empty, binary, or longer than 1 MiB.
            Unavailable: another process kept the store locked; nothing was written.
            StoreFailed: it cannot be written; nothing was half written.
        """
        now = self._clock.now()
        item = knowledge.item_of(text, tenant=tenant, session=session, source=source, now=now)
        (stored,) = await self._store.append([item])
        return Remembered(stored.ref, item.fact, item.level, stored.new)

    async def append(self, tenant: str, session: str, turns: Sequence[Turn]) -> tuple[str, ...]:
        """Keep *turns* of a conversation, all or none, and give their refs. It comes back once they are safe.

        Raises:
            InputError: a text is empty, binary or too long, or its id is taken by another text.
            Unavailable: another process kept the store locked; nothing was written.
            StoreFailed: they cannot be written; nothing was half written.
        """
        now = self._clock.now()
        items = [item_of(turn, tenant=tenant, session=session, now=now) for turn in turns]
        return tuple(stored.ref for stored in await self._store.append(items))

    async def recall(self, text: str, *, tenant: str, session: str | None, k: int = 10) -> Recall:
        """Give what the levels have on *text*, at most *k* hits. A level that fails is named in `degraded`.

        Raises:
            InputError: the text is empty, binary, or longer than 1 MiB.
            VanaError: no level could be searched; the error of the level, or `AllFailed` of several.
        """
        query = Query(text, tenant, session, k)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_searched(rung, query)) for rung in self._rungs]
        found = [task.result() for task in tasks]
        errors = [level.error for level in found if level.error is not None]
        if errors and len(errors) == len(found):
            raise errors[0] if len({str(error) for error in errors}) == 1 else AllFailed("memory", errors)
        return _judged(found, read_question(text), k)


def _unguarded(search: Search, target: str) -> Search:
    del target
    return search


async def _searched(rung: _Rung, query: Query) -> _Found:
    try:
        return _Found(rung.tier, tuple(await rung.search(query)))
    except VanaError as error:
        return _Found(rung.tier, error=error)


def _judged(found: Sequence[_Found], question: Question | None, k: int) -> Recall:
    """Weigh what the levels gave: their union, what passes a floor, what states the very thing."""
    hits = _union(level.hits for level in found)
    calibrated = [
        (hit.confidence, hit.confidence > level.tier.floor)
        for level in found
        for hit in level.hits
        if hit.confidence is not None
    ]
    passing = [confidence for confidence, passes in calibrated if passes]
    return Recall(
        confidence=max(passing or [confidence for confidence, _ in calibrated], default=None),
        hits=hits[:k],
        degraded=tuple(_degradation(level) for level in found if level.error is not None),
        exact=_exact(hits, question) if question else None,
        answers=bool(passing),
    )


def _union(levels: Iterable[Sequence[Hit]]) -> tuple[Hit, ...]:
    """Give the hits of all levels by score, each ref once, as its best."""
    ordered = sorted((hit for hits in levels for hit in hits), key=_rank)
    return tuple(
        {hit.ref: hit for hit in reversed(ordered)}[ref] for ref in dict.fromkeys(h.ref for h in ordered)
    )


def _rank(hit: Hit) -> tuple[bool, float, float]:
    return hit.score is None, -(hit.score or 0.0), -(hit.at or 0.0)


def _degradation(level: _Found) -> Degradation:
    return Degradation(f"memory.{level.tier.name}", str(level.error), "the other levels were searched")


def _exact(hits: Sequence[Hit], question: Question) -> Hit | None:
    """Give the newest hit in which the user states what is asked, unless something as new casts doubt."""
    own = [hit for hit in hits if hit.source == USER]
    facts = ((hit, read_statement(hit.text)) for hit in own)
    met = [replace(hit, span=fact.span) for hit, fact in facts if fact is not None and question.met_by(fact)]
    newest = max(met, key=lambda hit: hit.at or 0.0, default=None)
    if newest is None:
        return None
    doubts = (hit.at or 0.0 for hit in own if casts_doubt(hit.text, question))
    return None if max(doubts, default=-1.0) >= (newest.at or 0.0) else newest
