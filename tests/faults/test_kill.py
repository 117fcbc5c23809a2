"""Killed at any moment, by a signal nobody can catch: what was acknowledged is there."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.conftest import count
from vana import Vana

VANA = Path(sys.executable).with_name("vana")


async def _remembered(text: str, home: Path) -> tuple[asyncio.subprocess.Process, str]:
    environment = {**os.environ, "VANA_HOME": str(home)}
    process = await asyncio.create_subprocess_exec(
        VANA,
        "remember",
        "--json",
        text,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return process, text


async def _acknowledged(process: asyncio.subprocess.Process, text: str) -> tuple[str, str] | None:
    out, _ = await process.communicate()
    if not out.strip():
        return None
    answer = json.loads(out)
    return (answer["value"]["ref"], text) if answer["status"] == "answered" else None


@pytest.mark.real
async def test_every_acknowledged_fact_survives_a_kill_of_all_who_remember(tmp_path: Path):
    number = count(daily=40, proof=200)
    running = [
        await _remembered(f"the code of door {index} is secret{index}", tmp_path) for index in range(number)
    ]
    waiting = [asyncio.ensure_future(_acknowledged(*one)) for one in running]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for process, _ in running:
        if process.returncode is None:
            process.kill()
    acknowledged = [one for one in await asyncio.gather(*waiting) if one is not None]
    async with Vana(home=tmp_path) as vana:
        for ref, text in acknowledged:
            hits = (await vana.memory.recall(text.rsplit(" ", 1)[1], k=3)).hits
            assert ref in [hit.ref for hit in hits]
    assert 1 <= len(acknowledged) < number
