"""A deterministic model: it turns a request into one typed call, or says what is missing.

It is a compiler, not a chatbot. Through the same contract as any hosted model it sees messages and the tools
on offer; it calls a tool only when every argument is grounded in the request, a file or the conversation, and
hands back the tool's own result as the answer. It writes no prose and invents nothing.
"""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

from vana.kernel.reading import Reading, Utterance
from vana.models.generic import read_generic
from vana.models.model import (
    Context,
    File,
    Message,
    ModelCard,
    ModelRequest,
    ModelResponse,
    Routed,
    Text,
    ToolCall,
    ToolOffer,
    ToolResult,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vana.models.model import Model

LONG_TEXT = 10_000
"""Characters from which a request is read in a thread: 1 MiB can take seconds."""

NO_MODEL = "no language model is configured, and without one only what a request states exactly is run"


class RulesModel:
    """The model that needs no key. The same request gives the same response."""

    def __init__(self) -> None:
        self._ids = itertools.count(1)

    @property
    def card(self) -> ModelCard:
        """Give the card of the deterministic model."""
        return ModelCard("rules", writes_prose=False)

    async def request(self, request: ModelRequest) -> ModelResponse:
        """Give one typed call, the result of the last call, or an abstention that says why."""
        last = request.messages[-1]
        if last.role == "tool":
            return _conclude(last)
        routed = next((part.route for part in last.parts if isinstance(part, Routed)), None)
        offers = {offer.name: offer for offer in request.tools}
        if routed is not None and routed.specialist in offers:
            return self._call(routed.specialist, {"request": last.text})
        offered = request.tools
        if routed is not None and routed.tool in offers:
            offered = (offers[routed.tool],)
        said = _utterance(request.messages)
        if len(said.text) <= LONG_TEXT:
            return self._read(said, offered)
        return await asyncio.to_thread(self._read, said, offered)

    def _call(self, name: str, arguments: dict[str, object]) -> ModelResponse:
        call = ToolCall(f"rules-{next(self._ids)}", name, arguments)
        return ModelResponse((call,), finish="tool_calls")

    def _read(self, said: Utterance, offers: Sequence[ToolOffer]) -> ModelResponse:
        readings = [(offer, reading) for offer in offers if (reading := _reading(offer, said)) is not None]
        complete = [(offer, reading) for offer, reading in readings if reading.missing is None]
        if not complete:
            missing = "; ".join(reading.missing for _, reading in readings if reading.missing)
            return _abstain(missing or NO_MODEL)
        heaviest = max(reading.weight for _, reading in complete)
        meant = [(offer, reading) for offer, reading in complete if reading.weight == heaviest]
        if len(meant) > 1:
            names = " or ".join(offer.name for offer, _ in meant)
            return _abstain(f"the request can be read as {names}; name the one you mean")
        offer, reading = meant[0]
        return self._call(offer.name, dict(reading.arguments))


def open_model() -> Model:
    """Give the deterministic model; the entry point of its plug-in."""
    return RulesModel()


def _conclude(results: Message) -> ModelResponse:
    """Hand back the result of the last call as it is: evidence is quoted, not retold."""
    last = [part for part in results.parts if isinstance(part, ToolResult)][-1]
    return ModelResponse((Text(last.content),), finish="returns", returns=last.call_id)


def _abstain(why: str) -> ModelResponse:
    return ModelResponse((Text(why),), finish="abstained")


def _reading(offer: ToolOffer, said: Utterance) -> Reading | None:
    return offer.reader(said) if offer.reader is not None else read_generic(offer, said)


def _utterance(messages: Sequence[Message]) -> Utterance:
    last = messages[-1]
    return Utterance(
        text=last.text,
        files={part.name: part.content for part in last.parts if isinstance(part, File)},
        context="\n".join(part.text for part in last.parts if isinstance(part, Context)),
        earlier=tuple(message.text for message in messages[:-1] if message.role == "user"),
    )
