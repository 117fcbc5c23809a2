"""Files that come with a request."""

from __future__ import annotations

from pathlib import Path

import pytest

from vana.app.files import MAX_FILE_BYTES, MAX_FILES, read_files
from vana.kernel.errors import InputError


def test_a_file_is_given_under_the_name_it_was_named_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.csv").write_bytes(b"1,2")
    monkeypatch.chdir(tmp_path)
    assert read_files(["a.csv", tmp_path / "a.csv"]) == {"a.csv": b"1,2", str(tmp_path / "a.csv"): b"1,2"}


def test_a_folder_is_no_file(tmp_path: Path):
    with pytest.raises(InputError, match="no file"):
        read_files([tmp_path])


def test_a_file_beyond_the_limit_is_named_with_its_size(tmp_path: Path):
    with (tmp_path / "big").open("wb") as big:
        big.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InputError, match=r"33,554,433 bytes"):
        read_files([tmp_path / "big"])


def test_too_many_files_are_refused_before_one_is_read(tmp_path: Path):
    with pytest.raises(InputError, match=str(MAX_FILES + 1)):
        read_files([tmp_path / "absent"] * (MAX_FILES + 1))
