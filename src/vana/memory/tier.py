"""The contract of every level of memory: a query goes in, hits come out, and an item can be kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from vana.kernel.answer import iso_time
from vana.kernel.confidence import Confidence
from vana.kernel.errors import ConfigError, InputError, UsageError
from vana.kernel.plain import JSON, plain
from vana.memory.facts import Fact

SESSION, KNOWLEDGE = "session", "knowledge"

USER = "user"
"""The source of what the user stated. No other source is ever taken at its word."""

MOST_BYTES = 1 << 20
"""A text may have this many bytes as UTF-8: 1 MiB. `docs/reference/limits.md` lists all limits."""

_BINARY = re.compile("[\x00-\x06\x0e-\x1a\x1c-\x1f\x7f]")
"""Control characters that no text has; tabs, line ends, backspace and escape are left to it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One memory that was found, with where it came from."""

    ref: str
    """The id it was given when it was kept."""
    text: str
    level: str
    confidence: Confidence | None = None
    """The probability that it answers the query; `None` where nothing is calibrated."""
    score: float | None = None
    """Orders the hits of one search, higher is better, and is no probability. `None`: found without one."""
    source: str = ""
    """Who or where it came from: `user`, `session:ID`, a path, an address."""
    at: float | None = None
    """When it was said last, in seconds since 1970, UTC."""
    span: tuple[int, int] | None = None
    """Which characters of `text` answer, end exclusive, where a fact says so."""

    def as_json(self) -> dict[str, JSON]:
        """Give the JSON form; `at` as an ISO 8601 time in UTC."""
        return {
            "ref": self.ref,
            "text": self.text,
            "level": self.level,
            "confidence": plain(self.confidence),
            "score": plain(self.score),
            "source": self.source,
            "at": iso_time(self.at),
            "span": plain(self.span),
        }


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for, for whom, and how many hits at most.

    Raises:
        InputError: the text is empty, binary, or longer than `MOST_BYTES`.
        UsageError: there is no tenant, or *limit* is not positive.
    """

    text: str
    tenant: str
    session: str | None = None
    """The conversation it belongs to; without one, no level of a conversation has anything to say."""
    limit: int = 10

    def __post_init__(self) -> None:
        check_text(self.text, "a query")
        check_name(self.tenant, "tenant")
        if self.session is not None:
            check_name(self.session, "session")
        if self.limit < 1:
            message = f"the number of hits must be positive, not {self.limit}"
            raise UsageError(message)


@dataclass(frozen=True, slots=True)
class Item:
    """Something to keep. Without an id of its own it gets one, and the same thing is kept once.

    Raises:
        InputError: the text is empty, binary, or longer than `MOST_BYTES`.
        UsageError: tenant, level, or a session level's session is missing.
    """

    text: str
    tenant: str
    level: str
    source: str = USER
    session: str | None = None
    """The conversation it was said in."""
    speaker: str | None = None
    """Who said it, for a turn of a conversation."""
    id: str | None = None
    """A name that it is given by its caller, once and for ever, within its level and session."""
    at: float | None = None
    """When it was said, in seconds since 1970, UTC; by default, when it is kept."""
    fact: Fact | None = None

    def __post_init__(self) -> None:
        check_text(self.text, "a memory")
        check_name(self.tenant, "tenant")
        check_name(self.level, "level")
        for value, name in ((self.session, "session"), (self.speaker, "speaker"), (self.id, "id")):
            if value is not None:
                check_name(value, name)
        if self.level == SESSION and self.session is None:
            message = "a memory of a conversation needs the conversation's name"
            raise UsageError(message)


class Tier(Protocol):
    """One rung of memory. `search` and `store` may be called many times at once."""

    @property
    def name(self) -> str:
        """Give the level's name: `session`, `knowledge`, or one of your own."""
        ...

    @property
    def floor(self) -> float:
        """Give the confidence that a hit must exceed to answer, in [0, 1]."""
        ...

    async def search(self, query: Query) -> Sequence[Hit]:
        """Give at most `query.limit` hits of the query's tenant, the best first.

        Raises:
            StoreFailed: the level cannot be read.
        """
        ...

    async def store(self, item: Item) -> str:
        """Keep *item* and give its ref, once it is safe against the end of this process.

        Raises:
            InputError: another text is kept under its id.
            StoreFailed: it cannot be kept; nothing was half written.
        """
        ...


def check_text(text: str, what: str) -> None:
    """Pass *text* that can be kept and searched; *what* names it in the error.

    Raises:
        InputError: it is empty, binary, or longer than `MOST_BYTES`.
    """
    if not text.strip():
        message = f"{what} needs text; this one is empty"
        raise InputError(message)
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        message = f"{what} may have at most {MOST_BYTES >> 20} MiB; this one has {len(text):,} characters"
        raise InputError(message, hint="split it, or keep it as a file and remember where it lies")
    if _BINARY.search(text) or not _is_unicode(text):
        message = f"{what} must be text; this one holds binary data"
        raise InputError(message, hint="keep it as a file and remember where it lies")


def check_name(name: str, what: str) -> None:
    """Pass a *name* of a tenant, session, speaker, level or item; *what* says of which.

    Raises:
        UsageError: it is empty, longer than 1,000 characters, or no text.
    """
    if not name.strip() or len(name) > _LONGEST_NAME or _BINARY.search(name) or not _is_unicode(name):
        message = f"{name[:40]!r} is no name for a {what}"
        raise UsageError(message, hint=f"a name has 1 to {_LONGEST_NAME:,} characters of text")


def check_floor(floor: float, level: str) -> float:
    """Give *floor* when it is a probability.

    Raises:
        ConfigError: it is not in [0, 1].
    """
    if not 0.0 <= floor <= 1.0:
        message = f"the floor of the level {level} must be from 0 to 1, not {floor!r}"
        raise ConfigError(message)
    return floor


_LONGEST_NAME = 1000


def _is_unicode(text: str) -> bool:
    """Tell whether *text* has no half of a surrogate pair: Python lets them stand, UTF-8 does not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
