"""What every test may rely on, and what none may do.

A test has a `VANA_HOME` of its own, sees no key, and reaches no other machine; it does not wait for real
time unless it is marked `real`; and it leaves no task and no child process behind. What cannot run here is
never passed over: the reasons stand under "not run" at the end.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import re
import socket
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, cast

import hypothesis
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

PROOF = os.environ.get("VANA_PROOF") == "1"
"""`make proof`: the full counts that an issue is closed with."""

LONGEST_WAIT_S = 0.05
"""What a test without the mark `real` may wait at once: enough to let another thread run."""

CUT_AFTER_S = 2.0
"""A longer wait is cut here and fails: a mistake costs seconds, not the hour that somebody wrote."""

DYING_S = 5.0
"""How long a killed process may take to be gone."""

_KEY = re.compile(r"(^|_)(API_?KEY|KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)(_|$)", re.IGNORECASE)

# The same examples every day, so that a red check is the change's doing; new ones when an issue is proved.
hypothesis.settings.register_profile("daily", deadline=None, derandomize=True)
hypothesis.settings.register_profile("proof", deadline=None, max_examples=1000)
hypothesis.settings.load_profile("proof" if PROOF else "daily")


def not_run(reason: str) -> NoReturn:
    """End the test as not run, because a part is absent; *reason* names it and how to get it."""
    pytest.skip(reason)


def count(*, daily: int, proof: int) -> int:
    """Give how often to do something: *proof* times under `make proof`, otherwise *daily* times."""
    return proof if PROOF else daily


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the test a data folder of its own, and nobody's keys and settings."""
    for name in tuple(os.environ):
        if _KEY.search(name) or (name.startswith("VANA_") and name != "VANA_PROOF"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("VANA_HOME", str(tmp_path / "vana-home"))
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


class Watch:
    """What a test did that none may do.

    Each is written down as well as raised: code under test may catch it, and the test fails all the same.
    """

    def __init__(self) -> None:
        self.is_on = False
        self.may_wait = True
        self.seen: list[str] = []

    def begin(self, *, may_wait: bool) -> None:
        """Look from now on."""
        self.is_on, self.may_wait, self.seen = True, may_wait, []

    def forbid(self, what: str) -> NoReturn:
        """Write it down, and stop it."""
        self.seen.append(what)
        raise AssertionError(what)

    def fail_if_seen(self) -> None:
        """Fail the test for what was written down, once."""
        seen, self.seen = dict.fromkeys(self.seen), []
        if seen:
            pytest.fail("\n".join(seen), pytrace=False)

    def audit(self, event: str, args: tuple[object, ...]) -> None:
        """Judge what the interpreter says it is about to do: the library reference lists its audit events."""
        if not self.is_on:
            return
        if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            place, address = args[:2]
            by_number = isinstance(place, socket.socket) and place.family in {socket.AF_INET, socket.AF_INET6}
            if by_number and not _is_loopback(cast("tuple[object, ...]", address)[0]):
                self.forbid(f"it reaches for {address}; a test knows loopback addresses only")
        elif event in {"socket.getaddrinfo", "socket.gethostbyname"} and not _is_loopback(args[0]):
            self.forbid(f"it looks up {args[0]!r}; a test knows loopback addresses only")

    def sleep(self, seconds: float) -> None:
        """Stand for `time.sleep`."""
        if self.is_too_long(seconds):
            self.forbid(f"it sleeps {seconds} s; use a FakeClock, or mark the test real")
        _sleep(seconds)

    async def async_sleep(self, delay: float, result: object = None) -> object:
        """Stand for `asyncio.sleep`. A long one that is cancelled is no wait: it is a call that hangs."""
        if self.is_too_long(delay):
            await _async_sleep(min(delay, CUT_AFTER_S))
            self.forbid(f"it waits {delay} s; use a FakeClock, or mark the test real")
        return await _async_sleep(delay, result)

    def is_too_long(self, seconds: float) -> bool:
        """Tell whether a test like this one may not wait *seconds*."""
        return self.is_on and not self.may_wait and seconds > LONGEST_WAIT_S

    def cancel_all_tasks(self, loop: asyncio.AbstractEventLoop) -> None:
        """Stand for what a runner does when it closes its loop: with the fixtures closed, all is done."""
        if self.is_on:
            self.seen += [f"it leaves a task behind: {task!r}" for task in asyncio.all_tasks(loop)]
        _cancel_all_tasks(loop)


def _is_loopback(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else str(host or "localhost")
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _children() -> dict[int, str]:
    """Give the command of each living child process by its id; nothing where /proc does not tell."""
    found: dict[int, str] = {}
    for listed in Path("/proc/self/task").glob("*/children"):
        for pid in map(int, _read(listed).split()):
            command = _read(Path(f"/proc/{pid}/cmdline")).replace("\0", " ").strip()
            # An empty one has ended and only waits to be collected; the other two live as long as we do.
            if command and "resource_tracker" not in command and "forkserver" not in command:
                found[pid] = command
    return found


def _read(file: Path) -> str:
    """Give what a file of /proc says; nothing when its thread or process has gone in between."""
    try:
        return file.read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _left_behind(before: dict[int, str]) -> dict[int, str]:
    """Give the children that came after *before*, once those that are dying have had time to be gone."""
    until = time.monotonic() + DYING_S
    while left := {pid: command for pid, command in _children().items() if pid not in before}:
        if time.monotonic() > until:
            break
        time.sleep(0.02)
    return left


_watch = Watch()
_sleep, _async_sleep = time.sleep, asyncio.sleep
# No public place sees every loop close.
_cancel_all_tasks = cast(
    "Callable[[asyncio.AbstractEventLoop], None]", vars(asyncio.runners)["_cancel_all_tasks"]
)
sys.addaudithook(_watch.audit)
_before = pytest.StashKey[dict[int, str]]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch the test from its first fixture to its last."""
    _watch.begin(may_wait=item.get_closest_marker("real") is not None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "sleep", _watch.sleep)
        patch.setattr(asyncio, "sleep", _watch.async_sleep)
        patch.setattr(asyncio.runners, "_cancel_all_tasks", _watch.cancel_all_tasks)
        try:
            return (yield)
        finally:
            _watch.is_on = False


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test for what it did."""
    # Children of wider fixtures are here already; those that the test itself starts come now.
    item.stash[_before] = _children()
    try:
        result = yield
    except BaseException:
        _watch.seen = []  # it fails for what it did, or for something that comes first
        raise
    _watch.fail_if_seen()
    return result


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    """Fail the test for what is left when its fixtures are closed."""
    result = yield
    _watch.is_on = False
    left = _left_behind(item.stash[_before]) if _before in item.stash else {}
    _watch.seen += [f"it leaves process {pid} behind: {command}" for pid, command in left.items()]
    _watch.fail_if_seen()
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name what did not run, and why; `scripts/check.sh` adds what it had to leave out."""
    reasons: defaultdict[str, list[str]] = defaultdict(list)
    for report in terminalreporter.getreports("skipped"):
        why = str(cast("tuple[str, int, str]", report.longrepr)[2])  # so pytest says it of every skip
        reasons[why.removeprefix("Skipped: ")].append(report.nodeid)
    for why in filter(None, os.environ.get("VANA_NOT_RUN", "").splitlines()):
        reasons[why].append("make check")
    if reasons:
        terminalreporter.section("not run", yellow=True)
    for why, tests in sorted(reasons.items()):
        terminalreporter.line(why)
        terminalreporter.line("\n".join(f"    {test}" for test in sorted(tests)))
