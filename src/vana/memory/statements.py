"""The rules that read one plain statement: of what, which attribute, and where its value stands."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from vana.memory.phrases import is_span_of_time, is_sure, is_time, joined, mentions_time, name_of, words
from vana.memory.vocabulary import (
    BASE,
    BE,
    DWELLS,
    MADE,
    MEASURE,
    NO_VALUE,
    NUMBER,
    PLACED,
    PLACES,
    PREPOSITION,
    PUTS,
    STATES,
    TAKES,
    TIED,
    TIMED,
    TIMES,
    Kind,
)

_LEAD = re.compile(
    r"(?:please|(?:can|could|would) you (?:please )?remember|remember|keep in mind|(?:do not|don't) forget"
    r"|just so you know|for the record|by the way|btw|fyi|hi|hello|hey|also)\b(?:[\s,:!-]+that\b)?[\s,:!-]+"
    r"|(?:note|note to self|fact|memo)(?:\s*[:,-]|\s+that\b)\s*",  # nouns, so a bare one is part of a name
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"(?<!\bdr)(?<!\bmr)(?<!\bms)(?<!\bst)(?<!\bmrs)(?<!\bprof)[.!?;:][\"')]*\s|[\n\r]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a statement says: of the *chain* of owners, its *attribute*, and where the value stands."""

    chain: tuple[str, ...]
    attribute: str | None
    """`None` when the last of the chain is the attribute."""
    kind: Kind
    span: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Said:
    """One match of a rule."""

    match: re.Match[str]

    def word(self) -> str:
        """Give the word that relates subject and value."""
        return " ".join(self.match["r"].casefold().split())

    def of(
        self, chain: tuple[str, ...] | None, attribute: str | None, kind: Kind | None, *, skip: int = 0
    ) -> Stated | None:
        """Give what is stated of a named subject by a sure value, less its first *skip* characters."""
        if chain is None or kind is None or not is_sure(self.match["v"]):
            return None
        start, end = self.match.span("v")
        return Stated(chain, attribute, kind, (start + skip, end))

    def thing(self, attribute: str) -> Stated | None:
        """Give what is stated by a value that is a thing."""
        return self.of(name_of(self.match["s"]), attribute, "thing")

    def somewhere(self, attribute: str | None, wants: frozenset[Kind]) -> Stated | None:
        """Give what is stated by a value that begins with a preposition, when it is of a kind in *wants*."""
        kind, skip = _where_or_when(self.match["v"])
        return self.of(name_of(self.match["s"]), attribute, kind, skip=skip) if kind in wants else None


def state(text: str) -> Stated | None:
    """Give what *text* states, or `None` when it is not one plain statement; places are those of *text*."""
    plain = text.replace("\u2019", "'")
    start = len(plain) - len(plain.lstrip())
    while lead := _LEAD.match(plain, start):
        start = lead.end()
    end = len(plain.rstrip(" \t\r\n.!"))
    if end <= start or plain.rstrip().endswith("?") or _BREAK.search(plain, start, end):
        return None
    # Blanks instead of what goes, so that every place stays that of the text as it was given.
    body = re.sub(r"^(\s*i)'(?=m\b)", r"\1 ", " " * start + plain[start:end], flags=re.IGNORECASE)
    for rule, build in _RULES:
        match = rule.fullmatch(body, start)
        if match:
            return build(_Said(match))
    return None


def _called(said: _Said) -> Stated | None:
    chain = name_of(said.match["s"])
    return said.of((*chain, "name") if chain else None, None, "name")


def _placed(said: _Said) -> Stated | None:
    part = said.word()
    return said.somewhere(None if part in {"located", "situated"} else part, PLACES)


def _timed(said: _Said) -> Stated | None:
    return said.somewhere(said.word(), TIMES)


def _born(said: _Said) -> Stated | None:
    return said.somewhere("born", PLACES | TIMES)


def _related(said: _Said) -> Stated | None:
    return said.thing(said.word())


def _counted(said: _Said) -> Stated | None:
    return said.thing(f"number of {said.word()}")


def _dwelling(said: _Said) -> Stated | None:
    return said.somewhere(BASE[said.word()], PLACES)


def _taking(said: _Said) -> Stated | None:
    return said.thing(BASE[said.word()])


def _putting(said: _Said) -> Stated | None:
    put = name_of(said.match["o"])
    return said.somewhere(f"{PUTS[said.word()]} {joined(put)}", PLACES) if put else None


def _being(said: _Said) -> Stated | None:
    chain = name_of(said.match["s"])
    return said.of(chain, None, _thing(said.match["v"], bare=chain is not None and len(chain) == 1))


def _being_at(said: _Said) -> Stated | None:
    return said.somewhere(None, PLACES | TIMES)


def _where_or_when(value: str) -> tuple[Kind | None, int]:
    """Give the kind of a value with its preposition, and how much of it the value can do without."""
    found = re.match(rf"(?:{PREPOSITION}|for)\s+", value, re.IGNORECASE)
    if found is None:
        return None, 0
    preposition, rest = found[0].strip().casefold(), value[found.end() :]
    if preposition in {"at", "in", "on", "for"} and is_time(rest, after_preposition=preposition == "in"):
        return "moment", found.end()
    if preposition == "for" or set(words(rest)[:1]) & STATES or mentions_time(rest) or is_span_of_time(rest):
        return None, 0
    return "place", found.end() if preposition in {"at", "in"} else 0


def _thing(value: str, *, bare: bool) -> Kind | None:
    """Give the kind of a value that stands alone; *bare* when its subject has no owner."""
    first = value.split(maxsplit=1)[0]
    low = first.casefold()
    if low in NO_VALUE or (bare and first.islower() and first.endswith("ing")):
        return None
    if is_time(value, after_preposition=False):
        return "date"
    says_who = first[0].isupper() or low in {"a", "an", "the", "my", "our", "your"} or low.endswith("'s")
    return "name" if says_who else "thing"


_Read: TypeAlias = Callable[[_Said], Stated | None]


def _rule(pattern: str) -> re.Pattern[str]:
    """Give the rule *pattern*, where S is a subject, V a value and P a value after a preposition."""
    filled = pattern.replace("S ", r"(?P<s>.+?)\s+").replace(" V", r"\s+(?P<v>\S.*)")
    return re.compile(filled.replace(" P", rf"\s+(?P<v>(?:{PREPOSITION}|for)\s+\S.*)"), re.IGNORECASE)


_IS = rf"{BE}(?:\s+(?:now|still))?"  # "is now at" says the same as "is at", from then on

_RULES: tuple[tuple[re.Pattern[str], _Read], ...] = (
    (_rule(rf"S {_IS} (?:called|named) V"), _called),
    (_rule(rf"S {_IS} (?P<r>located|situated|{PLACED}) P"), _placed),
    (_rule(rf"S {_IS} (?P<r>{TIMED}) P"), _timed),
    (_rule(r"S (?:was|were) (?P<r>born) P"), _born),
    (_rule(rf"S {_IS} (?P<r>{MADE} by|{TIED}) V"), _related),
    (_rule(rf"S {_IS} (?P<v>\d.*?)\s+(?P<r>{MEASURE})"), _related),
    (_rule(rf"S (?:has|have) (?P<v>{NUMBER})\s+(?P<r>[\w-]+(?: [\w-]+)?)"), _counted),
    (_rule(rf"S (?P<r>{'|'.join((*DWELLS, *DWELLS.values()))}) P"), _dwelling),
    (_rule(rf"S (?P<r>{'|'.join(PUTS)})\s+(?P<o>.+?) P"), _putting),
    (_rule(rf"S {_IS} P"), _being_at),
    (_rule(rf"S {_IS} V"), _being),
    (_rule(rf"S (?P<r>{'|'.join((*TAKES, *TAKES.values()))}) V"), _taking),
)
