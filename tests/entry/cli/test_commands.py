from __future__ import annotations

import dataclasses
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group

from vana.entry.cli.commands import COMMANDS, Command
from vana.entry.cli.options import Root, Shared
from vana.entry.cli.program import app
from vana.plugins import resolve

each = pytest.mark.parametrize("command", COMMANDS, ids=lambda command: str(command.name))


def test_the_commands_are_those_that_are_built():
    names = "ask chat exec remember recall route agents trace doctor config"
    assert [command.name for command in COMMANDS] == names.split()


@each
def test_a_body_is_an_async_function_at_its_place(command: Command):
    body = resolve(command.place)
    assert getattr(body, "__name__", "") == "run"


@each
def test_a_command_takes_its_own_options_and_the_shared_ones(command: Command):
    known = {parameter.name for parameter in get_group(app()).commands[command.name].params}
    assert known == {
        field.name for record in (command.options, Shared) for field in dataclasses.fields(record)
    }


@each
def test_no_own_option_hides_a_shared_one(command: Command):
    shared = {field.name for record in (Root, Shared) for field in dataclasses.fields(record)}
    assert not shared & {field.name for field in dataclasses.fields(command.options)}


@each
def test_an_example_of_a_command_calls_that_command(command: Command):
    for example in command.examples:
        words = shlex.split(example.rpartition("|")[2])
        assert words[0] == "vana"
        assert words[1] == command.name or (command.name == "ask" and " " in words[1])


@pytest.mark.real
def test_every_example_works_where_its_files_are(tmp_path: Path):
    (tmp_path / "report.py").write_text("print(open('sales.csv').read())", encoding="utf-8")
    (tmp_path / "sales.csv").write_text("1,2", encoding="utf-8")
    folders = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for example in (example for command in COMMANDS for example in command.examples):
        ended = subprocess.run(
            ["sh", "-c", example],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PATH": folders},
            check=False,
        )
        # 5: a question to a memory that knows nothing yet; the text is right and the answer honest
        assert ended.returncode in {0, 5}, (example, ended.stderr)
