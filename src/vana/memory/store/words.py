"""From text to what SQLite's full-text index understands: no sign in it is ever an operator."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from vana.memory.vocabulary import listed

MOST_WORDS = 64
"""A query is searched by at most so many different words, the longest of them: long words are rare ones."""

_WORD = re.compile(r"[^\s!-/:-@\[-`{-~\u2010-\u2027\u3000-\u303f]+")
"""What stands between blanks and punctuation. The index cuts what is left by its own rules, which differ
from Python's in a few scripts: a word it cuts in two is looked for as a phrase."""

_EMPTY = listed(
    "a an the is are am was were be been do does did has have had i me my we our you your he she it his "
    "her its they them their this that these those of in on at to for from by with as and or not what "
    "who whom whose which when where why how can could will would shall should may might must"
)
"""English words that say nothing of what is looked for; they count when a query has no others."""


def body_of(text: str, speaker: str | None) -> str:
    """Give what is indexed of a memory: its speaker too, for questions name who said something."""
    return unicodedata.normalize("NFKC", f"{speaker}: {text}" if speaker else text)


def scope_of(level: str, scope: str) -> str:
    """Give one word that stands for a level and conversation in the index."""
    return "x" + hashlib.sha256(f"{level}\0{scope}".encode()).hexdigest()[:24]


def words_of(text: str) -> list[str]:
    """Give the different words of *text* worth looking for, at most `MOST_WORDS`; maybe none."""
    found = list(dict.fromkeys(_WORD.findall(unicodedata.normalize("NFKC", text).casefold())))
    chosen = [word for word in found if word not in _EMPTY] or found
    return chosen if len(chosen) <= MOST_WORDS else sorted(chosen, key=len, reverse=True)[:MOST_WORDS]


def match_of(required: Sequence[str], level: str, scope: str, *, ranked: Sequence[str] = ()) -> str:
    """Give the expression that finds any of *required* in a level and conversation.

    Words in *ranked* find nothing more, and raise the rank of what holds them. All come from `words_of`.
    """
    place = f'{{scope}} : "{scope_of(level, scope)}"'
    needed = f"{place} AND {{body}} : ({_either(required)})"
    # To raise a rank without finding more, they are asked for beside words that are there anyway.
    return f"{needed} AND {{body}} : ({_either((*required, *ranked))})" if ranked else needed


def _either(words: Sequence[str]) -> str:
    # The pattern of a word leaves no quotation mark in it, so each is one quoted string of the language.
    return " OR ".join(f'"{word}"' for word in words)
