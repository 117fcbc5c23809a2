"""Requests as people type them, labelled by hand before the reader was looked at: `requests.jsonl`.

Three kinds: `code` states code and what to do with it, `other` must not be read as code to run, `missing`
is about running code that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.kernel.plain import JSON
from vana.kernel.reading import Reading, Utterance
from vana.specialists.code_execution.reading import (
    ONLY_PYTHON,
    SEVERAL_LANGUAGES,
    SEVERAL_PROGRAMS,
    WRITING,
    read_debug,
    read_execute,
    read_list,
    read_tests,
    understand,
)

READERS = {
    "execute_code": read_execute,
    "run_tests": read_tests,
    "debug_code": read_debug,
    "list_languages": read_list,
}
FLOORS = {"code": 1.0, "other": 1.0, "missing": 1.0}
"""The share of each kind that was read right when the set was finished; it never goes down."""


@dataclass(frozen=True, slots=True)
class Row:
    kind: str
    said: Utterance
    expected: Mapping[str, JSON] | None


@cache
def rows() -> tuple[Row, ...]:
    lines = Path(__file__).with_name("requests.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(map(row, lines))


def row(line: str) -> Row:
    raw = cast("dict[str, JSON]", json.loads(line))  # our own file
    files = cast("dict[str, str]", raw.get("files", {}))
    earlier = cast("list[str]", raw.get("earlier", []))
    said = Utterance(
        str(raw["text"]),
        {name: text.encode() for name, text in files.items()},
        str(raw.get("context", "")),
        tuple(earlier),
    )
    return Row(str(raw["kind"]), said, cast("dict[str, JSON] | None", raw["expected"]))


def read(said: Utterance) -> dict[str, Reading]:
    found = ((tool, reader(said)) for tool, reader in READERS.items())
    return {tool: reading for tool, reading in found if reading is not None}


def is_right(one: Row) -> bool:
    readings = read(one.said)
    complete = {tool: reading for tool, reading in readings.items() if reading.missing is None}
    if one.expected is None:
        return not complete and all(reading.missing == WRITING for reading in readings.values())
    if one.expected.get("missing"):
        return bool(readings) and not complete
    return list(complete) == [one.expected["tool"]] and all(
        is_as_stated(reading.arguments, one.expected) for reading in complete.values()
    )


def is_as_stated(arguments: Mapping[str, object], expected: Mapping[str, JSON]) -> bool:
    if "code" not in expected:
        return not arguments
    code = "\n".join(str(arguments[name]) for name in ("code", "tests") if name in arguments)
    wanted = expected["code"]
    if isinstance(wanted, list):  # several blocks: how many blank lines stand between them is left open
        same = without_blank_lines(code) == without_blank_lines("\n".join(map(str, wanted)))
    else:
        same = code.strip("\n") == str(wanted).strip("\n")
    files = cast("Mapping[str, bytes]", arguments.get("files", {}))
    named = cast("list[str]", expected.get("files", sorted(files)))
    return (
        same
        and arguments.get("language", "python") == expected["language"]
        and sorted(files) == sorted(named)
    )


def without_blank_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize("kind", FLOORS)
def test_labelled_requests_are_read_as_they_are_meant(kind: str):
    of_kind = [one for one in rows() if one.kind == kind]
    wrong = [f"{one.said.text!r} → {read(one.said)}" for one in of_kind if not is_right(one)]
    share = 1 - len(wrong) / len(of_kind)
    assert share >= FLOORS[kind], f"{share:.3f} of {len(of_kind)}; wrong:\n" + "\n".join(wrong)


def test_the_set_is_as_large_as_it_says():
    counts = {kind: sum(one.kind == kind for one in rows()) for kind in FLOORS}
    assert counts == {"code": 187, "other": 126, "missing": 44}
    assert len({repr(one.said) for one in rows()}) == len(rows())


def test_one_request_is_never_read_for_two_tools():
    both = [one.said.text for one in rows() if len(read(one.said)) > 1]
    assert both == []


@given(st.text(), st.text(), st.text())
def test_no_text_breaks_the_reader(text: str, context: str, earlier: str):
    request = understand(Utterance(text, context=context, earlier=(earlier,)))
    assert request.found is None or request.found.code.strip()


_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=30)


@given(st.lists(_LINE, min_size=1, max_size=6).map("\n".join).filter(str.strip), st.sampled_from("`~"))
def test_a_fenced_block_is_taken_word_for_word(code: str, mark: str):
    fence = mark * (max(len(run) for run in [*code.replace("~", "`").split(), "```"]) + 1)
    text = f"Execute this Python code:\n{fence}python\n|{code}\n{fence}\nThank you"
    reading = read_execute(Utterance(text))
    assert reading is not None
    assert reading.arguments == {"code": f"|{code}\n", "language": "python"}


def test_grounds_say_where_each_argument_was_read():
    said = Utterance("run job.py with in.csv", {"job.py": b"print(1)", "in.csv": b"a"})
    reading = read_execute(said)
    assert reading is not None
    assert reading.grounds == dict.fromkeys(("code", "language", "files"), "file job.py")
    piped = read_execute(Utterance("run this python", context="print(1)"))
    assert piped is not None
    assert piped.grounds["code"] == "standard input"
    again = read_execute(Utterance("run it again", earlier=("run `print(1)`",)))
    assert again is not None
    assert again.grounds["code"] == "conversation"


def test_a_file_keeps_its_place_in_the_working_folder():
    files = {"job.py": b"", "data/in.csv": b"1", "./b.csv": b"2", "/srv/c.csv": b"3", "../d.csv": b"4"}
    reading = read_execute(Utterance("run job.py", files))
    assert reading is not None
    assert reading.arguments["files"] == {"data/in.csv": b"1", "b.csv": b"2", "c.csv": b"3", "d.csv": b"4"}


def test_two_files_for_one_place_are_refused():
    reading = read_execute(Utterance("run job.py", {"job.py": b"", "/a/x.csv": b"1", "/b/x.csv": b"2"}))
    assert reading is not None
    assert reading.missing is not None
    assert "x.csv" in reading.missing


def test_of_several_programs_none_is_picked_unless_it_is_named():
    files = {"a.py": b"1", "b.py": b"2"}
    unnamed = read_execute(Utterance("run this", files))
    named = read_execute(Utterance("run b.py", files))
    assert unnamed is not None
    assert named is not None
    assert (unnamed.missing, named.arguments["code"]) == (SEVERAL_PROGRAMS, "2")


def test_blocks_in_two_languages_are_not_mixed():
    reading = read_execute(Utterance("run\n```python\nprint(1)\n```\n```js\nconsole.log(1)\n```"))
    assert reading is not None
    assert reading.missing == SEVERAL_LANGUAGES


def test_tests_in_another_language_than_python_are_refused_by_name():
    reading = read_tests(Utterance("run the tests\n```js\ntest('x', () => {})\n```"))
    assert reading is not None
    assert reading.missing == ONLY_PYTHON


@pytest.mark.parametrize("order", [("code", "tests"), ("tests", "code")])
def test_code_and_tests_are_told_apart_in_either_order(order: tuple[str, str]):
    parts = {"code": "def sq(x):\n    return x * x\n", "tests": "def test_sq():\n    assert sq(2) == 4\n"}
    blocks = "\n".join(f"```python\n{parts[name]}```" for name in order)
    reading = read_tests(Utterance(f"Run these tests:\n{blocks}"))
    assert reading is not None
    assert reading.arguments == parts


def test_a_module_that_the_tests_import_comes_along():
    files = {"calc.py": b"def add(a, b): return a + b\n", "test_calc.py": b"from calc import add\n"}
    reading = read_tests(Utterance("run the tests in test_calc.py against calc.py", files))
    assert reading is not None
    assert reading.arguments == {"code": "from calc import add\n", "files": {"calc.py": files["calc.py"]}}


@pytest.mark.parametrize("size", [1 << 20])
@pytest.mark.parametrize(
    "part", ["a", " ", "run: ", "`", "```\n", "the ", "what is the\n", "x = 1\n\nhello\n\n"]
)
def test_a_megabyte_of_anything_is_read_in_the_end(part: str, size: int):
    assert understand(Utterance((part * size)[:size])) is not None


def test_a_readers_odd_escapes_warn_nobody(recwarn: pytest.WarningsRecorder):
    reading = read_execute(Utterance(r"run print('\d')"))
    assert reading is not None
    assert reading.arguments["code"] == r"print('\d')"
    assert not recwarn.list
