"""What the doctor tests, each part by using it, in a folder that is gone afterwards."""

from __future__ import annotations

import asyncio
import platform
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import TYPE_CHECKING

from vana.agents.specialist import SPECIALISTS
from vana.app.vana import Vana
from vana.config import config_file
from vana.entry.cli.opening import home_of, settings_of
from vana.kernel.errors import SandboxUnavailable, UnknownName, VanaError
from vana.plugins import DISTRIBUTION
from vana.sandbox.interpreter import LANGUAGES
from vana.sandbox.sandbox import Program

if TYPE_CHECKING:
    from vana.entry.cli.face import Face
    from vana.kernel.answer import Answer

OK, MISSING, BROKEN = "ok", "missing", "broken"
"""It was used and worked; it is optional and not there; it does not work."""

SIX_TIMES_SEVEN = {
    "python": "print(6*7)",
    "javascript": "console.log(6*7)",
    "shell": "echo $((6*7))",
}
"""A program for each built-in language that prints 42; other languages run their own probe."""

PROBED = "vana-ok"
"""What a language's own probe prints."""

FACT = "the doctor's scratch word is quince"


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one part."""

    name: str
    status: str
    detail: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One part to test. `examine` gives a finding for it, or one for each of its members."""

    name: str
    examine: Callable[[], AsyncIterator[Finding]]


@asynccontextmanager
async def all_checks(face: Face) -> AsyncGenerator[Sequence[Check]]:
    """Give the checks in the order to run them, with a scratch folder that lasts as long as the block."""
    scratch = Scratch(face)
    try:
        yield (
            Check("python", _python),
            Check("packages", _packages),
            Check("data folder", scratch.data_folder),
            Check("settings", scratch.settings),
            Check("journal", scratch.journal),
            Check("memory", scratch.memory),
            Check("model", scratch.model),
            Check("specialists", _specialists),
            Check("sandbox", scratch.sandbox),
            Check("languages", scratch.languages),
        )
    finally:
        await scratch.aclose()


async def _python() -> AsyncIterator[Finding]:
    """Find out about the interpreter and the platform."""
    yield Finding("python", OK, f"{platform.python_version()} on {platform.system()} {platform.machine()}")


async def _packages() -> AsyncIterator[Finding]:
    """Find out whether another distribution, PyPI's `vana`, lies where ours does."""
    try:
        ours = version(DISTRIBUTION)
    except PackageNotFoundError:
        fix = f"install it: python -m pip install {DISTRIBUTION}"
        yield Finding("packages", BROKEN, f"{DISTRIBUTION} is not installed, so its parts are not found", fix)
        return
    try:
        clash = distribution("vana")
    except PackageNotFoundError:
        yield Finding("packages", OK, f"{DISTRIBUTION} {ours}; no other package is called vana")
        return
    fix = f"python -m pip uninstall vana, then python -m pip install --force-reinstall {DISTRIBUTION}"
    detail = f"another package, vana {clash.version}, is installed over {DISTRIBUTION} {ours}"
    yield Finding("packages", BROKEN, detail, fix)


async def _specialists() -> AsyncIterator[Finding]:
    """Load each installed specialist."""
    for name in SPECIALISTS.names():
        try:
            tools = len(SPECIALISTS.load(name).tools)
        except VanaError as error:
            yield Finding(f"specialist {name}", BROKEN, error.message, error.hint)
        else:
            yield Finding(f"specialist {name}", OK, f"{tools} tools, {SPECIALISTS.origin(name)}")


class Scratch:
    """Checks that need a data folder: one inside the real one, on the same disk, gone in the end."""

    def __init__(self, face: Face) -> None:
        self._face = face
        self._home = home_of(face)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._vana: Vana[None] | None = None
        self._made: list[Path] = []

    async def aclose(self) -> None:
        """Close the scratch app and take its folder away, and those above it that were not there before."""
        if self._vana is not None:
            await self._vana.aclose()
        if self._folder is not None:
            await asyncio.to_thread(self._folder.cleanup)
        for folder in self._made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()

    async def data_folder(self) -> AsyncIterator[Finding]:
        """Write a file into the data folder, read it back and remove it."""
        fix = "name another one with VANA_HOME or --home, or give yourself the right to write there"
        try:
            await asyncio.to_thread(self._write_and_remove)
        except OSError as error:
            yield Finding(
                "data folder", BROKEN, f"{self._home}: {(error.strerror or str(error)).lower()}", fix
            )
        else:
            yield Finding("data folder", OK, f"{self._home} can be written")

    def _write_and_remove(self) -> None:
        missing = [folder for folder in (self._home, *self._home.parents) if not folder.exists()]
        self._home.mkdir(parents=True, exist_ok=True)
        self._made = missing
        self._folder = tempfile.TemporaryDirectory(prefix="doctor-", dir=self._home)
        probe = Path(self._folder.name) / "probe"
        probe.write_bytes(FACT.encode())
        probe.unlink()

    async def settings(self) -> AsyncIterator[Finding]:
        """Read the settings file and the environment."""
        path = config_file(self._home, self._face.shared.config)
        settings_of(self._face)
        yield Finding("settings", OK, f"{path}{'' if path.is_file() else ' is not there: defaults'}")

    def _app(self) -> Vana[None]:
        """Give the scratch app; where the data folder cannot be written, in the system's temporary one."""
        if self._vana is None:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="vana-doctor-")
            self._vana = Vana(home=self._folder.name, settings=settings_of(self._face))
        return self._vana

    async def journal(self) -> AsyncIterator[Finding]:
        """Let a run be written down and read it back."""
        vana = self._app()
        if not vana.settings.journal.enabled:
            yield Finding("journal", MISSING, "switched off by journal.enabled; `vana trace` shows nothing")
            return
        kept = await vana.memory.remember(FACT)
        await vana.journal.flush()
        tree = await vana.journal.tree(kept.run_id)
        trouble = vana.journal.trouble()
        if trouble:
            yield Finding("journal", BROKEN, trouble)
        else:
            yield Finding("journal", OK, f"wrote {tree.events} events and read them back")

    async def memory(self) -> AsyncIterator[Finding]:
        """Keep a fact and find it again."""
        vana = self._app()
        kept = await vana.memory.remember(FACT)
        kept.unwrap()
        found = await vana.memory.recall("the doctor's scratch word")
        if any(FACT in hit.text for hit in found.hits):
            yield Finding("memory", OK, "kept a fact and found it again")
        else:
            yield Finding("memory", BROKEN, "a fact that was just kept is not found")

    async def model(self) -> AsyncIterator[Finding]:
        """Let the configured model turn a request into a call."""
        vana = self._app()
        name = vana.settings.model.name
        answer = await vana.ask("remember that the doctor was here")
        if answer.status == "answered":
            yield Finding(f"model {name}", OK, f"answered: {answer.text}")
        else:
            yield _failed(f"model {name}", answer)

    async def sandbox(self) -> AsyncIterator[Finding]:
        """Let the sandbox prove that it isolates, and run a program in it."""
        answer = await self._app().execute(Program(SIX_TIMES_SEVEN["python"]))
        if answer.value is not None and answer.value.stdout.strip() == "42":
            isolation = answer.value.sandbox
            yield Finding("sandbox", OK, f"tier {isolation.tier}: {', '.join(isolation.features)}")
        elif sys.platform != "linux":
            detail = f"there is no local sandbox on {platform.system()}; everything else works"
            yield Finding("sandbox", MISSING, detail, "run code on a Linux machine")
        else:
            yield _failed("sandbox", answer)

    async def languages(self) -> AsyncIterator[Finding]:
        """Run a program in every installed language. An interpreter that is not there is no fault of ours."""
        for name in LANGUAGES.names():
            yield await self._language(name)

    async def _language(self, name: str) -> Finding:
        language = LANGUAGES.load(name)
        code = SIX_TIMES_SEVEN.get(name, language.probe)
        expected = "42" if name in SIX_TIMES_SEVEN else PROBED
        answer = await self._app().execute(Program(code, name))
        value = answer.value
        if value is not None and value.stdout.strip() == expected:
            return Finding(f"language {name}", OK, f"{code} printed {expected}")
        code_of = answer.error.code if answer.error else ""
        finding = _failed(f"language {name}", answer)
        is_optional = code_of in {UnknownName.default_code, SandboxUnavailable.default_code}
        return Finding(finding.name, MISSING, finding.detail, finding.fix) if is_optional else finding


def _failed(name: str, answer: Answer[object]) -> Finding:
    """Give the finding of an *answer* that is not what it should be."""
    if answer.error is None:
        return Finding(name, BROKEN, f"{answer.status}: {answer.text}")
    return Finding(name, BROKEN, answer.error.message, answer.error.hint)
