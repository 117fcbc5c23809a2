"""The committed system-call filter of this machine's CPU."""

from __future__ import annotations

import platform
from pathlib import Path

from vana.kernel.errors import SandboxUnavailable

FOLDER = Path(__file__).parent / "profiles"
_SAME = {"amd64": "x86_64", "arm64": "aarch64"}
_INSTRUCTION = 8


def load(folder: Path = FOLDER, machine: str | None = None) -> bytes:
    """Give the BPF program for the CPU called *machine*, by default this one.

    Raises:
        SandboxUnavailable: *folder* has none for it, or it is not a BPF program.
    """
    name = (machine or platform.machine()).lower()
    path = folder / f"high.{_SAME.get(name, name)}.bpf"
    try:
        program = path.read_bytes()
    except OSError as error:
        known = ", ".join(sorted(one.name.split(".")[1] for one in folder.glob("high.*.bpf"))) or "none"
        message = f"there is no seccomp filter for {name} ({path} cannot be read); there are: {known}"
        hint = "reinstall vana-agents; for a new CPU, add it to scripts/seccomp_profile.py and run that"
        raise SandboxUnavailable(message, hint=hint) from error
    if not program or len(program) % _INSTRUCTION:
        message = f"the seccomp filter {path} is damaged"
        raise SandboxUnavailable(message, hint="reinstall vana-agents")
    return program
