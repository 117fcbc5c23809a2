"""Content by its hash, in a folder."""

import asyncio
import hashlib
import os
import re
import tempfile
from pathlib import Path

from vana.journal.fault import store_failed
from vana.kernel.errors import StoreFailed

_SHA256 = re.compile(r"[0-9a-f]{64}")


class FolderBlobs:
    """Keep content under *folder* as `ab/abcdef…`, by the SHA-256 of its bytes.

    What `put` acknowledged is on the disk, whole: it is written beside its place, synced, and moved there in
    one step. Many processes may share the folder. The contract is `vana.kernel.ports.Blobs`.
    """

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path_of(self, sha256: str) -> Path:
        """Give where the content is kept, or would be.

        Raises:
            StoreFailed: *sha256* is not a SHA-256 in lower-case hex, so nothing can be kept under it.
        """
        if not _SHA256.fullmatch(sha256):
            message = f"{sha256!r} is not a SHA-256 in hex"
            raise StoreFailed(message, hint="give the 64 digits that keeping the content gave")
        return self._folder / sha256[:2] / sha256

    async def put(self, content: bytes) -> str:
        """Keep *content* and give its SHA-256 in hex. A kept copy that is damaged is replaced.

        Raises:
            StoreFailed: it cannot be written; nothing is half written.
        """
        return await asyncio.to_thread(self._put, content)

    async def get(self, sha256: str) -> bytes:
        """Give the content, checked against its hash.

        Raises:
            StoreFailed: nothing is kept under *sha256*, or what is kept does not match it.
        """
        return await asyncio.to_thread(self._get, sha256)

    def _put(self, content: bytes) -> str:
        sha256 = hashlib.sha256(content).hexdigest()
        place = self.path_of(sha256)
        try:
            if not _holds(place, content):
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
                place.parent.mkdir(exist_ok=True)
                _write(place, content)
        except OSError as error:
            raise store_failed(place, error) from error
        return sha256

    def _get(self, sha256: str) -> bytes:
        place = self.path_of(sha256)
        try:
            content = place.read_bytes()
        except FileNotFoundError as error:
            message = f"nothing is kept under {sha256} in {self._folder}"
            raise StoreFailed(message, hint="it was never kept here, or its file was taken away") from error
        except OSError as error:
            raise store_failed(place, error) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            message = f"{place} no longer holds what was kept: its bytes have another hash"
            raise StoreFailed(message, hint="keep the content again, or restore the file from a copy")
        return content


def _holds(place: Path, content: bytes) -> bool:
    try:
        return place.stat().st_size == len(content) and place.read_bytes() == content
    except FileNotFoundError:
        return False


def _write(place: Path, content: bytes) -> None:
    """Write beside *place*, sync, move there, and sync the folder, so that the name stays too."""
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=place.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
    _sync_folder(place.parent)
    _sync_folder(place.parent.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return  # Windows opens no folders; its file system orders renames itself
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
