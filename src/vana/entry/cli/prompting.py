"""Lines that a person types at a terminal. Loaded by `vana chat` alone, and only there."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import WordCompleter
from prompt_toolkit.output import ColorDepth

from vana.entry.cli.streams import colours

PROMPT = "vana> "


async def prompted(commands: tuple[str, ...]) -> AsyncIterator[str]:
    """Give each line that is typed, until Ctrl-D or two Ctrl-C in a row; Tab completes *commands*."""
    depth = None if colours(sys.stdout) else ColorDepth.DEPTH_1_BIT
    completer = WordCompleter(list(commands), sentence=True)
    session: PromptSession[str] = PromptSession(
        color_depth=depth, completer=completer, complete_while_typing=False
    )
    was_interrupted = False
    while True:
        try:
            # Ctrl-C is a key here; the signal's handler stays ours for when an answer is being worked on
            line = await session.prompt_async(PROMPT, handle_sigint=False)
        except KeyboardInterrupt:
            if was_interrupted:
                return
            was_interrupted = True
            print("Ctrl-C again, or Ctrl-D, leaves", file=sys.stderr)  # noqa: T201 - this is the terminal's own dialogue
            continue
        except EOFError:
            return
        was_interrupted = False
        yield line
