"""How a recipe reads: as one would write it, without what was left at its default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def written(recipe: DataclassInstance) -> str:
    """Give *recipe* as one would write it: `Retry(attempts=5)`, `Limit(8, 16)`.

    Fields marked `repr=False` (clocks, sources of chance, sinks) are parts, not settings, and left out.
    """
    shown: list[str] = []
    for field in fields(recipe):
        value = getattr(recipe, field.name)
        if not field.repr or value == field.default:
            continue
        required = field.default is MISSING and field.default_factory is MISSING
        shown.append(_short(value) if required else f"{field.name}={_short(value)}")
    return f"{type(recipe).__name__}({', '.join(shown)})"


def name_of(service: Callable[..., object]) -> str:
    """Give the name of an async function, or the type's where an object is called."""
    return getattr(service, "__qualname__", type(service).__qualname__)


def _short(value: object) -> str:
    return name_of(value) if callable(value) and not is_dataclass(value) else repr(value)
