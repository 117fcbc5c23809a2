"""The rules that read one plain question: of what, which attribute, and which kinds of value answer it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeAlias

from vana.memory.phrases import joined, name_of
from vana.memory.vocabulary import (
    BASE,
    BE,
    BY_WORD,
    DATE_NOUNS,
    DWELLS,
    MADE,
    MAKERS,
    MEASURE,
    PLACED,
    PLACES,
    PUTS,
    TAKES,
    THINGS,
    TIED,
    TIMED,
    TIMES,
    WHAT,
    Kind,
)

_LEAD = re.compile(
    r"(?:please|hi|hello|hey|(?:can|could|would) you (?:please )?(?:tell|remind) me|tell me|remind me"
    r"|do you (?:still )?(?:know|remember)|i wonder|i want to know|so|and)\b[\s,:!]+"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question asks for: of the *chain* of owners, its *attribute*, as one of the kinds in *wants*."""

    chain: tuple[str, ...]
    attribute: str | None
    """`None` when the last of the chain is the attribute."""
    wants: frozenset[Kind]


def ask(text: str) -> Asked | None:
    """Give what *text* asks for, or `None` when it is no plain question about one thing."""
    low = " ".join(text.casefold().replace("\u2019", "'").split()).rstrip(" ?.!")
    while lead := _LEAD.match(low):
        low = low[lead.end() :]
    low = re.sub(r"^(what|who|when|where)'s\b", r"\1 is", low)
    for rule, build in _RULES:
        match = rule.fullmatch(low)
        if match:
            return build(match)
    return None


def _of(subject: str, attribute: str | None, wants: frozenset[Kind]) -> Asked | None:
    chain = name_of(subject)
    return Asked(chain, attribute, wants) if chain else None


def _called(found: re.Match[str]) -> Asked | None:
    chain = name_of(found["s"])
    return Asked((*chain, "name"), None, THINGS) if chain else None


def _being(found: re.Match[str]) -> Asked | None:
    """Read "what is X": who a person is, is not said by how they are; a date noun may be "on" a date."""
    word, subject = found["w"], found["s"]
    asked = _of(subject, None, BY_WORD[word])
    if asked is None:
        return None
    if word == "what" and asked.chain[-1].split()[-1] in DATE_NOUNS:
        return replace(asked, wants=asked.wants | TIMES)
    if word == "who" and len(asked.chain) == 1 and not subject.startswith(("the ", "a ", "an ")):
        return replace(asked, wants=frozenset({"name"}))
    return asked


def _property(found: re.Match[str]) -> Asked | None:
    owner, named = name_of(found["s"]), name_of(found["r"])
    if owner is None or named is None or len(named) != 1:
        return None
    return Asked((*owner, *named), None, WHAT)


def _part(found: re.Match[str]) -> Asked | None:
    part = found["r"]
    return _of(found["s"], None if part in {"located", "situated"} else part, BY_WORD[found["w"]])


def _maker(found: re.Match[str]) -> Asked | None:
    return _of(found["s"], f"{MAKERS[found['r']]} by", THINGS)


def _related(found: re.Match[str]) -> Asked | None:
    return _of(found["s"], found["r"], THINGS)


def _counted(found: re.Match[str]) -> Asked | None:
    return _of(found["s"], f"number of {found['r']}", THINGS)


def _verb(found: re.Match[str]) -> Asked | None:
    verb = BASE[found["r"]]
    fits = DWELLS if found["w"] == "where" else TAKES
    return _of(found["s"], verb, BY_WORD[found["w"]]) if verb in fits else None


def _cost(found: re.Match[str]) -> Asked | None:
    return _of(found["s"], "cost", THINGS)


def _put(found: re.Match[str]) -> Asked | None:
    put = name_of(found["o"])
    return _of(found["s"], f"{found['r']} {joined(put)}", PLACES) if put else None


def _rule(pattern: str) -> re.Pattern[str]:
    """Give the rule *pattern*, where S is a subject and B a form of "to be"."""
    return re.compile(pattern.replace("S", "(?P<s>.+?)").replace("B", BE))


_Ask: TypeAlias = Callable[[re.Match[str]], Asked | None]

_PART = rf"(?P<r>located|situated|born|{PLACED}|{TIMED})"
_MADE_IT = rf"(?P<r>{'|'.join(MAKERS)})"
_PUTTING = rf"(?P<r>{'|'.join(sorted(set(PUTS.values())))})"
_VERB = rf"(?P<r>{'|'.join(BASE)})"

_RULES: tuple[tuple[re.Pattern[str], _Ask], ...] = (
    (_rule(r"what B S (?:called|named)"), _called),
    (_rule(r"what S B (?:called|named)"), _called),
    (_rule(rf"(?P<w>where|when) (?:B|was|were) S {_PART}"), _part),
    (_rule(rf"(?P<w>where|when) S (?:B|was|were) {_PART}"), _part),
    (_rule(rf"who {_MADE_IT} S"), _maker),
    (_rule(rf"who B S (?P<r>{MADE} by)"), _related),
    (_rule(rf"(?:what|who) B S (?P<r>{TIED})"), _related),
    (_rule(rf"how (?P<r>{MEASURE}) B S"), _related),
    (_rule(r"how many (?P<r>[\w-]+(?: [\w-]+)?) (?:do|does) S have"), _counted),
    (_rule(r"(?:how much|what) (?:do|does) S cost"), _cost),
    (_rule(rf"(?P<w>where|what) (?:(?:do|does) )?S {_VERB}"), _verb),
    (_rule(rf"where (?:do|does|did) S {_PUTTING} (?P<o>.+)"), _put),
    (_rule(r"(?P<w>what time) B S"), _being),
    (_rule(r"(?:what|which) (?P<r>[\w-]+(?: [\w-]+)?) B S"), _property),
    (_rule(r"(?P<w>what|who|when|where) B S"), _being),
    (_rule(r"(?P<w>what|who|when|where) S B"), _being),
)
