"""The files of a run: a small tree of its own, limited in bytes and in inodes, laid over `/sys`.

bwrap can limit the bytes of a tmpfs and not its inodes; a mount of ours in an outer user namespace limits
both. It lies over `/sys`, which exists everywhere and which nothing here needs: no folder is left behind.
"""

# pathlib takes no descriptor and no dir_fd, and these are the kernel's own calls.
# ruff: noqa: PTH102, PTH103, PTH108, PTH112, PTH120

from __future__ import annotations

import os

from .kernel import CLONE_NEWNS, MS_BIND, MS_NODEV, MS_NOSUID, MS_PRIVATE, MS_REC, mount, step, unshare
from .wire import Bounds

STAGE = "/sys"
BOX = "/sys/box"
WORK = "/sys/box/work"
_FOLDERS = ("work", "tmp", "shm")
_OWN_INODES = 5  # the tree itself, its folders, stdin
_ETC = {
    "passwd": "sandbox:x:1000:1000::/tmp:/bin/bash\n",
    "group": "sandbox:x:1000:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
    "ld.so.cache": "",  # the host's own is mounted over it
}


def stage(paths: tuple[str, ...]) -> None:
    """Show *paths* at `/sys/m0`, `/sys/m1`, … in a mount tree of this process's own; needs root.

    They may lie where the user of the run may not walk to, such as root's home.
    """
    with step("a private mount tree"):
        unshare(CLONE_NEWNS)
        mount("none", "/", "none", MS_REC | MS_PRIVATE)
        _ground()
        for number, path in enumerate(paths):
            target = f"{STAGE}/m{number}"
            if os.path.isdir(path):
                os.mkdir(target)
            else:
                os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
            mount(path, target, "none", MS_BIND | MS_REC)


def _ground() -> None:
    mount("vana", STAGE, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=1m,nr_inodes=256")
    for name in ("box", "etc", "etc/alternatives"):
        os.mkdir(f"{STAGE}/{name}")
    for name, text in _ETC.items():
        _write(f"{STAGE}/etc/{name}", text.encode(), 0o644)


def lay(bounds: Bounds, files: tuple[tuple[str, bytes], ...], *, grounded: bool) -> None:
    """Mount the limited tree and write the *files* of the run; *grounded* says that `stage` went before."""
    with step("a mount of its own"):
        if not grounded:
            _ground()
        options = f"mode=755,size={bounds['disk_bytes']},nr_inodes={bounds['inodes'] + _OWN_INODES}"
        mount("vana", BOX, "tmpfs", MS_NOSUID | MS_NODEV, options)
        for name in _FOLDERS:
            os.mkdir(f"{BOX}/{name}", 0o755)
    with step("files"):
        for name, content in files:
            folder = os.path.dirname(f"{WORK}/{name}")
            os.makedirs(folder, exist_ok=True)
            _write(f"{WORK}/{name}", content, 0o644)


def open_stdin(content: bytes) -> int:
    """Give a descriptor to read *content* from; it counts as disk of the run."""
    if not content:
        return os.open("/dev/null", os.O_RDONLY)
    path = f"{BOX}/stdin"
    with step("files"):
        _write(path, content, 0o400)
        fd = os.open(path, os.O_RDONLY)
        os.unlink(path)
    return fd


def _write(path: str, content: bytes, mode: int) -> None:
    fd = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(fd, view) :]
    finally:
        os.close(fd)
