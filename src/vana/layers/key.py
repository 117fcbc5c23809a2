"""What makes two calls the same call: their arguments as one canonical text."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, Flag
from functools import partial
from json.encoder import encode_basestring as _string
from pathlib import PurePath
from typing import Protocol, cast, runtime_checkable
from uuid import UUID

from vana.kernel.call import Call
from vana.kernel.errors import UsageError


@runtime_checkable
class _Dumps(Protocol):
    """A pydantic model, told by its shape."""

    def model_dump(self, *, mode: str) -> object: ...


def canonical(value: object) -> str:
    """Give JSON text that is the same for equal values of equal types, and different for all others.

    `1`, `1.0`, `True` and `"1"` are four values; neither the order of a mapping or a set plays a part,
    nor the type of a mapping. A `Call` is known by target, arguments, tenant and session: not by its
    deadline, attempt or parent.

    Raises:
        UsageError: some part is not data (a connection, a function, NaN), so that nobody can say whether it
            is equal to another.
    """
    try:
        return _text(value)
    except ValueError as error:
        message = f"a call with {value!r} cannot be told from others: {error}"
        raise UsageError(
            message, hint="NaN and infinity are equal to nothing; give the cache a key="
        ) from error
    except RecursionError as error:
        message = "a call cannot be told from others: an argument is nested too deeply or contains itself"
        raise UsageError(message, hint="give the cache a key=") from error


def _text(value: object) -> str:
    """Give *value* as JSON in which every container and every special type bears its name."""
    return _writer(type(value), _other)(value)


def _other(value: object) -> str:
    """Give the text of what is of no type with a writer of its own."""
    kind = _string(_name(type(value)))
    if isinstance(value, (list, tuple)):
        return _listed(kind, map(_text, cast("Iterable[object]", value)))  # a list of unknown parts
    if isinstance(value, Mapping):
        return _mapping(cast("Mapping[object, object]", value))  # likewise
    if isinstance(value, (set, frozenset)):
        return _listed(kind, sorted(map(_text, cast("Iterable[object]", value))))  # likewise
    if isinstance(value, Call):
        known = (value.target, value.arguments, value.tenant, value.session)
        return _listed('"call"', map(_text, known))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return _listed(
            kind, (f"[{_string(field.name)},{_text(getattr(value, field.name))}]" for field in fields)
        )
    return _listed(kind, [_scalar(value)])


def _listed(kind: str, parts: Iterable[str]) -> str:
    return f"[{','.join((kind, *parts))}]"


def _mapping(value: Mapping[object, object]) -> str:
    # A loop here and below: a comprehension has a frame of its own, and half the depth would be left.
    other, writer, pairs = _other, _writer, list[str]()
    for key, item in value.items():
        pairs.append(f"[{writer(type(key), other)(key)},{writer(type(item), other)(item)}]")
    pairs.sort()
    return _listed('"map"', pairs)


def _sequence(kind: str, value: Iterable[object]) -> str:
    other, writer, parts = _other, _writer, [kind]
    for part in value:
        parts.append(writer(type(part), other)(part))  # noqa: PERF401 - see _mapping
    return f"[{','.join(parts)}]"


def _float(value: float) -> str:
    if not math.isfinite(value):
        message = f"{value} is no finite number"
        raise ValueError(message)
    return float.__repr__(value)


_WRITERS: dict[type, object] = {
    str: _string,
    int: int.__repr__,
    bool: {False: "false", True: "true"}.__getitem__,
    float: _float,
    type(None): {None: "null"}.__getitem__,
    list: partial(_sequence, '"list"'),
    tuple: partial(_sequence, '"tuple"'),
    dict: _mapping,
}
# Each is asked only for values of exactly its type. Every loop over parts asks here itself and not through
# `_text`: these calls are most of what a hit costs.
_writer = cast("Callable[[type, Callable[[object], str]], Callable[[object], str]]", _WRITERS.get)


def _scalar(value: object) -> str:
    if isinstance(value, (bytes, bytearray)):
        return _string(value.hex())
    if isinstance(value, Flag):  # those outside the declared ones have no name
        return int.__repr__(value.value)
    if isinstance(value, Enum):
        return _string(value.name)
    if isinstance(value, (datetime, date, time)):
        return _string(value.isoformat())
    if isinstance(value, (PurePath, UUID, Decimal, timedelta)):
        return _string(str(value))
    if isinstance(value, str):  # a subclass, as the next two: its type is told by the name before it
        return _string(value)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, _Dumps):
        return _text(value.model_dump(mode="json"))
    message = f"a call with a {type(value).__qualname__} cannot be told from others: it is not data"
    raise UsageError(
        message, hint="pass data, or give the cache a key= that names what the result depends on"
    )


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
