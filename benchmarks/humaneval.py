"""Run the 164 canonical solutions of HumanEval with their tests through the sandbox.

    python -m benchmarks.humaneval --data HumanEval.jsonl.gz [--workers N] --json

A problem passes when its program (prompt, canonical solution, tests, call of the check) ends with `ok`.
Source of the data and of this composition: github.com/openai/human-eval, `execution.py`.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict, cast

from vana.plugins import Group
from vana.sandbox.sandbox import Limits, Outcome, Program, Sandbox
from vana.sandbox.tiers import DEFAULT_LEVEL, select

_EVERY = 20


class Problem(TypedDict):
    """One line of the data."""

    task_id: str
    prompt: str
    canonical_solution: str
    test: str
    entry_point: str


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one problem, and how long the caller waited for it."""

    task_id: str
    outcome: Outcome
    wall_ms: float


def read(path: Path) -> list[Problem]:
    """Give the problems of a JSONL file, packed with gzip or not."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8")
    # in its published form; a line of another one fails at the key that is missing
    return [cast("Problem", json.loads(line)) for line in text.splitlines() if line.strip()]


def compose(problem: Problem) -> str:
    """Give the program that tests a problem's canonical solution."""
    solution = problem["prompt"] + problem["canonical_solution"]
    return f"{solution}\n{problem['test']}\ncheck({problem['entry_point']})\n"


async def run(sandbox: Sandbox, problems: list[Problem], workers: int) -> list[Tried]:
    """Give what became of *problems*, *workers* at once."""
    waiting = iter(problems)
    tried: list[Tried] = []
    async with asyncio.TaskGroup() as group:
        for _ in range(workers):
            group.create_task(_work(sandbox, waiting, tried, len(problems)))
    return tried


async def _work(sandbox: Sandbox, waiting: Iterator[Problem], tried: list[Tried], total: int) -> None:
    for problem in waiting:
        began = time.perf_counter()
        outcome = await sandbox.run(Program(compose(problem)), Limits())
        tried.append(Tried(problem["task_id"], outcome, (time.perf_counter() - began) * 1000))
        if len(tried) % _EVERY == 0 or len(tried) == total:
            print(f"{len(tried)}/{total}", file=sys.stderr)


def summarize(tried: list[Tried], wall_s: float, sandbox: Sandbox) -> dict[str, object]:
    """Give the figures."""
    failed = [one for one in tried if one.outcome.status != "ok"]
    isolation = tried[0].outcome.sandbox if tried else None
    return {
        "passed": len(tried) - len(failed),
        "total": len(tried),
        "wall_s": round(wall_s, 3),
        "p50_ms": round(statistics.median(one.wall_ms for one in tried), 2) if tried else None,
        "tier": sandbox.tier,
        "features": isolation.features if isolation else (),
        "failures": {one.task_id: f"{one.outcome.status}: {_last_line(one.outcome)}" for one in failed},
    }


def _last_line(outcome: Outcome) -> str:
    return outcome.stderr.strip().rpartition("\n")[2][:200]


async def measure(data: Path, workers: int) -> dict[str, object]:
    """Give the figures for the problems in *data*, with the sandbox that VANA uses by default.

    Raises:
        SandboxUnavailable: nothing here can isolate code.
    """
    problems = await asyncio.to_thread(read, data)
    group: Group[Callable[[], Sandbox]] = Group("vana.sandboxes", "sandbox")
    opened = group.load(DEFAULT_LEVEL)()
    try:
        sandbox = await select(DEFAULT_LEVEL, [opened])
        began = time.perf_counter()
        tried = await run(sandbox, problems, workers)
        return summarize(tried, time.perf_counter() - began, sandbox)
    finally:
        await opened.aclose()


def main() -> None:
    """Read the command line, measure, print."""
    about = (__doc__ or "").partition("\n")[0]
    parser = argparse.ArgumentParser(prog="python -m benchmarks.humaneval", description=about)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FILE", help="HumanEval.jsonl, or .jsonl.gz"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    options = parser.parse_args()
    figures = asyncio.run(measure(options.data, options.workers))
    print(json.dumps(figures) if options.json else json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
