"""Programs that fail, what they printed when they did, and what is to be read from it: `failures.jsonl`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

from vana.sandbox.sandbox import Isolation, OutcomeStatus, ResourceUse
from vana.specialists.code_execution.outcome import Execution

HELPERS = {"helper.py": b"def go():\n    pass\n    return [][1]\n", "helper.js": b"\n\nnull.y\n"}
"""Modules that some of the programs import; they fail on a line of their own."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One program, and what is to be said of it."""

    language: str
    code: str
    stderr: str
    exit_code: int
    error_type: str | None
    message: str | None
    line: int | None
    cause: str


@cache
def failures() -> tuple[Failure, ...]:
    """Give all of them."""
    lines = Path(__file__).with_name("failures.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(map(_failure, lines))


def ended(stderr: str, *, status: OutcomeStatus = "error", exit_code: int | None = 1) -> Execution:
    """Give the value of a program that printed *stderr* and nothing else."""
    return Execution("", stderr, exit_code, status, Isolation("high"), 0, (), ResourceUse())


def _failure(line: str) -> Failure:
    raw = cast("dict[str, object]", json.loads(line))  # our own file
    expected = cast("dict[str, object]", raw.pop("expected"))
    return Failure(**{**raw, **expected})  # pyright: ignore[reportArgumentType] - the fields, by name
