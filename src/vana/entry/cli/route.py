"""`vana route TEXT`: what would be done, without doing it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from vana.entry.cli.exit import ABSTAINED, ANSWERED, exit_code_of_error, worst
from vana.entry.cli.face import write
from vana.entry.cli.given import TEXT_BYTES, checked, decoded, named_files, too_large
from vana.entry.cli.opening import opened
from vana.entry.cli.stdin import lines, request
from vana.entry.cli.streams import is_unicode
from vana.kernel.answer import Failure, Route
from vana.kernel.errors import InputError, UsageError, VanaError
from vana.kernel.plain import JSON, plain

if TYPE_CHECKING:
    from vana.app.vana import Vana
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Route as Options

KEYS = ("kind", "specialist", "tool", "confidence", "reason")
"""Of the object that is printed for each request."""

_AS_JSON = 'each line is one JSON string: "run the tests"'


async def run(options: Options, face: Face) -> int:
    """Print the route of what was typed; with `--jsonl` and no text, one for each line of standard input."""
    async with opened(face) as vana, face.in_time("routing"):
        if options.text:
            return await _one(vana, await request(options.text, face), face)
        if face.shared.jsonl:
            return await _many(vana)
    message = "no request was given"
    raise UsageError(
        message, hint='vana route "run the tests", or one JSON string a line into vana route --jsonl'
    )


async def _one(vana: Vana[None], text: str, face: Face) -> int:
    route = await vana.route(text, files=named_files(text))
    if face.is_machine:
        _print(_told(route))
    else:
        write(sys.stdout, _line(route))
        face.tell([route.reason], "dim")
    return ABSTAINED if route.kind == "abstain" else ANSWERED


async def _many(vana: Vana[None]) -> int:
    """Print one object for each line; that of a line which is no request says so."""
    codes: set[int] = set()
    number = 0
    async for line in lines(0):
        number += 1
        if not line.strip():
            continue
        try:
            _print(_told(await vana.route(_request(line, f"line {number}"))))
        except VanaError as error:
            codes.add(exit_code_of_error(error))
            _print({**dict.fromkeys(KEYS), "error": plain(Failure.of(error))})
    return worst(codes)


def _request(line: bytes, name: str) -> str:
    """Give the request of one line: a JSON string.

    Raises:
        InputError: it is none, or is empty or too long; the message says the line's *name*.
    """
    if len(line) > 2 * TEXT_BYTES:
        raise too_large(name, len(line), 2 * TEXT_BYTES, "cut it into parts")
    try:
        said: object = json.loads(decoded(line, name))
    except ValueError as error:
        message = f"{name} is not JSON: {error}"
        raise InputError(message, hint=_AS_JSON) from error
    if not isinstance(said, str):
        message = f"{name} is JSON and no string"
        raise InputError(message, hint=_AS_JSON)
    return checked(said)


def _told(route: Route) -> dict[str, JSON]:
    return {
        "kind": route.kind,
        "specialist": route.specialist,
        "tool": route.tool,
        "confidence": plain(route.confidence),
        "reason": route.reason,
    }


def _line(route: Route) -> str:
    place = ".".join(part for part in (route.specialist, route.tool) if part)
    sure = "" if route.confidence is None else f" ({route.confidence:.2f})"
    return f"{route.kind}{f' → {place}' if place else ''}{sure}"


def _print(told: dict[str, JSON]) -> None:
    sys.stdout.write(json.dumps(told, ensure_ascii=not is_unicode(sys.stdout)) + "\n")
    sys.stdout.flush()
