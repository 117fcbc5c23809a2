"""What the command's exit status says, in one place.

The first that fits counts: 130 cancelled, 2 usage, 4 waits for a person, 1 failed or refused, 5 abstained,
3 answered but degraded (under `--strict` only), 0 answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vana.kernel.errors import UsageError, VanaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vana.kernel.answer import Answer, Status

ANSWERED, FAILED, USAGE, DEGRADED, WAITS, ABSTAINED, CANCELLED = 0, 1, 2, 3, 4, 5, 130

PRECEDENCE: tuple[int, ...] = (CANCELLED, USAGE, WAITS, FAILED, ABSTAINED, DEGRADED, ANSWERED)
"""Exit codes, the one that wins over all others first."""


def _family(error: type[VanaError]) -> set[type[VanaError]]:
    return {error}.union(*(_family(child) for child in error.__subclasses__()))


USAGE_CODES: frozenset[str] = frozenset(error.default_code for error in _family(UsageError))
"""Codes of an answer's `error` that mean: your words, your code or your settings are the cause."""

_BY_STATUS: dict[Status, int] = {
    "cancelled": CANCELLED,
    "needs_approval": WAITS,
    "needs_input": WAITS,
    "failed": FAILED,
    "abstained": ABSTAINED,
    "answered": ANSWERED,
}


def exit_code(
    status: Status, *, error_code: str | None = None, degraded: bool = False, strict: bool = False
) -> int:
    """Give the exit code of a run that ended as *status* with *error_code*."""
    fits = {_BY_STATUS[status]}
    if error_code in USAGE_CODES:
        fits.add(USAGE)
    if degraded and strict:
        fits.add(DEGRADED)
    return worst(fits)


def exit_code_of_answer(answer: Answer[object], *, strict: bool) -> int:
    """Give the exit code of *answer*."""
    code = answer.error.code if answer.error else None
    return exit_code(answer.status, error_code=code, degraded=bool(answer.degraded), strict=strict)


def exit_code_of_error(error: BaseException) -> int:
    """Give the exit code of an error that never became an answer."""
    return USAGE if isinstance(error, UsageError) else FAILED


def worst(codes: Iterable[int]) -> int:
    """Give the one of several exit codes that counts; 0 when there is none."""
    found = set(codes)
    return next((code for code in PRECEDENCE if code in found), ANSWERED)
