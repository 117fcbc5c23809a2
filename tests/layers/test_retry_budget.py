from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.conftest import count
from vana.kernel.errors import ConfigError
from vana.layers.retry_budget import Ledger, RetryBudget
from vana.testing import FakeClock


def test_a_calm_pays_for_no_storm():
    clock = FakeClock()
    ledger = Ledger(RetryBudget(), clock.monotonic)
    for _ in range(1000):
        ledger.begin()
    clock.advance(60.0)
    assert sum(ledger.spend(timed_out=False) for _ in range(1000)) == 10


def test_a_timeout_costs_twice():
    ledger = Ledger(RetryBudget(), FakeClock().monotonic)
    assert sum(ledger.spend(timed_out=True) for _ in range(1000)) == 5


@pytest.mark.parametrize(
    "setting", [{"share": -0.1}, {"per_second": -1.0}, {"window": 0.0}, {"timeout_cost": -1}]
)
def test_a_budget_that_cannot_be_counted_is_refused_when_made(setting: dict[str, float]):
    with pytest.raises(ConfigError):
        RetryBudget(**setting)  # pyright: ignore[reportArgumentType] - every setting here is a number


class LedgerMachine(RuleBasedStateMachine):
    """Whatever comes when: what was spent in the last ten seconds was earned in them."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = FakeClock(1000.3)
        self.ledger = Ledger(RetryBudget(), self.clock.monotonic)
        self.firsts: list[float] = []
        self.spent: list[tuple[float, int]] = []

    @rule(times=st.integers(1, 60))
    def begin(self, times: int) -> None:
        for _ in range(times):
            self.ledger.begin()
            self.firsts.append(self.clock.monotonic())

    @rule(times=st.integers(1, 30), timed_out=st.booleans())
    def spend(self, times: int, timed_out: bool) -> None:  # noqa: FBT001 - given by the strategy
        for _ in range(times):
            if self.ledger.spend(timed_out=timed_out):
                self.spent.append((self.clock.monotonic(), 2 if timed_out else 1))

    @rule(seconds=st.sampled_from([0.05, 0.7, 1.0, 4.2, 9.9, 10.0, 35.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def what_was_spent_was_earned(self) -> None:
        if self.spent and self.spent[-1][0] == self.clock.monotonic():
            since = self.clock.monotonic() - 10.0
            earned = sum(1 for moment in self.firsts if moment > since)
            assert sum(cost for moment, cost in self.spent if moment > since) <= 0.2 * earned + 10

    def teardown(self) -> None:
        """After a calm there is a budget again."""
        self.clock.advance(100.0)
        assert self.ledger.spend(timed_out=False)


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=count(daily=200, proof=10_000), stateful_step_count=40)
