"""From what was typed to what typer understands: where no command is named, `ask` is meant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

ASK = "ask"


@dataclass(frozen=True, slots=True)
class Grammar:
    """The words with a meaning of their own before the command."""

    commands: frozenset[str]
    flags: frozenset[str]
    """Options that stand alone: `--json`."""
    valued: frozenset[str]
    """Options that take the next word: `--timeout`."""
    ends: frozenset[str] = frozenset({"--help", "-h", "--version"})
    """Options that are about `vana` itself, so that no command follows."""


def arrange(words: Sequence[str], grammar: Grammar) -> list[str]:
    """Give *words* with `ask` put before the first one that is neither a command nor a leading option.

    The first word that is a command is the command; anything else is a request. Only the first decides:
    in `vana ask trace` the word `trace` is text.
    """
    place = 0
    while place < len(words):
        word = words[place]
        if word in grammar.ends or word in grammar.commands:
            return list(words)
        if word in grammar.valued:
            place += 2
        elif word in grammar.flags or word.partition("=")[0] in grammar.valued:
            place += 1
        else:
            return [*words[:place], ASK, *words[place:]]
    return list(words)
