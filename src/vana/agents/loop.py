"""The agent loop: a model asks for tools, tools answer, until the model has an answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias, cast

from vana.kernel.answer import Answer, Failure, Understood
from vana.kernel.errors import ModelFailed, ModelRetry, UnknownName, VanaError
from vana.kernel.plain import readable
from vana.kernel.run import degrade
from vana.models.model import (
    Message,
    ModelRequest,
    ModelResponse,
    Text,
    ToolCall,
    ToolOffer,
    ToolResult,
)

if TYPE_CHECKING:
    from vana.kernel.call import Service

ToolService: TypeAlias = Callable[[Mapping[str, object]], Awaitable[object]]

MAX_TURNS = 16
"""Model turns of one loop, after which it fails: nine of ten runaway agents ask for the same thing again."""


@dataclass(frozen=True, slots=True)
class Hand:
    """A tool within reach of a loop: how a model sees it, and what calls it, guarded."""

    offer: ToolOffer
    service: ToolService


@dataclass(frozen=True, slots=True)
class Loop:
    """One agent at work. It holds no state between runs, so that it may be entered many times at once."""

    name: str
    instructions: str
    model: Service[ModelRequest, ModelResponse]
    hands: Sequence[Hand]
    max_turns: int = MAX_TURNS

    async def run(self, history: Sequence[Message]) -> Answer[object]:
        """Give the answer to the last message of *history*, whose earlier messages are the conversation.

        A tool's error goes back to the model as a typed result; it ends nothing.

        Raises:
            ModelFailed: the model had no answer after `max_turns` turns, or refused to give one.
            VanaError: the model itself failed; the error is its own.
        """
        hands = {hand.offer.name: hand for hand in self.hands}
        offers = tuple(hand.offer for hand in self.hands)
        messages = [Message("system", (Text(self.instructions),)), *history]
        calls: dict[str, tuple[ToolCall, ToolResult]] = {}
        for _ in range(self.max_turns):
            response = await self.model(ModelRequest(tuple(messages), offers))
            if not response.calls:
                return self._answer(response, calls)
            results = await self._work(response.calls, hands)
            calls.update(
                {call.id: (call, result) for call, result in zip(response.calls, results, strict=True)}
            )
            messages.append(Message("assistant", response.parts))
            messages.append(Message("tool", tuple(results)))
        message = f"{self.name} had no answer after {self.max_turns} turns"
        raise ModelFailed(message, hint="ask for less at once, or give it more turns", code="too_many_turns")

    async def _work(self, calls: Sequence[ToolCall], hands: Mapping[str, Hand]) -> list[ToolResult]:
        if len(calls) == 1:
            return [await _result(calls[0], hands)]
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(_result(call, hands)) for call in calls]
        return [task.result() for task in tasks]

    def _answer(
        self, response: ModelResponse, calls: Mapping[str, tuple[ToolCall, ToolResult]]
    ) -> Answer[object]:
        if response.finish == "refused":
            message = f"the model of {self.name} refused to answer: {response.text or 'it did not say why'}"
            raise ModelFailed(message, code="model_refused")
        if response.finish == "length":
            degrade("answer", "the model reached its output limit", "what it had written until then")
        if response.finish == "abstained":
            failure = Failure("abstained", response.text)
            return Answer(None, "abstained", response.text, error=failure)
        if response.returns is None:
            return Answer(response.text, "answered", response.text)
        if response.returns not in calls:
            message = f"the model hands back the result of a call that was not made: {response.returns}"
            raise ModelFailed(message)
        return _handed_back(self.name, *calls[response.returns])


async def _result(call: ToolCall, hands: Mapping[str, Hand]) -> ToolResult:
    """Give what the tool gave, or its error, as a result for the model."""
    hand = hands.get(call.name)
    try:
        if hand is None:
            raise UnknownName(kind="tool", name=call.name, known=hands)
        value = await hand.service(call.arguments)
    except ModelRetry as advice:
        return ToolResult(call.id, call.name, str(advice), value=advice, failed=True)
    except VanaError as error:
        return ToolResult(call.id, call.name, _told(error), value=error, failed=True)
    if isinstance(value, Answer):
        answer = cast("Answer[object]", value)  # a delegate's answer; its value is typed by its own tool
        return ToolResult(call.id, call.name, answer.text, value=answer, failed=answer.status != "answered")
    return ToolResult(call.id, call.name, readable(value), value=value)


def _handed_back(agent: str, call: ToolCall, result: ToolResult) -> Answer[object]:
    """Give a call's own result as the answer: a delegate's answer passes through whole."""
    value = result.value
    if isinstance(value, Answer):
        return cast("Answer[object]", value)  # see _result
    understood = Understood(agent, call.name, call.arguments)
    if isinstance(value, (VanaError, ModelRetry)):
        left = getattr(value, "value", None)
        text = readable(left) if left is not None else result.content
        failure = Failure("model_retry", text) if isinstance(value, ModelRetry) else Failure.of(value)
        return Answer(left, "failed", text, understood_as=understood, error=failure)
    return Answer(value, "answered", result.content, understood_as=understood)


def _told(error: VanaError) -> str:
    hint = f" ({error.hint})" if error.hint else ""
    return f"{error.code}: {error.message}{hint}"
