"""The jail of the tier `high`, as arguments of bwrap: /usr, the interpreter, the run's own files, no more.

Each line answers an attack that worked without it; `docs/reference/limits.md` lists what a program meets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vana.sandbox.interpreter import Interpreter

FILTER_FD = 3
WORK = "/box"

# The first process of the jail: a shell under the same filter and user as the program. bwrap's own would run
# without a filter, and the program could write into it through /proc/1/mem. It says on descriptor 4 that the
# program starts, waits for it, and ends with its status; then the kernel kills all that is left. The kernel
# keeps signals of the program from it, but for those it handles itself: a shell handles SIGINT.
_FIRST = 'exec 5>&2 2>/dev/null; trap : INT; echo >&4; (exec "$@" 2>&5 4>&- 5>&-); exit $?'

_ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",  # noqa: S108 - inside the jail, where it is the run's own
    "TMPDIR": "/tmp",  # noqa: S108 - likewise
    "USER": "sandbox",
    "LOGNAME": "sandbox",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "MPLCONFIGDIR": "/tmp",  # noqa: S108 - likewise
    "OPENBLAS_NUM_THREADS": "1",  # it starts a thread per core of the machine, against the limit of the run
    "OMP_NUM_THREADS": "1",
}

_OWN = {"work": WORK, "tmp": "/tmp", "shm": "/dev/shm"}  # noqa: S108 - inside the jail


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the host that programs may read."""

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Jail:
    """What is the same for every run of one sandbox."""

    bwrap: str
    version: tuple[int, ...]
    is_root: bool
    """Whether the supervisor starts as root and therefore shows mounts under `/sys`."""
    mounts: tuple[Mount, ...] = ()
    environment: Mapping[str, str] | None = None

    def staged(self, interpreter: Interpreter) -> tuple[str, ...]:
        """Give the host paths that the jail shows besides /usr, in the order `command` expects them."""
        return tuple(mount.source for mount in self._shown(interpreter))

    def command(self, interpreter: Interpreter, program: Sequence[str]) -> tuple[str, ...]:
        """Give bwrap with its arguments for a run of *program*."""
        return (
            self.bwrap,
            *self._namespaces(),
            *self._tree(interpreter),
            *self._variables(),
            *("--seccomp", str(FILTER_FD), "--chdir", WORK),
            *("--remount-ro", "/", "--remount-ro", "/dev"),
            *("--", "/bin/sh", "-c", _FIRST, "sandbox", *program),
        )

    def _namespaces(self) -> tuple[str, ...]:
        nested = (
            ("--disable-userns",) if self.version >= (0, 8) else ()
        )  # the filter refuses them in any case
        return (
            *("--unshare-all", "--unshare-user", *nested, "--uid", "1000", "--gid", "1000"),
            *(
                "--as-pid-1",
                "--die-with-parent",
                "--new-session",
                "--hostname",
                "sandbox",
                "--cap-drop",
                "ALL",
            ),
        )

    def _tree(self, interpreter: Interpreter) -> list[str]:
        parts = ["--ro-bind", "/usr", "/usr", *_links()]
        if not interpreter.is_local and Path("/usr/local").is_dir():
            parts += _emptied("/usr/local")
        parts += ["--ro-bind", "/sys/etc", "/etc"]
        for path in ("/etc/alternatives", "/etc/ld.so.cache"):
            parts += ["--ro-bind-try", path, path]
        parts += ["--proc", "/proc", "--dev", "/dev"]
        for name, target in _OWN.items():
            parts += ["--bind", f"/sys/box/{name}", target]
        for number, mount in enumerate(self._shown(interpreter)):
            parts += ["--ro-bind", f"/sys/m{number}" if self.is_root else mount.source, mount.target]
        for folder in interpreter.hidden:
            parts += _emptied(folder)
        return parts

    def _shown(self, interpreter: Interpreter) -> tuple[Mount, ...]:
        return (*(Mount(path, path) for path in interpreter.shown), *self.mounts)

    def _variables(self) -> list[str]:
        pairs = {**_ENVIRONMENT, **(self.environment or {})}.items()
        return ["--clearenv", *(part for name, value in pairs for part in ("--setenv", name, value))]


def _links() -> list[str]:
    """Give the folders beside /usr as this machine has them: links into it, or on older systems folders."""
    parts: list[str] = []
    for path in map(Path, ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")):
        if path.is_symlink():
            parts += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            parts += ["--ro-bind", str(path), str(path)]
    return parts


def _emptied(folder: str) -> list[str]:
    return ["--tmpfs", folder, "--remount-ro", folder]
