from __future__ import annotations

import asyncio
import hashlib
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vana.journal.blobs import FolderBlobs
from vana.kernel.errors import StoreFailed

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def files(blobs: FolderBlobs) -> list[Path]:
    folder = blobs.path_of("0" * 64).parents[1]
    return [path for path in folder.rglob("*") if path.is_file()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(content=st.binary(max_size=5000))
def test_content_comes_back_by_its_sha256(content: bytes, blobs: FolderBlobs) -> None:
    sha256 = asyncio.run(blobs.put(content))
    assert sha256 == hashlib.sha256(content).hexdigest()
    assert asyncio.run(blobs.get(sha256)) == content
    assert blobs.path_of(sha256).read_bytes() == content


async def test_same_content_is_kept_once_even_when_put_at_once(blobs: FolderBlobs) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(20):
            group.create_task(blobs.put(b"the same"))
    assert [path.read_bytes() for path in files(blobs)] == [b"the same"]


async def test_what_is_kept_is_for_its_owner_only(blobs: FolderBlobs) -> None:
    path = blobs.path_of(await blobs.put(b"personal"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parents[1].stat().st_mode) == 0o700


async def test_unknown_content_is_a_store_failure(blobs: FolderBlobs) -> None:
    with pytest.raises(StoreFailed, match="nothing is kept under"):
        await blobs.get("0" * 64)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "0" * 63, "A" * 64, "0" * 64 + "\n"])
async def test_name_that_is_no_hash_reaches_no_file(name: str, blobs: FolderBlobs) -> None:
    with pytest.raises(StoreFailed, match="is not a SHA-256"):
        await blobs.get(name)


async def test_damaged_content_is_refused_and_mended_by_keeping_it_again(blobs: FolderBlobs) -> None:
    sha256 = await blobs.put(b"as it was")
    blobs.path_of(sha256).write_bytes(b"as it is!")
    with pytest.raises(StoreFailed, match="no longer holds what was kept"):
        await blobs.get(sha256)
    assert await blobs.put(b"as it was") == sha256
    assert await blobs.get(sha256) == b"as it was"


async def test_folder_that_cannot_be_made_is_a_store_failure_with_path_and_hint(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blobs = FolderBlobs(tmp_path / "file" / "blobs")
    with pytest.raises(StoreFailed) as caught:
        await blobs.put(b"content")
    assert str(tmp_path / "file" / "blobs") in caught.value.message
    assert caught.value.hint == "let VANA_HOME name a folder that can be"
