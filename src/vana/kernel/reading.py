"""How a request in words becomes a typed call without a model: what was said, and what was read out of it.

A reader is a pure function that a tool brings along. It grounds every argument in the text, in a file or in
the conversation, or says what is missing; it never guesses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Utterance:
    """What a person said, with the files that came along."""

    text: str
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Name as written in the text → content."""
    context: str = ""
    """Text that was piped in beside the request."""
    earlier: tuple[str, ...] = ()
    """What was said before in this conversation, oldest first."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The arguments one tool would be called with, or what keeps it from being called."""

    arguments: Mapping[str, object] = field(default_factory=dict[str, object])
    grounds: Mapping[str, str] = field(default_factory=dict[str, str])
    """Argument → where it was read: `text`, `file sales.csv`, `conversation`."""
    missing: str | None = None
    """What is not said and may not be invented; such a reading is never run."""
    weight: int = 1
    """Of several readings of one request the heaviest is meant: 1 plain, 2 asked for by name."""


Reader: TypeAlias = Callable[[Utterance], Reading | None]
"""Gives a reading, or `None` when the request is not for this tool."""
