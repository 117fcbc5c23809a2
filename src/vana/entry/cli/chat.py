"""`vana chat`: turn by turn, at a terminal or from a pipe."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from vana.entry.cli import agents, drawing, recall
from vana.entry.cli.exit import ANSWERED, worst
from vana.entry.cli.face import write
from vana.entry.cli.given import checked, decoded, named_files
from vana.entry.cli.opening import opened
from vana.entry.cli.stdin import is_piped, lines
from vana.journal.journal import NEWEST
from vana.kernel.errors import Failed, UnknownName, UsageError, VanaError
from vana.kernel.run import new_id
from vana.plugins import resolve

if TYPE_CHECKING:
    from vana.app.vana import Vana
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Chat
    from vana.journal.journal import Journal

Prompted: TypeAlias = Callable[[tuple[str, ...]], AsyncIterator[str]]

SLASH = {
    "/help": "this list",
    "/agents": "who is on the team",
    "/trace": "the last run as a tree; /trace RUN another one",
    "/memory": "/memory QUERY: what is remembered about it",
    "/exit": "leave, as Ctrl-D does",
}
"""What can be typed beside requests, and what it does."""

SEARCHED_RUNS = 200
"""How far back in the journal the newest conversation is looked for."""


async def run(options: Chat, face: Face) -> int:
    """Answer line after line. From a pipe the exit code is that of the turn that counts most."""
    if face.shared.json:
        message = "a conversation has many answers, and --json prints one object"
        raise UsageError(message, hint="use --jsonl")
    if options.resume and options.session:
        message = "--continue and --session exclude each other"
        raise UsageError(message, hint="--session ID names the conversation to take up")
    async with opened(face) as vana:
        newest = await _newest(vana.journal) if options.resume else None
        session = options.session or newest or new_id("chat")
        face.tell([f"conversation {session}; /help lists what else can be typed, Ctrl-D leaves"], "dim")
        codes = {await _turn(line, vana, session, face) async for line in _lines()}
    return worst(codes) if is_piped() else ANSWERED


async def _newest(journal: Journal) -> str:
    """Give the conversation that the newest run with one belongs to.

    Raises:
        Failed: there is none.
    """
    for summary in await journal.runs(SEARCHED_RUNS):
        session = (await journal.tree(summary.run_id)).root.data.get("session")
        if isinstance(session, str):
            return session
    message = "there is no conversation to continue"
    raise Failed(message, hint="vana chat starts one", code="no_conversation")


async def _lines() -> AsyncIterator[str]:
    """Give what is typed or piped in, until its end or /exit; empty lines are left out."""
    async for line in _typed():
        if line.strip() == "/exit":
            return
        if line.strip():
            yield line.strip()


async def _typed() -> AsyncIterator[str]:
    if is_piped():
        async for line in lines(0):
            yield decoded(line, "a line on standard input")
    else:
        # by name, so that prompt_toolkit is loaded where a person types and nowhere else
        prompted = cast("Prompted", resolve("vana.entry.cli.prompting:prompted"))
        async for line in prompted(tuple(SLASH)):
            yield line


async def _turn(line: str, vana: Vana[None], session: str, face: Face) -> int:
    """Answer one line, and give the exit code it would have had alone. An error ends the turn only."""
    face.events.forget_run()
    try:
        if line.startswith("/"):
            return await _slash(line, vana, session, face)
        return await _asked(line, vana, session, face)
    except VanaError as error:
        return face.fail(error)


async def _asked(line: str, vana: Vana[None], session: str, face: Face) -> int:
    """Ask *line*; Ctrl-C cancels this turn and not the conversation."""
    text = checked(line)
    work = vana.ask(text, session=session, files=named_files(text), timeout=face.shared.timeout)
    async with asyncio.TaskGroup() as group:
        turn = group.create_task(work)
        with face.interrupts.aim(turn):
            await asyncio.wait([turn])
    return face.cancelled() if turn.cancelled() else face.answer(turn.result())


async def _slash(line: str, vana: Vana[None], session: str, face: Face) -> int:
    command, _, rest = line.partition(" ")
    match command:
        case "/help":
            write(sys.stdout, "\n".join(f"{name:<8} {meaning}" for name, meaning in SLASH.items()))
        case "/agents":
            agents.draw_all(vana.agents())
        case "/trace":
            await vana.journal.flush()
            drawing.draw_run(await vana.journal.tree(rest.strip() or NEWEST))
        case "/memory":
            recall.draw(await vana.memory.recall(checked(rest), session=session), face)
        case _:
            kind = "slash command"
            raise UnknownName(kind, command, SLASH)
    return ANSWERED
