"""Control groups, as the root that may make them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import not_run
from vana.sandbox.bubblewrap import open_sandbox
from vana.sandbox.sandbox import Limits, Program
from vana.sandbox.supervisor import groups

pytestmark = pytest.mark.real


@pytest.fixture
def folder() -> Path:
    """Give a folder of the machine under which groups can be made."""
    _, controllers = groups.find()
    if not controllers:
        not_run("this user may not make control groups; root outside of a container may")
    path = Path(f"/proc/self/fd/{controllers[0].folder}").resolve()
    for controller in controllers:
        os.close(controller.folder)
    return path


def groups_in(folder: Path) -> set[Path]:
    return set(folder.glob("vana-*"))


async def test_a_run_is_in_groups_of_its_own_and_they_go_with_it(folder: Path):
    sandbox = open_sandbox()
    try:
        await sandbox.prove()
        before = groups_in(folder)
        async with asyncio.TaskGroup() as tasks:
            run = tasks.create_task(sandbox.run(Program("import time; time.sleep(1)"), Limits()))
            while not (made := groups_in(folder) - before) and not run.done():  # noqa: ASYNC110 - no bell rings
                await asyncio.sleep(0.01)
    finally:
        await sandbox.aclose()
    assert len(made) == 1
    assert not made & groups_in(folder)


def test_a_group_whose_supervisor_is_gone_is_removed_at_the_next_start(folder: Path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    stale, own = folder / groups.name_of(gone.pid), folder / groups.name_of(os.getpid())
    stale.mkdir()
    own.mkdir()
    try:
        for controller in groups.find()[1]:
            os.close(controller.folder)
        assert (stale.exists(), own.exists()) == (False, True)
    finally:
        own.rmdir()
