"""Where a request goes: to a specialist, to memory, or nowhere, with a reason a person can read.

A first router. It sends a request to a tool that can read all its arguments out of it; failing that, to the
specialist whose examples it resembles; failing that, to memory when it is a question. It has no calibrated
probability, so its confidence is `None`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from vana.kernel.answer import Route
from vana.models.generic import is_named, read_generic
from vana.models.model import ToolOffer

if TYPE_CHECKING:
    from vana.agents.specialist import Specialist
    from vana.kernel.reading import Reading, Utterance
    from vana.tools.tool import Tool

MEMORY = "memory"
"""The specialist whose tools are memory commands."""

RESEMBLES, RESEMBLES_ASKED = 0.4, 0.6
"""Cosine of idf-weighted content words from which a request counts as like an example; more for a question,
which memory may answer. Chosen by hand, not fitted."""

_FUNCTION_WORDS = frozenset(
    """
    a an the this that these those my your our his her its their i you he she it we they me him us them
    to of in on at by for with from about as and or but not no if so is are was were be been am
    do does did have has had can could will would shall should may might must
    what which who whom whose when where why how please
    """.split()  # noqa: SIM905 - a list of these would be sixty lines
)
"""Words that say nothing of what a request is about."""

_WORD = re.compile(r"[^\W_]+")
_QUESTION = re.compile(
    r"^\W*(who|whom|whose|what|when|where|which|why|how|is|are|was|were|do|does|did|can|could|has|have|should|will)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    specialist: str
    tool: str
    reading: Reading
    is_own: bool
    """Whether the tool's own reader knows the request, and not just its name is said."""


@dataclass(frozen=True)
class Router:
    """Chooses among specialists. It holds no state; a specialist that comes or goes makes a new one."""

    specialists: Mapping[str, Specialist[object]]

    def route(self, said: Utterance) -> Route:
        """Give where *said* goes."""
        candidates = self._candidates(said)
        complete = [candidate for candidate in candidates if candidate.reading.missing is None]
        if complete:
            return _to(max(complete, key=lambda candidate: candidate.reading.weight))
        asks = is_question(said.text)
        likeness, name, example = self._likest(said.text)
        if likeness >= (RESEMBLES_ASKED if asks else RESEMBLES):
            return Route("action", name, None, None, f"like the example {example!r}")
        incomplete = [candidate for candidate in candidates if candidate.is_own]
        if asks and not incomplete:
            return Route("question", None, None, None, "it asks something and names no work to do")
        if candidates:
            return _to(max(incomplete or candidates, key=lambda candidate: candidate.reading.weight))
        return Route("abstain", None, None, None, "no specialist reads it, and it is not a question")

    def _candidates(self, said: Utterance) -> list[_Candidate]:
        return [
            _Candidate(name, tool.name, reading, tool.traits.reader is not None)
            for name, specialist in self.specialists.items()
            for tool in specialist.tools.values()
            if (reading := _reading(tool, said)) is not None
        ]

    def _likest(self, text: str) -> tuple[float, str, str]:
        asked = _weighed(_words(text), self._idf)
        scored = ((_cosine(asked, words), name, example) for name, example, words in self._examples)
        return max(scored, default=(0.0, "", ""))

    @cached_property
    def _idf(self) -> dict[str, float]:
        documents = [_words(example) for one in self.specialists.values() for example in one.examples]
        seen = Counter(word for words in documents for word in words)
        return {word: math.log(1 + len(documents) / count) for word, count in seen.items()}

    @cached_property
    def _examples(self) -> list[tuple[str, str, dict[str, float]]]:
        return [
            (name, example, _weighed(_words(example), self._idf))
            for name, specialist in self.specialists.items()
            for example in specialist.examples
        ]


def is_question(text: str) -> bool:
    """Say whether *text* asks: it ends with a question mark, or begins with a word that asks."""
    return text.rstrip().endswith(("?", "\uff1f")) or _QUESTION.match(text) is not None


def _reading(tool: Tool[..., object], said: Utterance) -> Reading | None:
    """Read *said* for *tool*; for one that brings no reader, only where its name is said."""
    if tool.traits.reader is not None:
        return tool.traits.reader(said)
    if not is_named(tool.name, said.text):
        return None
    return read_generic(ToolOffer(tool.name, tool.description, tool.parameters), said)


def _to(candidate: _Candidate) -> Route:
    kind = "memory" if candidate.specialist == MEMORY else "action"
    reading = candidate.reading
    if reading.missing is not None:
        return Route(kind, candidate.specialist, candidate.tool, None, reading.missing)
    read = ", ".join(f"{name} from the {place}" for name, place in reading.grounds.items())
    reason = f"it states a call of {candidate.tool}" + (f": {read}" if read else "")
    return Route(kind, candidate.specialist, candidate.tool, None, reason)


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)} - _FUNCTION_WORDS


def _weighed(words: set[str], idf: Mapping[str, float]) -> dict[str, float]:
    """Give unit-length weights; a word in no example weighs as much as the rarest that is in one."""
    rarest = max(idf.values(), default=1.0)
    weights = {word: idf.get(word, rarest) for word in words}
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {word: weight / length for word, weight in weights.items()}


def _cosine(left: Mapping[str, float], right: Mapping[str, float]) -> float:
    return sum(weight * right[word] for word, weight in left.items() if word in right)
