from __future__ import annotations

from pathlib import Path

import pytest

from vana.entry.cli.saving import save, write_new
from vana.kernel.answer import Answer, Artifact
from vana.kernel.errors import InputError, StoreFailed


def test_a_file_is_saved_under_its_name_with_its_folders(tmp_path: Path):
    path = write_new(tmp_path / "out", "plots/a.png", b"png")
    assert path == tmp_path / "out" / "plots" / "a.png"
    assert path.read_bytes() == b"png"


@pytest.mark.parametrize("name", ["../a", "/etc/a", "a/../../b", "", ".", "./a", "a//b"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str):
    with pytest.raises(InputError, match="lead out of"):
        write_new(tmp_path / "out", name, b"x")
    assert not list(tmp_path.rglob("*"))


def test_a_link_inside_the_folder_leads_nowhere(tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "plots").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="is a link"):
        write_new(tmp_path / "out", "plots/a.png", b"x")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_what_is_there_already_is_not_overwritten_not_even_through_a_link(tmp_path: Path):
    (tmp_path / "a.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "link").symlink_to(tmp_path / "nothing-yet")
    for name in ("a.txt", "link"):
        with pytest.raises(StoreFailed, match="is there already"):
            write_new(tmp_path, name, b"x")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "mine"
    assert not (tmp_path / "nothing-yet").exists()


def test_a_file_in_the_way_of_a_folder_is_named(tmp_path: Path):
    (tmp_path / "a").write_text("mine", encoding="utf-8")
    with pytest.raises((InputError, StoreFailed), match=str(tmp_path / "a")):
        write_new(tmp_path, "a/b", b"x")


def test_one_file_that_cannot_be_saved_keeps_no_other_from_it(tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_bytes(b"x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "old").write_text("mine", encoding="utf-8")
    files = tuple(Artifact(name, "text/plain", 1, "00", str(kept)) for name in ("old", "new"))
    answer = save(Answer("x", artifacts=files), tmp_path / "out")
    assert (tmp_path / "out" / "new").read_bytes() == b"x"
    assert answer.status == "failed"
    assert answer.error is not None
    assert answer.error.message.endswith("old is there already")
    assert answer.artifacts[1].path == str(tmp_path / "out" / "new")


def test_a_file_that_is_not_kept_any_more_is_said(tmp_path: Path):
    answer = save(Answer("x", artifacts=(Artifact("a", "text/plain", 1, "00", None),)), tmp_path)
    assert answer.error is not None
    assert "is not kept" in answer.error.message
