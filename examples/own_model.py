"""A model drives a specialist: here one that says what a script says, as in a test.

python examples/own_model.py

Any object with a `card` and an async `request` is a model: docs/guides/agents.md shows one.
"""

from __future__ import annotations

import asyncio

from vana import Context, Specialist, Vana
from vana.models.model import ModelRequest, ToolCall
from vana.testing import ScriptedModel

shop = Specialist[dict[str, int]](
    "shop", does="knows what is in stock", examples=["how many apples are left?"]
)


@shop.tool(idempotent=True)
async def in_stock(ctx: Context[dict[str, int]], item: str) -> int:
    """How many of an item there are."""
    return ctx.deps[item]


def delegate(_request: ModelRequest) -> ToolCall:
    """Do what a model does as orchestrator: give the specialist a request that says all it needs."""
    return ToolCall("call-1", "shop", {"request": "How many apples and pears are in stock?"})


def look_up(_request: ModelRequest) -> list[ToolCall]:
    """Do what a model does as the specialist: call its tool, twice in one turn."""
    return [ToolCall(f"call-{item}", "in_stock", {"item": item}) for item in ("apples", "pears")]


async def main() -> None:
    """Ask a question that only a model can take apart, and look at what the model was told."""
    model = ScriptedModel(
        [delegate, look_up, "There are 7 apples and 2 pears.", "7 apples and 2 pears are left."]
    )
    async with Vana(specialists=[shop], deps={"apples": 7, "pears": 2}, model=model) as vana:
        answer = await vana.ask("How much fruit is left?")
    print(answer.text)
    print("model calls:", answer.usage.model_calls, "- tool calls:", answer.usage.tool_calls)
    for number, request in enumerate(model.requests, start=1):
        offered = ", ".join(tool.name for tool in request.tools)
        print(f"turn {number} could call {offered}; it was told: {request.messages[-1].role}")


if __name__ == "__main__":
    asyncio.run(main())
