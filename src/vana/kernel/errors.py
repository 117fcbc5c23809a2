"""Every error VANA raises, as one tree. A caller catches the branch, never a message.

VanaError                      anything VANA raises on purpose
├── UsageError                 your code, your words or your settings; never retried
│   ├── ConfigError            a setting is unknown or has no allowed value
│   ├── InputError             what was given cannot be used (empty, too large, binary, missing)
│   ├── ArgumentsInvalid       the arguments of a tool do not fit its schema
│   └── UnknownName            nothing of that name is installed; carries what is
├── Transient                  may succeed when tried again; may carry `retry_after`
│   ├── Unavailable            the other side could not be reached or said "not now"
│   ├── RateLimited            the other side asked for a slower pace
│   └── AttemptTimeout         one attempt took longer than it may
├── Refused                    VANA itself said no, and nothing was run
│   ├── CircuitOpen            the breaker of a target is open
│   ├── DeadlineExceeded       the time of the run is used up
│   ├── AtLimit                too many calls are running or waiting
│   ├── OverBudget             the work has used what it may
│   ├── SandboxUnavailable     nothing here can isolate code
│   └── NeedsApproval          a person must allow it first
└── Failed                     it ran and the outcome is final
    ├── ToolFailed             a tool says that it cannot do it
    ├── Crashed                it raised what nobody planned for: a bug; the cause is that exception
    ├── ProgramFailed          a program in the sandbox ended badly; carries its outcome
    ├── ModelFailed            a model's answer cannot be used
    ├── StoreFailed            data could not be written or read; nothing was half written
    └── AllFailed              every rung of a fallback chain failed; carries each cause

`ModelRetry` stands outside: a tool raises it to tell the model what to change, and it never leaves
the agent loop. Cancellation is `asyncio.CancelledError` and always travels on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class VanaError(Exception):
    """Say what went wrong, where, and what to do next.

    `code` is stable and part of the wire; `hint` is the next step, for a person.
    """

    default_code: ClassVar[str] = "error"

    def __init__(self, message: str, *, hint: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.default_code


class UsageError(VanaError):
    """Your code, your words or your settings are the cause; trying again changes nothing."""

    default_code = "usage"


class ConfigError(UsageError):
    """A setting is unknown or has a value it may not have."""

    default_code = "config_invalid"


class InputError(UsageError):
    """What was given cannot be used: empty, too large, binary, or not there."""

    default_code = "input_invalid"


class ArgumentsInvalid(UsageError):
    """The arguments of a tool do not fit its schema."""

    default_code = "arguments_invalid"


class UnknownName(UsageError):
    """Nothing of that name is there; `known` lists what is, under the word *listed*."""

    default_code = "unknown_name"

    def __init__(
        self,
        kind: str,
        name: str,
        known: Iterable[str],
        *,
        listed: str = "installed",
        hint: str | None = None,
        code: str | None = None,
    ) -> None:
        self.kind, self.name, self.known = kind, name, tuple(sorted(known))
        names = ", ".join(self.known) or "none"
        super().__init__(f"no {kind} named {name!r}; {listed}: {names}", hint=hint, code=code)


class Transient(VanaError):
    """May succeed when tried again, after `retry_after` seconds where the other side said so."""

    default_code = "transient"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.retry_after = retry_after


class Unavailable(Transient):
    """The other side could not be reached, or said that it cannot serve now."""

    default_code = "unavailable"


class RateLimited(Transient):
    """The other side asked for a slower pace."""

    default_code = "rate_limited"


class AttemptTimeout(Transient):
    """One attempt took longer than it may; the run may still have time for another."""

    default_code = "timed_out"


class Refused(VanaError):
    """VANA said no before anything ran."""

    default_code = "refused"


class CircuitOpen(Refused):
    """The breaker of `target` is open; it may let a probe through after `retry_after` seconds."""

    default_code = "circuit_open"

    def __init__(self, target: str, *, retry_after: float | None = None) -> None:
        self.target, self.retry_after = target, retry_after
        wait = f"; it is tried again in {retry_after:.1f} s" if retry_after is not None else ""
        super().__init__(f"{target} failed too often and is not called now{wait}")


class DeadlineExceeded(Refused):
    """The time of the run is used up."""

    default_code = "deadline_exceeded"


class AtLimit(Refused):
    """Too many calls of this target are running or waiting."""

    default_code = "at_limit"


class OverBudget(Refused):
    """The work has used what it may of *what*: `used` of `limit`."""

    default_code = "over_budget"

    def __init__(self, what: str, *, used: float, limit: float) -> None:
        self.what, self.used, self.limit = what, used, limit
        message = f"the budget allows {limit:g} {what}, and {used:g} are used"
        super().__init__(message, hint="give the work a larger budget, or ask for less at once")


class SandboxUnavailable(Refused):
    """Nothing on this machine can isolate code, so no code was run."""

    default_code = "sandbox_unavailable"


class NeedsApproval(Refused):
    """A person must allow this call first; nothing was run."""

    default_code = "needs_approval"


class Failed(VanaError):
    """It ran and the outcome is final; `value` holds what came out all the same, if anything did."""

    default_code = "failed"

    def __init__(
        self, message: str, *, hint: str | None = None, code: str | None = None, value: object = None
    ) -> None:
        super().__init__(message, hint=hint, code=code)
        self.value = value


class ToolFailed(Failed):
    """A tool says that it cannot do this, and that asking again will not help."""

    default_code = "tool_failed"


class Crashed(Failed):
    """A call raised what nobody planned for: a bug in a tool, a model or a specialist; see `__cause__`."""

    default_code = "crashed"


class ProgramFailed(Failed):
    """A program in the sandbox ended badly; `value` is its outcome."""

    default_code = "program_failed"


class ModelFailed(Failed):
    """A model's answer cannot be used."""

    default_code = "model_failed"


class StoreFailed(Failed):
    """Data could not be written or read; nothing was half written."""

    default_code = "store_failed"


class AllFailed(Failed):
    """Every rung of a fallback chain failed; `causes` holds one error a rung, in order."""

    default_code = "all_failed"

    def __init__(self, target: str, causes: Sequence[Exception]) -> None:
        self.target, self.causes = target, tuple(causes)
        told = "; ".join(f"{type(cause).__name__}: {cause}" for cause in self.causes)
        super().__init__(f"every way to call {target} failed: {told}")


class ModelRetry(Exception):
    """Tell the model what to change, from inside a tool; the loop sends it back as the tool's result."""
