from __future__ import annotations

import asyncio
import errno
import os
import socket
import sqlite3
import ssl
from contextlib import closing
from email.message import Message
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from tests.layers.herd import outcome
from vana.kernel.errors import AttemptTimeout, ConfigError, RateLimited, StoreFailed, Unavailable, VanaError
from vana.layers.classify import Classify, classify
from vana.testing import faulty


async def nothing() -> None:
    pass


@pytest.mark.parametrize(
    ("error", "ours"),
    [
        (TimeoutError(), AttemptTimeout),
        (ConnectionRefusedError("no"), Unavailable),
        (ConnectionResetError("no"), Unavailable),
        (BrokenPipeError("no"), Unavailable),
        (OSError(errno.ENETUNREACH, "no net"), Unavailable),
        (socket.gaierror(socket.EAI_AGAIN, "try again"), Unavailable),
        (asyncio.IncompleteReadError(b"half", 8), Unavailable),
        (ssl.SSLEOFError(8, "EOF in violation of protocol"), Unavailable),
        (ssl.SSLError(1, "handshake failure"), Unavailable),
        (ssl.SSLCertVerificationError(1, "self-signed"), ConfigError),
        (URLError(ConnectionRefusedError("no")), Unavailable),
        (URLError(TimeoutError()), AttemptTimeout),
        (HTTPError("http://a/", 429, "m", Message(), None), RateLimited),
        (BlockingIOError(errno.EAGAIN, "fork"), Unavailable),
        (OSError(errno.ENOMEM, "no memory"), Unavailable),
        (OSError(errno.EMFILE, "too many files"), Unavailable),
        (OSError(errno.EIO, "input/output error"), StoreFailed),
        (OSError(errno.ENOSPC, "full"), StoreFailed),
        (OSError(errno.EDQUOT, "quota"), StoreFailed),
        (OSError(errno.EROFS, "read-only"), StoreFailed),
        (PermissionError(errno.EACCES, "denied"), StoreFailed),
        (socket.gaierror(socket.EAI_NONAME, "unknown host"), Unavailable),
        (FileNotFoundError(errno.ENOENT, "missing"), None),
        (ValueError("bug"), None),
        (Unavailable("ours already"), None),
        (asyncio.CancelledError(), None),
        (sqlite3.OperationalError("made by hand, without a code"), None),
    ],
)
def test_errors_of_the_standard_library_have_their_place_in_our_tree(
    error: BaseException, ours: type[VanaError] | None
):
    known = classify(error, "disk")
    assert type(known) is (ours or type(None))
    if known is not None:
        assert known.message.startswith(("disk: ", "disk answered "))
        assert not known.message.endswith(": ")


def test_a_store_that_cannot_be_written_says_what_to_do():
    for number in (errno.ENOSPC, errno.EROFS, errno.EACCES):
        known = classify(OSError(number, os.strerror(number)))
        assert known is not None
        assert known.hint


async def test_a_locked_database_may_be_tried_again(tmp_path: Path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("create table t (x)")
        writer.execute("begin exclusive")

        async def write() -> None:
            with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as other:
                other.execute("insert into t values (1)")

        error = await outcome(Classify().wrap(write, "memory")())
    assert isinstance(error, Unavailable)
    assert isinstance(error.__cause__, sqlite3.OperationalError)


async def test_extended_codes_of_sqlite_are_known_by_their_primary_one(tmp_path: Path):
    """A reader in a snapshot that is too old to write: SQLITE_BUSY_SNAPSHOT, 517."""
    path = tmp_path / "a.db"
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as one,
        closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as two,
    ):
        one.execute("pragma journal_mode = wal")
        one.execute("create table t (x)")
        two.execute("begin")
        two.execute("select * from t").fetchall()
        one.execute("insert into t values (1)")

        async def write() -> None:
            two.execute("insert into t values (2)")

        error = await outcome(Classify().wrap(write, "memory")())
    assert isinstance(error, Unavailable)
    assert isinstance(error.__cause__, sqlite3.OperationalError)
    assert error.__cause__.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT


async def test_a_full_a_read_only_a_missing_and_a_damaged_database_are_a_failed_store(tmp_path: Path):
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as setup:
        setup.execute("create table t (x)")

    async def fill() -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as full:
            full.execute("pragma max_page_count = 2")
            full.execute("insert into t values (zeroblob(1000000))")

    async def read_only() -> None:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as reader:
            reader.execute("insert into t values (1)")

    async def missing() -> None:
        sqlite3.connect(tmp_path / "no" / "folder.db")

    async def damaged() -> None:
        other = tmp_path / "other.db"
        other.write_bytes(b"this is no database, whatever its name says" * 100)
        with closing(sqlite3.connect(other)) as reader:
            reader.execute("select * from t")

    for service in (fill, read_only, missing, damaged):
        error = await outcome(Classify().wrap(service, "memory")())
        assert isinstance(error, StoreFailed), service
        assert error.hint


async def test_the_layer_raises_from_what_came_and_lets_all_else_pass():
    came = ConnectionRefusedError("no")
    error = await outcome(Classify().wrap(faulty(nothing, errors=[came]), "host")())
    assert isinstance(error, Unavailable)
    assert error.__cause__ is came
    for other in (ValueError("bug"), Unavailable("ours"), asyncio.CancelledError()):
        assert await outcome(Classify().wrap(faulty(nothing, errors=[other]), "host")()) is other


def test_it_reads_as_written():
    assert repr(Classify()) == "Classify()"
