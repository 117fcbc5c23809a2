"""One guarded call from one agent to another: its own span and deadline, and a failure of its own."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from vana.agents.loop import MAX_TURNS, Hand, Loop
from vana.kernel.answer import Answer, Failure
from vana.kernel.budget import charge, settle
from vana.kernel.errors import ArgumentsInvalid, ModelRetry, ToolFailed, UnknownName, VanaError
from vana.kernel.plain import readable
from vana.kernel.run import Span, current_span
from vana.layers.fallback import Fallback
from vana.models.model import Message, ModelResponse, Part, Routed, Text, ToolOffer
from vana.tools.tool import Context, Tool

if TYPE_CHECKING:
    from vana.agents.guards import Guards
    from vana.agents.specialist import Member
    from vana.kernel.answer import Route
    from vana.kernel.call import Call, Service
    from vana.kernel.plain import JSON
    from vana.models.model import Model, ModelRequest

REQUEST: dict[str, JSON] = {
    "type": "object",
    "properties": {
        "request": {"type": "string", "description": "What is wanted, in full: nothing else is passed on."}
    },
    "required": ["request"],
    "additionalProperties": False,
}
"""What a specialist is called with when it is a tool."""


@dataclass(frozen=True, slots=True)
class Team:
    """The members an orchestrator may call, the model they think with, and what guards every call."""

    members: Mapping[str, Member]
    guards: Guards
    rules: Model
    """The deterministic model: the one there always is."""
    model: Model | None = None
    """The language model, where one is configured."""
    max_turns: int = MAX_TURNS
    """Model turns of one agent."""

    def thinks(self, model: Model) -> Service[ModelRequest, ModelResponse]:
        """Give *model*'s request inside its layers, with what it used entered into the books.

        When a language model is out of reach the deterministic one takes its place, marked as degraded.
        """

        async def request(request: ModelRequest) -> ModelResponse:
            if model is not self.rules:
                charge("model_calls")
            response = await model.request(request)
            settle(tokens=response.input_tokens + response.output_tokens, cost_usd=response.cost_usd)
            span = current_span()
            if span is not None:
                span.input_tokens += response.input_tokens
                span.output_tokens += response.output_tokens
                span.cost_usd += response.cost_usd
            return response

        service = self.guards.around(request, f"model:{model.card.name}", kind="model")
        if model is self.rules:
            return service
        return Fallback(last=self.thinks(self.rules)).wrap(service, f"model:{model.card.name}")

    def member(self, name: str) -> Member:
        """Give the member called *name*.

        Raises:
            UnknownName: there is none; the error lists those there are.
        """
        member = self.members.get(name)
        if member is None:
            raise UnknownName(kind="specialist", name=name, known=self.members)
        return member

    def resolve(self, target: str) -> Service[Call, Answer[object]]:
        """Give what answers a call of *target*: `specialist`, with a request in words, or `specialist.tool`.

        This is the kernel's port `Resolve`: whoever knows work by name only reaches it here.

        Raises:
            UnknownName: there is no such specialist, or it has no such tool.
        """
        name, _, tool = target.partition(".")
        member = self.member(name)
        if not tool:
            return lambda call: self.delegate(member, _said(call))
        found = member.specialist.find(tool)

        async def service(call: Call) -> Answer[object]:
            try:
                value = await self.call_tool(member, found, call.arguments)
            except ModelRetry as advice:  # here is no model to take it
                raise ToolFailed(str(advice), code="model_retry") from advice
            return Answer(value, "answered", readable(value))

        return service

    async def call_tool(
        self, member: Member, tool: Tool[..., object], arguments: Mapping[str, object]
    ) -> object:
        """Call one tool of *member*, guarded, with the dependencies of its specialist.

        Raises:
            VanaError: the tool failed or was refused.
        """

        async def invoke(context: Context[object], arguments: Mapping[str, object]) -> object:
            charge("tool_calls")
            return await tool.invoke(context, arguments)

        traits = tool.traits
        service = self.guards.around(
            invoke, tool.target, kind="tool", idempotent=traits.idempotent, cache=traits.cache
        )
        return await service(Context(member.deps), arguments)

    def hands_of(self, member: Member) -> list[Hand]:
        """Give the tools of *member* for a loop."""
        return [self._hand(member, tool) for tool in member.specialist.tools.values()]

    def _hand(self, member: Member, tool: Tool[..., object]) -> Hand:
        async def service(arguments: Mapping[str, object]) -> object:
            return await self.call_tool(member, tool, arguments)

        offer = ToolOffer(tool.name, tool.description, tool.parameters, tool.traits.reader)
        return Hand(offer, service)

    def as_tool(self, member: Member, around: Sequence[Part], route: Route | None) -> Hand:
        """Give *member* itself as a tool: it takes a request in words and works in a context of its own.

        *around* are the files and data that came with the request; they go along, the conversation does
        not.
        """

        async def service(arguments: Mapping[str, object]) -> Answer[object]:
            parts: tuple[Part, ...] = (Text(_request(member.specialist.name, arguments)), *around)
            if route is not None and route.specialist == member.specialist.name:
                parts = (*parts, Routed(replace(route, specialist=None)))
            return await self.delegate(member, Message("user", parts))

        return Hand(ToolOffer(member.specialist.name, member.specialist.does, REQUEST), service)

    async def delegate(self, member: Member, request: Message) -> Answer[object]:
        """Let *member* work on *request*, guarded, and give its answer. A failure is an answer too."""
        name = member.specialist.name

        async def work(request: Message) -> Answer[object]:
            started = time.perf_counter()
            model = self.model or self.rules
            hands = self.hands_of(member)
            loop = Loop(name, member.specialist.instructions, self.thinks(model), hands, self.max_turns)
            return await answered(loop, [request], started)

        service = self.guards.around(work, name, kind="delegation")
        try:
            return await service(request)
        except VanaError as error:
            return failed(error)


def _said(call: Call) -> Message:
    return Message("user", (Text(_request(call.target, call.arguments)),))


async def answered(loop: Loop, history: Sequence[Message], started: float) -> Answer[object]:
    """Run *loop* and give its answer with the current span's books; a model's failure is an answer too."""
    try:
        answer = await loop.run(history)
    except VanaError as error:
        answer = failed(error)
    return with_books(answer, current_span(), time.perf_counter() - started)


def failed(error: VanaError) -> Answer[object]:
    """Give *error* as an answer, with what came out all the same."""
    return Answer(getattr(error, "value", None), "failed", error.message, error=Failure.of(error))


def with_books(answer: Answer[object], span: Span | None, wall_s: float) -> Answer[object]:
    """Give *answer* with what its span wrote down: cost, evidence, files and degradations."""
    if span is None:
        return answer
    return replace(
        answer,
        run_id=span.run.id,
        usage=span.usage(wall_s),
        degraded=tuple(span.degraded),
        sources=tuple(span.sources),
        artifacts=tuple(span.artifacts),
    )


def _request(specialist: str, arguments: Mapping[str, object]) -> str:
    request = arguments.get("request")
    if not isinstance(request, str) or not request.strip() or len(arguments) > 1:
        message = f"{specialist} takes one argument, request: what is wanted, in words"
        raise ArgumentsInvalid(message, hint="say in full what is wanted; nothing else is passed on")
    return request
