"""The canary: a program that runs inside a jail, tries each wall and prints which of them stand, as JSON.

    walls.py SECRET PORT MEMORY

SECRET is a file of the host, PORT a listener on the host's loopback, MEMORY the limit of the run in bytes.
It imports the standard library alone, and changes nothing outside the jail even where no wall stands.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

_AF_VSOCK = 40
_TIOCSTI = 0x5412
_TRIES = 64
_FILL = Path("/tmp/fill")  # noqa: S108 - inside the jail, where it is the run's own


def refused(call: Callable[[], object], *numbers: int) -> bool:
    """Say whether *call* fails with an `OSError`, one of *numbers* where they are given."""
    try:
        call()
    except OSError as error:
        return not numbers or error.errno in numbers
    return False


def network(port: int) -> bool:
    """Find no interface but the loopback, and nobody on it."""
    lines = Path("/proc/net/dev").read_text(encoding="ascii").splitlines()
    alone = {line.split(":")[0].strip() for line in lines if ":" in line} <= {"lo"}
    return alone and refused(lambda: socket.create_connection(("127.0.0.1", port), 2).close())


def writing(secret: Path) -> bool:
    """Find no folder outside the own ones where a file can be made; one that was made is removed."""
    folders = (Path("/"), Path("/usr"), Path("/etc"), Path("/dev"), Path("/proc"), secret.parent)
    made = [path for path in (folder / "vana-canary" for folder in folders) if not refused(path.touch)]
    for path in made:
        path.unlink()
    return not made


def status() -> dict[str, str]:
    """Give what the kernel says of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def privileges() -> bool:
    """Find that there are none, and that none can be gained."""
    own = status()
    without = all(int(own[name], 16) == 0 for name in ("CapEff", "CapPrm", "CapBnd"))
    return os.getuid() != 0 and own["NoNewPrivs"] == "1" and without


def seccomp() -> bool:
    """Find the filter in force, by what the kernel says and by two calls that only it refuses like that."""
    typed = refused(lambda: fcntl.ioctl(0, _TIOCSTI, b"x"), errno.EPERM)
    hypervisor = refused(lambda: socket.socket(_AF_VSOCK, socket.SOCK_STREAM).close(), errno.EAFNOSUPPORT)
    return status()["Seccomp"] == "2" and typed and hypervisor


def processes() -> bool:
    """Fork until the kernel refuses."""
    started: list[int] = []
    readable, writable = os.pipe()
    try:
        for _ in range(_TRIES):
            pid = os.fork()
            if pid == 0:
                os.read(readable, 1)
                os._exit(0)
            started.append(pid)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.write(writable, b"x" * len(started))
        for pid in started:
            os.waitpid(pid, 0)
    return False


def memory(limit: int) -> bool:
    """Ask for twice the limit."""
    try:
        bytearray(2 * limit)
    except MemoryError:
        return True
    return False


def disk() -> bool:
    """Write until the disk is full, and leave it empty."""
    _FILL.mkdir()
    paths = [_FILL / str(number) for number in range(8)]
    full = refused(lambda: [path.write_bytes(bytes(1 << 20)) for path in paths], errno.ENOSPC)
    for path in _FILL.iterdir():
        path.unlink()
    return full


def inodes() -> bool:
    """Make files until no more can be made."""
    return refused(lambda: [(_FILL / str(number)).touch() for number in range(256)], errno.ENOSPC)


def main() -> None:
    """Try every wall."""
    secret, port, limit = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    found = {
        "network": network(port),
        "files": refused(secret.read_bytes, errno.ENOENT),
        "writing": writing(secret),
        "privileges": privileges(),
        "seccomp": seccomp(),
        "processes": processes(),
        "memory": memory(limit),
        "disk": disk(),
        "inodes": inodes(),
    }
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
