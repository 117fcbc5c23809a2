"""Reading a request for a tool that brings no reader: calls written out, and `name=value` pairs.

Nothing is inferred: `forecast(city="Oslo", days=2)` and `forecast city=Oslo days=2` are calls, "how warm will
Oslo be" is not.
"""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING

from vana.kernel.reading import Reading, Utterance

if TYPE_CHECKING:
    from vana.kernel.plain import JSON
    from vana.models.model import ToolOffer

_PAIR = re.compile(r"""\b([A-Za-z_]\w*)\s*[=:]\s*("[^"]*"|'[^']*'|[^\s,;]+)""")


def read_generic(offer: ToolOffer, said: Utterance) -> Reading | None:
    """Give the arguments that *said* states for the tool, or `None` when it does not name the tool."""
    written = _written_call(offer.name, said.text)
    if written is not None:
        return _checked(offer, written, weight=3)
    if not is_named(offer.name, said.text):
        return None
    properties = _properties(offer)
    stated = {name: _value(text) for name, text in _PAIR.findall(said.text) if name in properties}
    if not stated:  # a name alone is talk about the tool as often as a wish to use it
        return Reading(missing=f"{offer.name} is named and not called: write {offer.name}(…)", weight=2)
    return _checked(offer, stated, weight=2)


def _checked(offer: ToolOffer, stated: dict[str, object], *, weight: int) -> Reading:
    required = offer.parameters.get("required")
    names = [str(name) for name in required] if isinstance(required, list) else []
    absent = [name for name in names if name not in stated]
    grounds = dict.fromkeys(stated, "text")
    if absent:
        listed = " ".join(f"{name}=…" for name in absent)
        return Reading(stated, grounds, f"{offer.name} needs {', '.join(absent)}: say {listed}", weight)
    return Reading(stated, grounds, None, weight)


def _written_call(name: str, text: str) -> dict[str, object] | None:
    try:
        call = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    if (
        not isinstance(call, ast.Call)
        or not isinstance(call.func, ast.Name)
        or call.func.id != name
        or call.args
    ):
        return None
    try:
        return {word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg is not None}
    except ValueError:
        return None


def is_named(tool: str, text: str) -> bool:
    """Say whether *text* names the tool, with spaces or hyphens where its name has underscores."""
    spoken = re.escape(tool).replace("_", r"[\s_-]+")
    return re.search(rf"\b{spoken}\b", text, re.IGNORECASE) is not None


def _properties(offer: ToolOffer) -> dict[str, JSON]:
    properties = offer.parameters.get("properties")
    return properties if isinstance(properties, dict) else {}


def _value(text: str) -> object:
    """Give the JSON value of *text*, or the text itself without its quotes."""
    if text[:1] == "'" and text[-1:] == "'":
        return text[1:-1]
    try:
        return json.loads(text)
    except ValueError:
        return text
