"""The one door for parts: entry points, loaded on first use. Built-ins come through it as well.

A group is an entry-point group with the type that its members have, so that what `load` gives is typed.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Generic, TypeVar, cast

from vana.kernel.errors import ConfigError, UnknownName
from vana.layers.loader import Loader

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")

DISTRIBUTION = "vana-agents"


@dataclass(frozen=True)  # no slots: on 3.11 they break `Group[X](…)`
class Group(Generic[T]):
    """One entry-point group: `Group[Specialist]("vana.specialists", "specialist")`."""

    entry: str
    noun: str
    _loader: Loader[str, T] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Load nothing yet."""
        object.__setattr__(self, "_loader", Loader(self._import, noun=self.noun))  # the way into a frozen one

    def names(self) -> tuple[str, ...]:
        """Give the names installed, sorted. Nothing is imported."""
        return tuple(sorted(_installed(self.entry)))

    def origin(self, name: str) -> str:
        """Give the distribution that brings *name*, `built in`, or `unknown` where no metadata says."""
        points = _installed(self.entry).get(name, ())
        package = " and ".join(sorted(map(_package, points))) or "unknown"
        return "built in" if package == DISTRIBUTION else package

    def load(self, name: str) -> T:
        """Import the member called *name* once, however many threads ask, and give it.

        Raises:
            UnknownName: none of that name is installed; the error lists those that are.
            ConfigError: it is installed and cannot be imported, or two distributions bring it.
            UsageError: members load each other in a circle; the message shows the way round.
        """
        return self._loader.get(name)

    def _import(self, name: str) -> T:
        points = _installed(self.entry).get(name)
        if points is None:
            raise UnknownName(self.noun, name, self.names())
        point, *others = points
        if others:
            message = f"the {self.noun} {name!r} comes with {' and '.join(sorted(map(_package, points)))}"
            raise ConfigError(message, hint="uninstall one of them")
        try:
            return cast("T", point.load())  # an entry point is untyped; each group has a contract suite
        except (ImportError, AttributeError, SyntaxError) as error:
            message = f"the {self.noun} {name!r} of {_package(point)} cannot be imported: {error}"
            raise ConfigError(message) from error


@cache
def _installed(entry: str) -> dict[str, tuple[EntryPoint, ...]]:
    """Give the entry points by name: one each, unless two distributions bring the same name."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - 10 ms that `vana --help` does not owe

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=entry):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


def _package(point: EntryPoint) -> str:
    return point.dist.name if point.dist is not None else "an unknown package"


def resolve(place: str) -> object:
    """Import and give what *place* names, as `package.module:attribute`.

    Raises:
        ConfigError: it is not written like that, or is not there.
    """
    module, _, attribute = place.partition(":")
    try:
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        message = f"{place!r} cannot be imported: {error}"
        raise ConfigError(message, hint="write it as package.module:attribute") from error
