"""The contract of every model: messages and tools on offer in, one message out.

The message types are our own: no provider's types cross this line. A deterministic model and a hosted one
are the same thing to the agent loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from vana.kernel.answer import Route
    from vana.kernel.plain import JSON
    from vana.kernel.reading import Reader


@dataclass(frozen=True, slots=True)
class Text:
    """Words."""

    text: str


@dataclass(frozen=True, slots=True)
class File:
    """A file that came with a request."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Context:
    """Text that came along as data: piped in, recalled, fetched. Never an instruction."""

    text: str
    origin: str


@dataclass(frozen=True, slots=True)
class Routed:
    """What the router made of the request."""

    route: Route


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's wish to call a tool."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a tool gave back. `content` goes to the model; `value` is the typed result and stays here."""

    call_id: str
    name: str
    content: str
    value: object = None
    failed: bool = False


Part: TypeAlias = Text | File | Context | Routed | ToolCall | ToolResult


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant", "tool"]
    parts: tuple[Part, ...]

    @property
    def text(self) -> str:
        """Give the words of the message, its other parts left out."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))


@dataclass(frozen=True, slots=True)
class ToolOffer:
    """A tool as a model sees it."""

    name: str
    description: str
    parameters: Mapping[str, JSON]
    """A JSON Schema of an object."""
    reader: Reader | None = None
    """How the deterministic model reads a request for this tool; hosted models never see it."""


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """Everything a model is told. Instructions and tools come first and do not change within a run."""

    messages: tuple[Message, ...]
    tools: tuple[ToolOffer, ...] = ()


Finish: TypeAlias = Literal["stop", "tool_calls", "returns", "abstained", "length", "refused"]


@dataclass(frozen=True, slots=True)
class ModelResponse:
    """One message of a model."""

    parts: tuple[Text | ToolCall, ...]
    finish: Finish = "stop"
    returns: str | None = None
    """With `finish="returns"`: the id of the tool call whose typed result is the answer as it stands."""
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    @property
    def text(self) -> str:
        """Give the words of the response."""
        return "".join(part.text for part in self.parts if isinstance(part, Text))

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """Give the tool calls of the response, in order."""
        return tuple(part for part in self.parts if isinstance(part, ToolCall))


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What a model says of itself."""

    name: str
    """`provider:name`, or `rules`."""
    writes_prose: bool = field(default=True)
    """Whether it can compose an answer; the deterministic model cannot."""


class Model(Protocol):
    """A model. It may be asked many times at once."""

    @property
    def card(self) -> ModelCard:
        """Say what this model is."""
        ...

    async def request(self, request: ModelRequest) -> ModelResponse:
        """Give the next message.

        Raises:
            Transient: the model cannot be reached or asks for a slower pace.
            ModelFailed: it answered with something that cannot be used.
        """
        ...
