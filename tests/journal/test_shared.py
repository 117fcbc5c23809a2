from __future__ import annotations

from pathlib import Path

import pytest

from vana.journal.shared import FILE_NAME, SqliteSharedState
from vana.kernel.errors import StoreFailed


async def test_what_one_keeps_another_process_reads(tmp_path: Path):
    assert await SqliteSharedState(tmp_path).swap("k", [1], version=0)
    assert await SqliteSharedState(tmp_path).read("k") == ([1], 1)


async def test_a_file_that_is_none_is_a_failure_of_the_store(tmp_path: Path):
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreFailed):
        await SqliteSharedState(tmp_path).read("k")
