"""`vana doctor`: each part tested by using it, with its time, and how to mend what is broken."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from vana.entry.cli.checks import BROKEN, MISSING, OK, Finding, all_checks
from vana.entry.cli.drawing import console, sign, style_of, text
from vana.entry.cli.exit import ANSWERED, FAILED
from vana.entry.render import duration
from vana.kernel.answer import Failure
from vana.kernel.plain import JSON

if TYPE_CHECKING:
    from vana.entry.cli.checks import Check
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Doctor

SCHEMA = "vana.doctor/1"
NAME_CELLS, TIME_CELLS = 27, 8


async def run(_options: Doctor, face: Face) -> int:
    """Run every check, print each when it is done, and give 1 when something is broken."""
    findings: list[tuple[Finding, float]] = []
    async with face.in_time("the examination"), all_checks(face) as checks:
        started = time.perf_counter()
        async for finding in _examined(checks):
            ms = (time.perf_counter() - started) * 1000
            findings.append((finding, ms))
            if not face.is_machine:
                _draw(finding, ms)
            started = time.perf_counter()
    is_well = all(finding.status != BROKEN for finding, _ in findings)
    code = ANSWERED if is_well else FAILED
    return face.show(_as_json(findings, is_well=is_well), lambda: _conclude(findings), code=code)


async def _examined(checks: Sequence[Check]) -> AsyncIterator[Finding]:
    """Give what each check finds. One that fails in a way nobody thought of is a finding too."""
    for check in checks:
        try:
            async for finding in check.examine():
                yield finding
        except Exception as error:  # noqa: BLE001 - whatever breaks is what the doctor is asked for
            failure = Failure.of(error)
            yield Finding(check.name, BROKEN, failure.message, failure.hint)


def _as_json(findings: list[tuple[Finding, float]], *, is_well: bool) -> dict[str, JSON]:
    checks: list[JSON] = [
        {
            "name": finding.name,
            "status": finding.status,
            "ms": round(ms, 3),
            "detail": finding.detail,
            "fix": finding.fix,
        }
        for finding, ms in findings
    ]
    return {"schema": SCHEMA, "ok": is_well, "checks": checks}


def _draw(finding: Finding, ms: float) -> None:
    style = style_of(finding.status)
    line = Table.grid(padding=(0, 1))
    line.add_column(width=NAME_CELLS, no_wrap=True)
    line.add_column(width=TIME_CELLS, justify="right", no_wrap=True)
    line.add_column()
    told = text(finding.detail)
    if finding.fix:
        told.append_text(text(f"\nfix: {finding.fix}", "cyan"))
    line.add_row(text(f"{sign(finding.status)} {finding.name}", style), text(duration(ms), "dim"), told)
    console().print(line)
    sys.stdout.flush()


def _conclude(findings: list[tuple[Finding, float]]) -> None:
    count = {
        status: sum(finding.status == status for finding, _ in findings) for status in (OK, MISSING, BROKEN)
    }
    told = ", ".join(f"{number} {status}" for status, number in count.items() if number)
    console().print(text(told, "red" if count[BROKEN] else "green"))
