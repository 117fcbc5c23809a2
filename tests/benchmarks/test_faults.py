from __future__ import annotations

import pytest

from benchmarks._provider import FAULT_TO_S, FAULTS
from benchmarks.faults import Request, measured, recovery, stacks


@pytest.mark.parametrize("name", ["hang", "errors30"])
def test_the_same_seed_gives_the_same_figures_and_another_gives_others(name: str):
    one, again, other = (measured(seed, [name], has_fallback=True)[name] for seed in (7, 7, 8))
    assert one == again
    assert one != other


@pytest.mark.real
@pytest.mark.parametrize("name", ["errors30", "dead", "hang", "slow", "ratelimit"])
def test_with_a_fallback_a_fault_is_hardly_felt(name: str):
    found = measured(3, [name], has_fallback=True)[name]
    limits = {"wasted_per_request": 0.15, "recovery_s": 2.0}
    if name in {"dead", "hang"}:
        limits["primary_calls_share"] = 0.12
    if name == "errors30":
        limits["fallback_share"] = 0.15
    beyond = {key: found[key] for key, most in limits.items() if float(str(found[key])) > most}
    assert beyond == {}
    assert float(str(found["goodput"])) >= 0.99


@pytest.mark.real
@pytest.mark.parametrize(("name", "most"), [("errors30", 10), ("dead", 10), ("hang", 20), ("slow", 20)])
def test_without_a_fallback_a_target_is_used_again_soon_after_it_is_well(name: str, most: int):
    assert float(str(measured(3, [name], has_fallback=False)[name]["recovery_s"])) <= most


def test_the_layers_are_those_that_standard_builds():
    primary, fallback = stacks(has_fallback=True)
    assert primary.startswith("primary: stack(Contain(), Timeout(seconds=20.0), Fallback(fallback), Retry(")
    assert fallback.startswith("fallback: stack(Contain(), Breaker(")
    assert len(stacks(has_fallback=False)) == 1


def test_every_fault_of_the_issue_and_three_more_are_there():
    assert {"errors30", "dead", "hang", "slow", "ratelimit"} < set(FAULTS)
    assert len(FAULTS) >= 8


def test_recovery_lasts_until_the_last_two_seconds_that_went_wrong():
    def request(after: float, *, answered: bool) -> Request:
        return Request(FAULT_TO_S + after, 1.0, answered)

    assert recovery([request(at, answered=True) for at in range(10)]) == 0.0
    ill = [request(0.5, answered=False), request(4.5, answered=False), request(6.5, answered=True)]
    assert recovery(ill) == 6.0
