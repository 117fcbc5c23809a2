"""The specialist for memory commands: remember this, what do you know about that."""

from __future__ import annotations

import re
from dataclasses import dataclass

from vana.agents.specialist import Specialist
from vana.agents.workbench import Workbench
from vana.kernel.answer import Source
from vana.kernel.reading import Reading, Utterance
from vana.memory.recall import Recall, Remembered
from vana.tools.tool import Context

_REMEMBER = re.compile(
    r"^\W*(?:please\s+)?(?:remember|memori[sz]e|note|keep in mind|don'?t forget|make a note)"
    r"(?:\s+(?:that|this|down))?\s*[:,]?\s+(?P<text>\S.*)$",
    re.IGNORECASE | re.DOTALL,
)
_RECALL = re.compile(
    r"^\W*(?:please\s+)?(?:recall|search (?:your |my |the )?memory for|"
    r"what do you (?:know|remember)(?: about)?|what did i (?:say|tell you)(?: about)?)"
    r"\s*[:,]?\s+(?P<query>\S.*?)\s*\?*\s*$",
    re.IGNORECASE | re.DOTALL,
)

specialist: Specialist[Workbench] = Specialist(
    "memory",
    does="remembers what it is told and finds it again, with where and when it was said",
    instructions="Store what the person states, word for word. Quote what you find; never add to it.",
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of something that was to be remembered."""

    ref: str
    level: str
    text: str
    new: bool

    def as_text(self) -> str:
        """Say what is remembered now."""
        return f"Remembered: {self.text}" if self.new else f"Already known: {self.text}"


def read_remember(said: Utterance) -> Reading | None:
    """Read a request to remember something."""
    match = _REMEMBER.match(said.text)
    if match is None or said.text.rstrip().endswith("?"):
        return None
    return Reading({"text": match["text"].strip()}, {"text": "text"}, weight=3)


def read_recall(said: Utterance) -> Reading | None:
    """Read a request to search memory."""
    match = _RECALL.match(said.text)
    return Reading({"query": match["query"]}, {"query": "text"}, weight=3) if match else None


@specialist.tool(idempotent=True, reader=read_remember)
async def remember(ctx: Context[Workbench], text: str) -> Kept:
    """Keep a statement word for word, and give the id under which it is kept."""
    kept: Remembered = await ctx.deps.memory.remember(text, tenant=ctx.run.tenant, session=ctx.run.session)
    return Kept(kept.ref, kept.level, text, kept.new)


@specialist.tool(idempotent=True, reader=read_recall)
async def recall(ctx: Context[Workbench], query: str, k: int = 10) -> Recall:
    """Give what is remembered about something, best first, at most *k* memories."""
    found = await ctx.deps.memory.recall(query, tenant=ctx.run.tenant, session=ctx.run.session, k=k)
    for fact in found.degraded:
        ctx.degrade(fact.what, fact.why, fact.instead)
    for hit in found.hits:
        ctx.cite(
            Source("memory", hit.ref, hit.source, hit.level, hit.score, hit.confidence, hit.at, hit.span)
        )
    return found
