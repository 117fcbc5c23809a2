"""How a target is: what one call tells about it, and what a breaker has made of many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from vana.kernel.errors import ModelRetry, ProgramFailed, RateLimited, Refused, ToolFailed, UsageError

State: TypeAlias = Literal["closed", "open", "half_open", "forced_open", "forced_closed"]
Verdict: TypeAlias = Literal["healthy", "failing"]

_ANSWERS = (ToolFailed, ProgramFailed, ModelRetry)
_NOTHING = (UsageError, Refused, RateLimited)


def verdict(error: BaseException | None) -> Verdict | None:
    """Say what the end of a call tells about the target's health; `None` when it tells nothing.

    A cancelled call, a mistake of the caller and a refusal of our own tell nothing; nor does a target that
    asks for a slower pace: that is for the limit. A tool that answers "I cannot" is well. `Transient` and
    whatever else nobody expected is a failure.
    """
    if error is None or isinstance(error, _ANSWERS):
        return "healthy"
    if not isinstance(error, Exception) or isinstance(error, _NOTHING):
        return None
    return "failing"


@dataclass(frozen=True, slots=True)
class CircuitState:
    """A circuit at one moment, for a router or a page."""

    target: str
    state: State
    since: float
    """Seconds since 1970, UTC."""
    retry_after: float | None
    """Seconds until a call may be admitted, 0.0 when the next one will be a probe; `None` while all are."""
    failure_rate: float
    slow_rate: float
    calls: int
    """Calls of the last seconds, from which the rates are; they are counted only while it is closed."""

    def told(self, before: State) -> dict[str, object]:
        """Give the data of the note that the state has changed, from that *before*."""
        return {
            "kind": "breaker",
            "from": before,
            "to": self.state,
            "retry_after": self.retry_after,
            "failure_rate": round(self.failure_rate, 3),
            "slow_rate": round(self.slow_rate, 3),
            "calls": self.calls,
        }
