"""What makes two calls the same call: their arguments as one canonical text."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Protocol, cast, runtime_checkable
from uuid import UUID

from vana.kernel.call import Call
from vana.kernel.errors import UsageError
from vana.kernel.plain import JSON


@runtime_checkable
class _Dumps(Protocol):
    """A pydantic model, told by its shape."""

    def model_dump(self, *, mode: str) -> object: ...


def canonical(value: object) -> str:
    """Give JSON text that is the same for equal values of equal types, and different for all others.

    `1`, `1.0`, `True` and `"1"` are four values; the order of a mapping or a set plays no part. A `Call` is
    known by target, arguments, tenant and session: not by its deadline, attempt or parent.

    Raises:
        UsageError: some part is not data (a connection, a function, NaN), so that nobody can say whether it
            is equal to another.
    """
    try:
        return json.dumps(_tagged(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError as error:
        message = f"a call with {value!r} cannot be told from others: {error}"
        raise UsageError(
            message, hint="NaN and infinity are equal to nothing; give the cache a key="
        ) from error
    except RecursionError as error:
        message = "a call cannot be told from others: an argument is nested too deeply or contains itself"
        raise UsageError(message, hint="give the cache a key=") from error


def _tagged(value: object) -> JSON:
    """Give *value* as JSON in which every container and every special type bears its name."""
    kind = type(value)
    if value is None or kind in {bool, int, float, str}:
        return cast("JSON", value)  # its exact type was just looked at
    if isinstance(value, (list, tuple)):
        return [_name(kind), *map(_tagged, cast("Iterable[object]", value))]
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return ["map", *_sorted([_tagged(key), _tagged(item)] for key, item in items)]
    if isinstance(value, (set, frozenset)):
        return ["set", *_sorted(map(_tagged, cast("Iterable[object]", value)))]
    if isinstance(value, Call):
        return ["call", value.target, _tagged(value.arguments), value.tenant, value.session]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return [_name(kind), *([field.name, _tagged(getattr(value, field.name))] for field in fields)]
    return [_name(kind), _scalar(value)]


def _scalar(value: object) -> JSON:
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, (PurePath, UUID, Decimal, timedelta)):
        return str(value)
    if isinstance(value, (int, float, str)):
        return value  # a subclass: its type is told by the tag
    if isinstance(value, _Dumps):
        return _tagged(value.model_dump(mode="json"))
    message = f"a call with a {type(value).__qualname__} cannot be told from others: it is not data"
    raise UsageError(
        message, hint="pass data, or give the cache a key= that names what the result depends on"
    )


def _sorted(parts: Iterable[JSON]) -> list[JSON]:
    return sorted(parts, key=lambda part: json.dumps(part, allow_nan=False))


def _name(kind: type) -> str:
    return kind.__name__ if kind in {list, tuple} else f"{kind.__module__}.{kind.__qualname__}"
