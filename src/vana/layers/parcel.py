"""A value as it is kept: nobody who was given it can change what the next one gets."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from vana.kernel.errors import UsageError

Opener: TypeAlias = Callable[[object], object]

_SCALARS = frozenset({type(None), bool, int, float, complex, str, bytes})
_LOOKED_AT = 1000
_UNPICKLABLE = (
    pickle.PicklingError,
    TypeError,
    AttributeError,
    ValueError,
    RecursionError,
    NotImplementedError,
)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is kept of a value, how each caller gets his own of it, and about how many bytes it takes."""

    content: object
    opener: Opener | None
    """Makes a value out of the content; `None` where the content is the value, which nobody can change."""
    size_bytes: int

    def opened(self) -> object:
        """Give a value that shares nothing that could be changed with any other."""
        return self.content if self.opener is None else self.opener(self.content)


def packed(value: object, what: str, *, frozen: bool = False) -> Parcel:
    """Give *value* so that it stays as it is.

    Strings, numbers, and tuples of these pass through. All else is pickled, which copies at the speed of C
    and tells the size; what cannot be pickled is copied by `copy.deepcopy`. With *frozen* nothing is copied.

    Raises:
        UsageError: it cannot be copied either; the message names *what* it is the result of.
    """
    if frozen or is_immutable(value):
        return Parcel(value, None, size_of(value))
    try:
        content = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        unpickled(content)  # a class may go in and not come out
    except _UNPICKLABLE:
        return Parcel(_copied(value, what), copy.deepcopy, size_of(value))
    return Parcel(content, unpickled, sys.getsizeof(content))


unpickled: Final = cast("Opener", pickle.loads)
"""Reads what `packed` wrote in this process; no byte of it comes from elsewhere."""


def is_immutable(value: object) -> bool:
    """Tell whether *value* is made of nothing that could be changed; when in doubt, it is not."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is tuple or kind is frozenset:
        parts = cast("Collection[object]", value)  # its exact type was just looked at
        return len(parts) <= _LOOKED_AT and all(type(part) in _SCALARS for part in parts)
    return False


def size_of(value: object) -> int:
    """Estimate the bytes that *value* takes.

    Exact for strings, bytes and numbers; containers and dataclasses are added up part by part, of which the
    first 1,000 are looked at and the others taken to be like them. What else an object refers to is not
    counted.
    """
    total, seen, ahead = 0, 0, [value]
    while ahead and seen < _LOOKED_AT:
        part = ahead.pop()
        seen += 1
        total += sys.getsizeof(part)
        ahead.extend(_parts(part))
    return total + len(ahead) * (total // max(seen, 1))


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value)  # a Mapping of unknown parts: each is looked at
        return (*items.keys(), *items.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return cast("Iterable[object]", value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    return ()


def _copied(value: object, what: str) -> object:
    try:
        return copy.deepcopy(value)
    except (TypeError, copy.Error, RecursionError) as error:
        message = f"the result of {what} cannot be cached: {error}"
        raise UsageError(message, hint="give out data, or leave the cache away") from error
