"""What comes back from running code, as the values of answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vana.sandbox.sandbox import Isolation, Outcome, OutcomeStatus, ResourceUse


@dataclass(frozen=True, slots=True)
class Execution:
    """What became of a program."""

    stdout: str
    stderr: str
    exit_code: int | None
    status: OutcomeStatus
    sandbox: Isolation
    truncated_bytes: int
    warnings: tuple[str, ...]
    usage: ResourceUse

    @classmethod
    def of(cls, outcome: Outcome) -> Execution:
        """Give the value of *outcome*; its files travel as artifacts of the answer."""
        return cls(
            outcome.stdout,
            outcome.stderr,
            outcome.exit_code,
            outcome.status,
            outcome.sandbox,
            outcome.truncated_bytes,
            outcome.warnings,
            outcome.usage,
        )

    def as_text(self) -> str:
        """Give what it printed; for a program that failed, what it printed as errors too."""
        if self.status == "ok":
            return self.stdout.rstrip("\n")
        return "\n".join(part for part in (self.stdout.rstrip("\n"), self.stderr.rstrip("\n")) if part)


@dataclass(frozen=True, slots=True)
class TestResult:
    """What became of one test."""

    __test__ = False

    name: str
    status: str
    """`passed`, `failed`, `error` or `skipped`."""
    message: str = ""


@dataclass(frozen=True, slots=True)
class TestReport:
    """What became of a set of tests, and of the program that ran them."""

    __test__ = False

    passed: int
    failed: int
    tests: tuple[TestResult, ...]
    execution: Execution

    def as_text(self) -> str:
        """Give the count, and each test that did not pass with its reason."""
        lines = [f"{self.passed} passed, {self.failed} failed"]
        lines += [
            f"{test.status} {test.name}: {test.message}" for test in self.tests if test.status != "passed"
        ]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Where a program failed and why, read from its traceback."""

    failed: bool
    cause: str
    """The cause in words; quotes the error where no rule knows it."""
    execution: Execution
    error_type: str | None = None
    message: str | None = None
    line: int | None = None
    """Counted from 1 in the code that was given."""
    source_line: str | None = None

    def as_text(self) -> str:
        """Give the line, the error and its cause."""
        if not self.failed:
            return self.cause
        where = f"line {self.line}: {self.source_line}\n" if self.line is not None else ""
        return f"{where}{self.error_type or 'error'}: {self.message or ''}\n{self.cause}".strip()
