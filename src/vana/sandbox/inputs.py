"""What goes into a run, checked before anything is started."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from vana.kernel.errors import InputError
from vana.sandbox.artifacts import is_inside
from vana.sandbox.sandbox import Language, Limits, Program

_ARGUMENT_BYTES = (128 << 10) - 1
"""MAX_ARG_STRLEN of linux/binfmts.h, less the closing zero."""
_ARGUMENTS_BYTES = 1 << 20
"""Of all arguments: half of what the kernel takes under the 8 MiB stack that a run has."""
_NAME_BYTES, _PATH_BYTES = 255, 1024


@dataclass(frozen=True, slots=True)
class Inputs:
    """The files of a run, the code first, and its arguments; ready to be written as they are."""

    files: tuple[tuple[str, bytes], ...]
    arguments: tuple[str, ...]
    stdin: bytes


def check(program: Program, language: Language, limits: Limits) -> Inputs:
    """Give *program* as bytes and names that fit *limits*.

    Raises:
        InputError: a name leaves the working folder, two files want one place, or something is too large.
    """
    code = _encoded(program.code, "the code")
    files = ((language.file_name, code), *sorted(program.files.items()))
    _check_names(program, language)
    _check_sizes(files, program.stdin, limits)
    _check_arguments(program.arguments)
    return Inputs(files, program.arguments, program.stdin)


def _encoded(text: str, what: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        message = f"{what} holds half a character at {error.start}, which no file can hold"
        raise InputError(message) from error


def _check_names(program: Program, language: Language) -> None:
    names = set(program.files)
    if language.file_name in names:
        message = f"a file may not be called {language.file_name!r}: that is where the code goes"
        raise InputError(message)
    for name in names:
        raw = _encoded(name, f"the file name {name!r}")
        if (
            not is_inside(name)
            or len(raw) > _PATH_BYTES
            or any(len(part) > _NAME_BYTES for part in raw.split(b"/"))
        ):
            message = f"the file name {name!r} does not stay in the working folder"
            raise InputError(message, hint="give a relative path without '..', such as data/table.csv")
        above = names.intersection(map(str, PurePosixPath(name).parents)) | (
            {language.file_name} & set(map(str, PurePosixPath(name).parents))
        )
        if above:
            message = f"{above.pop()!r} cannot be a file and the folder of {name!r}"
            raise InputError(message)


def _check_sizes(files: tuple[tuple[str, bytes], ...], stdin: bytes, limits: Limits) -> None:
    for name, content in (*files, ("stdin", stdin)):
        if len(content) > limits.file_bytes:
            message = f"{name!r} has {len(content)} bytes; a file may have {limits.file_bytes}"
            raise InputError(message)
    total = sum(len(content) for _, content in files) + len(stdin)
    if total > limits.disk_bytes or len(files) > limits.inodes:
        message = (
            f"{len(files)} files with {total} bytes are more than the run may hold: "
            f"{limits.inodes} files, {limits.disk_bytes} bytes"
        )
        raise InputError(message)


def _check_arguments(arguments: tuple[str, ...]) -> None:
    raw = [_encoded(argument, "an argument") for argument in arguments]
    if any(b"\0" in one for one in raw):
        message = "an argument holds a zero byte, which no argument can"
        raise InputError(message)
    if any(len(one) > _ARGUMENT_BYTES for one in raw) or sum(len(one) + 9 for one in raw) > _ARGUMENTS_BYTES:
        message = f"the arguments are too long: {_ARGUMENT_BYTES} bytes each, {_ARGUMENTS_BYTES} together"
        raise InputError(message, hint="pass large input in a file or on stdin")
