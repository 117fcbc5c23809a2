"""Control groups, where root may make them: a second wall behind the watchdog, for memory and processes."""

# pathlib takes no descriptor and no dir_fd, and these are the kernel's own calls.
# ruff: noqa: PTH110, PTH123

from __future__ import annotations

import contextlib
import os
import re
from dataclasses import dataclass

from .wire import Bounds

_ROOT = "/sys/fs/cgroup"
_PREFIX = "vana-"
SPARE_PROCESSES = 4
"""The supervisor, bwrap's two and the first process of the jail."""
_SPARE_BYTES = 32 << 20


@dataclass(frozen=True, slots=True)
class Controller:
    """A folder under which groups can be made, held open because runs cover `/sys`."""

    folder: int
    knobs: tuple[tuple[str, str], ...]
    """File → which of `memory` and `processes` is written to it."""
    deaths: str = ""
    """The file that counts who was killed for want of memory."""


def find() -> tuple[str, tuple[Controller, ...]]:
    """Give the version (`v1`, `v2` or nothing) and the controllers that this process may use."""
    if os.geteuid() != 0:
        return "", ()
    try:
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            lines = [line.rstrip("\n").split(":", 2) for line in file]
    except OSError:
        return "", ()
    found = [controller for _, names, path in lines for controller in _of_v1(names.split(","), path)]
    if found:
        return "v1", tuple(found)
    unified = [controller for _, names, path in lines if not names for controller in _of_v2(path)]
    return ("v2" if unified else ""), tuple(unified)


def _of_v1(names: list[str], path: str) -> list[Controller]:
    kinds = {
        "memory": ((("memory.limit_in_bytes", "memory"),), "memory.oom_control"),
        "pids": ((("pids.max", "processes"),), ""),
    }
    found: list[Controller] = []
    for name in names:
        if name in kinds:
            knobs, deaths = kinds[name]
            found += _usable(f"{_ROOT}/{name}{path}", knobs, deaths)
    return found


def _of_v2(path: str) -> list[Controller]:
    knobs = (("memory.max", "memory"), ("memory.swap.max", "nothing"), ("pids.max", "processes"))
    try:
        with open(f"{_ROOT}{path}/cgroup.subtree_control", encoding="ascii") as file:
            on = file.read().split()
    except OSError:
        return []
    return _usable(f"{_ROOT}{path}", knobs, "memory.events") if {"memory", "pids"} <= set(on) else []


def _usable(folder: str, knobs: tuple[tuple[str, str], ...], deaths: str) -> list[Controller]:
    """Try it: only making a group shows that groups may be made."""
    trial = f"{_PREFIX}trial-{os.getpid()}"
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return []
    try:
        os.mkdir(trial, dir_fd=fd)
        os.rmdir(trial, dir_fd=fd)
    except OSError:
        os.close(fd)
        return []
    _sweep(fd)
    return [Controller(fd, knobs, deaths)]


def _sweep(folder: int) -> None:
    """Remove what a supervisor left that was killed before it could."""
    for name in os.listdir(folder):
        pid = name.removeprefix(_PREFIX)
        if name.startswith(_PREFIX) and pid.isdigit() and not os.path.exists(f"/proc/{pid}"):
            with contextlib.suppress(OSError):
                os.rmdir(name, dir_fd=folder)


def enter(controllers: tuple[Controller, ...], bounds: Bounds) -> list[int]:
    """Move this process into groups of its own with the limits of *bounds*; give what counts deaths in them.

    Raises:
        OSError: a group cannot be made or entered.
    """
    values = {
        "memory": bounds["memory_bytes"] + bounds["disk_bytes"] + _SPARE_BYTES,
        "processes": bounds["processes"] + SPARE_PROCESSES,
        "nothing": 0,
    }
    counters: list[int] = []
    for controller in controllers:
        group = name_of(os.getpid())
        os.mkdir(group, dir_fd=controller.folder)
        for knob, value in controller.knobs:
            with contextlib.suppress(FileNotFoundError):  # no swap accounting
                _write(controller.folder, f"{group}/{knob}", str(values[value]))
        _write(controller.folder, f"{group}/cgroup.procs", "0")
        if controller.deaths:
            counters.append(os.open(f"{group}/{controller.deaths}", os.O_RDONLY, dir_fd=controller.folder))
    return counters


def _write(folder: int, path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY, dir_fd=folder)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def starved(counters: list[int]) -> bool:
    """Say whether the kernel killed a process of the run for want of memory."""
    for counter in counters:
        found = re.search(rb"^oom_kill (\d+)", os.pread(counter, 4096, 0), re.MULTILINE)
        if found and int(found[1]):
            return True
    return False


def name_of(pid: int) -> str:
    """Give the name of the group of the run that process *pid* supervises."""
    return f"{_PREFIX}{pid}"


def remove(controllers: tuple[Controller, ...], pid: int) -> None:
    """Remove the groups of a run that has ended; what cannot be removed is empty and harmless."""
    for controller in controllers:
        with contextlib.suppress(OSError):
            os.rmdir(name_of(pid), dir_fd=controller.folder)
