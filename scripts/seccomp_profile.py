"""Generate the system-call filters of the `high` sandbox with libseccomp.

    python scripts/seccomp_profile.py [FOLDER]

writes `high.ARCH.bpf` (what the kernel loads) and `high.ARCH.pfc` (the same, readable) for every CPU in
`ARCHITECTURES`, by default into `src/vana/sandbox/profiles`. The output is committed as data, so that using
the sandbox needs no libseccomp; `tests/sandbox/test_seccomp.py` generates it again and compares the bytes.
"""

from __future__ import annotations

import errno
import socket
import stat
import sys
import tempfile
from pathlib import Path

import pyseccomp

ARCHITECTURES = {"x86_64": pyseccomp.Arch.X86_64, "aarch64": pyseccomp.Arch.AARCH64}
FOLDER = Path(__file__).parent.parent / "src" / "vana" / "sandbox" / "profiles"

REFUSED = (
    # other processes' memory and descriptors
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "pidfd_getfd", "kcmp"),
    # the file tree, and ways round it
    *(
        "mount",
        "umount",
        "umount2",
        "pivot_root",
        "chroot",
        "fsopen",
        "fsconfig",
        "fsmount",
        "fspick",
        "open_tree",
    ),
    *("move_mount", "mount_setattr", "open_by_handle_at", "name_to_handle_at", "quotactl", "quotactl_fd"),
    *("swapon", "swapoff", "acct", "fanotify_init"),
    # new namespaces
    *("unshare", "setns"),
    # large or young kernel interfaces that programs here have no need of
    *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
    *("keyctl", "add_key", "request_key", "lookup_dcookie", "nfsservctl", "uselib", "vm86", "vm86old"),
    # the machine itself
    *(
        "init_module",
        "finit_module",
        "delete_module",
        "reboot",
        "kexec_load",
        "kexec_file_load",
        "iopl",
        "ioperm",
    ),
    *("settimeofday", "clock_settime", "adjtimex", "clock_adjtime", "stime", "sethostname", "setdomainname"),
    *("syslog", "vhangup", "personality", "modify_ldt"),
    # memory that no limit of the run counts
    *("memfd_create", "memfd_secret", "shmget", "msgget", "semget"),
    # placing memory on nodes: information about the machine, and no use here
    *("move_pages", "mbind", "set_mempolicy", "set_mempolicy_home_node", "migrate_pages"),
)

FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6)
"""The network namespace is empty, so INET reaches the run itself alone; it does not cover VSOCK."""

TTY_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX put words into a terminal; compared in the low 32 bits, as the kernel does.

Source: CVE-2019-7303, where a filter compared all 64.
"""

NAMESPACES = (0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000)
"""CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET of linux/sched.h."""

_LOW_32 = 0xFFFF_FFFF


def build(architecture: str) -> pyseccomp.SyscallFilter:
    """Give the filter of one CPU: everything allowed but what is refused here; foreign ABIs are killed."""
    made = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    arch = ARCHITECTURES[architecture]
    if not made.exist_arch(arch):
        made.add_arch(arch)
        made.remove_arch(pyseccomp.Arch.NATIVE)
    made.set_attr(pyseccomp.Attr.ACT_BADARCH, pyseccomp.KILL_PROCESS)
    no = pyseccomp.ERRNO(errno.EPERM)
    for call in REFUSED:
        if (
            pyseccomp.resolve_syscall(arch, call) >= 0
        ):  # a CPU without the call has a made-up negative number for it
            made.add_rule(no, call)
    # its arguments lie in memory, where a filter cannot read; libc falls back to clone
    made.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")
    for flag in NAMESPACES:
        made.add_rule(no, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    for request in TTY_INJECTION:
        made.add_rule(no, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, _LOW_32, request))
    for kind in (stat.S_IFCHR, stat.S_IFBLK):
        if pyseccomp.resolve_syscall(arch, "mknod") >= 0:
            made.add_rule(no, "mknod", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0o170000, kind))
        made.add_rule(no, "mknodat", pyseccomp.Arg(2, pyseccomp.MASKED_EQ, 0o170000, kind))
    _families(made)
    return made


def _families(made: pyseccomp.SyscallFilter) -> None:
    refused = pyseccomp.ERRNO(errno.EAFNOSUPPORT)
    highest = max(FAMILIES)
    for call in ("socket", "socketpair"):
        made.add_rule(refused, call, pyseccomp.Arg(0, pyseccomp.GT, int(highest)))
        for family in sorted(set(range(highest)) - set(FAMILIES)):
            made.add_rule(refused, call, pyseccomp.Arg(0, pyseccomp.EQ, family))


def export(architecture: str) -> tuple[bytes, bytes]:
    """Give the filter of one CPU as the kernel loads it, and readable."""
    made = build(architecture)
    with tempfile.TemporaryFile() as raw, tempfile.TemporaryFile() as readable:
        made.export_bpf(raw)
        made.export_pfc(readable)
        raw.seek(0)
        readable.seek(0)
        return raw.read(), readable.read()


def main() -> None:
    """Write the filters of all CPUs."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for architecture in ARCHITECTURES:
        raw, readable = export(architecture)
        (folder / f"high.{architecture}.bpf").write_bytes(raw)
        (folder / f"high.{architecture}.pfc").write_bytes(readable)
        print(f"high.{architecture}.bpf: {len(raw) // 8} instructions")


if __name__ == "__main__":
    main()
