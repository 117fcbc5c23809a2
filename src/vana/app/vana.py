"""Vana: what people import. It opens runs and closes them; all the rest is done by the parts."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Self, TypeVar, cast, overload

from vana.app.door import MemoryDoor
from vana.app.files import read_files
from vana.app.parts import Parts
from vana.app.runs import Runs
from vana.app.team import Wiring, cards
from vana.config import Settings, default_home, load
from vana.kernel.answer import Answer, Route, Understood
from vana.kernel.budget import Budget, spending
from vana.kernel.call import Call
from vana.kernel.errors import InputError
from vana.kernel.reading import Utterance
from vana.kernel.run import LOCAL_TENANT
from vana.specialists.code_execution.tools import finish
from vana.tools.tool import Context, Tool

if TYPE_CHECKING:
    from vana.agents.specialist import Card, Specialist
    from vana.journal.journal import Journal
    from vana.kernel.ports import Events
    from vana.models.model import Model
    from vana.sandbox.sandbox import Limits, Program
    from vana.specialists.code_execution.outcome import Execution

D = TypeVar("D")
P = ParamSpec("P")
R = TypeVar("R")

MAX_TEXT = 1 << 20
"""Characters of a request. A longer one is a document: pass it as a file."""


SLACK_S = 10.0
"""Seconds beyond a program's own limit for starting its sandbox and collecting its files."""


class Vana(Generic[D]):
    """An orchestrator with its specialists, its memory and its sandbox.

    `async with Vana() as vana:` opens nothing but itself; each part is opened when it is first needed and
    closed at the end of the block. Any number of calls may run at once.

    Args:
        specialists: your own, beside those that are installed.
        deps: what the tools of your specialists get as `ctx.deps`.
        model: a model, or the name of an installed one; by default that of the settings.
        home: the folder everything is kept in; by default `VANA_HOME` or the XDG data folder.
        settings: by default those of the file and the environment.
        tenant: whose memory and runs these are.
        listen: is told every event, beside the journal.

    Raises:
        ConfigError: a setting is wrong, or two specialists have one name.
    """

    @overload
    def __init__(
        self: Vana[None],
        *,
        specialists: Sequence[Specialist[None]] = ...,
        model: Model | str | None = ...,
        home: Path | str | None = ...,
        settings: Settings | None = ...,
        tenant: str = ...,
        listen: Events | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        *,
        specialists: Sequence[Specialist[D]],
        deps: D,
        model: Model | str | None = ...,
        home: Path | str | None = ...,
        settings: Settings | None = ...,
        tenant: str = ...,
        listen: Events | None = ...,
    ) -> None: ...
    def __init__(
        self,
        *,
        specialists: Sequence[Specialist[Any]] = (),
        deps: object = None,
        model: Model | str | None = None,
        home: Path | str | None = None,
        settings: Settings | None = None,
        tenant: str = LOCAL_TENANT,
        listen: Events | None = None,
    ) -> None:
        self.home = Path(home).expanduser() if home is not None else default_home()
        self.settings = settings or load(home=self.home)
        self.tenant = tenant
        self._parts = Parts(self.home, self.settings, listen)
        self._wiring = Wiring(self._parts, cast("Sequence[Specialist[object]]", specialists), deps, model)
        self._runs = Runs(self._parts, tenant)

    async def __aenter__(self) -> Self:
        """Give the object itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close what was opened."""
        await self.aclose()

    async def aclose(self) -> None:
        """Close what was opened; everything acknowledged is on disk then."""
        await self._parts.aclose()

    @property
    def journal(self) -> Journal:
        """Give the journal of runs; opened on first use."""
        return self._parts.journal

    @property
    def memory(self) -> MemoryDoor:
        """Give the door to memory: `await vana.memory.remember("…")`, `await vana.memory.recall("…")`."""
        return MemoryDoor(self._parts, self._runs, self.tenant)

    def agents(self) -> tuple[Card, ...]:
        """Give a card of every specialist, by name.

        Raises:
            ConfigError: an installed specialist cannot be imported.
        """
        return cards(self._wiring.members)

    async def ask(
        self,
        text: str,
        *,
        session: str | None = None,
        files: Sequence[Path | str] = (),
        context: str = "",
        timeout: float | None = None,  # noqa: ASYNC109 - the run's deadline, handed down, not a scope around a wait
        budget: Budget | None = None,
    ) -> Answer[object]:
        """Answer *text*: from memory where memory may answer, otherwise by delegation.

        A run that fails is an answer with status `failed`; nothing is raised but cancellation.

        Args:
            text: the request, at most 1 MiB.
            session: the conversation it belongs to; it is remembered there.
            files: files the request is about, named in it as given here.
            context: text that came along as data.
            timeout: seconds the whole run may take; by default that of the settings.
            budget: what the whole run may use; a call that would pass it fails with code `over_budget`.
        """
        wiring = self._wiring

        async def work() -> Answer[object]:
            said = await self._said(text, files, context)
            with spending(budget or Budget()):
                answer = await wiring.orchestrator.run(said)
            await self._runs.converse(session, text, answer)
            return answer

        seconds = min(filter(None, (timeout, budget.seconds if budget else None)), default=None)
        return await self._runs.run("ask", work, session=session, seconds=seconds, request=text)

    async def route(self, text: str, *, files: Sequence[Path | str] = ()) -> Route:
        """Give where *text* would go, and do nothing.

        Raises:
            InputError: it is empty or too long, or a file cannot be read.
        """
        return await self._wiring.orchestrator.route(await self._said(text, files, ""))

    @overload
    async def call(self, tool: Tool[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Answer[R]: ...
    @overload
    async def call(
        self, specialist: str, tool: str, arguments: Mapping[str, object] | None = None, /
    ) -> Answer[Any]: ...
    async def call(self, target: Any, /, *args: Any, **kwargs: Any) -> Answer[Any]:
        """Call one tool, guarded, with no model in between.

        Either `call(forecast, city="Oslo")`, typed by the tool's own signature, or by name:
        `call("weather", "forecast", {"city": "Oslo"})`. A call that fails is an answer with status `failed`.
        """
        if isinstance(target, str):
            owner = target
            name, arguments = _named(args)
        else:
            tool: Tool[..., object] = target
            owner, name, arguments = tool.owner, tool.name, tool.arguments(args, kwargs)
        call = Call(f"{owner}.{name}", arguments, tenant=self.tenant)
        wiring = self._wiring

        async def work() -> Answer[object]:
            return await wiring.team.resolve(call.target)(call)

        answer = await self._runs.run(f"call {call.target}", work)
        return replace(answer, understood_as=Understood(owner, name, arguments))

    async def execute(
        self,
        program: Program,
        *,
        level: str | None = None,
        limits: Limits | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - see ask
    ) -> Answer[Execution]:
        """Run *program* in a sandbox at least as strong as *level*, with no agent in between.

        Files it made are the answer's artifacts. A program that fails is an answer with status `failed`, code
        `program_failed` and its outcome as the value.
        """

        async def work() -> Answer[object]:
            allowed = limits or self._parts.limits
            ctx = Context(self._parts.workbench)
            outcome = await ctx.deps.run_program(
                program, allowed, level or self.settings.sandbox.level, ctx.deadline
            )
            execution = await finish(ctx, outcome, allowed)
            return Answer(execution, "answered", execution.as_text())

        wall = (limits or self._parts.limits).wall_s
        seconds = timeout or max(self.settings.run.timeout, wall + SLACK_S)
        answer = await self._runs.run("exec", work, seconds=seconds)
        return cast("Answer[Execution]", answer)  # work gives no other, and a failure carries one or none

    @contextmanager
    def override(self, *, model: Model | str | None = None, deps: D | None = None) -> Generator[None]:
        """Use another model or other dependencies inside the block: for tests.

        Runs that started before the block keep what they started with.
        """
        kept = self._wiring
        self._wiring = kept.with_changes(model=model, deps=deps)
        try:
            yield
        finally:
            self._wiring = kept

    async def _said(self, text: str, files: Sequence[Path | str], context: str) -> Utterance:
        if not text.strip():
            message = "the request is empty"
            raise InputError(message, hint='say what you want: vana "Execute this Python code: print(6*7)"')
        if len(text) > MAX_TEXT:
            message = f"the request has {len(text):,} characters; at most {MAX_TEXT:,} are taken"
            raise InputError(message, hint="put the long part into a file and name it in the request")
        if "\x00" in text or "\x00" in context:
            message = "the request is binary"
            raise InputError(message, hint="name the file in the request instead")
        return Utterance(text, await asyncio.to_thread(read_files, files), context)


def _named(args: tuple[object, ...]) -> tuple[str, Mapping[str, object]]:
    """Give tool and arguments of a call by name."""
    tool, *rest = args
    arguments = rest[0] if rest else None
    return str(tool), cast("Mapping[str, object]", arguments or {})  # validated by the tool's own schema
