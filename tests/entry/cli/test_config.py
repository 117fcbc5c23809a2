from __future__ import annotations

import tomllib
from pathlib import Path
from typing import cast

import pytest

from tests.entry.cli.typed import vana

pytestmark = pytest.mark.real


def rows(home: Path, env: dict[str, str] | None = None) -> dict[str, dict[str, object]]:
    listed = vana("config", "--json", "--home", str(home), env=env).json["settings"]
    return {str(row["key"]): row for row in cast("list[dict[str, object]]", listed)}


def test_each_setting_says_where_it_came_from(tmp_path: Path):
    (tmp_path / "vana.toml").write_text("[sandbox]\nwall = 5\ncpu = 6\n", encoding="utf-8")
    told = rows(tmp_path, {"VANA_SANDBOX_CPU": "7"})
    assert (told["sandbox.wall"]["value"], told["sandbox.wall"]["origin"]) == (
        5.0,
        str(tmp_path / "vana.toml"),
    )
    assert told["sandbox.cpu"]["value"] == 7.0
    assert "VANA_SANDBOX_CPU" in str(told["sandbox.cpu"]["origin"])
    assert told["run.timeout"]["origin"] == "default"


def test_the_file_that_init_writes_is_read_as_nothing_but_defaults_and_is_not_overwritten(tmp_path: Path):
    first, second = (
        vana("config", "init", "--home", str(tmp_path)),
        vana("config", "init", "--home", str(tmp_path)),
    )
    assert (first.code, first.out) == (0, f"{tmp_path / 'vana.toml'}\n")
    assert second.code == 1
    assert "is there already" in second.err
    assert {row["origin"] for row in rows(tmp_path).values()} == {"default"}


def test_each_line_of_that_file_counts_when_its_sign_is_taken_away(tmp_path: Path):
    vana("config", "init", "--home", str(tmp_path))
    path = tmp_path / "vana.toml"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\n".join(line.removeprefix("# ") if " = " in line else line for line in lines), encoding="utf-8"
    )
    assert set(tomllib.loads(path.read_text(encoding="utf-8"))) == {
        "run",
        "sandbox",
        "memory",
        "model",
        "journal",
    }
    told = rows(tmp_path)
    assert all(row["value"] == row["default"] for row in told.values())
    assert {row["origin"] for row in told.values()} == {str(path)}


def test_the_place_of_the_file_is_told_also_when_it_is_not_there(tmp_path: Path):
    assert vana("config", "path", "--home", str(tmp_path)).out == f"{tmp_path / 'vana.toml'}\n"
