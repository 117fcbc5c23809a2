"""What every sandbox promises, isolated or not. An implementation passes by standing in `OPENERS`."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest

from vana.kernel.clock import Deadline
from vana.kernel.errors import DeadlineExceeded, InputError, UnknownName
from vana.sandbox import bubblewrap, unsafe_local
from vana.sandbox.sandbox import KIB, MIB, TIERS, Limits, Program, Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

pytestmark = pytest.mark.real

OPENERS: dict[str, Callable[[], Sandbox]] = {
    "high": bubblewrap.open_sandbox,
    "unsafe_local": unsafe_local.open_sandbox,
}
LIMITS = Limits()


@pytest.fixture(params=sorted(OPENERS))
async def sandbox(request: pytest.FixtureRequest) -> AsyncGenerator[Sandbox]:
    opened = OPENERS[str(request.param)]()
    yield opened
    await opened.aclose()


async def test_its_tier_is_one_of_the_tiers_and_stands_on_every_outcome(sandbox: Sandbox):
    outcome = await sandbox.run(Program("print(6*7)"), LIMITS)
    assert sandbox.tier in TIERS
    assert outcome.sandbox.tier == (await sandbox.prove()).tier == sandbox.tier


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("python", "print(6*7)"),
        ("py", "print(6*7)"),
        ("javascript", "console.log(6*7)"),
        ("node", "console.log(6*7)"),
        ("shell", "echo $((6*7))"),
        ("bash", "echo $((6*7))"),
    ],
)
async def test_a_program_in_each_language_prints_its_result(sandbox: Sandbox, language: str, code: str):
    outcome = await sandbox.run(Program(code, language), LIMITS)
    assert (outcome.status, outcome.exit_code, outcome.stdout, outcome.stderr) == ("ok", 0, "42\n", "")


async def test_an_unknown_language_is_refused_with_those_installed(sandbox: Sandbox):
    with pytest.raises(UnknownName) as caught:
        await sandbox.run(Program("MOVE 1 TO A", "cobol"), LIMITS)
    assert {"python", "javascript", "shell"} <= set(caught.value.known)


async def test_stdout_and_stderr_come_back_apart(sandbox: Sandbox):
    outcome = await sandbox.run(Program("echo out; echo err >&2", "shell"), LIMITS)
    assert (outcome.stdout, outcome.stderr) == ("out\n", "err\n")


async def test_arguments_stdin_and_files_reach_the_program(sandbox: Sandbox):
    code = "import sys, helper\nprint(sys.argv[1:], sys.stdin.read(), open('in/a.txt').read(), helper.X)"
    files = {"in/a.txt": b"text", "helper.py": b"X = 'imported'"}
    outcome = await sandbox.run(
        Program(code, files=files, arguments=("one", "two words", ""), stdin=b"typed"), LIMITS
    )
    assert outcome.stdout == "['one', 'two words', ''] typed text imported\n"


async def test_new_and_changed_files_come_back_and_unchanged_do_not(sandbox: Sandbox):
    code = "import os; os.mkdir('o'); open('o/new.json','w').write('{}'); open('changed','a').write('!')"
    outcome = await sandbox.run(Program(code, files={"same": b"same", "changed": b"was"}), LIMITS)
    assert {file.name: file.content for file in outcome.files} == {"o/new.json": b"{}", "changed": b"was!"}
    made = next(file for file in outcome.files if file.name == "o/new.json")
    assert (made.mime, made.sha256) == ("application/json", hashlib.sha256(b"{}").hexdigest())


async def test_only_regular_files_come_back_and_the_rest_is_named(sandbox: Sandbox):
    code = "import os; os.symlink('/etc/passwd', 'link'); os.mkfifo('pipe'); open('file', 'w').write('x')"
    outcome = await sandbox.run(Program(code), LIMITS)
    assert [file.name for file in outcome.files] == ["file"]
    assert len([warning for warning in outcome.warnings if "link" in warning or "pipe" in warning]) == 2


async def test_files_beyond_the_limits_are_left_out_and_named(sandbox: Sandbox):
    code = "open('big', 'wb').truncate(3 << 20)\nfor n in range(9): open(f'f{n}', 'wb').write(bytes(1000))"
    limits = Limits(artifacts=4, artifact_bytes=1 * MIB)
    outcome = await sandbox.run(Program(code), limits)
    assert len(outcome.files) == 4
    assert any("big" in warning for warning in outcome.warnings)
    assert outcome.status == "ok"


@pytest.mark.parametrize("code", [1, 3, 100])
async def test_another_exit_status_than_zero_is_an_error(sandbox: Sandbox, code: int):
    outcome = await sandbox.run(Program(f"import sys; sys.exit({code})"), LIMITS)
    assert (outcome.status, outcome.exit_code) == ("error", code)


@pytest.mark.parametrize("number", [6, 9, 11, 15])
async def test_an_end_by_a_signal_is_killed_and_128_more(sandbox: Sandbox, number: int):
    outcome = await sandbox.run(Program(f"import os; os.kill(os.getpid(), {number})"), LIMITS)
    assert (outcome.status, outcome.exit_code, outcome.stderr) == ("killed", 128 + number, "")


async def test_a_failure_keeps_what_was_printed_before(sandbox: Sandbox):
    outcome = await sandbox.run(Program("print('before')\nraise ValueError('why')"), LIMITS)
    assert (outcome.status, outcome.stdout) == ("error", "before\n")
    assert outcome.stderr.endswith("ValueError: why\n")


async def test_a_program_without_end_is_a_timeout_and_keeps_what_it_printed(sandbox: Sandbox):
    outcome = await sandbox.run(Program("print('on')\nwhile True: pass"), Limits(wall_s=0.5))
    assert (outcome.status, outcome.exit_code, outcome.stdout) == ("timeout", None, "on\n")
    assert outcome.usage.wall_s >= 0.5


async def test_the_deadline_ends_a_run_before_its_own_limit(sandbox: Sandbox):
    outcome = await sandbox.run(Program("while True: pass"), Limits(wall_s=60), deadline=Deadline.after(0.6))
    assert outcome.status == "timeout"


async def test_a_deadline_that_has_passed_refuses(sandbox: Sandbox):
    with pytest.raises(DeadlineExceeded):
        await sandbox.run(Program("print(1)"), LIMITS, deadline=Deadline.after(-1))


async def test_output_is_kept_to_its_cap_and_the_rest_counted(sandbox: Sandbox):
    outcome = await sandbox.run(Program("print('x' * 100_000)"), Limits(output_bytes=16 * KIB))
    assert (outcome.status, len(outcome.stdout), outcome.truncated_bytes) == (
        "ok",
        16 * KIB,
        100_001 - 16 * KIB,
    )


async def test_a_flood_of_output_is_ended(sandbox: Sandbox):
    outcome = await sandbox.run(Program("while True: print('x' * 1_000_000)"), Limits(wall_s=60))
    assert (outcome.status, outcome.exit_code) == ("output_limit", None)
    assert len(outcome.stdout) == MIB


async def test_output_that_is_no_text_comes_back_as_text(sandbox: Sandbox):
    outcome = await sandbox.run(Program("import os; os.write(1, bytes([255, 254, 10]))"), LIMITS)
    assert outcome.stdout == "\ufffd\ufffd\n"


async def test_a_program_may_close_its_streams(sandbox: Sandbox):
    outcome = await sandbox.run(
        Program("import os; os.close(1); os.close(2); open('f', 'w').write('x')"), LIMITS
    )
    assert (outcome.status, [file.name for file in outcome.files]) == ("ok", ["f"])


async def test_a_child_that_holds_stdout_does_not_hold_the_run(sandbox: Sandbox):
    outcome = await sandbox.run(Program("sleep 45 & echo done", "shell"), Limits(wall_s=60))
    assert (outcome.status, outcome.stdout) == ("ok", "done\n")
    assert outcome.usage.wall_s < 30


@pytest.mark.parametrize(
    "name",
    ["../a", "/etc/a", "a/../../b", "", ".", "a//b", "./a", "a/", "x\0y", "n" * 300, "main.py", "main.py/x"],
)
async def test_a_file_name_that_leaves_the_folder_is_refused(sandbox: Sandbox, name: str):
    with pytest.raises(InputError):
        await sandbox.run(Program("print(1)", files={name: b""}), LIMITS)


async def test_inputs_beyond_the_limits_are_refused(sandbox: Sandbox):
    small = Limits(file_bytes=1 * MIB, disk_bytes=2 * MIB)
    too_much: list[Program] = [
        Program("1", arguments=("x" * (1 << 17),)),
        Program("1", arguments=("x" * 1000,) * 2000),
        Program("1", arguments=("a\0b",)),
        Program("1", stdin=bytes(2 * MIB)),
        Program("#" * (2 * MIB)),
        Program("1", files={str(number): bytes(MIB) for number in range(3)}),
        Program("print('\ud83d')"),
    ]
    for program in too_much:
        with pytest.raises(InputError):
            await sandbox.run(program, small)


async def test_the_longest_argument_allowed_arrives_whole(sandbox: Sandbox):
    long = "x" * ((1 << 17) - 1)
    outcome = await sandbox.run(Program("import sys; print(len(sys.argv[1]))", arguments=(long,)), LIMITS)
    assert outcome.stdout == f"{len(long)}\n"


async def test_a_run_finds_nothing_of_the_run_before(sandbox: Sandbox):
    await sandbox.run(Program("open('left', 'w').write('x')"), LIMITS)
    outcome = await sandbox.run(Program("import os; print(sorted(os.listdir('.')))"), LIMITS)
    assert outcome.stdout == "['main.py']\n"


async def test_many_runs_at_once_do_not_mix(sandbox: Sandbox):
    async with asyncio.TaskGroup() as group:
        runs = [
            group.create_task(sandbox.run(Program(f"open('f','w').write('{n}'); print({n})"), LIMITS))
            for n in range(24)
        ]
    for number, run in enumerate(runs):
        outcome = run.result()
        assert (outcome.stdout, outcome.files[0].content) == (f"{number}\n", str(number).encode())


async def test_keys_in_our_environment_do_not_reach_a_program(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("SOME_SERVICE_API_KEY", "hidden-value")
    outcome = await sandbox.run(Program("import os; print(dict(os.environ))"), LIMITS)
    assert "hidden-value" not in outcome.stdout


async def test_a_cancelled_run_raises_and_the_next_one_works(sandbox: Sandbox):
    run = asyncio.ensure_future(sandbox.run(Program("import time; time.sleep(45)"), Limits(wall_s=60)))
    await asyncio.sleep(0.5)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (await sandbox.run(Program("print(1)"), LIMITS)).stdout == "1\n"
