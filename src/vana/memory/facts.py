"""A small grammar that reads a plain statement into a fact, and a plain question into what it asks for.

Both give the same subject and attribute when they speak of the same thing, so that they meet without any
score. It never guesses: what it does not know is no fact and no question, and stays text. `my`, `our`, `I`
and `we` are the user, `your` and `you` are the assistant.

    "Ana's birthday is 3 May"        subject "ana", attribute "birthday", value "3 May"
    "When is the birthday of Ana?"   subject "ana", attribute "birthday", asks for a time
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from vana.memory.phrases import PASSING, UNSURE, joined
from vana.memory.questions import ask
from vana.memory.statements import state
from vana.memory.vocabulary import Kind

LONGEST_CHARS = 1000
"""A longer text is no single plain statement, and is not read."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What a statement says: the *attribute* of *subject*, both normalised, is *value*."""

    subject: str
    attribute: str
    """`is` for what a thing itself is or where it lies; else a noun ("birthday") or a verb ("live")."""
    value: str
    span: tuple[int, int]
    """Where the value stands in the statement as it was given, in characters, end exclusive."""
    kind: Kind = "thing"


@dataclass(frozen=True, slots=True)
class Question:
    """What a question asks for, and which kinds of value answer it."""

    subject: str
    attribute: str
    wants: frozenset[Kind]

    def met_by(self, fact: Fact) -> bool:
        """Tell whether *fact* has exactly this subject and attribute, and a value of a kind asked for."""
        same = (self.subject, self.attribute) == (fact.subject, fact.attribute)
        return same and fact.kind in self.wants


def read_statement(text: str) -> Fact | None:
    """Give the fact that *text* states, or `None` when it is not one plain statement."""
    if len(text) > LONGEST_CHARS:
        return None
    stated = state(text)
    if stated is None:
        return None
    subject, attribute = _key(stated.chain, stated.attribute)
    return Fact(subject, attribute, text[slice(*stated.span)], stated.span, stated.kind)


def read_question(text: str) -> Question | None:
    """Give what *text* asks for, or `None` when it is no plain question about one thing."""
    asked = ask(text) if len(text) <= LONGEST_CHARS else None
    return Question(*_key(asked.chain, asked.attribute), asked.wants) if asked else None


def casts_doubt(text: str, question: Question) -> bool:
    """Tell whether *text* is no fact, yet denies, doubts or passes over what *question* asks for.

    "The office is no longer in Rome" and "the office will be in Oslo" are no facts, and after either the
    office can not be said to be where an older fact has it.
    """
    if len(text) > LONGEST_CHARS or read_statement(text) is not None:
        return False
    loosened = " ".join(_OPEN_WORD.sub(" ", _OTHER_TIME.sub("is", text.replace("\u2019", "'"))).split())
    fact = read_statement(loosened)
    return fact is not None and question.met_by(fact)


_OTHER_TIME = re.compile(
    r"\b(?:(?:will|may|might|could|should|would|must) be|used to be|was|were)\b", re.IGNORECASE
)
_OPEN_WORD = re.compile(
    rf"\b(?:no longer|do(?:es)?(?:n't| not)|any ?more|for now|{'|'.join(sorted(UNSURE | PASSING))})\b|n't\b",
    re.IGNORECASE,
)


def _key(chain: tuple[str, ...], attribute: str | None) -> tuple[str, str]:
    """Give subject and attribute: the last owned thing is the attribute when none is named."""
    if attribute is not None:
        return joined(chain), attribute
    if len(chain) == 1:
        return chain[0], "is"
    return joined(chain[:-1]), chain[-1]
