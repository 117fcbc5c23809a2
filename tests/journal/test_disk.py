from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tests.journal.events import ROOT, note, started
from vana.journal.disk import LONG_BYTES, checkpoint, is_long, sync, write_ahead
from vana.journal.sqlite import open_journal

if TYPE_CHECKING:
    from pathlib import Path


async def test_write_ahead_file_stays_short_however_much_is_written(tmp_path: Path) -> None:
    journal, path = open_journal(tmp_path), tmp_path / "journal.db"
    journal.emit(started(ROOT, None))
    sizes: list[int] = []
    for _ in range(60):
        for number in range(10):
            journal.emit(note(ROOT, "said", data={"text": "x" * 50_000, "n": number}))
        await journal.record(
            "run-1/1", value=True
        )  # by the disk's thread, so what it had to do before is done
        sizes.append(write_ahead(path).stat().st_size)
    assert path.stat().st_size > 20_000_000
    assert max(sizes) < 2 * LONG_BYTES
    assert any(after < before for before, after in pairwise(sizes))
    await journal.aclose()


def test_sync_and_checkpoint_of_what_is_not_there_do_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    sync(path)
    checkpoint(path)
    assert not is_long(path)
    assert list(tmp_path.iterdir()) == []
