"""Whether the process that wrote something still lives."""

import os
import secrets
from pathlib import Path


def claim() -> str:
    """Give a mark of this process that is never given twice."""
    return f"{os.getpid()}:{_born(os.getpid())}:{secrets.token_hex(4)}"


def is_alive(mark: str) -> bool:
    """Say whether the process that made *mark* still runs on this machine.

    A number is reused, a number with its moment of birth is not. Where the system does not tell the moment
    (anything but Linux), only this process is known to live.
    """
    number, _, rest = mark.partition(":")
    born = rest.partition(":")[0]
    if not number.isdigit():
        return False
    return born == _born(int(number)) and (bool(born) or int(number) == os.getpid())


def _born(number: int) -> str:
    """Give the moment the process started, in ticks since boot: field 22 of proc_pid_stat(5)."""
    try:
        stat = Path(f"/proc/{number}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # the name before it may hold spaces and brackets
    state, born = fields[0], fields[19]
    return "" if state in "ZX" else born  # a zombie writes nothing more
