"""The tier `high`: hostile programs meet walls, and with a wall missing nothing runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import not_run
from tests.sandbox.machine import BWRAP, open_folder, processes_with, write_program
from vana.kernel.errors import SandboxUnavailable, UsageError
from vana.sandbox.bubblewrap import Bubblewrap, Setup, open_sandbox
from vana.sandbox.interpreter import find_language
from vana.sandbox.profile import Mount
from vana.sandbox.sandbox import KIB, MIB, Language, Limits, Outcome, Program
from vana.sandbox.supervisor import watchdog

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

pytestmark = pytest.mark.real

LIMITS = Limits()
SOURCE = Path(__file__).parents[2] / "src"


@pytest.fixture
async def sandbox() -> AsyncGenerator[Bubblewrap]:
    opened = open_sandbox()
    yield opened
    await opened.aclose()


async def said(sandbox: Bubblewrap, code: str, limits: Limits = LIMITS, language: str = "python") -> Outcome:
    """Run *code*, which must end by itself and well."""
    outcome = await sandbox.run(Program(code, language), limits)
    assert outcome.status == "ok", outcome
    return outcome


# what a program can see


async def test_only_the_run_itself_usr_and_the_interpreter_are_visible(sandbox: Bubblewrap):
    outcome = await said(sandbox, "import os; print(*sorted(os.listdir('/')))")
    seen = set(outcome.stdout.split())
    interpreter = outcome.sandbox.features[-1].partition(":")[2]
    assert seen - {"lib32", "libx32"} == {
        *("bin", "box", "dev", "etc", "lib", "lib64", "proc", "sbin", "tmp", "usr"),
        interpreter.split("/")[1],
    }


async def test_a_file_of_the_host_is_not_there(sandbox: Bubblewrap):
    with open_folder() as folder:
        secret = folder / "secret"
        secret.write_text("token-of-the-host", encoding="ascii")
        outcome = await sandbox.run(Program(f"cat {secret} /proc/1/root{secret}", "shell"), LIMITS)
    assert outcome.status == "error"
    assert "token" not in outcome.stdout + outcome.stderr


async def test_a_declared_mount_is_readable_and_not_writable():
    with open_folder() as folder:
        (folder / "table.csv").write_text("a,b", encoding="ascii")
        sandbox = open_sandbox(Setup(mounts=(Mount(str(folder), "/data"),)))
        try:
            read = await said(sandbox, "print(open('/data/table.csv').read())")
            write = await sandbox.run(Program("open('/data/new', 'w')"), LIMITS)
        finally:
            await sandbox.aclose()
        assert list(folder.iterdir()) == [folder / "table.csv"]
    assert read.stdout == "a,b\n"
    assert "Read-only file system" in write.stderr


async def test_packages_installed_beside_the_interpreter_are_hidden(sandbox: Bubblewrap):
    code = (
        "import site, os; print(sum(len(os.listdir(p)) for p in site.getsitepackages() if os.path.isdir(p)))"
    )
    outcome = await said(sandbox, code)
    if outcome.sandbox.features[-1].startswith("python:/usr/"):
        not_run("the interpreter belongs to the system, whose packages are part of /usr")
    assert outcome.stdout == "0\n"


async def test_identity_and_environment_tell_nothing_of_the_host(sandbox: Bubblewrap):
    outcome = await said(
        sandbox, "import os, socket; print(os.getuid(), socket.gethostname(), *sorted(os.environ))"
    )
    uid, host, *names = outcome.stdout.split()
    assert (uid, host) == ("1000", "sandbox")
    assert set(names) <= {
        *("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "LANG", "PWD", "LC_CTYPE", "OLDPWD", "SHLVL", "_"),
        *("MPLBACKEND", "MPLCONFIGDIR", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"),
    }


async def test_a_program_holds_its_three_streams_and_no_other_descriptor(sandbox: Bubblewrap):
    code = "import os; print(sorted(map(int, os.listdir('/proc/self/fd'))))"
    assert (await said(sandbox, code)).stdout == "[0, 1, 2, 3]\n"  # 3 is the folder that is being listed


async def test_the_first_process_holds_no_line_to_us_and_no_more_right_than_the_program(sandbox: Bubblewrap):
    code = """
    ls -l /proc/1/fd | grep -c socket
    for key in Seccomp NoNewPrivs CapEff CapPrm; do grep ^$key: /proc/1/status; done
    """
    outcome = await sandbox.run(Program(code, "shell"), LIMITS)
    assert outcome.stdout.split() == [
        *("0", "Seccomp:", "2", "NoNewPrivs:", "1"),
        *("CapEff:", "0" * 16, "CapPrm:", "0" * 16),
    ]


async def test_the_network_is_the_runs_own_loopback(sandbox: Bubblewrap):
    code = """
import socket
server = socket.create_server(("localhost", 0))
client = socket.create_connection(server.getsockname())
client.sendall(b"own")
print(server.accept()[0].recv(3))
try: socket.create_connection(("192.0.2.1", 80), 5)
except OSError as error: print(error.strerror)
"""
    assert (await said(sandbox, code)).stdout == "b'own'\nNetwork is unreachable\n"


# what a program can do


async def test_nothing_but_the_runs_own_folders_is_writable(sandbox: Bubblewrap):
    code = """
import os
for root, folders, files in os.walk("/"):
    folders[:] = [f for f in folders if os.path.join(root, f) not in ("/proc", "/box", "/tmp", "/dev/shm")]
    try:
        open(os.path.join(root, "made"), "w").close()
        print(root)
    except OSError:
        pass
"""
    assert (await said(sandbox, code)).stdout == ""


async def test_a_program_cannot_end_its_parent(sandbox: Bubblewrap):
    code = "import os\nfor n in (9, 15, 2, 19): os.kill(os.getppid(), n)\nos.kill(1, 9)\nprint('still here')"
    assert (await said(sandbox, code)).stdout == "still here\n"


async def test_no_process_outlives_its_run(sandbox: Bubblewrap):
    mark = f"vana_left_{os.getpid()}"
    code = f"""
import os, subprocess, sys
for _ in range(3):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "{mark}"], start_new_session=True)
print("gone")
"""
    outcome = await said(sandbox, code, Limits(wall_s=50))
    assert (outcome.stdout, processes_with(mark)) == ("gone\n", [])


async def test_forking_without_end_meets_the_limit(sandbox: Bubblewrap):
    code = """
import os, time
count = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
        count += 1
except BlockingIOError:
    print(count)
"""
    assert int((await said(sandbox, code, Limits(processes=20))).stdout) <= 20


async def test_threads_count_as_processes(sandbox: Bubblewrap):
    code = """
import threading
gate = threading.Event()
count = 0
try:
    while count < 500:
        threading.Thread(target=gate.wait, daemon=True).start()
        count += 1
except RuntimeError:
    pass
print(count)
"""
    assert int((await said(sandbox, code, Limits(processes=20))).stdout) <= 20


async def test_one_process_meets_a_memory_error_it_can_handle(sandbox: Bubblewrap):
    code = """
parts = []
try:
    while True: parts.append(bytearray(8 << 20))
except MemoryError:
    print(len(parts) * 8)
"""
    assert 50 < int((await said(sandbox, code, Limits(memory_bytes=128 * MIB))).stdout) <= 120


@pytest.mark.parametrize("kind", ["private", "shared"])
async def test_many_processes_together_meet_the_memory_limit(sandbox: Bubblewrap, kind: str):
    hold = {
        "private": "part = bytearray(b'x') * (60 << 20)",
        "shared": "import mmap; part = mmap.mmap(-1, 60 << 20); part.write(b'x' * (60 << 20))",
    }[kind]
    code = f"""
import os, time
for _ in range(8):
    if os.fork() == 0:
        {hold}
        time.sleep(60)
time.sleep(60)
"""
    outcome = await sandbox.run(Program(code), Limits(memory_bytes=128 * MIB, wall_s=50))
    assert (outcome.status, outcome.exit_code) == ("memory", None)


async def test_pages_that_processes_share_count_once(sandbox: Bubblewrap):
    code = """
import os, time
part = bytearray(b"x") * (60 << 20)
for _ in range(8):
    if os.fork() == 0:
        time.sleep(1)
        os._exit(0)
while True:
    try: os.wait()
    except ChildProcessError: break
print("ended")
"""
    assert (await said(sandbox, code, Limits(memory_bytes=128 * MIB))).stdout == "ended\n"


async def test_cpu_seconds_of_all_processes_together_are_limited(sandbox: Bubblewrap):
    code = "import os\nos.fork(); os.fork()\nwhile True: pass"
    outcome = await sandbox.run(Program(code), Limits(cpu_s=0.6, wall_s=50))
    assert outcome.status == "timeout"
    assert outcome.usage.wall_s < 40


@pytest.mark.parametrize("folder", ["/box", "/tmp", "/dev/shm"])  # noqa: S108 - inside the jail
async def test_disk_and_inodes_are_limited_wherever_one_can_write(sandbox: Bubblewrap, folder: str):
    code = f"""
import errno, os
os.chdir("{folder}"); os.mkdir("fill"); os.chdir("fill")
try:
    for n in range(64): open(str(n), "wb").write(bytes(1 << 20))
except OSError as error: print(errno.errorcode[error.errno], n < 9)
for name in os.listdir("."): os.unlink(name)
try:
    for n in range(999): os.symlink("x", str(n))
except OSError as error: print(errno.errorcode[error.errno], n < 100)
"""
    outcome = await said(sandbox, code, Limits(disk_bytes=8 * MIB, inodes=100))
    assert outcome.stdout == "ENOSPC True\nENOSPC True\n"


async def test_a_file_that_grows_too_large_is_an_error_of_the_program(sandbox: Bubblewrap):
    code = "import os\nwhile True: os.write(3 if os.path.exists('f') else os.open('f', 65), bytes(1 << 20))"
    outcome = await sandbox.run(Program(code), Limits(file_bytes=4 * MIB))
    assert outcome.status == "error"
    assert "File too large" in outcome.stderr


async def test_limits_cannot_be_raised(sandbox: Bubblewrap):
    code = """
import resource
for what in (resource.RLIMIT_NOFILE, resource.RLIMIT_NPROC, resource.RLIMIT_DATA, resource.RLIMIT_FSIZE):
    soft, hard = resource.getrlimit(what)
    try: resource.setrlimit(what, (hard + 1, hard + 1))
    except (ValueError, OSError): print("refused")
"""
    assert (await said(sandbox, code)).stdout == "refused\n" * 4


async def test_printing_a_gigabyte_costs_us_its_cap_alone(sandbox: Bubblewrap):
    code = "import os\nfor _ in range(1024): os.write(1, bytes(1 << 20))"
    outcome = await sandbox.run(Program(code), Limits(wall_s=50))
    assert (outcome.status, len(outcome.stdout)) == ("output_limit", MIB)


async def test_names_that_try_to_leave_the_folder_stay_names(sandbox: Bubblewrap):
    code = r"""
import os
open(b"\xff\xfe", "w").close()
open("..\\..\\evil", "w").write("kept")
os.makedirs("d" * 120 + "/" + "e" * 120); open("d" * 120 + "/" + "e" * 120 + "/f", "w").write("deep")
open("x" * 250, "w").close()
path = "."
for _ in range(60): path += "/p"; os.mkdir(path)
os.symlink("/etc", "etc"); os.link("..\\..\\evil", "hard")
"""
    outcome = await said(sandbox, code)
    deep = "d" * 120 + "/" + "e" * 120 + "/f"
    assert {file.name for file in outcome.files} == {"..\\..\\evil", "hard"}
    assert len(deep) > 200
    assert any("name" in warning for warning in outcome.warnings)
    assert any("too deep" in warning for warning in outcome.warnings)
    assert any("'etc' was left out: it is not a regular file" in warning for warning in outcome.warnings)


async def test_files_come_back_after_a_timeout_as_well(sandbox: Bubblewrap):
    code = "open('partial', 'w').write('so far')\nwhile True: pass"
    outcome = await sandbox.run(Program(code), Limits(wall_s=0.6))
    assert (outcome.status, outcome.files[0].content) == ("timeout", b"so far")


async def test_usage_is_measured_from_outside(sandbox: Bubblewrap):
    code = "part = bytearray(b'x') * (80 << 20)\nfor _ in range(4_000_000): pass"
    use = (await said(sandbox, code)).usage
    assert 80 * MIB < use.peak_rss_bytes < 200 * MIB
    assert use.cpu_s > 0
    assert use.wall_s > 0


# ending runs


async def living(mark: str, number: int) -> None:
    """Wait until *number* processes bear the *mark*, or more; for 0, until none does."""
    async with asyncio.timeout(30):
        while (found := len(processes_with(mark))) < number or (found and not number):  # noqa: ASYNC110 - /proc rings no bell
            await asyncio.sleep(0.02)


async def test_cancelling_ends_every_process_before_it_returns(sandbox: Bubblewrap):
    mark = f"vana_cancel_{os.getpid()}"
    code = f"""
import os, subprocess, sys
for _ in range(4):
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)", "{mark}"], start_new_session=True)
while True: pass
"""
    run = asyncio.ensure_future(sandbox.run(Program(code), Limits(wall_s=60)))
    await living(mark, 4)
    run.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert processes_with(mark) == []
    assert time.monotonic() - began < 5  # it says 100 ms; a busy machine is given more


async def test_closing_ends_what_runs(sandbox: Bubblewrap):
    mark = f"vana_close_{os.getpid()}"
    line = Program("import time; time.sleep(60)", arguments=(mark,))
    async with asyncio.TaskGroup() as group:
        run = group.create_task(sandbox.run(line, Limits(wall_s=60)))
        await living(mark, 1)
        run.cancel()
        await sandbox.aclose()
    assert processes_with(mark) == []
    with pytest.raises(UsageError):
        await sandbox.run(Program("print(1)"), LIMITS)


async def test_a_killed_vana_leaves_no_process(tmp_path: Path):
    mark = f"vana_orphan_{os.getpid()}"
    script = tmp_path / "host.py"
    script.write_text(
        "import asyncio\n"
        "from vana.sandbox.bubblewrap import open_sandbox\n"
        "from vana.sandbox.sandbox import Limits, Program\n"
        f"program = Program('import time; time.sleep(60)', arguments=('{mark}',))\n"
        "asyncio.run(open_sandbox().run(program, Limits(wall_s=60)))\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "PYTHONPATH": _path()}
    host = await asyncio.create_subprocess_exec(sys.executable, str(script), env=environment)
    await living(mark, 1)
    host.kill()
    await host.wait()
    await living(mark, 0)


async def test_a_supervisor_that_was_killed_is_replaced(sandbox: Bubblewrap):
    await said(sandbox, "print(1)")
    for pid in _own_children():
        os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.2)
    assert (await said(sandbox, "print(2)")).stdout == "2\n"


# a wall missing: refused, and nothing ran


async def refusal(sandbox: Bubblewrap) -> SandboxUnavailable:
    """Give the error of a sandbox that must refuse."""
    try:
        with pytest.raises(SandboxUnavailable) as caught:
            await sandbox.run(Program("print(1)"), LIMITS)
    finally:
        await sandbox.aclose()
    return caught.value


async def test_without_bubblewrap_it_refuses_with_the_command_that_installs_it():
    error = await refusal(open_sandbox(Setup(bwrap="/nowhere/bwrap")))
    assert "bubblewrap is not installed" in error.message
    assert "bubblewrap" in (error.hint or "")
    assert _own_children() == []


async def test_with_an_empty_path_it_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "bubblewrap is not installed" in (await refusal(open_sandbox())).message


async def test_without_a_filter_it_refuses(tmp_path: Path):
    error = await refusal(open_sandbox(Setup(filters=tmp_path)))
    assert "no seccomp filter" in error.message
    assert _own_children() == []


async def test_a_damaged_filter_is_refused_by_the_kernel(tmp_path: Path):
    for name in ("x86_64", "aarch64"):
        (tmp_path / f"high.{name}.bpf").write_bytes(b"\xff" * 64)
    error = await refusal(open_sandbox(Setup(filters=tmp_path)))
    assert "cannot isolate here, so nothing was run" in error.message


async def test_without_user_namespaces_it_refuses_with_the_setting_and_runs_nothing():
    if shutil.which("unshare") is None:
        not_run("unshare (util-linux) is not installed: apt-get install util-linux")
    with open_folder() as folder:
        log = folder / "ran"
        recorder = write_program(
            folder / "bwrap", f'[ "$1" = --version ] || echo "$@" >> {log}\nexec {BWRAP} "$@"\n'
        )
        script = folder / "host.py"
        script.write_text(
            "import asyncio\n"
            "from vana.kernel.errors import SandboxUnavailable\n"
            "from vana.sandbox.bubblewrap import Setup, open_sandbox\n"
            "from vana.sandbox.sandbox import Limits, Program\n"
            "async def main():\n"
            f"    sandbox = open_sandbox(Setup(bwrap={recorder!r}))\n"
            "    try: await sandbox.run(Program('print(1)'), Limits())\n"
            "    except SandboxUnavailable as error: print(error.message, '|', error.hint)\n"
            "    finally: await sandbox.aclose()\n"
            "asyncio.run(main())\n",
            encoding="utf-8",
        )
        off = "echo 0 > /proc/sys/user/max_user_namespaces && exec " + f"{sys.executable} {script}"
        command = ["unshare", "--user", "--map-root-user", "sh", "-c", off]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": _path()}
        )
        if "unshare" in done.stderr:
            not_run("this user may not make user namespaces, so they cannot be taken away: " + done.stderr)
        message, _, hint = done.stdout.partition(" | ")
        assert "user namespaces: unshare: No space left on device" in message
        assert hint.strip() == "sudo sysctl -w user.max_user_namespaces=28633"
        assert not log.exists()


@pytest.mark.parametrize(
    ("change", "wall"),
    [
        ("s/--unshare-all/--unshare-user\\n--unshare-pid\\n--unshare-ipc\\n--unshare-uts/", "network"),
        ("/^--seccomp$/{N;d}", "seccomp"),
        ("s/^--cap-drop$/--cap-add/", "privileges"),
        ("/^--remount-ro$/{N;d}", "writing"),
        ("s/^--chdir$/--ro-bind\\n\\/var\\n\\/var\\n--chdir/", "files"),
    ],
)
async def test_the_canary_finds_a_wall_that_is_gone(change: str, wall: str, monkeypatch: pytest.MonkeyPatch):
    """A bwrap that leaves out one protection, as a broken build or a wrapper would."""
    monkeypatch.setattr("tempfile.tempdir", "/var/tmp")  # noqa: S108 - where the canary hides its secret
    with open_folder() as folder:
        text = f"""
[ "$1" = --version ] && exec {BWRAP} --version
set -f
IFS='
'
first=${{*%%--seccomp*}}
args=$(for arg in "$@"; do [ "$arg" = -c ] && break; echo "$arg"; done | sed '{change}')
while [ "$1" != -c ]; do shift; done
exec {BWRAP} $args "$@"
"""
        error = await refusal(open_sandbox(Setup(bwrap=write_program(folder / "bwrap", text))))
    assert "does not isolate here, so nothing was run" in error.message
    assert {
        "network": "the network of the host can be reached",
        "seccomp": "no seccomp filter is in force",
        "privileges": "the program has privileges",
        "writing": "files outside the working folder can be written",
        "files": "files of the host can be read",
    }[wall] in error.message


async def test_the_canary_runs_once_for_many_programs():
    with open_folder() as folder:
        log = folder / "ran"
        log.touch()
        log.chmod(0o666)
        text = f'[ "$1" = --version ] || echo run >> {log}\nexec {BWRAP} "$@"\n'
        sandbox = open_sandbox(Setup(bwrap=write_program(folder / "bwrap", text)))
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(5):
                    group.create_task(sandbox.run(Program("print(1)"), LIMITS))
        finally:
            await sandbox.aclose()
        assert log.read_text(encoding="ascii").count("run") == 6


async def test_a_language_without_its_interpreter_is_refused_with_the_package():
    def without(name: str) -> Language:
        found = find_language(name)
        return replace(found, interpreters=("no-such-node",)) if found.name == "javascript" else found

    error = await refusal_of(open_sandbox(Setup(languages=without)), Program("1", "javascript"))
    assert "no interpreter for javascript is installed; looked for: no-such-node" in error.message
    assert "node" in (error.hint or "")


async def refusal_of(sandbox: Bubblewrap, program: Program) -> SandboxUnavailable:
    """Give the error of a sandbox that must refuse *program*."""
    try:
        with pytest.raises(SandboxUnavailable) as caught:
            await sandbox.run(program, LIMITS)
    finally:
        await sandbox.aclose()
    return caught.value


async def test_an_ordinary_user_has_the_same_walls():
    """Root's tests ran as root; here the same program runs once more as somebody else."""
    if os.geteuid() != 0:
        not_run("the whole suite runs as an ordinary user already")
    python = f"/usr/bin/python3.{sys.version_info.minor}"
    setpriv = shutil.which("setpriv")
    if shutil.which(python) is None or setpriv is None:
        not_run(f"an ordinary user has no {python} or no setpriv here: apt-get install python3 util-linux")
    with open_folder() as folder:
        await asyncio.to_thread(
            shutil.copytree, SOURCE, folder / "src", ignore=shutil.ignore_patterns("__pycache__")
        )
        script = folder / "host.py"
        script.write_text(_AS_A_USER, encoding="utf-8")
        command = [setpriv, "--reuid=65534", "--regid=65534", "--clear-groups", python, "-B", str(script)]
        done = await asyncio.to_thread(
            subprocess.run,
            command,
            capture_output=True,
            text=True,
            cwd="/",
            env={"PYTHONPATH": str(folder / "src")},
        )
    assert done.stderr == ""
    told = json.loads(done.stdout)
    assert told["ok"] == ["ok", "1000 sandbox\n", ["made.txt"]]
    assert told["fork"] == "refused\n"
    assert told["memory"] == "memory"
    assert "user-per-run" not in told["features"]


_AS_A_USER = """
import asyncio, json
from vana.sandbox.bubblewrap import Setup, open_sandbox
from vana.sandbox.languages.python import language
from vana.sandbox.sandbox import MIB, Limits, Program
SIMPLE = "import os, socket; open('made.txt', 'w').write('x'); print(os.getuid(), socket.gethostname())"
FORK = '''
import os, time
try:
    for _ in range(100):
        if os.fork() == 0: time.sleep(60)
except BlockingIOError: print("refused")
'''
MEMORY = '''
import os, time
for _ in range(6):
    if os.fork() == 0:
        part = bytearray(b"x") * (60 << 20)
        time.sleep(60)
time.sleep(60)
'''
async def main():
    sandbox = open_sandbox(Setup(languages=lambda name: language))
    try:
        ok = await sandbox.run(Program(SIMPLE), Limits())
        fork = await sandbox.run(Program(FORK), Limits(wall_s=50))
        memory = await sandbox.run(Program(MEMORY), Limits(memory_bytes=128 * MIB, wall_s=50))
    finally:
        await sandbox.aclose()
    print(json.dumps({"ok": [ok.status, ok.stdout, [f.name for f in ok.files]], "fork": fork.stdout,
                      "memory": memory.status, "features": ok.sandbox.features}))
asyncio.run(main())
"""


def _own_children() -> list[int]:
    return [
        child for child in watchdog.children(os.getpid()) if processes_with("supervisor.serve").count(child)
    ]


def _path() -> str:
    """Give the path on which a process of ours finds us and the entry points."""
    return os.pathsep.join(filter(None, sys.path))


def test_the_default_limits_are_those_documented():
    text = (SOURCE.parent / "docs" / "reference" / "limits.md").read_text(encoding="utf-8")
    for name in LIMITS.__slots__:
        value = getattr(LIMITS, name)
        shown = f"{value // MIB} MiB" if name.endswith("_bytes") and value >= MIB else f"{value:g}"
        assert f"| `{name}` | {shown}" in text, name
    assert KIB == 1024
