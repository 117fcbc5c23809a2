"""A model that says what a test wrote down for it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from vana.kernel.errors import UsageError
from vana.models.model import ModelCard, ModelRequest, ModelResponse, Text, ToolCall

Turn: TypeAlias = "str | ToolCall | Sequence[ToolCall] | ModelResponse | Exception"
"""What a scripted model does in one turn: say a text, call tools, respond in full, or fail."""

Scripted: TypeAlias = "Turn | Callable[[ModelRequest], Turn]"


class ScriptedModel:
    """Play *script*, one entry a request, and keep every request in `requests`.

    An entry may be a function of the request. A request beyond the script's end fails the run, for a test
    that asks more often than it meant to is wrong.
    """

    def __init__(self, script: Iterable[Scripted], *, name: str = "scripted") -> None:
        self._script = list(script)
        self._name = name
        self._ids = itertools.count(1)
        self.requests: list[ModelRequest] = []

    @property
    def card(self) -> ModelCard:
        """Give a card that claims to write prose, as language models do."""
        return ModelCard(self._name)

    async def request(self, request: ModelRequest) -> ModelResponse:
        """Give the next entry as a response.

        Raises:
            UsageError: the script has no more entries.
        """
        self.requests.append(request)
        if len(self.requests) > len(self._script):
            message = f"{self._name} was asked {len(self.requests)} times and has {len(self._script)} turns"
            # A mistake in the test, and no outage of a model: nothing may fall back on it.
            raise UsageError(message, hint="give the script a turn more", code="script_ended")
        entry = self._script[len(self.requests) - 1]
        return self._response(entry(request) if callable(entry) else entry)

    def call(self, name: str, **arguments: object) -> ToolCall:
        """Give a tool call with an id of its own, for a script or a function in one."""
        return ToolCall(f"{self._name}-{next(self._ids)}", name, arguments)

    def _response(self, turn: Turn) -> ModelResponse:
        if isinstance(turn, Exception):
            raise turn
        if isinstance(turn, ModelResponse):
            return turn
        if isinstance(turn, str):
            return ModelResponse((Text(turn),), input_tokens=1, output_tokens=1)
        calls = (turn,) if isinstance(turn, ToolCall) else tuple(turn)
        return ModelResponse(calls, finish="tool_calls", input_tokens=1, output_tokens=1)
