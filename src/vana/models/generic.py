"""Reading a request for a tool that brings no reader: calls written out, and `name=value` pairs.

Nothing is inferred: `forecast(city="Oslo", days=2)` and `forecast city=Oslo days=2` are calls, "how warm will
Oslo be" is not.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING

from vana.kernel.reading import Reading, Utterance

if TYPE_CHECKING:
    from vana.kernel.plain import JSON
    from vana.models.model import ToolOffer

_NAME = re.compile(r"(?<![\w=:])(?P<name>[A-Za-z_]\w*)\s*(?P<sign>[=:])(?!=)\s*")
_WORD = re.compile(r"""'[^']*'|[^\s,;]+""")
_JSON = json.JSONDecoder()


def read_generic(offer: ToolOffer, said: Utterance) -> Reading | None:
    """Give the arguments that *said* states for the tool, or `None` when it does not name the tool."""
    written = _written_call(offer.name, said.text)
    if written is not None:
        return _checked(offer, written, weight=3)
    if not is_named(offer.name, said.text):
        return None
    properties = _properties(offer)
    stated = _pairs(said.text, properties)
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
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python finds odd in prose is nobody's concern
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
    names = [word.arg for word in call.keywords if word.arg is not None]
    if len(set(names)) < len(call.keywords):  # one is given twice, or there is a **
        return None
    try:
        values = [ast.literal_eval(word.value) for word in call.keywords]
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None
    return dict(zip(names, values, strict=True))


def is_named(tool: str, text: str) -> bool:
    """Say whether *text* names the tool, with spaces or hyphens where its name has underscores."""
    spoken = re.escape(tool).replace("_", r"[\s_-]+")
    return re.search(rf"\b{spoken}\b", text, re.IGNORECASE) is not None


def _properties(offer: ToolOffer) -> dict[str, JSON]:
    properties = offer.parameters.get("properties")
    return properties if isinstance(properties, dict) else {}


def _pairs(text: str, properties: Mapping[str, JSON]) -> dict[str, object]:
    """Give what `name=value` states, an unknown name too, so that it is refused and not passed over.

    After a colon only the names of *properties* count: a colon belongs to prose.
    """
    stated: dict[str, object] = {}
    place = 0
    while found := _NAME.search(text, place):
        place = found.end()
        name = found["name"]
        if found["sign"] == "=" or name in properties:
            stated[name], place = _value(text, place, is_text=_wants_text(properties.get(name)))
    return stated


def _value(text: str, start: int, *, is_text: bool) -> tuple[object, int]:
    """Give the value that begins at *start*, and where it ends: JSON in brackets or quotes, or one word."""
    if text[start : start + 1] in {"[", "{", '"'}:
        try:
            return _JSON.raw_decode(text, start)
        except (ValueError, RecursionError):
            pass  # it only begins like JSON
    word = _WORD.match(text, start)
    if word is None:
        return "", start
    return _meant(word[0].rstrip(".?!") or word[0], is_text=is_text), word.end()


def _meant(word: str, *, is_text: bool) -> object:
    if len(word) > 1 and word[0] == word[-1] == "'":
        return word[1:-1]
    try:
        return word if is_text else json.loads(word, parse_constant=str)
    except (ValueError, RecursionError):
        return word


def _wants_text(schema: JSON) -> bool:
    """Say whether the schema of a parameter takes a text and no number."""
    if not isinstance(schema, dict):
        return False
    kinds = schema.get("anyOf")
    if isinstance(kinds, list):
        return all(isinstance(one, dict) and one.get("type") in {"string", "null"} for one in kinds)
    return schema.get("type") == "string"
