"""Words and phrases of the fact grammar: what names a thing, what names a time, what makes a claim unsure."""

from __future__ import annotations

import re

from vana.memory.vocabulary import listed

USER, ASSISTANT = "the user", "the assistant"
"""Subjects no name can be taken for: names are kept without their article."""

_SELF = {"i": USER, "me": USER, "we": USER, "us": USER, "you": ASSISTANT}
_OWNERS = {"my": USER, "our": USER, "your": ASSISTANT}
_ARTICLES = frozenset({"the", "a", "an"})

UNSURE = listed(
    "not never no nor or either if unless until till but because although maybe perhaps probably possibly "
    "likely apparently supposedly allegedly according think guess believe suppose assume hope wish "
    "unknown"
)
"""A claim with one of these is no fact: it is denied, doubted, bound to a condition, or one of several."""

PASSING = listed(
    "now today currently presently nowadays tomorrow yesterday tonight temporarily formerly previously "
    "still yet again already soon later ago once current latest"
)
"""These speak of the world as it is at one moment, for which memory never answers."""

FINITE = listed(
    "is are am was were be been will would can could shall should might must do does did has have had "
    "said says say told tells tell asked asks thinks believes knows know hopes wishes wants want"
)
"""A verb among these begins a clause of its own, so what holds it is no name and no plain value."""

_POINTING = listed("it its he him his she her hers they them their theirs this these those here there")
"""They point at something said elsewhere, and alone say nothing."""
_OPEN = UNSURE | PASSING | FINITE | _POINTING
_WORLD = frozenset({"time", "date", "day", "weather", "today"})
"""Alone, these are of the world as it is now."""
_NO_FIRST = listed("to for in on at from by with over under about into onto like of")
_NO_NAME = (
    UNSURE
    | _POINTING
    | PASSING
    | FINITE
    | listed(
        "that who whom whose which what when where why how while since as than then so and some any every "
        "each all most many few both neither may"
    )
)
_NAME_SIGNS = re.compile(r"[\w\s.'&+#@/-]+")
_CONTRACTION = re.compile(r".+'(?:d|ll|m|re|ve|t)")
_LONGEST_NAME = 6

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)days?"
_CLOCK = (
    r"(?:\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]\.?m\b\.?)?|\d{1,2}\s?[ap]\.?m\b\.?|noon|midnight|\d{1,2} o'clock)"
)
_DATE = r"(?:\d{4}-\d{2}-\d{2}(?:[t ]\d{2}:\d{2}(?::\d{2})?z?)?|\d{1,2}[./]\d{1,2}[./]\d{2,4})"
_NTH = r"\d{1,2}(?:st|nd|rd|th)"
_YEAR = r"(?:1[89]|20|21)\d{2}"
_FILLER = r"(?:\d{1,2}|every|the|of|at|on|in|and|utc|gmt|ces?t|[ep]st)"
_PART = rf"(?:{_DATE}|{_CLOCK}|{_NTH}|{_YEAR}|{_MONTH}|{_DAY}|{_FILLER})"
_TIME = re.compile(rf"{_PART}(?:[\s,]+{_PART})*")
_MOMENT = re.compile(rf"(?<![\w.:/-])(?:{_DATE}|{_CLOCK}|{_NTH}|{_MONTH}|{_DAY})(?![\w:/-])")
_IN_A_YEAR = re.compile(_YEAR)
_LONGEST_TIME = 60
_LENGTH = re.compile(r"\b(?:second|minute|hour|day|week|month|year)s?\b")
_RELATIVE = re.compile(
    r"\b(?:this|next|last|coming) (?:\w+ )?(?:week|month|year|quarter|time|morning|\w+day)"
)


def is_time(text: str, *, after_preposition: bool) -> bool:
    """Tell whether *text* is a date or a time of day and nothing else; a lone year only after "in"."""
    low = text.casefold()
    if after_preposition and _IN_A_YEAR.fullmatch(low):
        return True
    return len(low) <= _LONGEST_TIME and bool(_TIME.fullmatch(low)) and mentions_time(low)


def mentions_time(text: str) -> bool:
    """Tell whether a date or a time of day stands anywhere in *text*."""
    return bool(_MOMENT.search(text.casefold()))


def is_span_of_time(text: str) -> bool:
    """Tell whether *text* speaks of a length of time ("two weeks"), which counts from when it was said."""
    return bool(_LENGTH.search(text.casefold()))


def words(text: str) -> list[str]:
    """Give the words of *text* in lower case, punctuation around them gone."""
    return [word for word in (part.strip('.,;:!?"()') for part in text.casefold().split()) if word]


def is_sure(value: str) -> bool:
    """Tell whether *value* is a plain one: nothing denied, doubted, passing, or said in a clause of its own.

    What stands in quotation marks is taken as it is.
    """
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'`":
        return True
    found = words(value)
    if not found or found[0] == "that" or any(word in _OPEN or word.endswith("n't") for word in found):
        return False
    return not _RELATIVE.search(value.casefold()) and not re.search(r", right$", value)


def name_of(text: str) -> tuple[str, ...] | None:
    """Give what *text* names as a chain of owners, the outermost first; `None` when it is no plain name.

    `my car's colour` and `the colour of my car` both give `("user", "car", "colour")`.
    """
    low = " ".join(text.casefold().split()).strip(" ,")
    if not _NAME_SIGNS.fullmatch(low) or "at the moment" in low:
        return None
    *heads, last = re.split(r" of ", low)
    chain = None if low in _WORLD or low.removeprefix("the ") in _WORLD else _owned(last)
    for head in reversed(heads):
        part = _owned(head)
        if chain is None or part is None or len(part) != 1 or part[0] in {USER, ASSISTANT}:
            return None
        chain = (*chain, part[0])
    return chain


def joined(chain: tuple[str, ...]) -> str:
    """Give a chain of owners as one phrase: `("ana", "car")` is "ana's car"."""
    return "'s ".join(chain)


def _owned(text: str) -> tuple[str, ...] | None:
    """Give the chain of a phrase without `of`: `my dog's name` is `("user", "dog", "name")`."""
    if text in _SELF:
        return (_SELF[text],)
    chain: list[str] = []
    segment: list[str] = []
    for index, word in enumerate(text.split()):
        if word in _OWNERS and index == 0:
            chain.append(_OWNERS[word])
        elif word in _ARTICLES and not segment:
            continue
        elif word.endswith(("'s", "s'")):
            segment.append(word.removesuffix("'s").removesuffix("'"))
            chain.append(" ".join(segment))
            segment = []
        else:
            segment.append(word)
    chain.append(" ".join(segment))
    return tuple(chain) if all(map(_is_name, chain)) else None


def _is_name(segment: str) -> bool:
    found = segment.split()
    if segment in {USER, ASSISTANT}:
        return True
    if not 1 <= len(found) <= _LONGEST_NAME or segment in _SELF or found[0] in _NO_FIRST:
        return False
    return not any(word in _NO_NAME or word in _OWNERS or _CONTRACTION.fullmatch(word) for word in found)
