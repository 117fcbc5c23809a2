"""From the name of a language to a program that runs it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.sandbox.machine import write_program
from vana.kernel.errors import SandboxUnavailable, UnknownName
from vana.sandbox.interpreter import LANGUAGES, find_interpreter, find_language
from vana.sandbox.sandbox import Language


def a_language(*interpreters: str, needs: tuple[str, ...] = (), hides: tuple[str, ...] = ()) -> Language:
    return Language(
        "test", (), "main.t", interpreters, needs=needs, hides=hides, install={"apt-get": "testlang"}
    )


@pytest.mark.parametrize(
    ("name", "language"),
    [
        *(("python", "python"), ("py", "python"), ("PY", "python"), ("js", "javascript")),
        *(("node", "javascript"), ("bash", "shell"), ("sh", "shell")),
    ],
)
def test_a_language_is_found_by_its_name_and_its_aliases(name: str, language: str):
    assert find_language(name).name == language


def test_an_unknown_language_lists_those_installed():
    with pytest.raises(UnknownName) as caught:
        find_language("cobol")
    assert caught.value.known == LANGUAGES.names()


def test_no_two_languages_share_a_name():
    languages = [LANGUAGES.load(name) for name in LANGUAGES.names()]
    names = [name for one in languages for name in (one.name, *one.aliases)]
    assert len(names) == len(set(names))


def test_python_is_the_interpreter_that_runs_us():
    assert find_interpreter(find_language("python")).path == os.path.realpath(sys.executable)


def test_a_script_that_chooses_an_interpreter_is_passed_over(tmp_path: Path):
    shim = write_program(tmp_path / "python3", "exec pyenv python3")
    program = shutil.copy("/bin/sh", tmp_path / "real")
    assert find_interpreter(a_language(shim, str(program))).path == str(program)


def test_a_link_is_followed_to_the_program(tmp_path: Path):
    (tmp_path / "alias").symlink_to("/bin/sh")
    assert find_interpreter(a_language(str(tmp_path / "alias"))).path == os.path.realpath("/bin/sh")


def test_outside_usr_what_the_interpreter_needs_is_shown_and_no_more(tmp_path: Path):
    (tmp_path / "bin").mkdir()
    for folder in ("lib/t1/site", "home"):
        (tmp_path / folder).mkdir(parents=True)
    program = shutil.copy("/bin/sh", tmp_path / "bin" / "t")
    found = find_interpreter(a_language(str(program), needs=("lib/t*/",), hides=("lib/t*/site",)))
    assert found.shown == (str(program), str(tmp_path / "lib/t1"))
    assert found.hidden == (str(tmp_path / "lib/t1/site"),)


def test_inside_usr_nothing_more_needs_to_be_shown():
    found = find_interpreter(a_language("/usr/bin/env"))
    assert (found.shown, found.hidden) == ((), ())


def test_a_missing_interpreter_is_refused_with_what_was_looked_for():
    with pytest.raises(
        SandboxUnavailable, match="no interpreter for test is installed; looked for: no-such, nor-this"
    ) as caught:
        find_interpreter(a_language("no-such", "nor-this"))
    assert "testlang" in (caught.value.hint or "")
