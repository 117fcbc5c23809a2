"""`vana exec FILE`: run a program in the sandbox, with no agent in between."""

from __future__ import annotations

import asyncio
import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from vana.entry.cli.exit import ANSWERED, USAGE
from vana.entry.cli.given import FILE_BYTES, STDIN, decoded, read_file
from vana.entry.cli.opening import opened, settings_of
from vana.entry.cli.saving import save
from vana.entry.cli.stdin import CONTEXT_BYTES, is_piped, read_all
from vana.kernel.errors import InputError, UnknownName, UsageError
from vana.sandbox.artifacts import is_inside
from vana.sandbox.interpreter import LANGUAGES, find_language
from vana.sandbox.sandbox import Program

if TYPE_CHECKING:
    from vana.config import Settings
    from vana.entry.cli.face import Face
    from vana.entry.cli.options import Execute
    from vana.kernel.answer import Answer
    from vana.specialists.code_execution.outcome import Execution

DEFAULT_LANGUAGE = "python"

_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?)\s*(?P<unit>[KMG]?)(?:i?B)?", re.IGNORECASE)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_MIB = 1 << 20


async def run(options: Execute, face: Face) -> int:
    """Run the program, pass its output through, save what it made, and give the exit code."""
    program = await _program(options, face)
    async with opened(face, _limited(options, face)) as vana:
        answer = await vana.execute(program, timeout=face.shared.timeout)
        if options.out is not None:
            answer = await asyncio.to_thread(save, answer, options.out.expanduser())
    code = face.answer(answer, is_raw=True)
    return _own_status(answer, code) if options.exit_status else code


def _own_status(answer: Answer[Execution], code: int) -> int:
    """Give the program's own status where it has one and failed; the outcome's code where it has none."""
    own = answer.value.exit_code if answer.value is not None else None
    return own if own and code not in {ANSWERED, USAGE} else code


async def _program(options: Execute, face: Face) -> Program:
    """Give the program with its language, its arguments, its files and its standard input.

    Raises:
        UsageError: there is no program.
        InputError: it or one of its files cannot be read, or is no text.
        UnknownName: its language is not installed.
    """
    if options.code is None and not options.words:
        message = "no program was given"
        raise UsageError(message, hint="name a FILE, - for standard input, or the code itself with -c")
    source = options.words[0] if options.code is None else ""
    arguments = options.words[1:] if options.code is None else options.words
    language = _language(options.language, source)
    files = _inputs(options.file)
    code = options.code if options.code is not None else await _code(source, face)
    stdin = b""
    if source != STDIN and is_piped():
        stdin = await read_all(CONTEXT_BYTES, "the program's input", face)
    return Program(code, language, files, tuple(arguments), stdin)


async def _code(source: str, face: Face) -> str:
    if source == STDIN:
        return decoded(await read_all(FILE_BYTES, "the program", face), "the program on standard input")
    return decoded(read_file(source), source)


def _language(named: str | None, source: str) -> str:
    """Give the language called *named*, else that of *source*'s suffix, else python.

    Raises:
        UnknownName: none is called so; the error lists those that are installed.
    """
    suffix = PurePath(source).suffix
    if named or not suffix:
        return find_language(named or DEFAULT_LANGUAGE).name
    for name in LANGUAGES.names():
        if suffix == PurePath(LANGUAGES.load(name).file_name).suffix:
            return name
    try:
        return find_language(suffix.removeprefix(".")).name
    except UnknownName as error:
        hint = f"{source} ends in {suffix}: say with --language what it is"
        raise UnknownName(error.kind, error.name, error.known, hint=hint) from error


def _inputs(names: list[str]) -> dict[str, bytes]:
    """Give the content of each file under the name the program finds it by: as given, or its last part alone.

    Raises:
        InputError: one cannot be read, or two would have one name.
    """
    files: dict[str, bytes] = {}
    for name in names:
        content = read_file(name)
        path = PurePath(name)
        inside = path.as_posix() if is_inside(path.as_posix()) else path.name
        if inside in files:
            message = f"two files would both be {inside} in the sandbox"
            raise InputError(message, hint="rename one of them")
        files[inside] = content
    return files


def _limited(options: Execute, face: Face) -> Settings:
    """Give the settings with the limits of this program in them.

    Raises:
        ConfigError: a limit is outside its range.
        InputError: `--memory` is no size.
    """
    settings = settings_of(face)
    changes: dict[str, object] = {}
    if options.wall is not None:
        changes["sandbox.wall"] = options.wall
        changes["sandbox.cpu"] = max(options.wall, settings.sandbox.cpu)
    if options.memory is not None:
        changes["sandbox.memory_mb"] = _size(options.memory) // _MIB
    return settings_of(face, changes) if changes else settings


def _size(text: str) -> int:
    """Give the bytes of a size as people write it: 256M, 1G, 512MiB.

    Raises:
        InputError: it is not written like that.
    """
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        message = f"--memory {text!r} is no size"
        raise InputError(message, hint="write it as 256M or 1G")
    return int(float(match["number"]) * _UNITS[match["unit"].upper()])
