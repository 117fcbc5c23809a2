"""`vana agents`: who is on the team, and what each can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vana.entry.cli.drawing import console, indented, text
from vana.entry.cli.opening import opened
from vana.kernel.errors import UnknownName, UsageError
from vana.kernel.plain import JSON, plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from vana.agents.specialist import Card, ToolCard
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Agents

SCHEMA = "vana.agents/1"


async def run(options: Agents, face: Face) -> int:
    """List the specialists, or show one of them with the parameters of its tools."""
    async with opened(face) as vana:
        cards = vana.agents()
    if not options.words:
        return face.show(_as_json(cards), lambda: draw_all(cards))
    card = _named(cards, options.words)
    return face.show(_as_json([card]), lambda: _draw_one(card))


def _named(cards: Sequence[Card], words: Sequence[str]) -> Card:
    """Give the card that `show NAME` asks for.

    Raises:
        UsageError: it is not written like that.
        UnknownName: there is none of that name.
    """
    match words:
        case ["show", name]:
            found = next((card for card in cards if card.name == name), None)
            if found is None:
                kind = "specialist"
                raise UnknownName(kind, name, (card.name for card in cards))
            return found
        case _:
            message = f"vana agents {' '.join(words)} is not understood"
            raise UsageError(message, hint="vana agents, or vana agents show NAME")


def _as_json(cards: Sequence[Card]) -> dict[str, JSON]:
    return {"schema": SCHEMA, "agents": plain(cards)}


def draw_all(cards: Sequence[Card]) -> None:
    """Print *cards* on standard output: name, origin, what it does, its tools."""
    out = console()
    for card in cards:
        _head(out, card)
        tools = ", ".join(tool.name for tool in card.tools)
        out.print(indented(text(card.does), text(tools or "no tools", "dim")))


def _head(out: Console, card: Card) -> None:
    out.print(text(card.name, "bold cyan"), text(f"({card.origin})", "dim"))


def _draw_one(card: Card) -> None:
    out = console()
    _head(out, card)
    out.print(indented(text(card.does)))
    for tool in card.tools:
        out.print()
        out.print(text(_signature(tool), "bold"))
        out.print(indented(text(tool.description)))


def _signature(tool: ToolCard) -> str:
    """Give the tool with its parameters, those that need not be given in brackets."""
    properties = tool.parameters.get("properties")
    required = tool.parameters.get("required")
    names = list(properties) if isinstance(properties, dict) else []
    needed = required if isinstance(required, list) else []
    told = [name if name in needed else f"[{name}]" for name in names]
    return f"{tool.name}({', '.join(told)})"
