"""Never weaker than asked for, and without isolation only where the owner said so."""

from __future__ import annotations

from pathlib import Path

import pytest

from vana import Vana
from vana.config import Settings
from vana.sandbox.sandbox import Program

PRINT = Program("print(1)")


async def _refused(home: Path, level: str | None) -> tuple[str, str]:
    async with Vana(home=home) as vana:
        answer = await vana.execute(PRINT, level=level)
    assert answer.value is None
    assert answer.error is not None
    return answer.error.code, answer.error.message


async def test_no_isolation_is_refused_unless_the_settings_accept_it(tmp_path: Path):
    code, message = await _refused(tmp_path, "unsafe_local")
    assert code == "sandbox_unavailable"
    assert "not allowed" in message


async def test_a_level_that_nothing_here_reaches_is_refused_and_not_served_by_a_weaker_one(tmp_path: Path):
    code, _ = await _refused(tmp_path, "max")
    assert code == "sandbox_unavailable"


async def test_an_unknown_level_is_named_with_those_there_are(tmp_path: Path):
    code, message = await _refused(tmp_path, "medium")
    assert code == "unknown_name"
    assert "high" in message


async def test_without_bubblewrap_nothing_runs_and_the_fix_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    async with Vana(home=tmp_path / "home") as vana:
        answer = await vana.ask(f"Execute this Python code: open({str(tmp_path / 'ran')!r}, 'w')")
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.code == "sandbox_unavailable"
    assert "bubblewrap" in f"{answer.error.message} {answer.error.hint}"
    assert not (tmp_path / "ran").exists()


@pytest.mark.real
async def test_where_the_owner_accepts_it_a_program_runs_unisolated_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    settings = Settings.model_validate({"sandbox": {"level": "unsafe_local"}})
    async with Vana(home=tmp_path / "home", settings=settings) as vana:
        isolated = await vana.call("code_execution", "execute_code", {"code": "print(1)"})
        monkeypatch.setenv("PATH", str(tmp_path))
    async with Vana(home=tmp_path / "home", settings=settings) as vana:
        open_ = await vana.call("code_execution", "execute_code", {"code": "print(1)"})
    assert isolated.unwrap().sandbox.tier == "high"
    assert isolated.degraded == ()
    assert open_.unwrap().sandbox.tier == "unsafe_local"
    assert [fact.what for fact in open_.degraded] == ["sandbox"]
