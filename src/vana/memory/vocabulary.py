"""The words the fact grammar knows: its verbs, prepositions and kinds of value."""

from __future__ import annotations

from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["thing", "name", "date", "moment", "place"]
"""What a value is: a thing, a thing that can say who somebody is ("my dentist", "Carol"), a time ("3 May"),
a time after a preposition ("on 3 May"), or a place."""


def listed(text: str) -> frozenset[str]:
    """Give the words of *text* as a set."""
    return frozenset(text.split())


THINGS: frozenset[Kind] = frozenset({"thing", "name"})
TIMES: frozenset[Kind] = frozenset({"date", "moment"})
PLACES: frozenset[Kind] = frozenset({"place"})
WHAT: frozenset[Kind] = frozenset({"thing", "name", "date"})
BY_WORD: dict[str, frozenset[Kind]] = {
    "what": WHAT,
    "who": THINGS,
    "when": TIMES,
    "what time": TIMES,
    "where": PLACES,
}
DATE_NOUNS: tuple[str, ...] = ("birthday", "anniversary", "deadline", "date", "day", "time", "appointment")
"""Of these, "what is" asks for a time as much as "when is" does."""

BE = r"(?:is|are|am|(?<=\bi )m)"
"""The `m` is what is left of "I'm" when the sign is blanked, which keeps every place in the text."""
PREPOSITION = r"(?:at|in|on|under|behind|inside|near|next to|above|below|between|beside|opposite)"
PLACED = r"(?:based|hosted|stored|kept|deployed|installed|saved|hidden|parked|published|documented)"
TIMED = r"(?:due|scheduled|planned)"
MAKERS = {
    "owns": "owned", "maintains": "maintained", "wrote": "written", "leads": "led", "runs": "run",
    "manages": "managed", "built": "built", "designed": "designed", "made": "made", "invented": "invented",
}  # fmt: skip
MADE = rf"(?:{'|'.join(MAKERS.values())})"
TIED = (
    r"(?:allergic to|afraid of|good at|bad at|responsible for|married to|fond of|interested in"
    r"|in charge of|named after|made of|written in|compatible with)"
)
MEASURE = r"(?:old|tall|high|long|wide|deep|heavy)"
NUMBER = r"(?:\d[\d.,]*|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)"
DWELLS = {"live": "lives", "work": "works", "study": "studies", "reside": "resides", "run": "runs"}
TAKES = {
    "prefer": "prefers", "like": "likes", "love": "loves", "hate": "hates", "use": "uses", "own": "owns",
    "drive": "drives", "speak": "speaks", "need": "needs", "play": "plays",
    "teach": "teaches", "cost": "costs",
}  # fmt: skip
PUTS = {
    "keep": "keep", "keeps": "keep", "kept": "keep", "store": "store", "stores": "store", "stored": "store",
    "park": "park", "parked": "park", "left": "leave", "put": "put", "saved": "save", "hid": "hide",
}  # fmt: skip
"""Verbs of putting, and the form a question has them in."""
BASE = {form: base for verbs in (DWELLS, TAKES) for base, third in verbs.items() for form in (base, third)}
STATES = listed(
    "fire trouble progress review risk holiday vacation leave hold call love charge danger use doubt order "
    "fear work time track sale strike duty need pain shape"
)
"""After "in", "on" or "at" these are a state, not a place."""
NO_VALUE = listed(
    "very so too really always also just only about of for to with by from than like as being going"
)
