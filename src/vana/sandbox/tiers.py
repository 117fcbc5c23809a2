"""Which sandbox serves a security level: never a weaker one than was asked for."""

from __future__ import annotations

from collections.abc import Iterable

from vana.kernel.errors import SandboxUnavailable, UnknownName
from vana.sandbox.sandbox import TIERS, Sandbox


async def select(requested: str, sandboxes: Iterable[Sandbox]) -> Sandbox:
    """Give the weakest of *sandboxes* that is at least as strong as *requested* and proves itself here.

    A stronger one than was asked for may be the answer; its `tier` says so in every outcome.

    Raises:
        UnknownName: *requested* is no level; the error lists the levels, weakest first.
        SandboxUnavailable: none of that strength isolates here; says why of each; the hint is the weakest's.
    """
    if requested not in TIERS:
        kind = "security level"
        raise UnknownName(kind, requested, TIERS)
    enough = TIERS[TIERS.index(requested) :]
    reasons: list[SandboxUnavailable] = []
    for sandbox in sorted(
        (one for one in sandboxes if one.tier in enough), key=lambda one: TIERS.index(one.tier)
    ):
        try:
            await sandbox.prove()
        except SandboxUnavailable as error:
            reasons.append(error)
        else:
            return sandbox
    told = "; ".join(error.message for error in reasons) or f"no sandbox of the level {requested!r} is set up"
    hint = reasons[0].hint if reasons else "ask for a level that this machine has; `vana doctor` shows it"
    raise SandboxUnavailable(told, hint=hint) from (reasons[0] if reasons else None)
