"""Results kept for a while, and one call for all who ask at the same time."""

from __future__ import annotations

import hashlib
import inspect
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from functools import partial, wraps
from inspect import Parameter
from typing import ParamSpec, Protocol, TypeVar, cast

from vana.kernel.clock import SYSTEM_CLOCK, Clock
from vana.kernel.errors import ConfigError
from vana.kernel.run import LOCAL_TENANT, Evidence, current_span
from vana.layers.cache_group import CacheGroup
from vana.layers.keeper import Ask, Keeper, Terms
from vana.layers.key import canonical
from vana.layers.recipe import written
from vana.layers.shelf import Place, Shelf

P = ParamSpec("P")
R = TypeVar("R")

_KEY_BYTES = 16
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Cache:
    """Keep results for *ttl* seconds, less up to a tenth at random, so that not all are over at once.

    Put it only around reads. Two calls are the same when tenant, target, *version* and arguments are: see
    `vana.layers.key.canonical`. *key*, called with the arguments, gives what the result depends on instead
    of them; the tenant and the target always count. Change *version* when results come to mean something
    else: a new model, another prompt.

    Callers who ask while a call is under way share it: it goes on when the one who started it is cancelled,
    and ends when nobody waits for it any more. All who wait share its error too. An error is kept only if it
    is one of *errors*, for *negative* seconds.

    At most *max_entries* are kept, and at most *max_bytes* by the estimate of `vana.layers.parcel.size_of`;
    the one unused longest leaves first. Every caller gets a copy of its own, unless the value is immutable,
    or *frozen* says that nobody changes any; and with it what was degraded, cited and made for the first.

    With a *group* a result is given out for *stale* seconds more, while one call in the background refreshes
    it. When the target cannot be reached (its breaker is open, or a `Transient` error), what is over for up
    to *stale_if_error* seconds is given out, and the answer says so. *tags*, called with the arguments, gives
    the names under which `CacheGroup.invalidate` finds the result.

    The state belongs to one event loop. The windows are those of RFC 5861.

    Raises:
        ConfigError: *ttl* is not positive, a bound is below 1, or another time is negative.
    """

    ttl: float = 300.0
    max_entries: int = 10_000
    max_bytes: int = 64 * _MIB
    stale: float = 60.0
    stale_if_error: float = 3600.0
    negative: float = 2.0
    errors: tuple[type[Exception], ...] = ()
    key: Callable[..., object] | None = None
    tags: Callable[..., Iterable[str]] | None = None
    version: str = ""
    frozen: bool = False
    group: CacheGroup | None = field(default=None, repr=False)
    clock: Clock = field(default=SYSTEM_CLOCK, repr=False)
    rng: Callable[[], float] = field(default=random.random, repr=False)
    """Gives a number in [0, 1)."""

    def __post_init__(self) -> None:
        """Refuse a cache that keeps nothing."""
        times = (self.stale, self.stale_if_error, self.negative)
        if not self.ttl > 0 or min(self.max_entries, self.max_bytes) < 1 or not min(times) >= 0:
            message = f"no cache can work as {self!r}"
            raise ConfigError(message, hint="ttl > 0, max_entries and max_bytes >= 1, the other times >= 0")

    def __repr__(self) -> str:
        """Read as written."""
        return written(self)

    def wrap(self, service: Callable[P, Awaitable[R]], target: str) -> Callable[P, Awaitable[R]]:
        """Give *service* behind a cache of its own.

        It raises `UsageError` when an argument has no key, a result cannot be copied or a call waits for
        itself, `DeadlineExceeded` when the run's time is used up while waiting, and otherwise what *service*
        raises.
        """
        keeper = Keeper[R](self._terms(target), self._shelf())
        entries, monotonic = keeper.shelf.entries, self.clock.monotonic
        # Said once, here, that this shelf holds results of this service: a cast on the way costs 40 ns.
        find = cast("Callable[[object], _Kept[R] | None]", entries.get)
        touch = cast("Callable[[object], None]", entries.move_to_end)
        key, tags = self.key or _bound(service), self.tags

        def digest(tenant: str, name: object) -> bytes:
            text = canonical((tenant, target, self.version, name))
            return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()

        @wraps(service)
        async def cached(*args: P.args, **kwargs: P.kwargs) -> R:
            span = current_span()
            tenant = LOCAL_TENANT if span is None else span.run.tenant
            name = key(*args, **kwargs) if kwargs else key(*args)  # to hand on an empty mapping takes time
            kind = type(name)
            # A plain text or number is its own key. Equal ones of other types (1.0, True) are others.
            if kind is str or kind is int:
                place = name if tenant == LOCAL_TENANT else (tenant, name)
            else:
                place = digest(tenant, name)
            entry = find(place)
            if entry is None or monotonic() >= entry.until:
                borne = tuple(tags(*args, **kwargs)) if tags is not None else ()
                call = partial(service, *args, **kwargs)
                where = cast("Place", place)  # one of the three it was just made
                return await keeper.give(Ask(where, partial(digest, tenant, name), call, borne, span))
            touch(place)
            if span is not None and entry.evidence is not None:
                span.add_evidence(entry.evidence)
            opener = entry.opener
            return entry.content if opener is None else opener(entry.content)

        return cached

    def _terms(self, target: str) -> Terms:
        return Terms(
            target=target,
            ttl=self.ttl,
            stale=self.stale,
            stale_if_error=self.stale_if_error,
            negative=self.negative,
            errors=self.errors,
            is_frozen=self.frozen,
            group=self.group,
            clock=self.clock,
            rng=self.rng,
        )

    def _shelf(self) -> Shelf:
        longest = max(self.stale if self.group is not None else 0.0, self.stale_if_error)
        return Shelf(max_entries=self.max_entries, max_bytes=self.max_bytes, keep=longest)


class _Kept(Protocol[R]):
    """A `vana.layers.shelf.Entry` of a result, while it is fresh."""

    content: R
    opener: Callable[[object], R] | None
    until: float
    evidence: Evidence | None


def _bound(service: Callable[P, Awaitable[R]]) -> Callable[..., object]:
    """Give what turns arguments into that by which a call is known: every spelling of a call is the same.

    As `inspect.Signature.bind` does, which takes ten times as long and is asked where a call is out of the
    ordinary.
    """
    signature = inspect.signature(service)
    parameters = tuple(signature.parameters.values())
    plain = {Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY}
    if not all(parameter.kind in plain for parameter in parameters):
        return lambda *args, **kwargs: _bind(signature, *args, **kwargs)
    most = sum(parameter.kind is Parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)
    rests = [_rest(parameters[given:]) for given in range(most + 1)]

    def bound(*args: object, **kwargs: object) -> object:
        if len(args) <= most:
            defaults, required = rests[len(args)]
            values = defaults | kwargs  # in the order of the defaults, which is that of the parameters
            if len(values) == len(defaults) and kwargs.keys() >= required:
                return (*args, *values.values())
        return _bind(signature, *args, **kwargs)

    return bound


def _rest(parameters: Iterable[Parameter]) -> tuple[dict[str, object], frozenset[str]]:
    """Give the defaults of *parameters*, and the names of those that have none."""
    defaults = {parameter.name: cast("object", parameter.default) for parameter in parameters}
    return defaults, frozenset(name for name, default in defaults.items() if default is Parameter.empty)


def _bind(signature: inspect.Signature, *args: object, **kwargs: object) -> object:
    """Give the arguments in the order of *signature*.

    Raises:
        TypeError: they do not fit it.
    """
    arguments = signature.bind(*args, **kwargs)
    arguments.apply_defaults()
    return tuple(arguments.arguments.values())
