"""The program that a sandbox runs before any other, to see whether its walls stand."""

from __future__ import annotations

import json
import secrets
import socket
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

from vana.kernel.errors import SandboxUnavailable
from vana.sandbox.sandbox import MIB, Limits, Outcome, Program

LIMITS = Limits(
    wall_s=15.0, memory_bytes=96 * MIB, processes=12, disk_bytes=4 * MIB, inodes=64, file_bytes=4 * MIB
)

WALLS = {
    "network": "the network of the host can be reached",
    "files": "files of the host can be read",
    "writing": "files outside the working folder can be written",
    "privileges": "the program has privileges",
    "seccomp": "no seccomp filter is in force",
    "processes": "the number of processes is not limited",
    "memory": "memory is not limited",
    "disk": "disk space is not limited",
    "inodes": "the number of files is not limited",
}
"""Wall → what it means when it does not stand."""

CODE = Path(__file__).with_name("walls.py")
"""What it runs: a program of its own, checked like all code."""


async def examine(tier: str, run: Callable[[Program, Limits], Awaitable[Outcome]]) -> None:
    """Run the canary with *run* and judge what it met.

    Raises:
        SandboxUnavailable: a wall does not stand, or the canary did not come back with its own result.
    """
    code, token = CODE.read_text(encoding="utf-8"), secrets.token_hex(16)
    with tempfile.TemporaryDirectory(prefix="vana-canary-") as folder, _listener() as server:
        secret = _hide(Path(folder), token)
        arguments = (str(secret), str(server.getsockname()[1]), str(LIMITS.memory_bytes))
        outcome = await run(Program(code, arguments=arguments), LIMITS)
        reached = _was_reached(server)
    fallen = _fallen(outcome)
    if reached:
        fallen.append("network")
    if token in outcome.stdout + outcome.stderr:
        fallen.append("files")
    if fallen:
        told = "; ".join(WALLS[name] for name in dict.fromkeys(fallen))
        message = f"the sandbox {tier!r} does not isolate here, so nothing was run: {told}"
        hint = "run `vana doctor`; on an old kernel (before 5.14) or an unusual container, update or leave it"
        raise SandboxUnavailable(message, hint=hint)


def _listener() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0)
    return server


def _hide(folder: Path, token: str) -> Path:
    """Give a file with the *token* that everybody may read: only the jail keeps it from a program."""
    folder.chmod(0o755)
    secret = folder / "secret"
    secret.write_text(token, encoding="ascii")
    return secret


def _was_reached(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except BlockingIOError:
        return False
    return True


def _fallen(outcome: Outcome) -> list[str]:
    try:
        stands = cast("dict[str, bool]", json.loads(outcome.stdout)) if outcome.status == "ok" else {}
    except ValueError:
        stands = {}
    if set(stands) != set(WALLS):
        last = outcome.stderr.strip().rpartition("\n")[2][:300]
        message = f"the canary of the sandbox ended with {outcome.status}, not with its result: {last}"
        raise SandboxUnavailable(message, hint="run `vana doctor`")
    return [name for name, holds in stands.items() if holds is not True]
