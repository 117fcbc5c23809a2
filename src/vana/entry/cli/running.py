"""From a command's options to its exit code: loads the body, runs it, and turns every ending into a code."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, cast

from vana.entry.cli.face import Face
from vana.kernel.errors import VanaError
from vana.plugins import resolve

if TYPE_CHECKING:
    from vana.entry.cli.options import Shared

Body: TypeAlias = Callable[[object, Face], Awaitable[int]]
"""What a command does, with its options; gives the exit code."""


def start(place: str, options: object, shared: Shared) -> int:
    """Run the body at *place* with *options*, and give the exit code. No error leaves here but a broken pipe.

    Raises:
        BrokenPipeError: whoever read our output is gone.
    """
    face = Face(shared)
    try:
        face.check()
        body = cast("Body", resolve(place))  # each place names a body: tests/entry/cli/test_commands.py
        return asyncio.run(_run(body, options, face))
    except BrokenPipeError:
        raise
    except (VanaError, OSError) as error:
        return face.fail(error)
    except Exception as error:  # noqa: BLE001 - the last line: a bug becomes an answer and an exit code too
        return face.fail(error)


async def _run(body: Body, options: object, face: Face) -> int:
    with face.interrupts as interrupts:
        try:
            return await body(options, face)
        except asyncio.CancelledError:
            if not interrupts.happened:
                raise
    return face.cancelled()
