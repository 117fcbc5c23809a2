"""An event as it stands in the file: values settled when it is emitted, JSON made when it is written."""

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from vana.kernel.errors import VanaError
from vana.kernel.plain import JSON, plain

Settled: TypeAlias = dict[str, object] | None

ITEM_CHARACTERS = 1 << 20
"""What is kept of one item of content; the rest is cut off, and the item says so."""

_UNCHANGING: frozenset[type] = frozenset({str, int, float, bool, type(None)})
_FOREIGN = (
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
    VanaError,
)
"""What a value's own `as_json`, `model_dump` or `__repr__` may raise: no value costs a fact."""

_encoder = json.JSONEncoder(ensure_ascii=False, allow_nan=False)
_careful = json.JSONEncoder(ensure_ascii=True, allow_nan=False)


def settled(values: Mapping[str, object]) -> Settled:
    """Give a copy of *values* that no later change reaches; `None` when there are none.

    Runs where the event is emitted, so what cannot change is taken over as it is, and only what can change
    is turned into JSON data there.
    """
    if not values:
        return None
    copy = dict(values)
    if not _UNCHANGING.issuperset(map(type, copy.values())):
        for key, value in copy.items():
            copy[key] = _settle(value)
    return copy


def _settle(value: object) -> object:
    try:
        return _copied(value)
    except _FOREIGN as error:
        return _unwritable(error)


def _copied(value: object) -> object:
    """Give the JSON data of *value*. What is JSON data already is copied: `plain` costs ten times that."""
    kind = type(value)
    if kind in _UNCHANGING:
        return value
    if kind is dict:
        items = cast("dict[object, object]", value)  # a dict of unknown parts: each part is copied
        return {key if type(key) is str else str(key): _copied(item) for key, item in items.items()}
    if kind is list or kind is tuple:
        return [_copied(item) for item in cast("Sequence[object]", value)]
    return plain(value)


def characters(values: Settled) -> int:
    """Give how many characters the texts among *values* hold."""
    return sum(len(value) for value in values.values() if isinstance(value, str)) if values else 0


def encoded(value: object) -> str:
    """Give the JSON text of a settled value, fit for SQLite: no NaN, no lone surrogate."""
    try:
        text = _encoder.encode(value)
        if not text.isascii():
            text.encode()
    except UnicodeEncodeError:
        return _careful.encode(value)
    except (TypeError, ValueError, RecursionError):
        return _plainly_encoded(value)
    return text


def _plainly_encoded(value: object) -> str:
    try:
        return _careful.encode(plain(value))
    except _FOREIGN as error:  # such as an integer of more digits than Python writes
        return _careful.encode(_unwritable(error))


def encoded_item(value: object) -> str:
    """Give the JSON text of one item of content, cut to `ITEM_CHARACTERS`."""
    if isinstance(value, str):
        return encoded(value if len(value) <= ITEM_CHARACTERS else _cut(value))
    text = encoded(value)
    return text if len(text) <= ITEM_CHARACTERS else encoded(_cut(text))


def _cut(text: str) -> str:
    return f"{text[:ITEM_CHARACTERS]} … [cut: {len(text) - ITEM_CHARACTERS} more characters were not kept]"


def storable(text: str) -> str:
    """Give *text* with its lone surrogates spelled out, for SQLite refuses them."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def decoded(text: str) -> JSON:
    """Give the value of a JSON text."""
    value: JSON = json.loads(text)
    return value


def decoded_object(text: str | None) -> dict[str, JSON]:
    """Give the value of a JSON text that holds an object; an empty one for `None`."""
    value = None if text is None else decoded(text)
    return value if isinstance(value, dict) else {}


def _unwritable(error: Exception) -> str:
    return f"[no JSON form: {type(error).__name__}]"
