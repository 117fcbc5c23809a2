"""Values as plain JSON data, without a schema library."""

from __future__ import annotations

import base64
import dataclasses
import json
import math
import reprlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from pathlib import PurePath
from typing import Protocol, TypeAlias, cast, runtime_checkable

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

_MAX_DEPTH = 64


@runtime_checkable
class HasPlain(Protocol):
    """A value that knows its own JSON form."""

    def as_json(self) -> dict[str, JSON]:
        """Give the JSON form."""
        ...


@runtime_checkable
class HasText(Protocol):
    """A value that knows how it reads to a person and to a model."""

    def as_text(self) -> str:
        """Give the text form."""
        ...


@runtime_checkable
class _Dumps(Protocol):
    """A pydantic model, told by its shape so that the kernel needs no pydantic."""

    def model_dump(self, *, mode: str) -> object: ...


def plain(value: object) -> JSON:
    """Give *value* as JSON data: dataclasses as objects, bytes as base64, NaN and infinity as null.

    What has no JSON form is given as its `repr`, and what is nested deeper than 64 levels (or contains
    itself) in short, so that a trace never fails because of a value.
    """
    return _plain(value, _MAX_DEPTH)


def _plain(value: object, depth: int) -> JSON:
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, HasPlain) and not isinstance(value, type):
        return value.as_json()
    return _compound(value, depth - 1) if depth else reprlib.repr(value)


def readable(value: object) -> str:
    """Give *value* as text: a string as it is, a value that has a text form in it, all else as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, HasText):
        return value.as_text()
    return json.dumps(plain(value), ensure_ascii=False)


def _compound(value: object, depth: int) -> JSON:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name), depth) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)  # a Mapping of unknown parts: each part is converted
        return {str(key): _plain(item, depth) for key, item in items.items()}
    if isinstance(value, Enum):
        return _plain(value.value, depth)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, memoryview):
        return base64.b64encode(value.tobytes()).decode("ascii")
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, _Dumps) and not isinstance(value, type):
        return _plain(value.model_dump(mode="json"), depth)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth) for item in cast("Iterable[object]", value)]
    return repr(value)
