"""The filter: what is committed is what libseccomp makes, and the kernel refuses what it lists."""

from __future__ import annotations

import importlib.util
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import not_run
from vana.kernel.errors import SandboxUnavailable
from vana.sandbox import seccomp
from vana.sandbox.bubblewrap import Bubblewrap, open_sandbox
from vana.sandbox.sandbox import Limits, Program

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

SCRIPT = Path(__file__).parents[2] / "scripts" / "seccomp_profile.py"


def test_the_committed_filters_are_what_libseccomp_makes(tmp_path: Path):
    if importlib.util.find_spec("pyseccomp") is None:
        not_run("pyseccomp is not installed: pip install --group dev")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), str(tmp_path)], capture_output=True, text=True, check=False
    )
    if "libseccomp" in done.stderr and done.returncode:
        not_run("libseccomp is not installed: apt-get install libseccomp2")
    assert done.returncode == 0, done.stderr
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_bytes() for path in seccomp.FOLDER.iterdir()}


def test_every_cpu_that_has_a_filter_gets_it():
    assert seccomp.load(machine="x86_64") == seccomp.load(machine="AMD64")
    assert seccomp.load(machine="arm64") == seccomp.load(machine="aarch64")
    assert seccomp.load(machine="aarch64") != seccomp.load(machine="x86_64")


def test_a_cpu_without_a_filter_is_refused_with_those_that_have_one():
    with pytest.raises(SandboxUnavailable, match=r"for riscv64 .*there are: aarch64, x86_64"):
        seccomp.load(machine="riscv64")


def test_a_filter_that_is_no_program_is_refused(tmp_path: Path):
    (tmp_path / "high.x86_64.bpf").write_bytes(b"odd")
    with pytest.raises(SandboxUnavailable, match="damaged"):
        seccomp.load(tmp_path, "x86_64")


NUMBERS = {  # asm/unistd_64.h
    "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "process_madvise": 440,
    "pidfd_getfd": 438, "kcmp": 312, "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161,
    "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "open_tree": 428, "move_mount": 429,
    "mount_setattr": 442, "open_by_handle_at": 304, "name_to_handle_at": 303, "quotactl": 179,
    "quotactl_fd": 443, "swapon": 167, "swapoff": 168, "acct": 163, "fanotify_init": 300, "unshare": 272,
    "setns": 308, "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "io_uring_setup": 425,
    "io_uring_enter": 426, "io_uring_register": 427, "keyctl": 250, "add_key": 248, "request_key": 249,
    "init_module": 175, "finit_module": 313, "delete_module": 176, "reboot": 169, "kexec_load": 246,
    "kexec_file_load": 320, "iopl": 172, "ioperm": 173, "settimeofday": 164, "clock_settime": 227,
    "adjtimex": 159, "clock_adjtime": 305, "sethostname": 170, "setdomainname": 171, "syslog": 103,
    "vhangup": 153, "personality": 135, "modify_ldt": 154, "memfd_create": 319, "memfd_secret": 447,
    "shmget": 29, "msgget": 68, "semget": 64, "move_pages": 279, "mbind": 237, "set_mempolicy": 238,
    "migrate_pages": 256,
}  # fmt: skip

CALL = """
import ctypes, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(number, *arguments):
    # the raw call: no library in between that could refuse on its own
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(one) for one in arguments))
    return ctypes.get_errno() if result == -1 else 0
"""


@pytest.fixture
async def sandbox() -> AsyncGenerator[Bubblewrap]:
    if platform.machine() != "x86_64":
        not_run("the numbers in these tests are those of x86_64")
    opened = open_sandbox()
    yield opened
    await opened.aclose()


async def told(sandbox: Bubblewrap, code: str) -> list[str]:
    outcome = await sandbox.run(Program(CALL + code), Limits())
    assert outcome.status == "ok", outcome
    return outcome.stdout.split()


@pytest.mark.real
async def test_every_listed_call_is_refused_in_the_live_sandbox(sandbox: Bubblewrap):
    code = f"for name, number in {NUMBERS!r}.items(): print(name, call(number, 0, 0, 0, 0, 0, 0))"
    said = await told(sandbox, code)
    assert dict(zip(said[::2], said[1::2], strict=True)) == dict.fromkeys(NUMBERS, "1")


@pytest.mark.real
async def test_new_namespaces_are_refused_however_they_are_asked_for(sandbox: Bubblewrap):
    flags = [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]
    code = f"for flag in {flags!r}: print(call(56, flag | 17, 0, 0, 0, 0))\nprint(call(435, 0, 0))"
    assert await told(sandbox, code) == ["1"] * len(flags) + ["38"]


@pytest.mark.real
async def test_only_the_families_of_the_run_itself_can_be_opened(sandbox: Bubblewrap):
    code = "for family in range(48): print(family, call(41, family, 1, 0), call(41, family, 2, 0))"
    said = await told(sandbox, code)
    opened = {int(said[at]) for at in range(0, len(said), 3) if said[at + 1 : at + 3] != ["97", "97"]}
    assert opened == {1, 2, 10}


@pytest.mark.real
async def test_words_cannot_be_put_into_a_terminal_by_high_bits_either(sandbox: Bubblewrap):
    code = "for cmd in (0x5412, 0x541C, 0x1_0000_5412, -1 << 32 | 0x5412): print(call(16, 0, cmd, 0))"
    assert await told(sandbox, code) == ["1"] * 4


@pytest.mark.real
async def test_devices_cannot_be_made_and_named_pipes_can(sandbox: Bubblewrap):
    code = """
import os
os.mkfifo("pipe")
for kind in (0o020000, 0o060000): print(call(259, -100, 0, kind, 0x103))
"""
    assert await told(sandbox, code) == ["1", "1"]


@pytest.mark.real
@pytest.mark.parametrize(
    "code",
    [
        "call(0x40000000 + 39)",  # getpid of the x32 ABI
        """
import mmap  # getpid of the 32-bit ABI: mov eax, 20; int 0x80; ret
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes.fromhex("b814000000cd80c3"))
ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
""",
    ],
    ids=["x32", "i386"],
)
async def test_a_foreign_abi_is_killed(sandbox: Bubblewrap, code: str):
    outcome = await sandbox.run(Program(CALL + code + "\nprint('lived')"), Limits())
    assert (outcome.status, outcome.exit_code, outcome.stdout) == ("killed", 128 + 31, "")


@pytest.mark.real
async def test_the_memory_of_the_first_process_leads_to_nothing_unfiltered(sandbox: Bubblewrap):
    """Where /proc/1/mem can be written, what is written runs under the same filter as the writer."""
    outcome = await sandbox.run(Program("grep -h ^Seccomp: /proc/[0-9]*/status", "shell"), Limits())
    assert set(outcome.stdout.split()) == {"Seccomp:", "2"}
