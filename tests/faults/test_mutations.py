"""Tests are worth what they notice: the source with one thing wrong turns them red."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Mutation:
    """One thing wrong in one file, and the tests that are to notice."""

    file: str
    right: str
    wrong: str
    tests: str


MUTATIONS = {
    "late results are not fenced": Mutation(
        "breaker.py",
        "if permit.generation != self._generation:\n            return",
        "if permit.generation > self._generation:\n            return",
        "test_breaker.py",
    ),
    "half open lets one more in": Mutation(
        "breaker.py",
        'self._state == "half_open" and len(self._running) >= self._recipe.probes',
        'self._state == "half_open" and len(self._running) > self._recipe.probes',
        "test_breaker.py",
    ),
    "a slow call is counted again when it ends": Mutation(
        "breaker.py",
        "            del self._running[permit]\n            self._overdue(permit, at)",
        "            self._overdue(permit, at)\n            break",
        "test_breaker.py",
    ),
    "a place handed to who was cancelled is lost": Mutation(
        "queue.py",
        "if not came and is_called(turn):",
        "if came and is_called(turn):",
        "test_limit.py",
    ),
    "a newcomer takes the place of those who wait": Mutation(
        "limit.py",
        "if self.taken > self.limit or not self._queue.call():",
        "if self.taken >= self.limit or not self._queue.call():",
        "test_limit.py",
    ),
    "our own cut is taken for a cancellation by others": Mutation(
        "watch.py",
        "return self._task.uncancel() <= self._before",
        "return self._task.uncancel() < self._before",
        "test_deadline.py",
    ),
    "a cancellation by others is taken for our own cut": Mutation(
        "watch.py",
        "return self._task.uncancel() <= self._before",
        "return self._task.uncancel() >= self._before",
        "test_deadline.py",
    ),
    "who has less time than those before it is cut after them": Mutation(
        "watch.py",
        "if row and at < self._latest:",
        "if row and at < 0:",
        "test_watch.py",
    ),
    "the budget forgets what was spent": Mutation(
        "retry_budget.py",
        "self._spent[self._number % (_BUCKETS + 1)] += cost",
        "self._spent[self._number % (_BUCKETS + 1)] = cost",
        "test_retry_budget.py",
    ),
    "a retry within a retry multiplies": Mutation(
        "retry.py", "if _retrying.get():", "if not _retrying.get() and False:", "test_retry.py"
    ),
    "what a call really cost is settled the wrong way round": Mutation(
        "bucket.py",
        "self._tokens.put(reserved - tokens)",
        "self._tokens.put(tokens - reserved)",
        "test_bucket.py",
    ),
}


def run(package: Path, tests: str) -> subprocess.CompletedProcess[str]:
    """Run *tests* of the layers against the package in *package*."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/layers/{tests}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(package), "VANA_PROOF": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.real
@pytest.mark.parametrize("name", MUTATIONS)
def test_the_source_with_one_thing_wrong_turns_its_tests_red(name: str, tmp_path: Path):
    mutation = MUTATIONS[name]
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__"))
    file = tmp_path / "src/vana/layers" / mutation.file
    text = file.read_text("utf-8")
    assert text.count(mutation.right) == 1, "the source has changed: plant the fault anew"
    file.write_text(text.replace(mutation.right, mutation.wrong), "utf-8")
    done = run(tmp_path / "src", mutation.tests)
    assert done.returncode == 1, f"nobody noticed that {name}:\n{done.stdout[-2000:]}"
    assert " failed" in done.stdout, done.stdout[-2000:]
