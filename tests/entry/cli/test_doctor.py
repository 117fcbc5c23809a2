from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def test_every_part_is_used_and_nothing_is_left_behind(tmp_path: Path):
    home = tmp_path / "deep" / "home"
    ended = vana("doctor", "--json", "--home", str(home))
    checks = {str(check["name"]): check for check in cast("list[dict[str, object]]", ended.json["checks"])}
    assert (ended.code, ended.json["ok"]) == (0, True), checks
    parts = ("python", "packages", "data folder", "settings", "journal", "memory", "model rules", "sandbox")
    assert set(parts) <= set(checks)
    assert {"language python", "language javascript", "language shell"} <= set(checks)
    assert {"specialist code_execution", "specialist memory"} <= set(checks)
    assert not home.parent.exists()


def test_the_doctor_leaves_the_memory_and_the_journal_that_are_there_alone():
    vana("remember", "Ana prefers tea")
    before = vana("trace", "--json").json["run_id"]
    assert vana("doctor").code == 0
    assert vana("trace", "--json").json["run_id"] == before
    assert vana("recall", "doctor").code == 5


def test_a_data_folder_that_cannot_be_written_is_broken_with_its_fix(tmp_path: Path):
    (tmp_path / "file").touch()
    ended = vana("doctor", "--home", str(tmp_path / "file" / "home"))
    assert ended.code == 1
    assert "✗ data folder" in ended.out
    assert "fix: " in ended.out
    assert "1 broken" in ended.out


def test_a_wrong_setting_is_found_and_the_examination_goes_on():
    ended = vana("doctor", env={"VANA_SANDBOX_WALL": "soon"})
    assert ended.code == 1
    assert "✗ settings" in ended.out
    assert "✓ specialist memory" in ended.out
    assert "Traceback" not in ended.err
