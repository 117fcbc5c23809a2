from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.conftest import not_run
from vana.entry.cli import given
from vana.kernel.errors import InputError


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("report.py", "sales.csv", "my table.csv", "README"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "data.d").mkdir()
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "main").write_text("x", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("run report.py", ("report.py",)),
        ("run report.py.", ("report.py",)),
        ("compare sales.csv, report.py and sales.csv", ("sales.csv", "report.py")),
        ("what is in 'my table.csv'?", ("my table.csv",)),
        ("my table.csv", ("my table.csv",)),
        ("look at `./report.py`!", ("./report.py",)),
        ("look at src/main", ("src/main",)),
        ("look at data.d and at missing.py", ()),
        ("the README is no path without a dot", ()),
        ("run this\n```python\nopen('sales.csv') # report.py\n```\nwith report.py", ("report.py",)),
        ("nothing here. e.g. this", ()),
    ],
)
def test_a_bare_path_that_is_a_file_is_a_file_to_use(text: str, names: tuple[str, ...]):
    assert given.named_files(text) == names


def test_a_word_that_no_path_can_be_is_no_file():
    assert given.named_files("x/" * 5000 + " a\0b.py") == ()


def test_a_path_in_the_home_folder_is_found(here: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(here))
    assert given.named_files("run ~/report.py") == ("~/report.py",)


def test_a_file_over_eight_mib_is_refused_by_name(here: Path):
    with (here / "big.csv").open("wb") as file:
        file.truncate(given.FILE_BYTES + 1)
    with pytest.raises(InputError, match=r"big\.csv is 8\.0 MiB; at most 8 MiB"):
        given.named_files("read big.csv")


def test_a_file_that_may_not_be_read_is_named(here: Path):
    if os.geteuid() == 0:
        not_run("root may read every file; run as another user")
    (here / "secret.py").touch(mode=0)
    with pytest.raises(InputError, match=r"secret\.py cannot be read: permission denied"):
        given.named_files("run secret.py")


@pytest.mark.parametrize(("name", "why"), [("missing.py", "no such file"), ("data.d", "is no file")])
def test_an_input_that_is_no_file_is_named(name: str, why: str):
    with pytest.raises(InputError, match=why):
        given.read_file(name)


@pytest.mark.parametrize("text", ["", "  \n\t "])
def test_an_empty_request_is_refused_with_an_example(text: str):
    with pytest.raises(InputError, match="the request is empty") as caught:
        given.checked(text)
    assert 'vana "' in str(caught.value.hint)


def test_a_request_of_one_mib_is_taken_and_one_byte_more_is_not():
    assert len(given.checked("é" * (given.TEXT_BYTES // 2))) == given.TEXT_BYTES // 2
    with pytest.raises(InputError, match=r"the request is 1\.0 MiB; at most 1 MiB"):
        given.checked("x" * (given.TEXT_BYTES + 1))


def test_bytes_that_are_no_utf8_are_no_request():
    with pytest.raises(InputError, match="character 4"):
        given.checked(b"caf\xe9".decode("utf-8", "surrogateescape"))


@pytest.mark.parametrize(("content", "why"), [(b"ab\0c", "byte 3 is zero"), (b"a\xff", "byte 2 is 0xff")])
def test_binary_input_is_refused_with_the_place(content: bytes, why: str):
    with pytest.raises(InputError, match=why):
        given.decoded(content, "standard input")


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert given.decoded("\ufeffhé".encode(), "standard input") == "hé"
