"""Which sandbox serves a level: never a weaker one."""

from __future__ import annotations

import pytest

from vana.kernel.clock import Deadline
from vana.kernel.errors import SandboxUnavailable, UnknownName
from vana.sandbox.sandbox import TIERS, Isolation, Limits, Outcome, Program
from vana.sandbox.tiers import select


class Standing:
    """A sandbox that isolates, or says why it cannot."""

    def __init__(self, tier: str, *, broken: str = "") -> None:
        self.tier = tier
        self._broken = broken
        self.proved = 0

    async def prove(self) -> Isolation:
        self.proved += 1
        if self._broken:
            raise SandboxUnavailable(self._broken, hint=f"mend {self.tier}")
        return Isolation(self.tier)

    async def run(self, program: Program, limits: Limits, *, deadline: Deadline | None = None) -> Outcome:
        return Outcome("ok", 0, program.code, "", Isolation(self.tier))

    async def aclose(self) -> None:
        """Hold nothing."""


def all_tiers() -> dict[str, Standing]:
    return {tier: Standing(tier) for tier in TIERS}


@pytest.mark.parametrize("level", TIERS)
async def test_the_weakest_that_is_strong_enough_serves(level: str):
    sandboxes = all_tiers()
    assert await select(level, reversed(sandboxes.values())) is sandboxes[level]


async def test_a_stronger_one_serves_when_the_weaker_does_not_isolate():
    strong = Standing("max")
    chosen = await select("high", [Standing("high", broken="no bwrap"), strong])
    assert chosen is strong
    assert (await chosen.run(Program(""), Limits())).sandbox.tier == "max"


async def test_a_weaker_one_never_serves_and_is_not_even_asked():
    weak = Standing("unsafe_local")
    with pytest.raises(SandboxUnavailable) as caught:
        await select("high", [weak, Standing("high", broken="no bwrap"), Standing("max", broken="no VM")])
    assert (caught.value.message, caught.value.hint) == ("no bwrap; no VM", "mend high")
    assert weak.proved == 0


async def test_without_any_sandbox_of_that_strength_it_refuses():
    with pytest.raises(SandboxUnavailable, match="no sandbox of the level 'max' is set up"):
        await select("max", [Standing("high")])


async def test_an_unknown_level_is_refused_with_the_levels():
    with pytest.raises(UnknownName) as caught:
        await select("medium", all_tiers().values())
    assert set(caught.value.known) == set(TIERS)
