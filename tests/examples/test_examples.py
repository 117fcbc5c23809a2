"""Every file in examples/ runs as it is, and prints what it is there to show."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, environment, fits, needs_sandbox

EXAMPLES = ROOT / "examples"

PRINTS = {
    "weather.py": (
        "typed:    [19.0, 20.0, 21.0]",
        "by name:  [19.0, 20.0, 21.0]",
        "wrong:    failed - weather.forecast cannot be called like that: …",
        "in words: [19.0, 20.0] - …",
    ),
    "guard.py": (
        "stack(Retry(…), Breaker(…), Limit(…), Timeout(…))",
        "the page a - after 3 requests",
        "failed: the site is down - after 3 requests",
        "refused: dead is left alone - still 3 requests",
    ),
    "own_model.py": (
        "7 apples and 2 pears are left.",
        "model calls: 4 - tool calls: 2",
        "turn 1 could call code_execution, memory, shop; it was told: user",
        "turn 2 could call in_stock; it was told: user",
        "turn 3 could call in_stock; it was told: tool",
        "turn 4 could call code_execution, memory, shop; it was told: tool",
    ),
}


def test_no_example_is_left_out():
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {*PRINTS, "demo.sh"}


def ended(command: list[str], env: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run *command* as a reader would, and give how it ended."""
    return subprocess.run(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.mark.real
@pytest.mark.parametrize("name", PRINTS)
def test_the_example_prints_what_it_shows(name: str, tmp_path: Path):
    done = ended([sys.executable, str(EXAMPLES / name)], environment(tmp_path), tmp_path)
    assert done.returncode == 0, done.stderr
    assert fits(PRINTS[name], done.stdout), done.stdout


@pytest.mark.real
def test_the_demo_runs_to_its_end_and_leaves_nothing(tmp_path: Path):
    needs_sandbox()
    env = {**environment(tmp_path), "TMPDIR": str(tmp_path)}
    done = ended(["bash", str(EXAMPLES / "demo.sh")], env, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in (
        "\n42\n",
        "ZeroDivisionError",
        "Lima   230",
        "Ana prefers green tea",
        "sandbox.high",
        ", 0 wrong",
    ):
        assert shown in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_the_demo_without_a_sandbox_shows_the_refusal_and_names_it(tmp_path: Path):
    tools = tmp_path / "tools"  # everything this machine has but bubblewrap
    tools.mkdir()
    for folder in reversed(os.get_exec_path()):
        for tool in Path(folder).glob("*"):
            if tool.name != "bwrap":
                (tools / tool.name).unlink(missing_ok=True)
                (tools / tool.name).symlink_to(tool)
    env = {**environment(tmp_path), "PATH": str(tools)}
    done = ended(["bash", str(EXAMPLES / "demo.sh")], env, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "not available here: the sandbox" in done.stdout
    assert "\n42\n" not in done.stdout
    assert "Ana prefers green tea" in done.stdout


@pytest.mark.real
def test_the_demo_fails_when_a_command_ends_otherwise(tmp_path: Path):
    text = (EXAMPLES / "demo.sh").read_text("utf-8")
    copy = tmp_path / "examples" / "demo.sh"
    copy.parent.mkdir()
    copy.write_text(text.replace("try 0 'vana recall \"tea\"'", "try 0 'vana recall \"coffee\"'"), "utf-8")
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parent.parent)
    done = ended(["bash", str(copy)], environment(tmp_path), tmp_path)
    assert done.returncode == 1
    assert 'WRONG: vana recall "coffee": exit 5, not 0' in done.stdout
