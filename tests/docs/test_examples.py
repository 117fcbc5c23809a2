"""What the README and the docs show is what happens: every command and every script in them runs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.conftest import not_run
from tests.docs.pages import PAGES, ROOT, Block, Differs, Step, blocks, fits, needs_sandbox, run, steps

RUN = {"python", "console"}


def name_of(page: Path) -> str:
    """Give the page as it is called from the root of the project."""
    return str(page.relative_to(ROOT))


def runnable(page: Path) -> list[Block]:
    """Give the blocks of *page* that are run."""
    return [block for block in blocks(name_of(page), page.read_text("utf-8")) if block.language in RUN]


@pytest.mark.real
@pytest.mark.parametrize("page", [page for page in PAGES if runnable(page)], ids=name_of)
def test_what_the_page_shows_is_what_happens(page: Path, tmp_path: Path):
    needs_sandbox()
    found = runnable(page)
    if any("javascript" in block.text.lower() for block in found) and shutil.which("node") is None:
        not_run("node is missing; install it: sudo apt-get install -y nodejs")
    assert run(found, tmp_path) >= len(found)


def test_the_first_page_and_the_tutorial_have_something_to_run():
    for page in (ROOT / "README.md", ROOT / "docs" / "start.md"):
        assert {block.language for block in runnable(page)} == RUN


def test_no_command_or_script_stands_in_a_fence_that_does_not_say_what_it_is():
    known = RUN | {"text", "json", "toml", "bash", "markdown"}
    looks_runnable = re.compile(r"^(\$ |vana |python |import |from \w+ import )", re.MULTILINE)
    found = [block for page in PAGES for block in blocks(name_of(page), page.read_text("utf-8"))]
    unsaid = [block for block in found if block.language not in known]
    assert [block.place for block in unsaid if block.language or looks_runnable.search(block.text)] == []


# The reader of the pages itself: each of its promises can be broken.


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ([], ""),
        (["42"], "42\n"),
        (["run-… answered"], "run-01 · answered\n"),
        (["a", "…", "z"], "a\nb\nc\nz\n"),
        (["a", "…", "z"], "a\nz\n"),
        (["…"], "anything\nat all\n"),
        (["table"], "table   \n\n"),
    ],
)
def test_what_is_printed_fits(expected: list[str], printed: str):
    assert fits(expected, printed)


@pytest.mark.parametrize(
    ("expected", "printed"),
    [
        ([], "42\n"),
        (["42"], ""),
        (["42"], "42\n43\n"),
        (["a.c"], "abc\n"),
        (["a…c"], "a\nc\n"),
        (["a", "…", "z"], "a\nb\n"),
    ],
)
def test_what_is_not_printed_does_not_fit(expected: list[str], printed: str):
    assert not fits(expected, printed)


def console(text: str) -> Block:
    """Give a console block of that text."""
    return Block("page.md:1", "console", "", text)


def test_a_command_goes_on_and_has_its_exit_code():
    block = console('$ cat <<"X"\n> one\n>\n> X\none\n\n$ false   # exit 1\n')
    assert list(steps(block)) == [
        Step('cat <<"X"\none\n\nX', ("one", ""), 0),
        Step("false   # exit 1", (), 1),
    ]


@pytest.mark.real
@pytest.mark.parametrize(
    "text",
    ["$ false\n", "$ true # exit 1\n", "$ echo 1\n2\n", "$ echo 1\n", "$ false | true\n", "echo 1\n", ""],
)
def test_a_console_block_that_is_not_true_fails(text: str, tmp_path: Path):
    with pytest.raises(Differs, match=r"page\.md:1"):
        run([console(text)], tmp_path)


@pytest.mark.real
@pytest.mark.parametrize("text", ["1/0\n", "print(1)  # → 2\n", "print(1)  # → 1\nprint(2)\n"])
def test_a_script_that_is_not_true_fails(text: str, tmp_path: Path):
    with pytest.raises(Differs, match=r"page\.md:1"):
        run([Block("page.md:1", "python", "", text)], tmp_path)


@pytest.mark.real
def test_blocks_of_a_page_share_a_folder(tmp_path: Path):
    named = Block("page.md:1", "python", "say.py", 'print("hello")  # → hello\n')
    assert (
        run([named, console("$ python say.py\nhello\n"), Block("page.md:9", "text", "", "1/0")], tmp_path)
        == 2
    )
