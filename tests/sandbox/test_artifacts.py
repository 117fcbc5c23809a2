"""What the reader of ustar believes, and what not."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vana.sandbox import artifacts
from vana.sandbox.sandbox import Limits
from vana.sandbox.supervisor.collect import header

LIMITS = Limits()
NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=4).map("/".join)


def archive(*files: tuple[str, bytes]) -> bytes:
    """Give the archive that a supervisor would send."""
    parts: list[bytes] = []
    for name, content in files:
        head = header(name.encode(), len(content))
        assert head is not None
        parts += [head, content, bytes(-len(content) % 512)]
    return b"".join(parts) + bytes(1024)


def by_tarfile(info: tarfile.TarInfo, content: bytes = b"") -> bytes:
    """Give an archive of one member as the standard library writes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


@given(st.dictionaries(PATHS, st.binary(max_size=2000), max_size=5))
def test_what_the_supervisor_writes_is_read_back(files: dict[str, bytes]):
    found, warnings = artifacts.read(archive(*files.items()), LIMITS)
    assert ({file.name: file.content for file in found}, warnings) == (files, ())


@given(PATHS, st.binary(max_size=2000))
def test_what_the_supervisor_writes_is_ustar_to_others_too(name: str, content: bytes):
    with tarfile.open(fileobj=io.BytesIO(archive((name, content)))) as tar:
        (member,) = tar.getmembers()
        file = tar.extractfile(member)
        assert file is not None
        assert (member.name, file.read()) == (name, content)


@given(st.binary(max_size=3000))
def test_no_bytes_make_the_reader_fail(raw: bytes):
    found, _ = artifacts.read(raw, LIMITS)
    assert all(artifacts.is_inside(file.name) for file in found)


@given(st.binary(max_size=600), st.integers(0, 1500), st.integers(0, 255))
def test_a_changed_byte_never_brings_a_name_from_outside(content: bytes, at: int, value: int):
    raw = bytearray(archive(("a/b", content)))
    raw[at % len(raw)] = value
    found, _ = artifacts.read(bytes(raw), LIMITS)
    assert all(artifacts.is_inside(file.name) for file in found)


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE]
)
def test_what_is_no_regular_file_ends_the_reading(kind: bytes):
    info = tarfile.TarInfo("name")
    info.type, info.linkname = kind, "/etc/passwd"
    found, warnings = artifacts.read(by_tarfile(info), LIMITS)
    assert found == ()
    assert "damaged" in warnings[0]


@pytest.mark.parametrize("name", ["../up", "/etc/x", "a/../../b", "a//b", "./a"])
def test_a_name_that_leaves_the_folder_is_left_out(name: str):
    found, warnings = artifacts.read(archive((name, b"x"), ("fine", b"y")), LIMITS)
    assert [file.name for file in found] == ["fine"]
    assert len(warnings) == 1


def test_a_name_that_is_no_text_is_left_out():
    head = header(b"\xff\xfe", 0)
    assert head is not None
    found, warnings = artifacts.read(head + bytes(1024), LIMITS)
    assert (found, len(warnings)) == ((), 1)


@pytest.mark.parametrize(
    "limits",
    [Limits(artifacts=1), Limits(artifact_bytes=9), Limits(artifacts_bytes=15)],
    ids=["count", "one", "all"],
)
def test_files_over_a_limit_end_the_reading(limits: Limits):
    found, warnings = artifacts.read(archive(("a", bytes(9)), ("b", bytes(10))), limits)
    assert [file.name for file in found] == ["a"]
    assert "limits" in warnings[0]


def test_an_archive_cut_short_gives_what_was_whole():
    raw = archive(("a", b"1"), ("b", bytes(2000)))
    found, warnings = artifacts.read(raw[:2000], LIMITS)
    assert [file.name for file in found] == ["a"]
    assert "damaged" in warnings[0]


@pytest.mark.parametrize(
    ("name", "mime"),
    [
        ("a.png", "image/png"),
        ("a.csv", "text/csv"),
        ("a.md", "text/markdown"),
        ("a", "application/octet-stream"),
    ],
)
def test_the_type_is_guessed_from_the_name(name: str, mime: str):
    assert artifacts.produced(name, b"").mime == mime
